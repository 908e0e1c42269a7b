"""A clock that stands still until a test advances it."""

import asyncio

from typing_extensions import override

from bot.ports import Clock


class ManualClock(Clock):
    """Starts in October 2025; `advance` wakes those who sleep until then."""

    def __init__(self, now: int = 1_760_000_000_000) -> None:
        self._now = now
        self._sleepers: list[tuple[int, asyncio.Event]] = []

    @override
    def now(self) -> int:
        return self._now

    @override
    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        awake = asyncio.Event()
        self._sleepers.append((self._now + int(seconds * 1000), awake))
        await awake.wait()

    def advance(self, seconds: float) -> None:
        self._now += int(seconds * 1000)
        for until, awake in self._sleepers:
            if until <= self._now:
                awake.set()
        self._sleepers = [(until, awake) for until, awake in self._sleepers if until > self._now]
