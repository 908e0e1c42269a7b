"""The live view of a turn: a status under the thread where Slack shows one, else a reaction on the message.

It never holds a turn up: what is to be shown is noted, and a task of its own shows the newest of it. A failure is logged.
https://docs.slack.dev/reference/methods/assistant.threads.setStatus
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from adapters.slack.outcomes import SlackRefusal, read
from bot.domain.errors import MynahError, PlatformProblem
from bot.domain.messages import Message
from bot.ports import Clock, Live, Stage

log = structlog.get_logger()

STATUSES: Mapping[Stage, str] = {
    Stage.FETCHING: "is fetching your recording…",
    Stage.LISTENING: "is listening…",
    Stage.THINKING: "is thinking…",
    Stage.SPEAKING: "is speaking…",
    Stage.POSTING: "is writing…",
}
REACTION = "eyes"

FIRST_SECONDS = 0.3
"""A turn that is over sooner shows nothing: its answer says it all."""

PACE_SECONDS = 1.0
"""At most one call in so long for each turn."""

REFRESH_SECONDS = 90.0
"""Slack takes a status away after two minutes."""

CLEAR_SECONDS = 5.0
"""How long taking the view away may take."""


class Progress:
    """Makes live views, and remembers where Slack shows no status."""

    def __init__(self, client: AsyncWebClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._without_status: set[str] = set()

    @asynccontextmanager
    async def view(self, message: Message) -> AsyncIterator[Live]:
        """Show a live view of the turn that works on a message."""
        view = _View(self._client, self._clock, message, self._without_status)
        failure: MynahError | None = None
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(view.show())
            try:
                yield view
            except MynahError as error:  # kept out of the group, which would wrap it
                failure = error
            finally:
                showing.cancel()
                await view.clear()
        if failure is not None:
            raise failure


class _View(Live):
    def __init__(self, client: AsyncWebClient, clock: Clock, message: Message, without_status: set[str]) -> None:
        self._client = client
        self._clock = clock
        self._message = message
        self._without_status = without_status
        self._stage: Stage | None = None
        self._changed = asyncio.Event()
        self._status_shown = False
        self._reacted = False

    @override
    async def stage(self, stage: Stage) -> None:
        self._stage = stage
        self._changed.set()

    async def show(self) -> None:
        """Show the newest stage, and again before Slack forgets it, until cancelled."""
        await self._clock.sleep(FIRST_SECONDS)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            if self._stage is not None:
                await self._show(STATUSES[self._stage])
                await self._clock.sleep(PACE_SECONDS)

    async def clear(self) -> None:
        """Take away what is shown."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEAR_SECONDS):
                if self._status_shown:
                    await self._set_status("")
                if self._reacted:
                    await self._react(add=False)

    async def _show(self, status: str) -> None:
        if self._message.place.channel not in self._without_status:
            await self._set_status(status)
        elif not self._reacted:
            await self._react(add=True)

    async def _set_status(self, status: str) -> None:
        place = self._message.place
        self._status_shown = bool(status)  # noted before, for the call may be cancelled when it has had its effect
        call = self._client.assistant_threads_setStatus(
            channel_id=place.channel, thread_ts=place.thread or self._message.key, status=status
        )
        try:
            await read(call)
        except SlackRefusal as error:
            log.info("no status here", channel=place.channel, reason=error.error)
            self._without_status.add(place.channel)
            self._status_shown = False
            if status:
                await self._react(add=True)
        except PlatformProblem as error:
            log.info("status not shown", reason=error.reason)

    async def _react(self, *, add: bool) -> None:
        self._reacted = add
        method = self._client.reactions_add if add else self._client.reactions_remove
        try:
            await read(method(channel=self._message.place.channel, name=REACTION, timestamp=self._message.key))
        except PlatformProblem as error:
            log.info("reaction not shown", reason=error.reason)
