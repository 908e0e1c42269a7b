"""A bounded number of warm processes, lent out one call at a time.

A call that ends well gives its process back. A call that crashes, passes its time limit or is abandoned by its caller
costs the process, never a slot: the next call starts a new one.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Self

from adapters.workers.errors import WorkerCrashed, WorkerError, WorkerTimeout
from adapters.workers.process import END, WorkerProcess

__all__ = ["WorkerCrashed", "WorkerError", "WorkerPool", "WorkerTimeout"]

_START_SECONDS = 60.0


class WorkerPool:
    """Warm processes that run the handlers of one module, one call at a time each; started when first needed.

    Use it as an async context manager: leaving it ends the processes and waits for them.

    Args:
        module: importable name of the module with `HANDLERS`, see `adapters.workers.host`.
        size: how many processes at the most.
        arguments: JSON values for the module's `setup`.
        idle_seconds: end a process that had nothing to do for so long; None keeps it.
        max_rss_bytes: end a process after a call that left it larger than this.
        memory_limit_bytes: address space of a process and of each program that it starts (RLIMIT_AS).
    """

    def __init__(
        self,
        module: str,
        *,
        size: int,
        arguments: Mapping[str, object] | None = None,
        idle_seconds: float | None = None,
        max_rss_bytes: int | None = None,
        memory_limit_bytes: int | None = None,
    ) -> None:
        self._module = module
        self._size = size
        self._arguments = arguments or {}
        self._idle_seconds = idle_seconds
        self._max_rss_bytes = max_rss_bytes
        self._memory_limit_bytes = memory_limit_bytes
        self._slots = asyncio.Semaphore(size)
        self._live: set[WorkerProcess] = set()
        self._spare: dict[WorkerProcess, asyncio.TimerHandle | None] = {}
        self._retired: set[WorkerProcess] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for timer in filter(None, self._spare.values()):
            timer.cancel()
        self._spare.clear()
        async with asyncio.TaskGroup() as group:
            for process in tuple(self._live):
                group.create_task(self._discard(process))

    @property
    def pids(self) -> frozenset[int]:
        """Process ids of the workers that run now."""
        return frozenset(process.pid for process in self._live if process.alive)

    async def warm(self) -> None:
        """Start all the processes now, so that no call waits for it.

        Raises:
            WorkerError, WorkerCrashed, WorkerTimeout: one could not be set up.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._size - len(self.pids)):
                    group.create_task(self._warm_one())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def call(self, handler: str, arguments: Mapping[str, object], *, timeout: float) -> object:  # noqa: ASYNC109
        """Run a handler that yields one value, and return it; None when it yields nothing.

        Args, Raises: see `stream`.
        """
        result: object = None
        async with aclosing(self.stream(handler, arguments, timeout=timeout)) as values:
            async for value in values:
                result = value
        return result

    async def stream(
        self,
        handler: str,
        arguments: Mapping[str, object],
        *,
        timeout: float,  # noqa: ASYNC109  the process is killed, which cancelling alone would not do
    ) -> AsyncGenerator[object, None]:
        """Run a handler and yield what it yields: JSON values or bytes.

        Closing the iterator before its end kills the process: use `contextlib.aclosing` where you may leave early.

        Args:
            handler: its name in `HANDLERS`.
            arguments: JSON values.
            timeout: seconds that we may wait for the process in all. Waiting for a free process does not count,
                nor does the time that the caller takes between two values.

        Raises:
            WorkerError: the handler raised; nothing else is wrong.
            WorkerCrashed: the process died.
            WorkerTimeout: the call took longer than `timeout`.
        """
        async with self._lent() as process:
            await process.call(handler, arguments, seconds=timeout)
            while (value := await process.receive()) is not END:
                yield value

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[WorkerProcess]:
        async with self._slots:
            process = self._take_spare() or await self._start()
            try:
                yield process
            finally:
                await self._give_back(process)

    def _take_spare(self) -> WorkerProcess | None:
        """Take the process that was used last: the others may get old enough to be ended."""
        while self._spare:
            process, timer = self._spare.popitem()
            if timer is not None:
                timer.cancel()
            if process.alive:
                return process
            self._retired.add(process)
        return None

    async def _start(self) -> WorkerProcess:
        for gone in [process for process in self._retired if process.ended]:
            await self._discard(gone)
        process = WorkerProcess(self._module, self._arguments, self._memory_limit_bytes)
        self._live.add(process)
        try:
            await process.start(seconds=_START_SECONDS)
        except BaseException:
            await self._discard(process)
            raise
        return process

    async def _give_back(self, process: WorkerProcess) -> None:
        too_large = self._max_rss_bytes is not None and process.resident_bytes > self._max_rss_bytes
        if not process.idle or too_large:
            await self._discard(process)
            return
        self._spare[process] = (
            None
            if self._idle_seconds is None
            else asyncio.get_running_loop().call_later(self._idle_seconds, self._retire, process)
        )

    def _retire(self, process: WorkerProcess) -> None:
        """Let a spare process end; it is cleared away when the next one starts, or the pool closes."""
        del self._spare[process]
        self._retired.add(process)
        process.hang_up()

    async def _warm_one(self) -> None:
        async with self._slots:
            if len(self.pids) < self._size:
                await self._give_back(await self._start())

    async def _discard(self, process: WorkerProcess) -> None:
        if not process.idle:
            process.kill()
        self._retired.add(process)  # So that it is cleared away later when we are cancelled while we wait.
        await process.stop()
        self._live.discard(process)
        self._retired.discard(process)
