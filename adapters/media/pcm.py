"""Decodes sound to 16-bit mono, a second at a time, however long it is.

The limit is on what is decoded: headers lie, and a few kilobytes of FLAC decode to hours.
"""

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import Final

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from adapters.media.problems import TooLong, Unreadable
from adapters.media.source import check_shape, opened
from bot.words import phrase

Pcm = NDArray[np.int16]
"""Mono samples."""

SAMPLE_BYTES = 2

_BLOCK_SECONDS = 1
_READ_AHEAD_BLOCKS = 240
_END: Final = object()


def blocks(path: str, *, rate: int, max_seconds: float, raw_rate: int = 0) -> Iterator[Pcm]:
    """Decode a file to mono blocks of a second; the last may be shorter.

    Args:
        path: the file.
        rate: samples a second that come out.
        max_seconds: stop with an error when more than that comes out.
        raw_rate: samples a second of a headerless file of 16-bit mono samples; 0 for every other file.

    Raises:
        Unreadable: nothing in it can be decoded.
        TooLong: more came out than `max_seconds`.
    """
    frames = _raw_frames(path, raw_rate) if raw_rate else _decoded_frames(path)
    total = 0
    for block in _gathered(_resampled(frames, rate), rate * _BLOCK_SECONDS):
        total += len(block)
        if total > max_seconds * rate:
            raise TooLong(f"{total / rate:.0f}")
        yield block
    if not total:
        raise Unreadable(phrase("there is no sound in it that can be decoded"))


def _decoded_frames(path: str) -> Iterator[AudioFrame]:
    """Decode the first audio stream, and pass over what is damaged in it."""
    with opened(path) as source:
        packets = source.demuxer.demux(source.sound())
        while True:
            try:
                packet = next(packets, None)
                frames = [] if packet is None else packet.decode()
            except av.error.InvalidDataError:
                continue
            if packet is None:
                return
            for frame in frames:
                if isinstance(frame, AudioFrame):
                    yield frame


def _raw_frames(path: str, rate: int) -> Iterator[AudioFrame]:
    with Path(path).open("rb") as file:
        while chunk := file.read(rate * SAMPLE_BYTES):
            samples = np.frombuffer(chunk, np.int16, len(chunk) // SAMPLE_BYTES)
            if not samples.size:
                return  # Half a sample at the end.
            frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = rate
            yield frame


def _resampled(frames: Iterator[AudioFrame], rate: int) -> Iterator[Pcm]:
    """Bring frames to mono, 16 bits and one rate. Their form may change on the way: a resampler takes only one."""
    for _, alike in groupby(frames, _form):
        resampler = AudioResampler(format="s16", layout="mono", rate=rate)
        for frame in _long_frames(alike):
            yield from map(_samples, resampler.resample(frame))
        yield from map(_samples, resampler.resample(None))


def _form(frame: AudioFrame) -> tuple[int, str, str]:
    check_shape(frame.sample_rate, frame.layout.nb_channels)
    return frame.sample_rate, frame.layout.name, frame.format.name


def _long_frames(frames: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    """Join frames to frames of a second: resampling each for itself takes twice as long as decoding it."""
    fifo = AudioFifo()
    for frame in frames:
        frame.pts = None  # Gaps and jumps in the time stamps are none in the sound.
        fifo.write(frame)
        if fifo.samples >= frame.sample_rate * _BLOCK_SECONDS:
            yield from _all_of(fifo)
    yield from _all_of(fifo)


def _all_of(fifo: AudioFifo) -> Iterator[AudioFrame]:
    frame = fifo.read(0, partial=True)
    if frame is not None:
        yield frame


def _samples(frame: AudioFrame) -> Pcm:
    return np.asarray(frame.to_ndarray(), np.int16).reshape(-1)


def _gathered(parts: Iterator[Pcm], size: int) -> Iterator[Pcm]:
    """Gather small parts into blocks of one size; the last may be shorter."""
    held: list[Pcm] = []
    count = 0
    for part in parts:
        held.append(part)
        count += len(part)
        if count >= size:
            whole = np.concatenate(held)
            *full, rest = (whole[at : at + size] for at in range(0, count + 1, size))
            yield from full
            held, count = [rest], len(rest)
    if count:
        yield np.concatenate(held)


@contextmanager
def read_ahead(source: Iterator[Pcm]) -> Iterator[Iterator[Pcm]]:
    """Decode in a thread of its own, up to four minutes ahead of what is done with the blocks.

    An exporting ffmpeg and the decoder then use a core each.
    """
    ahead: queue.Queue[Pcm | object] = queue.Queue(_READ_AHEAD_BLOCKS)
    left = Event()

    def decode() -> None:
        try:
            for block in source:
                if left.is_set():
                    return
                ahead.put(block)
        finally:
            if not left.is_set():
                ahead.put(_END)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode") as threads:
        decoding = threads.submit(decode)

        def taken() -> Iterator[Pcm]:
            while isinstance(block := ahead.get(), np.ndarray):
                yield block
            decoding.result()

        try:
            yield taken()
        finally:
            left.set()
            while not decoding.done():
                with suppress(queue.Empty):
                    ahead.get(timeout=0.05)
