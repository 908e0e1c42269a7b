"""The live view of a turn: that somebody is at work, and in a reply that grows also on what, and for how long.

It never holds a turn up: what is to be shown is noted, and a task of its own shows the newest of it. A failure is logged.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from typing_extensions import override

from adapters.slack.agents import Agents, Presence
from adapters.slack.plan import Work
from adapters.slack.replies import Replies
from bot.domain.errors import MynahError, PlatformProblem
from bot.domain.messages import Message
from bot.ports import Clock, Live, Stage

log = structlog.get_logger()

FIRST_SECONDS = 0.3
"""A turn that is over sooner shows nothing: its answer says it all."""

PACE_SECONDS = 1.0
"""What is shown changes at most once in so long."""

REFRESH_SECONDS = 90.0
"""Slack takes a status away after two minutes, https://docs.slack.dev/reference/methods/assistant.threads.setStatus."""

CLEAR_SECONDS = 5.0
"""How long taking the view away may take."""


class Progress:
    """Makes live views."""

    def __init__(self, agents: Agents, replies: Replies, clock: Clock) -> None:
        """Prepare.

        Args:
            agents: shows that we work.
            replies: show on what.
            clock: to wait.
        """
        self._agents = agents
        self._replies = replies
        self._clock = clock

    @asynccontextmanager
    async def view(self, message: Message) -> AsyncIterator[Live]:
        """Show a live view of the turn that works on a message."""
        view = _View(self._agents.presence(message), self._replies, self._clock, message)
        failure: MynahError | None = None
        finished = False
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(view.show())
            try:
                yield view
                finished = True
            except MynahError as error:  # kept out of the group, which would wrap it
                failure = error
            finally:
                showing.cancel()
                view.end(failed=not finished)
                await view.clear(finished=finished)
        if failure is not None:
            raise failure


class _View(Live):
    def __init__(self, presence: Presence, replies: Replies, clock: Clock, message: Message) -> None:
        self._presence = presence
        self._replies = replies
        self._clock = clock
        self._message = message
        self._work = replies.to(message).work = Work()
        self._stage: Stage | None = None
        self._topic = ""
        self._changed = asyncio.Event()

    @override
    async def expect(self, stages: Sequence[Stage]) -> None:
        self._work.expect(stages)
        self._changed.set()

    @override
    async def stage(self, stage: Stage) -> None:
        self._work.begin(stage, time.monotonic())
        self._stage = stage
        self._changed.set()

    @override
    async def topic(self, words: str) -> None:
        self._topic = words
        self._changed.set()

    def end(self, *, failed: bool) -> None:
        """Take it that the turn is over."""
        self._work.end(time.monotonic(), failed=failed)

    async def show(self) -> None:
        """Show the newest, and again before Slack forgets it, until cancelled."""
        await self._clock.sleep(FIRST_SECONDS)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            if self._stage is not None:
                await self._show(self._stage)
                await self._clock.sleep(PACE_SECONDS)

    async def _show(self, stage: Stage) -> None:
        await self._presence.show(stage)
        await self._presence.name(self._topic)
        try:
            await self._replies.refresh(self._message)
        except PlatformProblem as error:
            log.info("plan not shown", reason=error.reason)

    async def clear(self, *, finished: bool) -> None:
        """Show how it ended, and take away what shows that somebody is at work.

        Args:
            finished: whether all is said; else the reply waits for what else there is to say.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEAR_SECONDS):
                await self._presence.name(self._topic)
                await self._presence.clear()
                if finished:
                    await self._close()

    async def _close(self) -> None:
        try:
            await self._replies.close(self._message)
        except PlatformProblem as error:
            log.info("plan not finished", reason=error.reason)
