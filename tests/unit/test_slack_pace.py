"""How often Slack is called: every method at its own rate in each workspace, and nobody waits for ever."""

import asyncio
from itertools import pairwise

import pytest
from typing_extensions import override

from adapters.slack.pace import PATIENCE_SECONDS, RATES, TIER_3, Bucket, Pace, Rate, patience
from bot.domain.errors import PostNotDone
from tests.doubles.clock import ManualClock

POST, UPDATE, STREAM = "chat.postMessage", "chat.update", "chat.startStream"


class PassingClock(ManualClock):
    """Passes to the moment that whoever sleeps shortest waits for."""

    def __init__(self) -> None:
        super().__init__()
        self._until: list[int] = []

    @property
    def seconds(self) -> float:
        return self.now() / 1000

    @override
    async def sleep(self, seconds: float) -> None:
        until = self.now() + round(seconds * 1000)
        self._until.append(until)
        while self.now() < until:
            await asyncio.sleep(0)
            if until == min(self._until):
                self._now = max(self._now, until)
        self._until.remove(until)


@pytest.fixture
def clock() -> PassingClock:
    return PassingClock()


@pytest.fixture
def pace(clock: PassingClock) -> Pace:
    return Pace(clock, now=lambda: clock.seconds)


async def begin(pace: Pace, clock: PassingClock, count: int, method: str, channel: str = "C") -> list[float]:
    """Let so many turns call a method at once; returns when each was let through, from now."""
    start, begun = clock.seconds, list[float]()

    async def call() -> None:
        await pace.turn("T", method, channel)
        begun.append(clock.seconds - start)

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(call())
    return sorted(begun)


@pytest.mark.parametrize("rate", [*RATES.values(), TIER_3])
def test_no_minute_has_more_calls_than_its_tier(rate: Rate):
    bucket, taken, now = Bucket(rate), list[float](), 0.0
    while now < 180:
        now = bucket.next(now)
        bucket.take(now)
        taken.append(now)
    most = max(sum(1 for other in taken if at <= other < at + 60) for at in taken)
    assert most <= rate.burst + rate.per_minute


async def test_messages_of_a_channel_are_a_second_apart_and_channels_side_by_side(clock: PassingClock, pace: Pace):
    begun = await begin(pace, clock, 8, POST)
    assert all(later - sooner >= 1 for sooner, later in pairwise(begun))
    start = clock.seconds
    for channel in range(100):
        await pace.turn("T", POST, f"C{channel}")
    assert clock.seconds == start


async def test_workspaces_and_methods_count_by_themselves(clock: PassingClock, pace: Pace):
    assert await begin(pace, clock, TIER_3.burst, UPDATE) == [0] * TIER_3.burst
    start = clock.seconds
    await pace.turn("T", "chat.delete")
    await pace.turn("T2", UPDATE)
    assert clock.seconds == start
    await pace.turn("T", UPDATE)
    assert clock.seconds - start == pytest.approx(1.5, abs=0.1)


async def test_whoever_would_wait_too_long_is_told_when_to_come_back(clock: PassingClock, pace: Pace):
    with pytest.raises(ExceptionGroup) as caught:
        await begin(pace, clock, 50, POST)
    told = [error for error in caught.value.exceptions if isinstance(error, PostNotDone)]
    assert told
    assert all((error.retry_after or 0) > PATIENCE_SECONDS for error in told)


async def test_a_refusal_takes_no_moment_away_from_others(clock: PassingClock, pace: Pace):
    await pace.turn("T", POST, "C")
    with patience(0.0):
        for _ in range(50):
            with pytest.raises(PostNotDone):
                await pace.turn("T", POST, "C")
    start = clock.seconds
    await pace.turn("T", POST, "C")
    assert clock.seconds - start < 1.3


async def test_what_slack_closes_is_closed_for_everybody_and_opens_without_a_rush(clock: PassingClock, pace: Pace):
    await pace.turn("T", UPDATE)
    pace.close("T", UPDATE, 10)
    start = clock.seconds
    await pace.turn("T2", UPDATE)
    assert clock.seconds == start
    begun = await begin(pace, clock, 4, UPDATE)
    assert begun[0] >= 10
    assert all(later - sooner > 1 for sooner, later in pairwise(begun))


async def test_who_waits_already_waits_for_what_is_closed_meanwhile(clock: PassingClock, pace: Pace):
    start = clock.seconds
    begun = list[float]()

    async def call() -> None:
        await pace.turn("T", POST, "C")
        begun.append(clock.seconds - start)
        if len(begun) == 1:
            pace.close("T", POST, 8)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(call())
    assert begun[0] == 0
    assert begun[1] >= 8
    assert all(later - sooner >= 1 for sooner, later in pairwise(begun[1:]))


async def test_an_app_that_slack_allows_more_is_not_held_back(clock: PassingClock):
    pace = Pace(clock, pace=10, now=lambda: clock.seconds)
    begun = await begin(pace, clock, 11, POST)
    assert begun[-1] <= 1.5


async def test_counts_that_nobody_uses_any_more_are_forgotten(clock: PassingClock, pace: Pace):
    for channel in range(3_000):
        await pace.turn("T", POST, f"C{channel}")
        clock.advance(0.1)
    assert len(pace._buckets) < 2_100


async def test_there_is_room_for_as_many_calls_as_need_not_wait(clock: PassingClock):
    pace = Pace(clock, now=lambda: clock.seconds)
    burst = RATES[STREAM].burst
    assert pace.has_room("T1", STREAM, burst)
    assert not pace.has_room("T1", STREAM, burst + 1)
    for _ in range(burst):
        assert pace.has_room("T1", STREAM)
        await pace.turn("T1", STREAM)
    assert not pace.has_room("T1", STREAM)
    assert pace.has_room("T2", STREAM)


def test_there_is_no_room_where_slack_asked_for_a_pause(clock: PassingClock):
    pace = Pace(clock, now=lambda: clock.seconds)
    pace.close("T1", UPDATE, 30.0)
    assert (pace.has_room("T1", UPDATE), pace.has_room("T1", STREAM)) == (False, True)
