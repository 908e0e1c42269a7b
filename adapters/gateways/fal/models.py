"""What fal's router can be asked for. It lists no models: they are OpenRouter's, by OpenRouter's names.

Any name is taken, and its family says what is sent to it; what a model charges is only known from settings.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from bot.domain.audio import PICTURES, AudioLimits, MediaFormat
from bot.domain.models import Capabilities, Modality
from bot.domain.money import CallKind

NAME = "fal"
"""The gateway's name."""

AUDIO_FORMATS = (
    MediaFormat.MP3,
    MediaFormat.OGG,
    MediaFormat.WAV,
    MediaFormat.M4A,
    MediaFormat.FLAC,
    MediaFormat.AAC,
    MediaFormat.AIFF,
)
"""Best first: https://fal.ai/models/openrouter/router/audio/api. An Opus voice note in Ogg needs no conversion."""
VIDEO_FORMATS = (MediaFormat.MP4, MediaFormat.MPEG, MediaFormat.MOV, MediaFormat.WEBM)
"""https://fal.ai/models/openrouter/router/video/api."""

MOST_BYTES = 14_000_000
"""The router hands files on in base64, and the providers take requests of about 20 MB:
https://ai.google.dev/gemini-api/docs/audio."""
AUDIO_LIMITS = AudioLimits(max_bytes=MOST_BYTES, max_seconds=600)
"""Ten minutes keep a transcript within the answer's tokens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Models that take the same."""

    pattern: str
    """Of their names, with `*`."""
    senses: frozenset[Modality]
    """What they take beside text."""
    audio_formats: tuple[MediaFormat, ...] = AUDIO_FORMATS
    """Best first, for those that hear."""
    video_links: bool = False
    """Whether their provider fetches videos of YouTube."""


HEARS = frozenset({Modality.AUDIO})
SEES = frozenset({Modality.IMAGE})
PLAIN = Family(pattern="*", senses=frozenset())

FAMILIES = (
    Family(
        pattern="google/gemini-*", senses=frozenset({Modality.AUDIO, Modality.VIDEO, Modality.IMAGE}), video_links=True
    ),
    # OpenAI's take wav and mp3 alone: https://platform.openai.com/docs/guides/audio
    Family(pattern="openai/gpt-audio*", senses=HEARS, audio_formats=(MediaFormat.MP3, MediaFormat.WAV)),
    Family(pattern="openai/gpt-4o*-audio*", senses=HEARS, audio_formats=(MediaFormat.MP3, MediaFormat.WAV)),
    Family(pattern="mistralai/voxtral-*", senses=HEARS, audio_formats=(MediaFormat.MP3, MediaFormat.WAV)),
    Family(pattern="openai/gpt-4o*", senses=SEES),
    Family(pattern="openai/gpt-4.1*", senses=SEES),
    Family(pattern="openai/gpt-5*", senses=SEES),
    Family(pattern="anthropic/claude-*", senses=SEES),
    PLAIN,
)
"""The first that fits counts."""

WELL_KNOWN = {
    "google/gemini-2.5-flash": 1_048_576,
    "google/gemini-2.5-flash-lite": 1_048_576,
    "google/gemini-2.5-pro": 1_048_576,
    "google/gemini-3-flash-preview": 1_048_576,
    "openai/gpt-4o-mini": 128_000,
    "openai/gpt-4o": 128_000,
    "openai/gpt-4.1-mini": 1_047_576,
}
"""What the catalogue shows, with the tokens of prompt and answer together."""


def is_name(model: str) -> bool:
    """Return whether a name can be one of OpenRouter's: `author/model`."""
    author, slash, name = model.partition("/")
    return bool(author and slash and name) and not any(letter.isspace() for letter in model)


def capabilities(model: str) -> Capabilities:
    """Say what a model can be asked for, by its family."""
    family = next(row for row in FAMILIES if fnmatchcase(model, row.pattern))
    hears, watches = Modality.AUDIO in family.senses, Modality.VIDEO in family.senses
    return Capabilities(
        told_later=True,
        kinds=frozenset({CallKind.CHAT, CallKind.TRANSCRIPTION} if hears else {CallKind.CHAT}),
        inputs=frozenset({Modality.TEXT, *family.senses}),
        audio_formats=family.audio_formats if hears else (),
        audio_limits=AUDIO_LIMITS if hears else None,
        picture_formats=tuple(sorted(PICTURES)) if Modality.IMAGE in family.senses else (),
        video_formats=VIDEO_FORMATS if watches else (),
        video_links=family.video_links,
        most_bytes=MOST_BYTES if family.senses else None,
        context_tokens=WELL_KNOWN.get(model),
    )
