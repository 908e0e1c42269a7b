"""Catching up in one workspace: what was said while nobody listened, through the same intake, oldest first.

Slack sends an event that was not acknowledged three more times within some minutes; what happened before and after is
only in the history. It starts after the last message that was stored in a channel (its mark). A channel without a mark is
one in which nothing was for us so far: it is as far as the newest mark of all. Replies are not part of a channel's
history: a thread is read when its root says that there is something newer, and when it was talked in lately.

https://docs.slack.dev/reference/methods/conversations.history
https://docs.slack.dev/reference/methods/conversations.replies
https://docs.slack.dev/reference/methods/users.conversations
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import suppress

import structlog
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.clients import WorkspaceClient
from adapters.slack.pages import PAGE, pages
from adapters.slack.reach import Reach
from adapters.slack.translate import PLATFORM, Event, Identity, to_message
from bot.domain.errors import PlatformProblem, PostNotDone, StorageUnavailable
from bot.domain.messages import Place
from bot.ports import Clock, Intake

log = structlog.get_logger()

GATE_SECONDS = 1.5
"""How long new messages wait for the older ones of their channel: well below the three seconds that Slack waits."""

KINDS = "im,mpim,private_channel,public_channel"
"""Of channels, all that we can be in."""

MOST_UNMARKED = 500
"""Channels without a mark that are looked into: each takes a call, of which Slack allows some fifty a minute."""

TRIES = 5
PAUSE_SECONDS = 1.0


class CatchUp:
    """Reads the history of the channels that are known in a workspace."""

    def __init__(
        self, client: WorkspaceClient, intake: Intake, me: Identity, clock: Clock, *, longest_seconds: int
    ) -> None:
        """Prepare.

        Args:
            client: to read the history with.
            intake: what messages are handed to; it also knows the marks.
            me: who is spoken to.
            clock: to know what is too old, and to wait.
            longest_seconds: what was missed longer ago is left.
        """
        self._client = client
        self._intake = intake
        self._me = me
        self._clock = clock
        self._longest = longest_seconds
        self._behind: dict[str, asyncio.Event] = {}
        self._gate_until = 0.0

    async def passed(self, channel: str) -> None:
        """Wait until a channel's older messages are stored, so that a conversation stays in order.

        Only in the first moments of a round: when it lasts, new messages pass.
        """
        behind = self._behind.get(channel)
        if behind is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._gate_until):
                    await behind.wait()

    async def round(self) -> None:
        """Catch up now."""
        marked = await self._marked()
        found = await self._catch_up_in_order(marked)
        unmarked = await self._unmarked(marked)
        found += sum([await self._catch_up(channel, marks) for channel, marks in unmarked.items()])
        log.info("caught up", workspace=self._me.team, channels=len(marked) + len(unmarked), messages=found)

    async def _catch_up_in_order(self, channels: Mapping[str, Mapping[str, str]]) -> int:
        """Catch up on channels in which new messages wait for the older ones; returns how many messages were new."""
        self._behind = {channel: asyncio.Event() for channel in channels}
        self._gate_until = asyncio.get_running_loop().time() + GATE_SECONDS
        found = 0
        try:
            for channel, marks in channels.items():
                found += await self._catch_up(channel, marks)
                self._behind.pop(channel).set()
        finally:
            for event in self._behind.values():
                event.set()
            self._behind.clear()
        return found

    async def _marked(self) -> dict[str, dict[str, str]]:
        """Return the marks of each channel by thread, the channel with the newest first."""
        channels: dict[str, dict[str, str]] = {}
        for place, mark in (await self._marks()).items():
            if place.workspace == self._me.team:
                channels.setdefault(place.channel, {})[place.thread or ""] = mark
        return dict(sorted(channels.items(), key=lambda item: max(item[1].values()), reverse=True))

    async def _unmarked(self, marked: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        """Return the other channels that we are in, with the newest mark of all; none before anybody spoke to us."""
        newest = max((mark for marks in marked.values() for mark in marks.values()), default=None)
        if newest is None:
            return {}
        found: list[str] = []
        try:
            async for channel in pages(self._list_channels, "channels"):
                found += [] if channel["id"] in marked else [channel["id"]]
        except PlatformProblem as error:
            log.warning("channels not listed", reason=error.reason)
        return {channel: {"": newest} for channel in found[:MOST_UNMARKED]}

    async def _marks(self) -> Mapping[Place, str]:
        while True:
            try:
                return await self._intake.marks(PLATFORM)
            except StorageUnavailable as error:
                log.warning("marks not read", reason=str(error))
                await self._clock.sleep(PAUSE_SECONDS)

    async def _catch_up(self, channel: str, marks: Mapping[str, str]) -> int:
        """Hand over what was missed in a channel; returns how many messages were new."""
        for _ in range(TRIES):
            try:
                return sum([await self._accept(event) for event in await self._missed(channel, marks)])
            except PostNotDone as error:
                log.info("history not read", channel=channel, reason=error.reason)
                await self._clock.sleep(error.retry_after or PAUSE_SECONDS)
            except StorageUnavailable as error:
                log.warning("missed message not stored", channel=channel, reason=str(error))
                await self._clock.sleep(PAUSE_SECONDS)
            except PlatformProblem as error:
                log.warning("history refused", channel=channel, reason=error.reason)
                return 0
        return 0

    async def _accept(self, event: Event) -> bool:
        message = to_message(event, self._me)
        return message is not None and await self._intake.accept(message)

    async def _missed(self, channel: str, marks: Mapping[str, str]) -> list[Event]:
        """Return the messages after the marks of a channel, oldest first."""
        reach = Reach(marks=marks, oldest=f"{self._clock.now() / 1000 - self._longest:.6f}")
        missed: dict[str, Event] = {}
        threads = reach.lively_threads()
        async for item in self._history(channel, reach.roots_from):
            if reach.is_missed(item):
                missed[item["ts"]] = item
            if reach.has_missed_replies(item):
                threads.add(item["ts"])
        for thread in sorted(threads):
            after = reach.after(thread)
            async for item in self._replies(channel, thread, after):
                if item["ts"] > after:
                    missed[item["ts"]] = item
        return [{**missed[ts], "channel": channel} for ts in sorted(missed)]

    def _list_channels(self, cursor: str | None) -> Awaitable[AsyncSlackResponse]:
        return self._client.users_conversations(types=KINDS, exclude_archived=True, limit=PAGE, cursor=cursor)

    def _history(self, channel: str, oldest: str) -> AsyncIterator[Event]:
        return pages(
            lambda cursor: self._client.conversations_history(channel=channel, oldest=oldest, limit=PAGE, cursor=cursor)
        )

    def _replies(self, channel: str, thread: str, oldest: str) -> AsyncIterator[Event]:
        """Yield a thread's root and its replies after a time."""
        return pages(
            lambda cursor: self._client.conversations_replies(
                channel=channel, ts=thread, oldest=oldest, limit=PAGE, cursor=cursor
            )
        )
