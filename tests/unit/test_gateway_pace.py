"""How many calls go to a gateway at the same time, and within a minute."""

import asyncio
import time

import pytest

from adapters.gateways.pace import Limits, Pace
from bot.domain.errors import ModelUnreachable


async def begin(pace: Pace, begun: list[float], *, wait: float = 5, hold: float = 0) -> None:
    async with pace.turn("m", wait):
        begun.append(time.monotonic())
        await asyncio.sleep(hold)


async def test_only_so_many_are_under_way_at_once() -> None:
    pace, under_way, most = Pace(Limits(at_once=3)), 0, 0

    async def call() -> None:
        nonlocal under_way, most
        async with pace.turn("m", 5):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(call())
    assert most == 3


async def test_only_so_many_begin_within_a_minute() -> None:
    pace, begun = Pace(Limits(per_minute=4), minute=0.3), list[float]()
    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(begin(pace, begun))
    assert len(begun) == 10
    # A busy machine may let the first ones begin late.
    assert all(later - sooner > 0.15 for sooner, later in zip(begun, begun[4:], strict=False))
    assert begun[-1] - begun[0] > 0.45


async def test_whoever_would_wait_too_long_is_told_at_once() -> None:
    pace, begun = Pace(Limits(per_minute=1)), list[float]()
    await begin(pace, begun)
    started = time.monotonic()
    with pytest.raises(ModelUnreachable, match="too many calls wait"):
        await begin(pace, begun, wait=5)
    assert time.monotonic() - started < 1


async def test_whoever_gets_no_place_in_time_is_told() -> None:
    pace, begun = Pace(Limits(at_once=1)), list[float]()
    async with asyncio.TaskGroup() as group:
        group.create_task(begin(pace, begun, hold=0.3))
        await asyncio.sleep(0)
        with pytest.raises(ModelUnreachable):
            await begin(pace, begun, wait=0.05)
    assert len(begun) == 1


async def test_who_leaves_the_queue_leaves_no_gap() -> None:
    pace, begun = Pace(Limits(per_minute=1), minute=0.5), list[float]()
    await begin(pace, begun)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(begin(pace, begun))
        await asyncio.sleep(0.05)
        waiting.cancel()
    await begin(pace, begun)
    assert 0.4 < begun[1] - begun[0] < 0.95


async def test_a_call_that_fails_gives_its_place_back() -> None:
    pace = Pace(Limits(at_once=1))
    for _ in range(3):
        with pytest.raises(ValueError, match="x"):
            async with pace.turn("m", 0.1):
                raise ValueError("x")
