"""Formats of sound, what a probe found, and the table that plans a conversion.

The order of preference is: untouched, else the same stream in another container, else converted. It saves time and
loses nothing. Which formats a model takes is data of its gateway (`Capabilities.audio_formats`, best first).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import MediaTooLong, MediaUnreadable
from bot.words import phrase


class MediaFormat(StrEnum):
    """A container with the codec that it holds here; the value is the word that model gateways use."""

    WAV = "wav"
    MP3 = "mp3"
    OGG = "ogg"
    """Opus in Ogg: what Discord records."""
    FLAC = "flac"
    M4A = "m4a"
    """AAC in MPEG-4: what Slack records."""
    AAC = "aac"
    """AAC in ADTS."""
    AIFF = "aiff"
    PCM16 = "pcm16"
    """Headerless, little-endian, mono."""
    WEBM = "webm"
    """In only."""
    MP4 = "mp4"
    """Video; in only."""
    MOV = "mov"
    """Video; in only."""
    MPEG = "mpeg"
    """Video; in only."""
    JPEG = "jpeg"
    """A picture; in only."""
    PNG = "png"
    """A picture; in only."""
    WEBP = "webp"
    """A picture; in only."""
    GIF = "gif"
    """A picture; in only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoding:
    """How one format is written for a model to hear."""

    extension: str
    """Without the dot. Some servers decide by it."""
    mimetype: str
    """As registered with IANA where it is."""
    codec: str
    """The codec that a file of this format holds, in FFmpeg's words; what may be copied without converting."""
    rate: int
    """Samples a second that we write."""
    bytes_per_second: int
    """The most that a second takes when we write it, to keep within a request's limit; noise makes FLAC as large as WAV."""


ENCODINGS: dict[MediaFormat, Encoding] = {
    MediaFormat.WAV: Encoding(
        extension="wav", mimetype="audio/wav", codec="pcm_s16le", rate=16_000, bytes_per_second=32_000
    ),
    MediaFormat.MP3: Encoding(extension="mp3", mimetype="audio/mpeg", codec="mp3", rate=16_000, bytes_per_second=6_000),
    MediaFormat.OGG: Encoding(extension="ogg", mimetype="audio/ogg", codec="opus", rate=48_000, bytes_per_second=3_200),
    MediaFormat.FLAC: Encoding(
        extension="flac", mimetype="audio/flac", codec="flac", rate=16_000, bytes_per_second=32_000
    ),
    MediaFormat.M4A: Encoding(extension="m4a", mimetype="audio/mp4", codec="aac", rate=16_000, bytes_per_second=6_700),
    MediaFormat.AAC: Encoding(extension="aac", mimetype="audio/aac", codec="aac", rate=16_000, bytes_per_second=6_700),
    MediaFormat.AIFF: Encoding(
        extension="aiff", mimetype="audio/aiff", codec="pcm_s16be", rate=16_000, bytes_per_second=32_000
    ),
    MediaFormat.PCM16: Encoding(
        extension="pcm", mimetype="audio/pcm", codec="pcm_s16le", rate=16_000, bytes_per_second=32_000
    ),
}
"""The table: every format that we write. Mono; rates and bit rates chosen for speech, see docs/architecture.md."""


SEEN: dict[MediaFormat, str] = {
    MediaFormat.MP4: "video/mp4",
    MediaFormat.MOV: "video/quicktime",
    MediaFormat.MPEG: "video/mpeg",
    MediaFormat.WEBM: "video/webm",
    MediaFormat.JPEG: "image/jpeg",
    MediaFormat.PNG: "image/png",
    MediaFormat.WEBP: "image/webp",
    MediaFormat.GIF: "image/gif",
}
"""What is looked at, by its MIME type. We never write these: a model takes them as they are, or not at all."""

PICTURES = frozenset({MediaFormat.JPEG, MediaFormat.PNG, MediaFormat.WEBP, MediaFormat.GIF})


