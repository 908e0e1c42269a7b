"""The clock of this machine."""

import asyncio
import time

from typing_extensions import override

from bot.ports import Clock


class SystemClock(Clock):
    """Tells the real time and really sleeps."""

    @override
    def now(self) -> int:
        return time.time_ns() // 1_000_000

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
