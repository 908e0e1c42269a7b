"""What is known of models without asking: which sound a family takes, and a table for the time before the listing."""

from collections.abc import Mapping
from dataclasses import dataclass
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
    audio_formats: tuple[MediaFormat, ...]
    """Best first."""


PROFILES: tuple[Profile, ...] = (
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
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WellKnown:
    """A model that can be used before the listing was read."""

    name: str
    """The gateway's name of it."""
    inputs: frozenset[Modality]
    """What it takes."""
    context_tokens: int
    """Prompt and answer together."""
    quiet: str | None
    """As in `ModelFacts`."""
    thinking: str | None
    """As in `ModelFacts`."""


UNLISTED = ModelFacts(capabilities=Capabilities(kinds=frozenset({CallKind.CHAT})))
"""What is assumed of a model for as long as the listing cannot be read: that it reads and writes, as all do."""

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
        WellKnown(name="openai/gpt-4o-mini", inputs=SEES, context_tokens=128_000, quiet=None, thinking=None),
    ),
}
"""By gateway."""


def built_in(endpoint: Endpoint) -> Mapping[str, ModelFacts]:
    """Return what is known of the well-known models."""
    return {
        row.name: ModelFacts(
            capabilities=capabilities(row.name, row.inputs, frozenset({Modality.TEXT}), endpoint, row.context_tokens),
            quiet=row.quiet,
            thinking=row.thinking,
        )
        for row in WELL_KNOWN.get(endpoint.name, ())
    }


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
    hears = Modality.AUDIO in inputs
    kinds = {CallKind.CHAT, CallKind.TRANSCRIPTION} if hears else {CallKind.CHAT}
    return Capabilities(
        kinds=frozenset(kinds if Modality.TEXT in outputs else ()),
        inputs=inputs,
        outputs=outputs,
        audio_formats=_audio_formats(name, endpoint) if hears else (),
        audio_limits=endpoint.audio_limits if hears else None,
        context_tokens=context if isinstance(context, int) and context > 0 else None,
    )


def _audio_formats(name: str, endpoint: Endpoint) -> tuple[MediaFormat, ...]:
    profile = next((row for row in PROFILES if fnmatchcase(name, row.pattern)), None)
    return endpoint.audio_formats if profile is None else profile.audio_formats
