"""What is known of models without asking: which sound a family takes, and a table for the time before the listing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from adapters.gateways.endpoints import Endpoint
from bot.domain.audio import MediaFormat
from bot.domain.models import Capabilities, Modality
from bot.domain.money import CallKind


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """What we know of one model."""

    capabilities: Capabilities
    """For the planner."""
    quiet: str | None = "none"
    """The effort that lets it think least; None for a model that does not think."""
    thinking: str | None = "medium"
    """The effort when it may think; None for a model that does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What a family of models takes beyond the rest."""

    pattern: str
    """Of its models' names, with `*`."""
    audio_formats: tuple[MediaFormat, ...] = ()
    """Best first; empty for those that all models of the gateway take."""
    video_links: bool = False
    """As in `Capabilities`."""
    voices: tuple[str, ...] = ()
    """As in `Capabilities`, where the listing names none."""
    speech: MediaFormat = MediaFormat.MP3
    """What is asked of a model made to speak."""
    needs_sound: bool = False
    """Whether it refuses chats in which nothing is heard or said aloud."""


PLAIN = Profile(pattern="*")

OPENAI_VOICES = (
    "alloy",
    "ash",
    "ballad",
    "cedar",
    "coral",
    "echo",
    "fable",
    "marin",
    "nova",
    "onyx",
    "sage",
    "shimmer",
    "verse",
)
"""https://platform.openai.com/docs/guides/text-to-speech#voice-options."""

SPOKEN = (MediaFormat.MP3, MediaFormat.OGG, MediaFormat.M4A, MediaFormat.WAV, MediaFormat.FLAC)
"""https://platform.openai.com/docs/api-reference/audio/createTranscription."""

PROFILES: tuple[Profile, ...] = (
    # It writes headerless sound alone: https://ai.google.dev/gemini-api/docs/speech-generation
    Profile(pattern="google/gemini-*-tts*", speech=MediaFormat.PCM16),
    # https://ai.google.dev/gemini-api/docs/audio lists them; Opus in Ogg is read as well as Vorbis
    # (https://github.com/simonw/llm-gemini/issues/35), so a voice note of Discord needs no conversion.
    Profile(
        pattern="google/gemini-*",
        audio_formats=(
            MediaFormat.MP3,
            MediaFormat.OGG,
            MediaFormat.WAV,
            MediaFormat.FLAC,
            MediaFormat.AAC,
            MediaFormat.AIFF,
        ),
        # https://openrouter.ai/docs/guides/overview/multimodal/videos
        video_links=True,
    ),
    Profile(pattern="openai/whisper-*", audio_formats=SPOKEN),
    Profile(pattern="openai/gpt-*-transcribe*", audio_formats=SPOKEN),
    Profile(pattern="openai/gpt-*-tts*", voices=OPENAI_VOICES),
    # They refuse to chat in words alone: https://github.com/truefoundry/models/issues/822
    Profile(pattern="openai/gpt-audio*", voices=OPENAI_VOICES, needs_sound=True),
    Profile(pattern="openai/gpt-4o*-audio*", voices=OPENAI_VOICES, needs_sound=True),
)

PICTURES = (MediaFormat.JPEG, MediaFormat.PNG, MediaFormat.WEBP, MediaFormat.GIF)
"""https://openrouter.ai/docs/guides/overview/multimodal/images."""

VIDEOS = (MediaFormat.MP4, MediaFormat.MOV, MediaFormat.MPEG, MediaFormat.WEBM)
"""https://openrouter.ai/docs/guides/overview/multimodal/videos."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WellKnown:
    """A model that can be used before the listing was read."""

    name: str
    """The gateway's name of it."""
    inputs: frozenset[Modality]
    """What it takes."""
    context_tokens: int | None = None
    """Prompt and answer together."""
    quiet: str | None = None
    """As in `ModelFacts`."""
    thinking: str | None = None
    """As in `ModelFacts`."""
    made_for: CallKind = CallKind.CHAT
    """What it can be called for; one that is made for another kind does not chat."""


UNLISTED = ModelFacts(capabilities=Capabilities(kinds=frozenset({CallKind.CHAT})))
"""What is assumed of a model for as long as the listing cannot be read: that it reads and writes, as all do."""

