"""Opens a user's file so that nothing but its own bytes can be read.

FFmpeg follows what a file names: a playlist that poses as audio reads other files, and addresses on the network. So it
gets no path but an open file, no protocol, only the demuxers that the first bytes call for, only audio decoders, and a
callback that refuses to open anything more. See https://ffmpeg.org/ffmpeg-protocols.html#Protocol-Options,
https://ffmpeg.org/ffmpeg-formats.html#Format-Options and https://pyav.basswood-io.com/docs/stable/api/_globals.html.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition

from adapters.media.problems import Unreadable
from adapters.media.sniff import HEAD_BYTES, Container, sniff
from bot.words import phrase

_DECODERS = (
    "aac,aac_latm,alac,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,flac,gsm_ms,"
    "mp1,mp1float,mp2,mp2float,mp3,mp3float,libopus,opus,speex,libspeex,vorbis,libvorbis,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
"""All the code of decoders that hostile bytes can reach: not one for pictures."""

# PyAV 18 fails on tags that are no UTF-8, and PyAV 19 has dropped the argument that makes it tolerant.
_TOLERANT: Mapping[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}

_RATES = range(2_000, 768_001)
_MAX_CHANNELS = 64
_MAX_SAMPLES = 8_000_000
"""A second, of all channels together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """An open file of a user."""

    demuxer: InputContainer
    """Reads it."""
    container: Container
    """By its first bytes."""
    head: bytes
    """The first bytes."""
    bytes: int
    """Its size."""

    def sound(self) -> AudioStream:
        """Return the first audio stream, and let the demuxer skip all others.

        Raises:
            Unreadable: there is none, or it is none that we decode.
        """
        if not self.demuxer.streams.audio:
            raise Unreadable(phrase("it has no sound"))
        stream = self.demuxer.streams.audio[0]
        check_shape(stream.codec_context.sample_rate, stream.codec_context.channels)
        for other in self.demuxer.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        return stream

    def has_video(self) -> bool:
        """Return whether there is a moving picture; a cover image is none."""
        pictures = Disposition.attached_pic | Disposition.still_image
        return any(not stream.disposition & pictures for stream in self.demuxer.streams.video)


def check_shape(rate: int, channels: int) -> None:
    """Refuse sound of which one frame alone could fill the memory.

    Raises:
        Unreadable: no recording has such a rate, or so many channels.
    """
    if rate not in _RATES or not 1 <= channels <= _MAX_CHANNELS or rate * channels > _MAX_SAMPLES:
        raise Unreadable(phrase("its sound is of no usable kind"))


@contextmanager
def opened(path: str) -> Iterator[Source]:
    """Open a user's file.

    Raises:
        Unreadable: not sound or video, damaged at its start, or hostile.
    """
    # Opened by number, so that FFmpeg never sees a name whose ending it could believe.
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb", buffering=0) as file:  # noqa: PTH123
        head = file.read(HEAD_BYTES)
        file.seek(0)
        container = sniff(head)
        if container is None:
            raise Unreadable(phrase("it is empty") if not head else phrase("it is no audio or video that I know"))
        try:
            with av.open(file, "r", container_options=_options(container), io_open=_refuse, **_TOLERANT) as demuxer:
                yield Source(demuxer=demuxer, container=container, head=head, bytes=os.fstat(file.fileno()).st_size)
        except (av.error.FFmpegError, UnicodeDecodeError) as error:
            raise Unreadable(phrase("it is damaged")) from error


def _options(container: Container) -> dict[str, str]:
    options = {"protocol_whitelist": "none", "format_whitelist": container.value, "codec_whitelist": _DECODERS}
    if container is Container.WAV:
        # Else FFmpeg searches megabytes of PCM for a DTS stream in disguise, for 25 ms.
        options["probesize"] = "4096"
    return options


def _refuse(url: str, *_: object) -> NoReturn:
    raise Unreadable(phrase("it wants to open {url}", url=f"{url!r}"))
