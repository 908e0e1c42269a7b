"""What a model of a server can do, in the words of the settings, and what that means for the planner."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from adapters.gateways.endpoints import Endpoint
from adapters.gateways.profiles import ModelFacts
from bot.domain.audio import MediaFormat
from bot.domain.models import Capabilities, Modality
from bot.domain.money import CallKind


class Ability(StrEnum):
    """What a model can do, in the words of the settings."""

    CHAT = "chat"
    AUDIO = "audio"
    """It hears in chat."""
    VIDEO = "video"
    """It watches in chat."""
    IMAGE = "image"
    """It sees in chat."""
    TRANSCRIPTION = "transcription"
    """At `/audio/transcriptions`."""
    SPEECH = "speech"
    """At `/audio/speech`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of one model."""

    abilities: frozenset[Ability]
    """Empty for one that we have no use for."""
    context_tokens: int | None = None
    """Prompt and answer together; None when nobody says."""
    voices: tuple[str, ...] = ()
    """The default one first."""
    audio_formats: tuple[MediaFormat, ...] = ()
    """That its server decodes, best first; empty leaves it to the endpoint."""


MODALITIES: Mapping[Ability, Modality] = {
    Ability.AUDIO: Modality.AUDIO,
    Ability.VIDEO: Modality.VIDEO,
    Ability.IMAGE: Modality.IMAGE,
}
"""What a chat model takes beside text."""

NAMES: tuple[tuple[re.Pattern[str], frozenset[Ability]], ...] = (
    (re.compile(r"embed|rerank"), frozenset()),
    (re.compile(r"whisper|parakeet|canary|\basr\b"), frozenset({Ability.TRANSCRIPTION})),
    (re.compile(r"kokoro|piper|tts|^voice-"), frozenset({Ability.SPEECH})),
    (re.compile(r""), frozenset({Ability.CHAT})),
)
"""The first that is found in a name, in lower case."""

PICTURES = (MediaFormat.JPEG, MediaFormat.PNG)
VIDEOS = (MediaFormat.MP4, MediaFormat.MOV, MediaFormat.WEBM)


def named(model: str) -> Known:
    """Say what a model can do by its name alone."""
    return Known(abilities=next(abilities for pattern, abilities in NAMES if pattern.search(model.lower())))


def corrected(known: Known, abilities: frozenset[Ability] | None, voices: tuple[str, ...] | None) -> Known:
    """Let the settings win over what was found out; None where they say nothing."""
    return replace(
        known,
        abilities=known.abilities if abilities is None else abilities,
        voices=known.voices if voices is None else voices,
    )


def facts(known: Known, endpoint: Endpoint, *, free: bool) -> ModelFacts:
    """Say what a model of a server can do in the words of the planner.

    Args:
        known: what was found out.
        endpoint: the server.
        free: whether its calls cost nothing.
    """
    able, chats = known.abilities, Ability.CHAT in known.abilities
    senses = frozenset(MODALITIES[ability] for ability in able & MODALITIES.keys()) if chats else frozenset()
    transcribes = Ability.TRANSCRIPTION in able
    hears = transcribes or Modality.AUDIO in senses
    capabilities = Capabilities(
        kinds=frozenset(_kinds(able)),
        inputs=(senses | {Modality.TEXT}) if chats else frozenset({Modality.AUDIO if transcribes else Modality.TEXT}),
        outputs=frozenset({Modality.TEXT if chats or transcribes else Modality.AUDIO}),
        audio_formats=(known.audio_formats or endpoint.audio_formats) if hears else (),
        audio_limits=endpoint.audio_limits if hears else None,
        picture_formats=PICTURES if Modality.IMAGE in senses else (),
        video_formats=VIDEOS if Modality.VIDEO in senses else (),
        context_tokens=known.context_tokens if chats else None,
        voices=known.voices if Ability.SPEECH in able else (),
        free=free,
    )
    return ModelFacts(capabilities=capabilities, quiet=None, thinking=None)


def _kinds(able: frozenset[Ability]) -> Iterator[CallKind]:
    if Ability.CHAT in able:
        yield CallKind.CHAT
    if Ability.TRANSCRIPTION in able or {Ability.CHAT, Ability.AUDIO} <= able:
        yield CallKind.TRANSCRIPTION
    if Ability.SPEECH in able:
        yield CallKind.SPEECH
