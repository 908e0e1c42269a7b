"""What a person sees of one command at the command line."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.acceptance.service import Installation

STAGES = ("fetching", "converting", "listening", "thinking", "speaking", "posting")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One command that has ended."""

    command: Sequence[str]
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.status == 0, self
        return json.loads(self.out)

    @property
    def facts(self) -> dict[str, list[str]]:
        """Lines that begin with a name in a column of twelve, by that name."""
        found: dict[str, list[str]] = {}
        for line in self.out.splitlines():
            found.setdefault(line[:12].strip(), []).append(line[13:])
        return found

    @property
    def stages(self) -> list[str]:
        """The stages whose progress was shown, with the time that each took."""
        lines = [line.split() for line in self.err.splitlines() if "✓" in line]
        assert all(float(seconds) >= 0 and unit == "s" for _, _, seconds, unit in lines)
        return [stage for _, stage, *_ in lines]


async def shown(installation: Installation, *command: str, seconds: float = 90) -> Shown:
    """Run one command to its end."""
    status, out, err = await installation.run(*command, seconds=seconds)
    assert "Traceback" not in f"{out}{err}", err
    return Shown(command=command, status=status, out=out, err=err)


async def all_shown(installation: Installation, *commands: Sequence[str]) -> list[Shown]:
    """Run commands side by side."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(shown(installation, *command)) for command in commands]
    return [task.result() for task in tasks]


def is_one_sentence(seen: Shown) -> bool:
    """Whether all that a person got is one line on standard error that says what is wrong."""
    return not seen.out and seen.err.startswith("mynah: ") and seen.err.count("\n") == 1 and seen.err[-2] in ".?"
