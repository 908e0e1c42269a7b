"""How the command line shows things: tables for people, JSON for scripts, progress while something takes time."""

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.ports import Stage

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
"""The option of every command whose output a script may want."""

WIDE = 200
"""Columns of a table that no person watches: a script wants its rows whole."""

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def show_json(value: object) -> None:
    """Print a value as JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def show_rows(rows: Sequence[Mapping[str, object]], *, empty: str) -> None:
    """Print rows as a table, or a sentence when there are none."""
    if not rows:
        out.print(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(rows[0]):
        table.add_column(name, overflow="fold", no_wrap=index == 0)  # what a row is about can be copied whole
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row.values()))
    out.print(table)


def show_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line."""
    for name, value in facts:
        out.print(f"[bold]{name:<12}[/bold] {escape(str(value))}")


class StageProgress:
    """A line for each stage of a turn, with its time; the running one turns a wheel."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._status = err.status("starting …")
        self._stage: str | None = None
        self._since = time.monotonic()
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Start the wheel."""
        if not self._quiet:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the last line."""
        self._end_line()
        self._status.stop()

    def begin(self, stage: Stage | str) -> None:
        """End the line of the stage before, and begin the next."""
        self._end_line()
        self._stage, self._since = str(stage), time.monotonic()
        self._status.update(f"{stage} …")

    def _end_line(self) -> None:
        if self._stage is None:
            return
        took = time.monotonic() - self._since
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + took
        if not self._quiet:
            err.print(f"  [green]✓[/green] {self._stage:<10} {took:6.2f} s")
        self._stage = None
