import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from adapters.local.ordered import in_order
from adapters.workers.pool import WorkerCrashed


class Streams:
    """Makes streams and counts those that run."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.started: list[int] = []

    async def stream(self, number: int, *, pause: float = 0.0, fails: bool = False) -> AsyncGenerator[str, None]:
        self.running += 1
        self.most = max(self.most, self.running)
        self.started.append(number)
        try:
            for part in "ab":
                await asyncio.sleep(pause)
                yield f"{number}{part}"
            if fails:
                raise WorkerCrashed(f"of {number}")
        finally:
            self.running -= 1


async def test_tells_the_streams_in_order_however_fast_they_are():
    streams = Streams()
    every = (streams.stream(number, pause=0.03 - number / 100) for number in range(4))
    assert [item async for item in in_order(every, ahead=3)] == ["0a", "0b", "1a", "1b", "2a", "2b", "3a", "3b"]
    assert streams.most == 3


async def test_reads_no_further_ahead_than_it_may():
    streams = Streams()
    async with aclosing(in_order((streams.stream(number) for number in range(9)), ahead=2)) as items:
        await anext(items)
        await asyncio.sleep(0.01)
        assert streams.started == [0, 1]


async def test_a_failure_comes_in_its_turn_and_closes_the_rest():
    streams = Streams()
    every = [streams.stream(0, pause=0.01), streams.stream(1, fails=True), streams.stream(2, pause=9)]
    items = in_order(every, ahead=3)
    assert [await anext(items) for _ in range(4)] == ["0a", "0b", "1a", "1b"]
    with pytest.raises(WorkerCrashed, match="of 1"):
        await anext(items)
    assert streams.running == 0


async def test_closing_closes_all_streams():
    streams = Streams()
    async with aclosing(in_order((streams.stream(n, pause=0.01) for n in range(5)), ahead=3)) as items:
        assert await anext(items) == "0a"
    assert streams.running == 0


async def test_cancelling_closes_all_streams():
    streams = Streams()

    async def read() -> list[str]:
        return [item async for item in in_order((streams.stream(n, pause=9) for n in range(5)), ahead=3)]

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read())
        await asyncio.sleep(0.01)
        assert streams.running == 3
        task.cancel()
    assert task.cancelled()
    assert streams.running == 0


async def test_no_streams_are_nothing():
    none: list[AsyncGenerator[str, None]] = []
    assert [item async for item in in_order(none, ahead=2)] == []