_HEADER_BYTES = 4_096
"""More than any of these formats needs beside the sound."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaFacts:
    """What the bytes of a file say, whatever its name claims."""

    format: MediaFormat | None
    """The format, when it is one that we know by name; None for another that can still be decoded."""
    container: str
    """In FFmpeg's words, for example `ogg` or `mov`."""
    codec: str
    """Of the first audio stream, in FFmpeg's words; empty without one."""
    rate: int
    """Samples a second; 0 without audio."""
    channels: int
    """0 without audio."""
    seconds: float | None
    """As the header says; None when it does not. Headers lie: limits are enforced on what is decoded."""
    bytes: int
    """Size of the file."""
    has_video: bool
    """True with a moving picture; a cover image is none."""

    @property
    def has_audio(self) -> bool:
        """Whether there is anything to hear."""
        return self.channels > 0

    @property
    def is_picture(self) -> bool:
        """Whether it is a still picture."""
        return self.format in PICTURES


class How(StrEnum):
    """The three ways to bring a file into a wanted format, cheapest first."""

    AS_IS = "as-is"
    COPIED = "copied"
    CONVERTED = "converted"


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioLimits:
    """What the service, or a model, takes at the most."""

    max_bytes: int
    """Of one file."""
    max_seconds: float
    """Of one file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """The plan for one file."""

    how: How
    """The way."""
    format: MediaFormat
    """What comes out."""
    segment_seconds: float | None = None
    """Cut into pieces of at most this length, at silences; None leaves it whole."""
    max_seconds: float
    """Refuse when more than this is decoded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaFile:
    """A local file of a known format."""

    path: str
    """On this machine."""
    format: MediaFormat
    """What its bytes are."""
    seconds: float
    """True length."""
    bytes: int
    """Size of the file."""
    offset: float = 0.0
    """Where it starts in the recording that it was cut from, in seconds."""
    rate: int = 0
    """Samples a second, where the format itself does not say (`pcm16`); else 0."""


def plan_conversion(
    facts: MediaFacts, accepted: Sequence[MediaFormat], *, model: AudioLimits, service: AudioLimits
) -> Conversion:
    """Plan how a probed file becomes something that the model takes.

    Args:
        facts: what the probe found.
        accepted: the formats that the model takes, best first; never empty.
        model: what one request to the model may hold.
        service: what this service accepts from a user.

    Raises:
        MediaUnreadable: there is no sound in it.
        MediaTooLong: its header says that it is longer than the service allows.
    """
    if not facts.has_audio:
        raise MediaUnreadable(phrase("it has no sound"))
    if facts.seconds is not None and facts.seconds > service.max_seconds:
        raise MediaTooLong(seconds=facts.seconds, limit=service.max_seconds)
    if _passes(facts, accepted, model):
        return Conversion(how=How.AS_IS, format=_known(facts), max_seconds=service.max_seconds)
    copied = next((f for f in accepted if _copies(facts, f, model)), None)
    if copied is not None:
        return Conversion(how=How.COPIED, format=copied, max_seconds=service.max_seconds)
    target = accepted[0]
    return Conversion(
        how=How.CONVERTED,
        format=target,
        segment_seconds=_segment_seconds(facts, target, model),
        max_seconds=service.max_seconds,
    )


def _known(facts: MediaFacts) -> MediaFormat:
    if facts.format is None:
        raise MediaUnreadable(phrase("its format is not known"))
    return facts.format


def _fits(facts: MediaFacts, model: AudioLimits) -> bool:
    return facts.bytes <= model.max_bytes and facts.seconds is not None and facts.seconds <= model.max_seconds


def _passes(facts: MediaFacts, accepted: Sequence[MediaFormat], model: AudioLimits) -> bool:
    return facts.format in accepted and not facts.has_video and _fits(facts, model)


def _copies(facts: MediaFacts, target: MediaFormat, model: AudioLimits) -> bool:
    # A copy keeps the source's rate and channels, so raw PCM, which says neither, is never copied into.
    return (
        target is not MediaFormat.PCM16
        and facts.codec == ENCODINGS[target].codec
        and facts.codec not in {"pcm_s16le", "pcm_s16be"}
        and _fits(facts, model)
    )


def _segment_seconds(facts: MediaFacts, target: MediaFormat, model: AudioLimits) -> float | None:
    """Return the longest piece that one request may hold, or None when the whole recording fits."""
    for_sound = max(0, model.max_bytes - _HEADER_BYTES)
    longest = min(model.max_seconds, for_sound / ENCODINGS[target].bytes_per_second)
    return None if facts.seconds is not None and facts.seconds <= longest else longest
