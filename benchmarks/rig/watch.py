"""A process watched while it works: its memory and its open files, minute by minute."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

from benchmarks.rig.processes import family, resident_mb

EVERY_SECONDS = 1.0
MINUTE = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What a process held at one moment."""

    seconds: float
    """Since the beginning."""
    own_mb: float
    """Memory of the process itself."""
    all_mb: float
    """The same with that of all its children."""
    files: int
    """Open files and sockets of the process itself."""


@dataclass(kw_only=True)
class Watch:
    """Filled while it watches."""

    looks: list[Look] = field(default_factory=list)
    """In the order of time."""

    def minutes(self) -> Sequence[float]:
        """Return the median memory of the process itself in each whole minute."""
        last = int(self.looks[-1].seconds // MINUTE) if self.looks else 0
        return [
            median(look.own_mb for look in self.looks if minute <= look.seconds / MINUTE < minute + 1)
            for minute in range(last)
        ]

    def slope(self, *, since_seconds: float) -> float:
        """Return by how many megabytes a minute the memory of the process itself grew (least squares); NaN if too short."""
        points = [(look.seconds / MINUTE, look.own_mb) for look in self.looks if look.seconds >= since_seconds]
        if len(points) < 2:
            return float("nan")
        middle, height = fmean(x for x, _ in points), fmean(y for _, y in points)
        return sum((x - middle) * (y - height) for x, y in points) / sum((x - middle) ** 2 for x, _ in points)


@asynccontextmanager
async def watching(pid: int) -> AsyncIterator[Watch]:
    """Look at a process every second while the context is open."""
    watch, began = Watch(), time.monotonic()

    async def look() -> None:
        while True:
            own = resident_mb(pid, alone=True)
            now = time.monotonic() - began
            watch.looks.append(Look(seconds=now, own_mb=own, all_mb=resident_mb(pid), files=open_files(pid)))
            await asyncio.sleep(EVERY_SECONDS)

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        try:
            yield watch
        finally:
            looking.cancel()


def open_files(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    with suppress(OSError):
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return 0


def processes(pid: int) -> int:
    """Return how many processes a process is, with all its children."""
    return len(list(family(pid)))


def megabytes(folder: Path) -> float:
    """Return the size of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
