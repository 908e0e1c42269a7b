"""What one conversion takes: by a raw ffmpeg command line, and by a warm worker of ours."""

import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.media.media import PydubMedia
from benchmarks.rig.processes import children, cpu_seconds
from bot.domain.audio import Conversion

LOOK_SECONDS = 0.02
MEGABYTE = 1e6


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one run took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of all processes."""
    memory: float
    """Peak of all processes together, in megabytes."""


def ran(ffmpeg: str, source: Path, arguments: Sequence[str], target: Path) -> Cost:
    """Run a raw command.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [ffmpeg, "-nostdin", "-loglevel", "error", "-y", "-i", str(source), *arguments, str(target)]
    started = time.perf_counter()
    process = subprocess.Popen(command)  # noqa: S603  our own arguments
    with _peak(process.pid) as seen:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    # Not ru_maxrss, which remembers the process that ffmpeg was started from.
    return Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime, memory=max(seen) / MEGABYTE)


async def converted(media: PydubMedia, source: Path, conversion: Conversion) -> Cost:
    """Convert by the one worker of `media`."""
    (worker,) = media.pids
    with tempfile.TemporaryDirectory(dir=source.parent) as target, _peak(worker) as seen:
        cpu = cpu_seconds(worker)
        started = time.perf_counter()
        async for _ in media.convert(str(source), conversion, target):
            pass
        wall = time.perf_counter() - started
    return Cost(wall=wall, cpu=cpu_seconds(worker) - cpu, memory=max(seen) / MEGABYTE)


@contextmanager
def _peak(pid: int) -> Iterator[list[int]]:
    """Collect, fifty times a second, how many bytes a process and its children hold."""
    seen = [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(LOOK_SECONDS):
            seen.append(_resident(pid) + sum(_resident(child) for child in children(pid) if not _is_copy(child, pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def _is_copy(child: int, parent: int) -> bool:
    """Return whether a child still wears its parent's memory, before it becomes ffmpeg."""
    with suppress(OSError):
        return Path(f"/proc/{child}/exe").readlink() == Path(f"/proc/{parent}/exe").readlink()
    return True


def _resident(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    return 0
