"""The machine that is measured on."""

import os
import platform
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder."""


def describe() -> str:
    """Return what figures depend on: processor, memory, system, Python, and what else the machine was busy with."""
    loads = " / ".join(f"{load:.1f}" for load in os.getloadavg())
    processor = _first("/proc/cpuinfo", r"model name\s*: (.+)")
    memory = int(_first("/proc/meminfo", r"MemTotal:\s*(\d+)", "0")) / 2**20
    return (
        f"{os.cpu_count()} cores ({processor}), {memory:.0f} GB of memory, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}; "
        f"load average at the end {loads}."
    )


def filesystem(folder: Path) -> str:
    """Return the kind of filesystem that a folder is on, such as `ext4`."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    above = [(len(point), kind) for point, kind in mounts if folder.resolve().is_relative_to(point)]
    return max(above, default=(0, "unknown"))[1]


def busy_seconds() -> float:
    """Return how long all cores together were busy since the machine started.

    https://man7.org/linux/man-pages/man5/proc_stat.5.html
    """
    user, nice, system, _, _, irq, softirq, steal, *_ = _first("/proc/stat", r"cpu +(.+)").split()
    return sum(map(int, (user, nice, system, irq, softirq, steal))) / os.sysconf("SC_CLK_TCK")


def _first(path: str, pattern: str, otherwise: str = "unknown") -> str:
    found = re.search(pattern, Path(path).read_text(encoding="utf-8"))
    return found[1] if found else otherwise
