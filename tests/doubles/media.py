"""Sound in memory: understands 16-bit WAV files, and files that it wrote itself. It encodes nothing."""

import json
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bot.domain.audio import ENCODINGS, Conversion, How, MediaFacts, MediaFile, MediaFormat
from bot.domain.errors import MediaTooLong, MediaUnreadable
from bot.ports import ClipFormat, Media

PICTURE = b"\x89PNG\r\n\x1a\n"
"""What a picture starts with."""
_MAGIC = b"pretended "
_AUDIBLE = 100
_STEP_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class _Sound:
    format: MediaFormat
    codec: str
    rate: int
    channels: int
    samples: NDArray[np.int16]

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


class MemoryMedia(Media):
    """Pretends to convert: a file that it writes says its format in its first line, and holds plain samples."""

    def __init__(self) -> None:
        self._names = count()

    @override
    async def probe(self, path: str) -> MediaFacts:
        if Path(path).read_bytes().startswith(PICTURE):
            return _picture(path)
        sound = _read(path)
        return MediaFacts(
            format=sound.format,
            container=sound.format,
            codec=sound.codec,
            rate=sound.rate,
            channels=sound.channels,
            seconds=sound.seconds,
            bytes=_size(path),
            has_video=False,
        )

    @override
    async def silent(self, path: str) -> bool:
        return bool(np.count_nonzero(np.abs(_read(path).samples) > _AUDIBLE) < 100)

    @override
    async def convert(self, path: str, conversion: Conversion, folder: str) -> AsyncIterator[MediaFile]:
        sound = _read(path)
        if sound.seconds > conversion.max_seconds:
            raise MediaTooLong(seconds=sound.seconds, limit=conversion.max_seconds)
        if conversion.how is How.AS_IS:
            yield MediaFile(path=path, format=conversion.format, seconds=sound.seconds, bytes=_size(path))
            return
        start = 0
        for samples in _pieces(sound, conversion.segment_seconds):
            yield self._write(folder, conversion.format, sound.rate, samples, start)
            start += len(samples)

    @override
    async def clip(self, sound: MediaFile, form: ClipFormat, target: str) -> tuple[float, bytes]:
        source = _raw(sound) if sound.format is MediaFormat.PCM16 else _read(sound.path)
        _store(target, form.format, source.rate, source.samples)
        return source.seconds, _waveform(source)

    def _write(self, folder: str, form: MediaFormat, rate: int, samples: NDArray[np.int16], start: int) -> MediaFile:
        path = str(Path(folder) / f"sound-{next(self._names)}.{ENCODINGS[form].extension}")
        _store(path, form, rate, samples)
        return MediaFile(
            path=path,
            format=form,
            seconds=len(samples) / rate,
            bytes=_size(path),
            offset=start / rate,
            rate=rate if form is MediaFormat.PCM16 else 0,
        )


def _picture(path: str) -> MediaFacts:
    return MediaFacts(
        format=MediaFormat.PNG,
        container="png",
        codec="",
        rate=0,
        channels=0,
        seconds=None,
        bytes=_size(path),
        has_video=False,
    )


def _read(path: str) -> _Sound:
    with Path(path).open("rb") as file:
        first = file.readline() if file.read(len(_MAGIC)) == _MAGIC else b""
        if first:
            said = json.loads(first)
            form = MediaFormat(said["format"])
            samples = np.frombuffer(file.read(), np.int16)
            return _Sound(format=form, codec=ENCODINGS[form].codec, rate=said["rate"], channels=1, samples=samples)
    return _read_wav(path)


def _read_wav(path: str) -> _Sound:
    try:
        with wave.open(path, "rb") as file:
            frames = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, file.getnchannels())
            mono = frames.mean(axis=1).astype(np.int16)
            channels, rate = file.getnchannels(), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise MediaUnreadable("it is no audio or video that I know") from error
    return _Sound(format=MediaFormat.WAV, codec="pcm_s16le", rate=rate, channels=channels, samples=mono)


def _raw(sound: MediaFile) -> _Sound:
    samples = np.frombuffer(Path(sound.path).read_bytes(), np.int16)
    return _Sound(format=MediaFormat.PCM16, codec="pcm_s16le", rate=sound.rate, channels=1, samples=samples)


def _store(path: str, form: MediaFormat, rate: int, samples: NDArray[np.int16]) -> None:
    head = samples.tobytes()
    if form is not MediaFormat.PCM16:
        head = _MAGIC + json.dumps({"format": form, "rate": rate}).encode() + b"\n" + head
    Path(path).write_bytes(head)


def _size(path: str) -> int:
    return Path(path).stat().st_size


def _pieces(sound: _Sound, longest: float | None) -> Iterator[NDArray[np.int16]]:
    """Cut where the last quarter of a piece is quietest."""
    rest = sound.samples
    while longest is not None and len(rest) > longest * sound.rate:
        end = int(longest * sound.rate)
        quarter = np.abs(rest[end * 3 // 4 : end].astype(np.int32))
        window = min(len(quarter), sound.rate // 5)
        loudness = np.convolve(quarter, np.ones(window), mode="valid")
        at = end * 3 // 4 + int(loudness.argmin()) + window // 2
        yield rest[:at]
        rest = rest[at:]
    yield rest


def _waveform(sound: _Sound) -> bytes:
    step = int(sound.rate * _STEP_SECONDS)
    peaks = [np.abs(sound.samples[at : at + step].astype(np.int32)).max() for at in range(0, len(sound.samples), step)]
    loudest = max(1, *peaks)
    points = [int(peak * 255 // loudest) for peak in peaks]
    return bytes(points[:: -(-len(points) // 256)])
