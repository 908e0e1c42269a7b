"""The model that every bot asks: it answers at once, or at a real model's pace, or slowly, or not at all."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.fakes.openrouter.client import Action, FakeOpenRouter, Script, driving
from tests.fakes.process import running

ENDING = "done."
ANSWER = " ".join([f"word{number}" for number in range(59)] + [ENDING])

AT_ONCE = Script(text=ANSWER)
"""All 60 tokens without waiting: what is left of a turn is overhead."""
PACED = Script(text=ANSWER, ttft_s=0.3, tokens_per_second=200)
"""The first token after 0.3 s, then 200 a second."""

SLOW_WORD = "slowly"
SLOW = Script(text=ANSWER, ttft_s=30, tokens_per_second=200)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One call, as the model saw it; times in seconds since 1970."""

    came_at: float
    """When the request was there."""
    first_at: float
    """When the first token was sent."""
    ended_at: float
    """When the last was."""

    @property
    def seconds(self) -> float:
        """How long the model held the call."""
        return self.ended_at - self.came_at


class Model:
    """The fake gateway, and what it saw."""

    def __init__(self, fake: FakeOpenRouter) -> None:
        self._fake = fake

    @property
    def url(self) -> str:
        """Where it is."""
        return self._fake.api

    async def answer(self, script: Script) -> None:
        """Answer so from now on; who asks for it is still answered slowly."""
        await self._fake.answer(script)
        await self._fake.answer(SLOW, containing=SLOW_WORD)

    async def hang_once(self) -> None:
        """Keep the connection of the next call alive, and never say anything."""
        await self._fake.fail(Action.HANG, path="*/chat/completions")

    async def count(self) -> int:
        """Return how many calls have come so far."""
        return len((await self._fake.state()).calls)

    async def wait_for(self, count: int, *, ended: bool = False, seconds: float = 30) -> None:
        """Wait until so many calls have come, or have ended.

        Raises:
            TimeoutError: they have not.
        """
        await self._fake.wait_for(count, ended=ended, seconds=seconds)

    async def calls(self, since: int) -> Sequence[Held]:
        """Return the finished calls in the order of their coming, without the first so many."""
        # The fake tells the time of the machine's steady clock.
        ahead = (time.time_ns() - time.monotonic_ns()) / 1e9
        return [
            Held(came_at=call.received_at + ahead, first_at=call.answered_at + ahead, ended_at=call.finished_at + ahead)
            for call in (await self._fake.state(since=since)).calls
            if call.answered_at is not None and call.finished_at is not None
        ]


@asynccontextmanager
async def model() -> AsyncIterator[Model]:
    """Run a gateway of its own."""
    async with running("tests.fakes.openrouter", "--no-validate") as url, driving(url) as fake:
        started = Model(fake)
        await started.answer(PACED)
        yield started
