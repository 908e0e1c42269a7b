"""The parent's side of one worker process."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from adapters.workers.errors import WorkerCrashed, WorkerError, WorkerTimeout
from adapters.workers.frames import HEADER, OUT_OF_MEMORY_STATUS, Frame, Kind, frame, parse_header
from bot.words import phrase

END: Final = object()
"""What `receive` returns after the last value of a call."""

_ROOT = Path(__file__).resolve().parents[2]
_READ_AHEAD = 1024 * 1024
_GRACE_SECONDS = 1.0
_ERROR_TAIL = 2_000

# Workers read hostile files, so they never see what the environment of a service holds: its tokens and keys.
_ENVIRONMENT = {"PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH"}
_ENVIRONMENT_PREFIXES = ("LC_", "PYTHON", "COVERAGE_", "OMP_")


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in _ENVIRONMENT or k.startswith(_ENVIRONMENT_PREFIXES)}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), kept.get("PYTHONPATH"))))}


class WorkerProcess:
    """One process that runs the handlers of a module, one call at a time.

    Args:
        module: its importable name.
        arguments: what its `setup` gets.
        memory_limit_bytes: address space that it may take; None for no limit.
    """

    def __init__(self, module: str, arguments: Mapping[str, object], memory_limit_bytes: int | None) -> None:
        self._module = module
        self._options = {"arguments": dict(arguments), "memory_limit_bytes": memory_limit_bytes, "parent": os.getpid()}
        # What the process prints, kept for the reason of a crash. Nobody has to read it for the process to go on.
        self._printed: BinaryIO = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115  closed with the process
        self._process: asyncio.subprocess.Process | None = None
        self.idle = False
        """True between calls: it may be used again."""
        self.resident_bytes = 0
        """What it held in memory after its last call."""
        self._limit = 0.0
        self._left = 0.0

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._started().pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet, as far as is known."""
        return self._process is not None and self._process.returncode is None

    @property
    def ended(self) -> bool:
        """Whether it ran and is gone."""
        return self._process is not None and self._process.returncode is not None

    async def start(self, *, seconds: float) -> None:
        """Start it and wait until it is set up.

        Args:
            seconds: how long that may take.

        Raises:
            WorkerError: `setup` raised, or the module cannot be imported.
            WorkerCrashed: it died.
            WorkerTimeout: it was not ready in time.
        """
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "adapters.workers.host", self._module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._printed,
            env=_environment(),
            limit=_READ_AHEAD,
            process_group=0,
        )
        self._limit = self._left = seconds
        await self._send(frame(Kind.SETUP, self._options))
        await self.receive()

    async def call(self, handler: str, arguments: Mapping[str, object], *, seconds: float) -> None:
        """Start a call; its values come out of `receive`, for which we wait so many seconds in all.

        Raises:
            WorkerCrashed: the process died before it could take the call.
        """
        self.idle = False
        self._limit = self._left = seconds
        self._printed.truncate(0)
        await self._send(frame(Kind.CALL, {"handler": handler, "arguments": dict(arguments)}))

    async def receive(self) -> object:
        """Return the next value of the running call, or END.

        Raises:
            WorkerError: the handler raised.
            WorkerCrashed: the process died.
            WorkerTimeout: it was too slow, and was killed.
        """
        asked = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                message = await self._read()
        except TimeoutError as error:
            self.kill()
            raise WorkerTimeout(self._limit) from error
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
            raise await self._crashed() from error
        self._left -= time.monotonic() - asked
        return self._take(message)

    def _take(self, message: Frame) -> object:
        if message.kind in {Kind.JSON, Kind.BYTES}:
            return message.value()
        report = message.value()
        if not isinstance(report, dict):
            raise TypeError("a worker ends a call with a JSON object")
        self.idle = True
        self.resident_bytes = report["rss"]
        if message.kind is Kind.ERROR:
            raise WorkerError(report["kind"], phrase(report["message"], **report["blanks"]))
        return END

    def hang_up(self) -> None:
        """Let an idle process end by itself."""
        self.idle = False
        stdin = self._started().stdin
        if stdin is not None:
            stdin.close()

    def kill(self) -> None:
        """Kill it and every process that it started."""
        self.idle = False
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # It is gone already.

    async def stop(self) -> None:
        """End it, at once when it is busy, and wait until it is gone."""
        try:
            if self._process is not None:
                await self._end(self._process)
        finally:
            self._printed.close()

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if self.idle:
            self.hang_up()
        try:
            if process.stdin is not None and process.stdin.is_closing():
                async with asyncio.timeout(_GRACE_SECONDS):
                    await process.wait()
        except TimeoutError:
            pass
        finally:
            if process.returncode is None:
                self.kill()
        await process.wait()

    def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("the worker was not started")
        return self._process

    async def _send(self, message: Frame) -> None:
        stdin = self._started().stdin
        if stdin is None:
            raise RuntimeError("a worker must have a standard input")
        try:
            stdin.write(message.encode())
            await stdin.drain()
        except ConnectionError as error:
            raise await self._crashed() from error

    async def _read(self) -> Frame:
        stdout = self._started().stdout
        if stdout is None:
            raise RuntimeError("a worker must have a standard output")
        kind, length = parse_header(await stdout.readexactly(HEADER.size))
        return Frame(kind=kind, payload=await stdout.readexactly(length))

    async def _crashed(self) -> WorkerCrashed:
        """Make sure that it is dead, with its children, and say what it died of."""
        self.kill()
        status = await self._started().wait()
        return WorkerCrashed(f"{_ending(status)}{self._last_words()}")

    def _last_words(self) -> str:
        self._printed.seek(max(0, self._printed.seek(0, os.SEEK_END) - _ERROR_TAIL))
        lines = [line.strip() for line in self._printed.read().decode(errors="replace").splitlines() if line.strip()]
        fatal = [line for line in lines if line.startswith("Fatal Python error")]
        return "".join(f": {line}" for line in (fatal or lines)[-1:])


def _ending(status: int) -> str:
    if status == OUT_OF_MEMORY_STATUS:
        return "out of memory"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"
