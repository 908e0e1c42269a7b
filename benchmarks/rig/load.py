"""Load: messages at a steady rate, whatever becomes of them, and what was measured of them."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rig.bots import HEARS_OPUS, Bot, Contender, serving
from benchmarks.rig.chat import Chat, Turn
from benchmarks.rig.machine import busy_seconds
from benchmarks.rig.model import ENDING, Held, Model, model
from benchmarks.rig.processes import cpu_seconds, peak_memory, resident_mb

WARM_UP = 3
WARM_UP_RATE = 5.0
QUIET_SECONDS = 0.5
PATIENCE_SECONDS = 30.0

Send = Callable[[int], Coroutine[Any, Any, str]]
"""Sends the message of a number; returns its id."""

Platform = Callable[[], AbstractAsyncContextManager[Chat]]
"""Runs a platform of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What was measured of one load."""

    turns: Sequence[Turn]
    """Every message."""
    calls: Sequence[Held]
    """Every call, in the same order."""
    acks: Sequence[float] = ()
    """Seconds to each acknowledgement."""
    cpu_ms: float = 0.0
    """Processor time of the bot for each message."""
    peak_mb: float = 0.0
    """The most memory that it held."""
    busy: float = 0.0
    """How many cores of the machine were busy, with everything that runs."""

    @property
    def unanswered(self) -> int:
        """How many messages got no whole answer."""
        return sum(turn.done_at is None for turn in self.turns)

    @property
    def overheads(self) -> Sequence[float]:
        """For each answered message, its time without the model's, in milliseconds."""
        pairs = zip(self.turns, self.calls, strict=False)
        return [
            1000 * (turn.done_at - turn.asked_at - call.seconds) for turn, call in pairs if turn.done_at is not None
        ]

    @property
    def first_texts(self) -> Sequence[float]:
        """How long after the model's first token the reply's first text stood there, in milliseconds."""
        pairs = zip(self.turns, self.calls, strict=False)
        return [1000 * (turn.first_at - call.first_at) for turn, call in pairs if turn.first_at is not None]


@dataclass(kw_only=True)
class Bench:
    """One bot on one platform with one model."""

    chat: Chat
    """Where people write."""
    model: Model
    """Who answers."""
    bot: Bot
    """Who is measured."""
    idle_mb: float
    """Memory of the bot before its first message."""
    sent: int = 0
    """How many messages there were."""

    async def load(self, send: Send, *, rate: float, count: int) -> Sample:
        """Send messages at a rate and wait until all is quiet; a few that are sent before do not count.

        Args:
            send: sends one.
            rate: messages a second.
            count: how many.
        """
        await self._settled(send, WARM_UP, rate=WARM_UP_RATE)
        skipped, calls = len(await self.chat.acks()), await self.model.count()
        async with peak_memory(self.bot.pid) as peak:
            cpu, busy, started = cpu_seconds(self.bot.pid), busy_seconds(), time.perf_counter()
            keys = await self._send(send, count, rate=rate)
            busy, seconds = busy_seconds() - busy, time.perf_counter() - started
            await self._until_quiet()
            cpu = cpu_seconds(self.bot.pid) - cpu
        return Sample(
            turns=await self.chat.turns(keys, ENDING),
            calls=await self.model.calls(calls),
            acks=(await self.chat.acks())[skipped:],
            cpu_ms=1000 * cpu / count,
            peak_mb=peak.megabytes,
            busy=busy / seconds,
        )

    async def one_by_one(self, send: Send, count: int) -> Sequence[float]:
        """Send each message when the one before was answered, whoever else waits; returns overheads in milliseconds.

        Raises:
            TimeoutError: the model was not asked, or was kept from answering.
        """
        keys: list[str] = []
        before = await self.model.calls(0)
        for ended in range(1, count + 1):
            keys.extend(await self._send(send, 1, rate=1))
            await self.model.wait_for(len(before) + ended, ended=True)
            await asyncio.sleep(QUIET_SECONDS)
        calls = (await self.model.calls(0))[len(before) :]
        return Sample(turns=await self.chat.turns(keys, ENDING), calls=calls).overheads

    async def _settled(self, send: Send, count: int, *, rate: float) -> None:
        await self._send(send, count, rate=rate)
        await self._until_quiet()

    async def _send(self, send: Send, count: int, *, rate: float) -> Sequence[str]:
        """Send without waiting for anything; returns the ids in the order of their numbers."""
        first, self.sent = self.sent, self.sent + count
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[str]] = []
            for index in range(count):
                await asyncio.sleep(started + index / rate - time.perf_counter())
                tasks.append(group.create_task(send(first + index)))
        return [task.result() for task in tasks]

    async def _until_quiet(self) -> None:
        """Wait until the model has answered everything and nothing happens any more on the platform; not for ever."""
        deadline = time.perf_counter() + PATIENCE_SECONDS
        try:
            await self.model.wait_for(self.sent, ended=True, seconds=PATIENCE_SECONDS)
        except TimeoutError:
            return
        seen, since = -1, time.perf_counter()
        while time.perf_counter() < min(deadline, since + QUIET_SECONDS):
            version = await self.chat.version()
            if version != seen:
                seen, since = version, time.perf_counter()
            await asyncio.sleep(QUIET_SECONDS / 10)


@asynccontextmanager
async def bench(platform: Platform, contender: Contender, *, hearing: str = HEARS_OPUS) -> AsyncIterator[Bench]:
    """Set a platform, a model and a bot up, all new."""
    with tempfile.TemporaryDirectory(prefix="mynah-bench-") as folder:
        async with (
            platform() as chat,
            model() as upstream,
            serving(contender, chat, upstream.url, Path(folder), hearing=hearing) as bot,
        ):
            yield Bench(chat=chat, model=upstream, bot=bot, idle_mb=resident_mb(bot.pid))
