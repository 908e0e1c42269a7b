"""How many calls go to one gateway at the same time, and within a minute; more wait for their turn, in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.domain.errors import ModelUnreachable
from bot.words import phrase

MINUTE = 60.0
NO_TURN = phrase("too many calls wait for it")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a gateway is spared."""

    at_once: int = 512
    """Calls at the same time."""
    per_minute: int = 0
    """Calls that begin within any sixty seconds; 0 for any number."""


NO_LIMITS = Limits()


class NoTurn(Exception):
    """The cause of a problem: nothing was even tried, and trying again only waits again."""


class Pace:
    """The turns of one gateway.

    Args:
        limits: of it.
        minute: seconds in a minute; tests have shorter ones.
    """

    def __init__(self, limits: Limits, *, minute: float = MINUTE) -> None:
        self._places = asyncio.Semaphore(limits.at_once)
        self._per_minute = limits.per_minute
        self._minute = minute
        self._begun: deque[float] = deque()

    @asynccontextmanager
    async def turn(self, model: str, seconds: float) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the context is open.

        Args:
            model: for the error.
            seconds: to wait for it.

        Raises:
            ModelUnreachable: it did not come in time; nothing was sent.
        """
        until = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(until):
                await self._places.acquire()
        except TimeoutError:
            raise ModelUnreachable(NO_TURN, model=model) from NoTurn()
        try:
            await self._begin(model, until)
            yield
        finally:
            self._places.release()

    async def _begin(self, model: str, until: float) -> None:
        """Take the next free moment, and wait for it."""
        if not self._per_minute:
            return
        now = asyncio.get_running_loop().time()
        at = self._next(now)
        if at > until:
            raise ModelUnreachable(NO_TURN, model=model) from NoTurn()
        self._begun.append(at)
        if at > now:
            try:
                await asyncio.sleep(at - now)
            except asyncio.CancelledError:
                self._begun.remove(at)
                raise

    def _next(self, now: float) -> float:
        """Return when the next call may begin: a minute after the one that came so many calls before it."""
        while self._begun and self._begun[0] <= now - self._minute:
            self._begun.popleft()
        if len(self._begun) < self._per_minute:
            return now
        return self._begun[-self._per_minute] + self._minute
