"""The turnstile before a session: Discord lets only so many begin in five seconds, counted over all processes of a bot.

Shards whose numbers leave the same rest when divided by `max_concurrency` share a bucket, of which one may identify in
five seconds; a second one is thrown out, and too many cost the token. A process spaces its own shards by itself. Where
others hold the rest of the shards, the bucket is also a right of the storage that they share; processes that share none
know nothing of each other, and Discord throws one of them out until both are in.
https://docs.discord.com/developers/events/gateway#rate-limiting
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from bot.domain.errors import StorageProblem
from bot.ports import Clock

log = structlog.get_logger()

MARGIN_SECONDS = 0.5
"""Between what is noted here and what Discord sees."""

PAUSE_SECONDS = 0.3
"""How soon is looked again whether another process is through."""

Lock = Callable[[int, float], Awaitable[bool]]
"""Takes a bucket for so many seconds from other processes; raises StorageProblem."""


class Turnstile:
    """Lets the shards of one process begin their sessions."""

    def __init__(self, clock: Clock, *, at_once: int, seconds: float, lock: Lock | None = None) -> None:
        """Prepare.

        Args:
            clock: to wait.
            at_once: `max_concurrency`.
            seconds: how far apart the identifies of a bucket are.
            lock: where other processes hold the rest of the shards.
        """
        self._clock = clock
        self._at_once = max(1, at_once)
        self._seconds = seconds
        self._lock = lock
        self._free_at: dict[int, float] = {}
        self._in_turn: dict[int, asyncio.Lock] = {}

    async def enter(self, shard: int) -> None:
        """Wait until a shard may identify."""
        bucket = shard % self._at_once
        async with self._in_turn.setdefault(bucket, asyncio.Lock()):
            while (wait := self._free_at.get(bucket, 0.0) - time.monotonic()) > 0:
                await self._clock.sleep(wait)
            while not await self._is_ours(bucket):
                await self._clock.sleep(PAUSE_SECONDS)
            self._free_at[bucket] = time.monotonic() + self._seconds

    async def _is_ours(self, bucket: int) -> bool:
        if self._lock is None:
            return True
        try:
            return await self._lock(bucket, self._seconds + MARGIN_SECONDS)
        except StorageProblem as error:
            log.warning("other shards not known", reason=str(error))
            return False
