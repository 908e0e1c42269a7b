"""The ways to transcribe that are measured, each warm in processes of its own."""

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import jiwer

from adapters.local.gateway import LocalGateway
from adapters.local.weights import look_up
from benchmarks.rig.machine import ROOT
from benchmarks.rig.processes import cpu_seconds
from benchmarks.rig.speech import Recording
from bot.domain.audio import MediaFile
from bot.domain.models import Segment, TranscriptionRequest

EAR = "whisper-tiny.en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A way to transcribe, warm."""

    hear: Callable[[MediaFile], AsyncGenerator[str, None]]
    """Yields texts as they become known."""
    pids: Callable[[], Collection[int]]
    """Its processes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What one way took over one recording."""

    wall: float
    """Seconds."""
    first: float
    """Seconds to the first words."""
    cpu: float
    """Seconds of all its processes."""
    memory: float
    """Peaks of all its processes together, in megabytes."""
    errors: float
    """Word error rate."""


@asynccontextmanager
async def ours() -> AsyncIterator[Way]:
    """Our gateway, as the service uses it."""
    async with LocalGateway({}) as gateway:
        await gateway.warm(EAR)

        async def hear(audio: MediaFile) -> AsyncGenerator[str, None]:
            async for delta in gateway.perform(TranscriptionRequest(model=EAR, audio=audio)):
                if isinstance(delta, Segment):
                    yield delta.text

        yield Way(hear=hear, pids=lambda: gateway._embedded[EAR].pool.pids)  # noqa: SLF001  to count what it costs


@asynccontextmanager
async def direct(way: str) -> AsyncIterator[Way]:
    """faster-whisper, called directly; `benchmarks.bare.whisper` names the ways."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.bare.whisper", way, str(look_up(EAR, {}).path)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    asked, said = process.stdin, process.stdout

    async def hear(audio: MediaFile) -> AsyncGenerator[str, None]:
        asked.write(f"{audio.path}\n".encode())
        while (text := json.loads(await said.readline())) is not None:
            yield text

    try:
        await said.readline()
        yield Way(hear=hear, pids=lambda: (process.pid,))
    finally:
        asked.close()
        await process.wait()


async def run(way: Way, recording: Recording) -> Run:
    """Let one way hear one recording."""
    _forget_peaks(way.pids())
    cpu, started, first, texts = _cpu(way), time.perf_counter(), 0.0, []
    async for text in way.hear(recording.audio):
        first = first or time.perf_counter() - started
        texts.append(text)
    return Run(
        wall=time.perf_counter() - started,
        first=first,
        cpu=_cpu(way) - cpu,
        memory=sum(_peak(pid) for pid in way.pids()),
        errors=jiwer.wer(_plain(recording.text), _plain("".join(texts))),
    )


def _cpu(way: Way) -> float:
    return sum(map(cpu_seconds, way.pids()))


def _forget_peaks(pids: Collection[int]) -> None:
    """Begin to measure the peak of memory anew: what loading the model took does not count.

    https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
    """
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _peak(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z ]", " ", text.lower().replace("neighbor", "neighbour")).split())
