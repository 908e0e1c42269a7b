"""How fast the embedded ear is, against faster-whisper called directly in the same run, with the same weights."""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rig.ears import EAR, Run, Way, direct, ours, run
from benchmarks.rig.speech import Recording, record
from benchmarks.rig.tables import Aim, aims, spread, table

TITLE = "Transcription"

MYNAH = "Mynah"
WAYS: Mapping[str, Callable[[], AbstractAsyncContextManager[Way]]] = {
    MYNAH: ours,
    "`WhisperModel.transcribe(samples)`": lambda: direct("plain"),
    "`BatchedInferencePipeline.transcribe(samples)`": lambda: direct("batched"),
    "the same with times of words, as Mynah has them": lambda: direct("timed"),
}

METHOD = f"""\
The model is `{EAR}` for all. Every way runs in processes of its own that are warm when the clock starts, and gets decoded
samples; the ways take turns, round by round. The recordings are put together from sentences that the embedded voice has
spoken, in random order, so the words are known and errors can be counted. Times: median (lowest to highest). Memory is the
peak of all processes of a way together, without what loading the model took."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One recording to hear."""

    name: str
    """For the table."""
    seconds: float
    """Its length, at most."""
    rounds: int
    """How often each way hears it."""
    ways: Sequence[str]
    """Who hears it."""


async def measure(*, quick: bool) -> str:
    """Measure both recordings; returns Markdown."""
    parts, wanted = [METHOD], []
    with tempfile.TemporaryDirectory(prefix="mynah-bench-") as folder:
        for number, case in enumerate(_cases(quick=quick)):
            recording = await asyncio.to_thread(record, case.seconds, Path(folder) / f"{number}.pcm")
            runs = await _runs(case, recording)
            parts.append(_table(case, recording, runs))
            wanted.append(_aim(case, recording, runs))
    return "\n\n".join((*parts, aims(wanted)))


def _cases(*, quick: bool) -> Sequence[Case]:
    fastest = (MYNAH, "`BatchedInferencePipeline.transcribe(samples)`")
    return (
        Case(name="a note of 30 s", seconds=29.5, rounds=2 if quick else 5, ways=tuple(WAYS)),
        Case(name="an hour", seconds=120 if quick else 3600, rounds=1, ways=fastest),
    )


async def _runs(case: Case, recording: Recording) -> Mapping[str, Sequence[Run]]:
    """Run all ways in turn, round by round, so that what else the machine does meets all of them."""
    runs: dict[str, list[Run]] = {name: [] for name in case.ways}
    async with AsyncExitStack() as stack:
        ways = {name: await stack.enter_async_context(WAYS[name]()) for name in case.ways}
        for _ in range(case.rounds):
            for name, way in ways.items():
                runs[name].append(await run(way, recording))
                sys.stderr.write(f"{case.name}, {name}: {runs[name][-1].wall:.2f} s\n")
    return runs


def _table(case: Case, recording: Recording, runs: Mapping[str, Sequence[Run]]) -> str:
    seconds = recording.audio.seconds
    columns = (f"{case.name} ({seconds:,.1f} s)", "wall, s", "times real time", "Mynah's wall to its", "CPU, s", "first words, s", "peak, MB", "wrong words, %")  # fmt: skip
    return table(columns, dict(_rows(seconds, runs)))


def _rows(seconds: float, runs: Mapping[str, Sequence[Run]]) -> Iterator[tuple[str, Sequence[str]]]:
    own = _wall(runs[MYNAH])
    for name, each in runs.items():
        yield (
            name,
            (
                spread([one.wall for one in each], ".2f"),
                f"{seconds / _wall(each):.1f}",
                f"{own / _wall(each):.2f}x",
                f"{statistics.median(one.cpu for one in each):.2f}",
                f"{statistics.median(one.first for one in each):.2f}",
                f"{max(one.memory for one in each):.0f}",
                f"{100 * statistics.median(one.errors for one in each):.1f}",
            ),
        )


def _aim(case: Case, recording: Recording, runs: Mapping[str, Sequence[Run]]) -> Aim:
    own = _wall(runs[MYNAH])
    if case.rounds == 1:
        speed = recording.audio.seconds / own
        return Aim(what=f"{case.name}, times real time", limit=50, measured=speed, at_least=True)
    fastest = min(_wall(each) for name, each in runs.items() if name != MYNAH)
    return Aim(what=f"{case.name}, wall to the fastest direct call", limit=1.1, measured=own / fastest)


def _wall(runs: Sequence[Run]) -> float:
    return statistics.median(one.wall for one in runs)
