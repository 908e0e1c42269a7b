"""Where there is nothing to hear: whether a recording is silent, its silences, and where to cut it.

All by loudness, with sums over whole stretches instead of a look at each window.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from adapters.media.loudness import FULL_SCALE, decibels
from adapters.media.pcm import Pcm

_AUDIBLE_DBFS = -50.0
_AUDIBLE_SECONDS = 0.2
_FRAME_SECONDS = 0.02

_PAUSE_MS = 300
_PAUSE_DBFS = -40.0
_STEP_MS = 10
_SLACK_SECONDS = 20.0


def silent(blocks: Iterable[Pcm], rate: int) -> bool:
    """Return whether there is nothing to hear: less than 0.2 s in all is louder than -50 dBFS.

    Stops to take blocks as soon as enough was heard, in speech within the first second or two.
    """
    frame = int(rate * _FRAME_SECONDS)
    missing = int(_AUDIBLE_SECONDS / _FRAME_SECONDS)
    for block in blocks:
        missing -= int(np.count_nonzero(_loudness(block, frame) > _AUDIBLE_DBFS))
        if missing <= 0:
            return False
    return True


def _loudness(block: Pcm, frame: int) -> NDArray[np.float64]:
    """Return the loudness of each frame in dBFS, without its direct current, which nobody hears."""
    frames = block[: len(block) // frame * frame].reshape(-1, frame).astype(np.float64)
    return decibels(frames.std(axis=1))


def silences(
    pcm: Pcm, rate: int, *, shortest_ms: int = _PAUSE_MS, dbfs: float = _PAUSE_DBFS, step_ms: int = _STEP_MS
) -> list[tuple[int, int]]:
    """Find the silent ranges of a recording.

    Args:
        pcm: the recording.
        rate: its samples a second.
        shortest_ms: what is shorter is no silence.
        dbfs: what is louder, on average over `shortest_ms`, is no silence.
        step_ms: look this often.

    Returns:
        Start and end of each range in milliseconds: the same as `pydub.silence.detect_silence` with these arguments
        (https://github.com/jiaaro/pydub/blob/master/API.markdown#silence).
    """
    length = round(1000 * len(pcm) / rate)
    if length < shortest_ms:
        return []
    starts = np.arange(0, length - shortest_ms + 1, step_ms)
    if starts[-1] != length - shortest_ms:
        starts = np.append(starts, length - shortest_ms)
    quiet = _rms(pcm, rate, starts, shortest_ms) <= 10 ** (dbfs / 20) * FULL_SCALE
    return _joined(starts[quiet].tolist(), shortest_ms, step_ms)


def _rms(pcm: Pcm, rate: int, starts_ms: NDArray[np.int64], width_ms: int) -> NDArray[np.float64]:
    """Return the root mean square of a window at each start, as whole numbers, as `audioop.rms` does."""
    begin = np.minimum((starts_ms * rate / 1000).astype(np.int64), len(pcm))
    end = np.minimum(((starts_ms + width_ms) * rate / 1000).astype(np.int64), len(pcm))
    edges = np.union1d(begin, end)
    sums = _energy_before(pcm, edges)
    energy = sums[np.searchsorted(edges, end)] - sums[np.searchsorted(edges, begin)]
    return np.asarray(np.floor(np.sqrt(energy / np.maximum(end - begin, 1))))


def _energy_before(pcm: Pcm, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sum of squares of all samples from the first edge to each edge, exactly; edges are in order."""
    if len(edges) == 1:
        return np.zeros(1, np.int64)
    squares = np.square(pcm[edges[0] : edges[-1]], dtype=np.int32)
    between = np.add.reduceat(squares, edges[:-1] - edges[0], dtype=np.int64)
    return np.concatenate(([0], np.cumsum(between)))


def _joined(starts: list[int], width: int, step: int) -> list[tuple[int, int]]:
    """Join the windows that follow one another or overlap into ranges."""
    ranges: list[tuple[int, int]] = []
    previous: int | None = None
    for start in starts:
        if previous is not None and (start == previous + step or start <= previous + width):
            ranges[-1] = (ranges[-1][0], start + width)
        else:
            ranges.append((start, start + width))
        previous = start
    return ranges


def best_cut(pcm: Pcm, rate: int) -> int:
    """Return the sample at which to cut a stretch: in the middle of its longest silence, else where it is quietest."""
    found = silences(pcm, rate)
    if found:
        start, end = max(found, key=lambda silence: silence[1] - silence[0])
        return min(len(pcm), (start + end) * rate // 2000)
    starts = np.arange(0, max(1, round(1000 * len(pcm) / rate) - _PAUSE_MS), _STEP_MS)
    quietest = int(starts[np.argmin(_rms(pcm, rate, starts, _PAUSE_MS))])
    return min(len(pcm), (quietest + _PAUSE_MS // 2) * rate // 1000)


class Cutter:
    """Cuts a stream of blocks into pieces of at most a given length, each at a silence near its end.

    Only the last seconds of a piece are held back, so that a cut can still be made there.

    Args:
        rate: samples a second.
        longest: seconds; None never cuts.
    """

    def __init__(self, rate: int, longest: float | None) -> None:
        self._rate = rate
        self._longest = None if longest is None else max(1, int(longest * rate))
        self._slack = 0 if self._longest is None else int(min(_SLACK_SECONDS * rate, self._longest / 4))
        self._held: deque[Pcm] = deque()
        self._held_count = 0
        self._passed = 0

    def feed(self, block: Pcm) -> Iterator[tuple[Pcm, bool]]:
        """Take a block; yield what can be passed on, each time with whether the piece ends after it."""
        self._held.append(block)
        self._held_count += len(block)
        while self._longest is not None and self._passed + self._held_count > self._longest:
            yield self._cut(self._longest), True
        while self._held and self._held_count - len(self._held[0]) >= self._slack:
            yield self._pass_on(), False

    def rest(self) -> Iterator[Pcm]:
        """Yield what is left when the recording is over."""
        while self._held:
            yield self._pass_on()

    def _pass_on(self) -> Pcm:
        block = self._held.popleft()
        self._held_count -= len(block)
        self._passed += len(block)
        return block

    def _cut(self, longest: int) -> Pcm:
        held = np.concatenate(self._held)
        end = longest - self._passed
        start = max(0, end - self._slack)
        at = max(1, start + best_cut(held[start:end], self._rate))
        self._held = deque([held[at:]])
        self._held_count = len(held) - at
        self._passed = 0
        return held[:at]
