"""Measure: `python -m benchmarks [--quick] [--minutes N] [--page PATH] [QUESTION ...]`; without names, every question.

A question is a module of this folder with a `TITLE` and `async def measure(*, quick: bool) -> str`, which returns
Markdown. Results go to standard output and to their section of docs/benchmarks.md; what is measured with `--quick`, or for
other minutes, only shows that it works, and goes to no page unless one is named.
"""

import argparse
import asyncio
import compileall
import sys
import time
from importlib import import_module
from pathlib import Path

from benchmarks.rig.machine import ROOT, describe
from benchmarks.rig.page import write_section

QUESTIONS = ("turns", "faults", "load", "gateways", "conversion", "transcription", "speech", "storage")
PAGE = ROOT / "docs" / "benchmarks.md"


def answer(question: str, *, quick: bool, **lasting: float) -> str:
    """Measure one question; returns its section: when, where and how it was measured, then what came of it."""
    module = import_module(f"benchmarks.{question}")
    options = "".join(f" --{name} {value:g}" for name, value in lasting.items())
    command = f"python -m benchmarks{' --quick' if quick else ''}{options} {question}"
    began, date = time.monotonic(), time.strftime("%Y-%m-%d", time.gmtime())
    found = asyncio.run(module.measure(quick=quick, **lasting))
    minutes = (time.monotonic() - began) / 60
    lines = (f"## {module.TITLE}", f"`{command}`, {date}, {minutes:.1f} minutes. {describe()}", found)
    return "\n\n".join(lines)


def main() -> None:
    """Read the command line, measure, write down."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=f"what to measure: {', '.join(QUESTIONS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that it works, not to write down")
    parser.add_argument("--minutes", type=float, help="how long the question load lasts, instead of ten minutes")
    parser.add_argument("--page", type=Path, help="write to this page instead of docs/benchmarks.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.questions) - set(QUESTIONS):
        parser.error(f"no such question: {', '.join(sorted(unknown))}")
    for room in ("bot", "adapters", "benchmarks"):
        # As installed; otherwise every start compiles what has changed, and keeps the memory that this took.
        compileall.compile_dir(ROOT / room, quiet=1)
    page = arguments.page or (None if arguments.quick or arguments.minutes else PAGE)
    for question in arguments.questions or QUESTIONS:
        lasting = {"minutes": arguments.minutes} if question == "load" and arguments.minutes else {}
        section = answer(question, quick=arguments.quick, **lasting)
        sys.stdout.write(f"{section}\n\n")
        sys.stdout.flush()
        if page is not None:
            write_section(page, question, section)


if __name__ == "__main__":
    main()
