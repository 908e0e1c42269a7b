"""Several streams at once, told one after the other."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from itertools import islice
from typing import Generic, TypeVar

from adapters.workers.pool import WorkerCrashed, WorkerError, WorkerTimeout

T = TypeVar("T")

_FAILURES = (WorkerError, WorkerCrashed, WorkerTimeout)


class _Lane(Generic[T]):
    """One stream that is read ahead."""

    def __init__(self, stream: AsyncGenerator[T, None], group: asyncio.TaskGroup) -> None:
        self._items: asyncio.Queue[T | Exception | None] = asyncio.Queue()
        self.task = group.create_task(self._fill(stream))

    async def _fill(self, stream: AsyncGenerator[T, None]) -> None:
        # A failure waits for its turn: what comes before it is told first.
        try:
            async with aclosing(stream):
                async for item in stream:
                    self._items.put_nowait(item)
        except _FAILURES as error:
            self._items.put_nowait(error)
        else:
            self._items.put_nowait(None)

    async def drain(self) -> AsyncGenerator[T, None]:
        while (item := await self._items.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item


async def in_order(streams: Iterable[AsyncGenerator[T, None]], *, ahead: int) -> AsyncGenerator[T, None]:
    """Run streams side by side, and yield what they yield as if they ran one after the other.

    Args:
        streams: none of them yields None; each is asked for only when its time has come.
        ahead: how many run at once.

    Raises:
        WorkerError, WorkerCrashed, WorkerTimeout: the first in order; the streams behind it are closed.
    """
    waiting = iter(streams)
    failure: BaseException | None = None
    async with asyncio.TaskGroup() as group:
        lanes = deque(_open(waiting, group, ahead))
        try:
            while lanes:
                async with aclosing(lanes[0].drain()) as items:
                    async for item in items:
                        yield item
                lanes.popleft()
                lanes.extend(_open(waiting, group, 1))
        except (GeneratorExit, *_FAILURES) as error:
            failure = error  # Leaving the group with it would wrap it.
            for lane in lanes:
                lane.task.cancel()
    if failure is not None:
        raise failure


def _open(waiting: Iterator[AsyncGenerator[T, None]], group: asyncio.TaskGroup, count: int) -> list[_Lane[T]]:
    return [_Lane(stream, group) for stream in islice(waiting, count)]
