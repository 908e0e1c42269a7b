"""Where to cut a recording for Whisper, which hears thirty seconds at a time.

A cut lies in the quietest moment near the end of a clip, so that it splits no word. What holds no sound at all becomes
no clip: Whisper invents words for silence (https://github.com/openai/whisper/discussions/679). The recording is read
block by block, and only its levels are kept, so an hour takes as little memory as a minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

RATE = 16_000
"""Samples a second that Whisper hears."""
LONGEST = 28.0
"""Seconds of a clip that is followed by another one."""
LAST_LONGEST = 29.9
"""Seconds of the last clip."""
SEARCH = 12.0
"""Seconds before the end of a clip in which the quietest moment is looked for."""
PAUSE = 0.3
"""Seconds that a moment is long."""
FRAME = 0.02
"""Seconds for which one level is kept."""
AUDIBLE = 10 ** (-65 / 10)
"""Mean square of the quietest frame that counts as sound: -65 dBFS."""

_BLOCK = 30 * RATE

Samples: TypeAlias = npt.NDArray[np.float32]
Levels: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """A piece of a recording."""

    start: float
    """In seconds from its beginning."""
    end: float
    """In seconds from its beginning."""


def read_samples(path: str, start: float = 0.0, end: float | None = None) -> Samples:
    """Read a part of a recording, as samples from -1 to 1.

    Args:
        path: headerless samples: mono, 16 bits, little-endian, 16 kHz.
        start: in seconds.
        end: in seconds; None for all the rest.
    """
    first = round(start * RATE)
    count = -1 if end is None else round(end * RATE) - first
    return np.fromfile(path, "<i2", count, offset=2 * first).astype(np.float32) / np.float32(32768)


def plan_clips(path: str) -> list[Clip]:
    """Plan the clips of a recording, in order, without those in which there is nothing to hear."""
    blocks = list(_blocks(path))
    if not blocks:
        return []
    levels = np.concatenate(blocks)
    cuts = [0, *_cuts(levels), len(levels)]
    # Rounded, so that no clip ends a hair after its recording.
    edges = [(round(a * FRAME, 3), round(b * FRAME, 3), levels[a:b]) for a, b in pairwise(cuts)]
    return [Clip(start=start, end=end) for start, end, part in edges if part.max(initial=0) > AUDIBLE]


def _blocks(path: str) -> Iterator[Levels]:
    """Yield the mean squares of all frames, thirty seconds at a time."""
    size = round(FRAME * RATE)
    start = 0
    while (samples := read_samples(path, start / RATE, (start + _BLOCK) / RATE)).size:
        start += samples.size
        whole = samples[: samples.size // size * size].astype(np.float64)
        yield np.square(whole).reshape(-1, size).mean(axis=1)


def _cuts(levels: Levels) -> Iterator[int]:
    """Yield the frames at which the recording is cut."""
    moment = round(PAUSE / FRAME)
    sums = np.concatenate([[0.0], np.cumsum(levels)])
    start = 0
    while (len(levels) - start) * FRAME > LAST_LONGEST:
        latest = start + round(LONGEST / FRAME) - moment
        earliest = latest - round(SEARCH / FRAME)
        loudness = sums[earliest + moment : latest + moment] - sums[earliest:latest]
        start = earliest + int(loudness.argmin()) + moment // 2
        yield start
