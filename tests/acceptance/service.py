"""The real service as its own process, the way an admin starts it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LONGEST_LINE = 1_048_576
"""A traceback is one line of the log."""

DEAF = {"HOME": "/nonexistent", "MYNAH_SECRETS": "/nonexistent"}
"""Keeps settings of the machine out of the tests."""

STEADY = {"CHANNELS__TEMPERATURE": "0"}
"""With it the embedded model says the same every time; otherwise its answer may be one short word, or very long."""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A folder with settings and data, and the commands that an admin runs in it."""

    folder: Path
    """The working folder; data goes below it."""
    settings: Mapping[str, str]
    """Environment variables, without the prefix `MYNAH_`."""
    outside: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of others, by their whole names."""

    def environment(self, **more: str) -> dict[str, str]:
        named = {f"MYNAH_{name}": value for name, value in {**self.settings, **more}.items()}
        paths = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        # Coverage of the processes that tests start is measured by the same switch as theirs.
        coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        ours = {"PYTHONPATH": str(ROOT), "MYNAH_DATA": str(self.folder), **named}
        return {**paths, **coverage, **DEAF, **ours, **self.outside}

    async def run(self, *arguments: str, seconds: float = 60, module: str = "bot") -> tuple[int, str, str]:
        """Run `mynah …` to its end; returns status, standard output and standard error."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
            cwd=self.folder,
            env=self.environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def read(self, *arguments: str) -> Any:
        """Run `mynah … --json` and return what it printed."""
        status, out, err = await self.run(*arguments, "--json")
        if status != 0:
            raise AssertionError(f"{arguments}: status {status}: {err}")
        return json.loads(out)

    @asynccontextmanager
    async def serving(self, module: str = "bot", **settings: str) -> AsyncIterator["Service"]:
        """Run `mynah serve` until it serves; at the end it is told to stop, unless it is gone already."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, "serve"),
            cwd=self.folder,
            env=self.environment(LOG_FORMAT="json", **settings),
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        service, failure = Service(process), None
        async with asyncio.TaskGroup() as group:
            group.create_task(service.listen())
            try:
                await service.wait_for("serving")
                yield service
            except Exception as error:  # noqa: BLE001  (kept out of the group, which would wrap it)
                failure = error
            finally:
                if process.returncode is None:
                    process.send_signal(signal.SIGTERM)
                await process.wait()
        if failure is not None:
            raise failure


class Service:
    """A running service and its log."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self.noise: list[str] = []
        self._more = asyncio.Event()
        self._over = False

    async def listen(self) -> None:
        """Read the log until the process ends."""
        if self.process.stderr is None:
            raise RuntimeError("the log is not connected")
        async for line in self.process.stderr:
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.noise.append(line.decode(errors="replace"))
            self._more.set()
        await self.process.wait()
        self._over = True
        self._more.set()

    async def wait_for(self, event: str, *, seconds: float = 30) -> dict[str, Any]:
        """Return the first line of the log with an event."""
        return await self.wait_until(lambda line: line.get("event") == event, seconds=seconds)

    async def wait_until(self, wanted: Callable[[dict[str, Any]], bool], *, seconds: float = 30) -> dict[str, Any]:
        """Return the first line of the log that is wanted."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    found = next(filter(wanted, self.log), None)
                    if found is not None:
                        return found
                    if self._over:
                        break
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError as error:
            raise AssertionError(f"not in the log: {self.log} {self.noise}") from error
        raise AssertionError(f"ended with {self.process.returncode}: {self.log} {self.noise}")

    async def ended(self, *, seconds: float = 30) -> int:
        """Wait until the process is gone, and return its status; minus the signal's number when it was killed."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    def kill(self) -> None:
        """Pull the plug."""
        self.process.send_signal(signal.SIGKILL)
