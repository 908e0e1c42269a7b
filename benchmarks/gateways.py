"""What the way to a remote model adds to a call, against one plain httpx client that makes the same call in the same run."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
import wave
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.rig.callers import WAYS, Way
from benchmarks.rig.machine import ROOT
from benchmarks.rig.model import AT_ONCE, Model, model
from benchmarks.rig.tables import Aim, aims, pair, percentile, ratio, spread, table

TITLE = "The way to a remote model"

METHOD = """\
A gateway on this machine, a process of its own, answers 60 tokens at once. "Before" is the time from our request to the
gateway having read its head, "after" that from its last byte to the whole answer in our hands; what the gateway takes in
between is in neither, and its own reading and writing and the loopback are in both. Both ways keep their
connection, and take turns call by call. Mynah also counts what it may send, holds a place, watches over the gateway, reads
usage and cost, and sums up what it sends, so that it can ask for the answer again; the plain client joins the words. The memory is that of a process of
its own that sends one recording: what it held at the most, less what it held before. A recording of 20 MB is 27 MB as it is
sent."""

LARGE_BYTES = 20_000_000


@dataclass(kw_only=True)
class Times:
    """What one way took, in milliseconds, call by call."""

    before: list[float] = field(default_factory=list)
    """From the request to its being read."""
    after: list[float] = field(default_factory=list)
    """From the last byte to the result."""
    whole: list[float] = field(default_factory=list)
    """All of it."""


async def measure(*, quick: bool) -> str:
    """Measure both ways; returns Markdown."""
    with tempfile.TemporaryDirectory(prefix="mynah-bench-") as folder:
        note, large = Path(folder) / "note.wav", Path(folder) / "large.wav"
        _record(note, 5 * 32_000)
        _record(large, LARGE_BYTES)
        async with model() as gateway:
            await gateway.answer(AT_ONCE)
            times = {
                "text": await _calls(gateway, None, 60 if quick else 1000),
                "a recording of 160 kB": await _calls(gateway, note, 30 if quick else 300),
                "a recording of 20 MB": await _calls(gateway, large, 3 if quick else 15),
            }
            memory = {name: await _weighed(name, gateway.url, large, 1 if quick else 5) for name in WAYS}
    return "\n\n".join((METHOD, _latencies(times), _memories(memory), aims([_aim(memory)])))


def _record(path: Path, size: int) -> None:
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16_000)
        recording.writeframes(bytes(size - 44))


async def _calls(gateway: Model, recording: Path | None, count: int) -> Mapping[str, Times]:
    """Make calls in turn, and set against each other what both ends saw."""
    times: dict[str, Times] = defaultdict(Times)
    async with AsyncExitStack() as stack:
        ways = {name: await stack.enter_async_context(way(gateway.url)) for name, way in WAYS.items()}
        for way in ways.values():
            await way(recording)
        for _ in range(count):
            for name, way in ways.items():
                await _timed(gateway, way, recording, times[name])
    shown = ", ".join(f"{name} {statistics.median(one.whole):.1f} ms" for name, one in times.items())
    sys.stderr.write(f"{recording.stem if recording else 'text'}: {shown}\n")
    return times


async def _timed(gateway: Model, way: Way, recording: Path | None, times: Times) -> None:
    since = await gateway.count()
    began = time.monotonic()
    ended = await way(recording)
    # The gateway's times are those of the wall; this is the steady clock's way to them.
    ahead = (time.time_ns() - time.monotonic_ns()) / 1e9
    (held,) = await gateway.calls(since)
    times.before.append((held.came_at - ahead - began) * 1000)
    times.after.append((ended - (held.ended_at - ahead)) * 1000)
    times.whole.append((ended - began) * 1000)


async def _weighed(name: str, url: str, recording: Path, rounds: int) -> Sequence[float]:
    """Return how many megabytes one call took at the most, of each round."""
    found: list[float] = []
    for _ in range(rounds):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.rig.callers", name, url, str(recording),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await child.communicate()
        seen = json.loads(output)
        found.append(seen["peak"] - seen["before"])
    return found


def _latencies(times: Mapping[str, Mapping[str, Times]]) -> str:
    columns = ("one call", "way", "before p50 / p95, ms", "after p50 / p95, ms", "whole p50 / p95, ms", "before + after to httpx's", "whole to httpx's")  # fmt: skip
    return table(columns, [_cells(what, name, each) for what, each in times.items() for name in each])


def _cells(what: str, name: str, each: Mapping[str, Times]) -> Sequence[str]:
    own, floor = each[name], each["httpx"]
    return (
        what,
        name,
        pair(own.before, ".2f"),
        pair(own.after, ".2f"),
        pair(own.whole),
        ratio(_added(own), _added(floor)),
        ratio(percentile(own.whole, 50), percentile(floor.whole, 50)),
    )


def _added(times: Times) -> float:
    return percentile(times.before, 50) + percentile(times.after, 50)


def _memories(memory: Mapping[str, Sequence[float]]) -> str:
    rows = {name: (spread(each), ratio(statistics.median(each), LARGE_BYTES / 1e6)) for name, each in memory.items()}
    return table(("a recording of 20 MB", "memory, MB", "to its own size"), rows)


def _aim(memory: Mapping[str, Sequence[float]]) -> Aim:
    copies = statistics.median(memory["Mynah"]) / (LARGE_BYTES / 1e6)
    return Aim(what="memory for a recording of 20 MB, to its size", limit=0.5, measured=copies)
