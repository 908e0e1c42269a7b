"""What media bytes really are: the container by its first bytes, codec and length by reading its header."""

import io
from dataclasses import dataclass
from itertools import chain

import av

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WAVE", "wav"),
    (8, b"AIFF", "aiff"),
    (8, b"AIFC", "aiff"),
    (8, b"M4A ", "m4a"),
    (8, b"qt  ", "mov"),
    (4, b"ftyp", "mp4"),
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (0, b"ID3", "mp3"),
    (0, b"\x1aE\xdf\xa3", "webm"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"\x89PNG", "png"),
    (8, b"WEBP", "webp"),
    (0, b"GIF8", "gif"),
)
"""Offset, bytes and name of each container."""
HASTY = {"probesize": "4096", "analyzeduration": "1"}
"""The header is enough; by default megabytes of a WAV would be looked through."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """What some bytes are."""

    container: str
    """Name as in `input_audio.format`; empty where it is none that is known."""
    codec: str
    """Codec of the first audio stream (of the video stream where there is no audio); empty where unreadable."""
    size: int
    """Number of bytes."""
    seconds: float | None
    """Length; None where the container does not tell."""

    @property
    def told(self) -> str:
        """The facts in words, as the default answer says them."""
        length = "unknown length" if self.seconds is None else f"{self.seconds:.1f} s"
        return f"{self.container or 'unknown'}/{self.codec or 'unknown'}, {self.size} bytes, {length}"


def container_of(data: bytes) -> str:
    """Name of the container, or an empty text."""
    for offset, magic, name in MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return name
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        return "mp3" if data[1] & 0x06 else "aac"
    return ""


def media_of(data: bytes) -> Media:
    """Sniff and read the header."""
    codec, seconds = header_of(data)
    return Media(container=container_of(data), codec=codec, size=len(data), seconds=seconds)


def header_of(data: bytes) -> tuple[str, float | None]:
    """Codec and seconds, as far as the header can be read."""
    try:
        with av.open(io.BytesIO(data), "r", options=HASTY) as container:
            stream = next(chain(container.streams.audio, container.streams.video), None)
            codec = stream.codec_context.name if stream is not None else ""
            seconds = None if container.duration is None else container.duration / av.time_base
            return codec.removesuffix("float"), seconds
    except (av.error.FFmpegError, UnicodeDecodeError):
        return "", None


def raw_pcm(data: bytes, bits: int) -> Media:
    """Headerless PCM, taken as 24 kHz mono."""
    return Media(container=f"pcm{bits}", codec=f"pcm_s{bits}le", size=len(data), seconds=len(data) * 8 / bits / 24_000)
