"""Messages on their way to the intake: those of a channel one after the other, in the order in which they came.

A message that cannot be stored holds its channel up and is tried again until it is stored. So the mark of a channel
never passes a message that was not stored; when the process ends first, the message is caught up on at the next start.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

import structlog

from bot.domain.errors import StorageProblem
from bot.domain.messages import Message, Place
from bot.ports import Clock, Intake

log = structlog.get_logger()

T = TypeVar("T")

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a message is tried again; the last one repeats."""


class Inbox:
    """Hands messages to the intake."""

    def __init__(self, intake: Intake, clock: Clock) -> None:
        self._intake = intake
        self._clock = clock
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def in_turn(self, channel: int) -> AsyncIterator[None]:
        """Wait until what came before in a channel or thread is stored."""
        lock = self._locks.get(channel)
        if lock is None:
            lock = self._locks[channel] = asyncio.Lock()
        async with lock:
            yield

    async def store(self, message: Message) -> bool:
        """Hand a message to the intake until it is stored; returns whether it was new, and for us."""
        return await self._insist(lambda: self._intake.accept(message), message.job_id)

    async def edit(self, message: Message, *, said_at: int) -> bool:
        """Hand over an edited message in the same way; returns whether it is answered anew."""
        return await self._insist(lambda: self._intake.edited(message, said_at=said_at), message.job_id)

    async def delete(self, place: Place, key: str) -> bool:
        """Tell in the same way that a message was deleted; returns whether it was known."""
        return await self._insist(lambda: self._intake.deleted(place, key), key)

    async def close(self, place: Place) -> bool:
        """Tell in the same way that a channel or thread is gone; returns whether anything was held of it."""
        return await self._insist(lambda: self._intake.channel_deleted(place), place.scopes[-1])

    async def caught_up(self, marks: Mapping[Place, str], server: str) -> None:
        """Tell in the same way how far the places of a server are read."""
        await self._insist(lambda: self._intake.caught_up(marks), server)

    async def _insist(self, tell: Callable[[], Awaitable[T]], about: str) -> T:
        tries = 0
        while True:
            try:
                return await tell()
            except StorageProblem as error:
                log.warning("message not stored", job=about, reason=str(error))
            await self._clock.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1