READS = frozenset({Modality.TEXT})
HEARS = frozenset({Modality.AUDIO})
SEES = frozenset({Modality.TEXT, Modality.IMAGE})
SENSES = frozenset(Modality)

WELL_KNOWN: Mapping[str, tuple[WellKnown, ...]] = {
    "openrouter": (
        WellKnown(
            name="google/gemini-2.5-flash", inputs=SENSES, context_tokens=1_048_576, quiet="none", thinking="medium"
        ),
        WellKnown(
            name="google/gemini-2.5-flash-lite",
            inputs=SENSES,
            context_tokens=1_048_576,
            quiet="none",
            thinking="medium",
        ),
        # It cannot be told not to think: https://ai.google.dev/gemini-api/docs/thinking
        WellKnown(
            name="google/gemini-2.5-pro", inputs=SENSES, context_tokens=1_048_576, quiet="low", thinking="medium"
        ),
        WellKnown(name="openai/gpt-4o-mini", inputs=SEES, context_tokens=128_000),
        WellKnown(name="openai/whisper-1", inputs=HEARS, made_for=CallKind.TRANSCRIPTION),
        WellKnown(name="openai/gpt-4o-mini-transcribe", inputs=HEARS, made_for=CallKind.TRANSCRIPTION),
        WellKnown(name="openai/gpt-4o-mini-tts-2025-12-15", inputs=READS, made_for=CallKind.SPEECH),
    ),
}
"""By gateway."""


def built_in(endpoint: Endpoint) -> Mapping[str, ModelFacts]:
    """Return what is known of the well-known models."""
    return {
        row.name: ModelFacts(capabilities=_known(row, endpoint), quiet=row.quiet, thinking=row.thinking)
        for row in WELL_KNOWN.get(endpoint.name, ())
    }


def _known(row: WellKnown, endpoint: Endpoint) -> Capabilities:
    outputs = frozenset({Modality.AUDIO if row.made_for is CallKind.SPEECH else Modality.TEXT})
    found = capabilities(row.name, row.inputs, outputs, endpoint, row.context_tokens)
    return found if row.made_for is CallKind.CHAT else replace(found, kinds=frozenset({row.made_for}))


def capabilities(
    name: str, inputs: frozenset[Modality], outputs: frozenset[Modality], endpoint: Endpoint, context: object
) -> Capabilities:
    """Say what a model can do.

    Args:
        name: the gateway's name of it.
        inputs: what it takes.
        outputs: what it answers with.
        endpoint: the gateway.
        context: tokens of prompt and answer together, if it is a number.
    """
    profile = profile_of(name) if endpoint.families else PLAIN
    outputs = outputs if endpoint.families else outputs - {Modality.AUDIO}
    hears, sees, watches = (sense in inputs for sense in (Modality.AUDIO, Modality.IMAGE, Modality.VIDEO))
    speaks = Modality.AUDIO in outputs
    return Capabilities(
        kinds=_kinds(outputs, hears=hears),
        inputs=inputs,
        outputs=outputs,
        audio_formats=(profile.audio_formats or endpoint.audio_formats) if hears else (),
        audio_limits=endpoint.audio_limits if hears else None,
        picture_formats=PICTURES if sees else (),
        video_formats=VIDEOS if watches else (),
        video_links=watches and profile.video_links,
        # The whole request counts, whatever is in it.
        most_bytes=endpoint.audio_limits.max_bytes if sees or watches else None,
        context_tokens=context if isinstance(context, int) and context > 0 else None,
        voices=profile.voices if speaks else (),
        told_later=bool(endpoint.generation_path),
    )


def profile_of(name: str) -> Profile:
    """Return what is known of a model's family."""
    return next((row for row in PROFILES if fnmatchcase(name, row.pattern)), PLAIN)


def _kinds(outputs: frozenset[Modality], *, hears: bool) -> frozenset[CallKind]:
    """Say what a model that chats can be called for: one that hears can take dictation, one that speaks read aloud."""
    kinds = {CallKind.CHAT} if Modality.TEXT in outputs else set()
    if kinds and hears:
        kinds.add(CallKind.TRANSCRIPTION)
    if kinds and Modality.AUDIO in outputs:
        kinds.add(CallKind.SPEECH)
    return frozenset(kinds)
