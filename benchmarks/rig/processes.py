"""What a process and its children take: processor time and memory, read from /proc.

https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
"""

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = resource.getpagesize()
SAMPLE_SECONDS = 0.1


def cpu_seconds(pid: int) -> float:
    """Return the processor time, user and system, that a process and all its children took until now."""
    return sum(_ticks(one) for one in family(pid)) / TICKS


def resident_mb(pid: int, *, alone: bool = False) -> float:
    """Return the memory that a process and its children hold, in megabytes; what they share counts for each.

    Args:
        pid: the process.
        alone: without its children.
    """
    return sum(_pages(one) for one in ([pid] if alone else family(pid))) * PAGE / 1e6


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and not waited for."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found.extend(map(int, (task / "children").read_text(encoding="ascii").split()))
    return found


@dataclass(kw_only=True)
class Peak:
    """The most that was seen."""

    megabytes: float = field(default=0.0)


@asynccontextmanager
async def peak_memory(pid: int) -> AsyncIterator[Peak]:
    """Look at a process's memory ten times a second while the context is open."""
    peak = Peak()

    async def watch() -> None:
        while True:
            peak.megabytes = max(peak.megabytes, resident_mb(pid))
            await asyncio.sleep(SAMPLE_SECONDS)

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        try:
            yield peak
        finally:
            watching.cancel()


def family(pid: int) -> Iterator[int]:
    """Return a process and all its children."""
    yield pid
    for child in children(pid):
        yield from family(child)


def _ticks(pid: int) -> int:
    """Return the ticks of a process, with those of the children that it has waited for."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(int(ticks) for ticks in fields[11:15])
    return 0


def _pages(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return 0
