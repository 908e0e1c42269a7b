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
from dataclasses import replace

import structlog
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.clients import Clients
from adapters.slack.pages import PAGE, pages
from adapters.slack.reach import Reach
from adapters.slack.translate import Event, Identity, to_message
from bot.domain.errors import MynahError, PlatformProblem, PostNotDone, StorageUnavailable
from bot.domain.messages import Place
from bot.ports import Clock, Intake

log = structlog.get_logger()

Marks = Mapping[str, str]
"""The last message that was stored in each thread of a channel, by the thread."""

GATE_SECONDS = 1.5
"""How long new messages wait for the older ones of their channel: well below the three seconds that Slack waits."""

KINDS = "im,mpim,private_channel,public_channel"
"""Of channels, all that we can be in."""

OTHERS = ""
"""Stands for the channels without a mark, which have to be listed first."""

MOST_UNMARKED = 500
"""Channels without a mark that are looked into: each takes a call, of which Slack allows some fifty a minute."""

SKEW_MS = 60_000
"""How much the clocks may differ, Slack's and ours."""

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds after the first, second, … failure in a row; the last for ever."""


class CatchUp:
    """Reads the history of the channels of a workspace, for as long as it takes."""

    def __init__(self, workspace: str, clients: Clients, intake: Intake, clock: Clock, *, longest_seconds: int) -> None:
        """Prepare.

        Args:
            workspace: its id.
            clients: to read the history with; they know who is spoken to.
            intake: what messages are handed to.
            clock: to know what is too old.
            longest_seconds: what was missed longer ago is left.
        """
        self._workspace = workspace
        self._clients = clients
        self._client = clients.of(workspace)
        self._intake = intake
        self._clock = clock
        self._longest = longest_seconds
        self._due: dict[str, Marks] = {}
        """What is still to be read: channels, in this order, each from its marks."""
        self._noted: dict[str, str] = {}
        """The newest mark of each channel, when it was noted first."""
        self._behind: dict[str, asyncio.Event] = {}
        self._gate_until = 0.0
        self._begun = clock.now() - SKEW_MS
        self._read_to: dict[Place, str] = {}
        """The last message that was read in each place, of those from before we began: places are read one by one."""
        self._failures = 0
        """In a row."""
        self._found = 0

    def note(self, channels: Mapping[str, Marks]) -> None:
        """Note that channels are to be read from their marks; one that still is keeps its old marks.

        The channel with the newest mark comes first, and those that have none come last.
        """
        newest = {channel: _newest(marks) for channel, marks in channels.items()}
        for channel in sorted(channels, key=newest.__getitem__, reverse=True):
            self._due.setdefault(channel, channels[channel])
            self._noted.setdefault(channel, newest[channel])
            self._behind.setdefault(channel, asyncio.Event())
        self._due.setdefault(OTHERS, {"": max(newest.values())})
        self._gate_until = asyncio.get_running_loop().time() + GATE_SECONDS

    async def passed(self, channel: str) -> None:
        """Wait until a channel's older messages are stored, so that a conversation stays in order.

        Only in the first moments after it was noted: when it lasts, new messages pass.
        """
        behind = self._behind.get(channel)
        if behind is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._gate_until):
                    await behind.wait()

    async def go_on(self) -> float | None:
        """Read on, until something is not to be had now.

        Returns:
            After how many seconds to try again; None when nothing is left to be read.
        """
        try:
            me = await self._clients.identity(self._workspace)
            while True:
                while self._due:
                    await self._catch_up(next(iter(self._due)), me)
                await self._intake.caught_up(self._read_to)
                if not self._due:  # else more was noted meanwhile
                    break
        except (PostNotDone, StorageUnavailable) as error:
            log.warning("not caught up yet", workspace=self._workspace, reason=str(error))
            return self._pause(error)
        except MynahError as error:
            log.warning("not caught up", workspace=self._workspace, reason=str(error))
        else:
            log.info("caught up", workspace=self._workspace, messages=self._found)
        return None

    def _pause(self, error: PostNotDone | StorageUnavailable) -> float:
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        return max(pause, error.retry_after or 0.0) if isinstance(error, PostNotDone) else pause

    async def _catch_up(self, channel: str, me: Identity) -> None:
        """Hand over what was missed in a channel; when that fails it is due again, from the same marks, after all others."""
        marks = self._due.pop(channel)
        try:
            self._found += await self._read(channel, marks, me)
        except (PostNotDone, StorageUnavailable):
            self._due.pop(channel, None)  # noted again meanwhile, from later marks
            self._due[channel] = marks
            raise
        except PlatformProblem as error:
            log.warning("history refused", channel=channel, reason=error.reason)
        self._failures = 0
        if channel in self._behind:
            self._behind.pop(channel).set()

    async def _read(self, channel: str, marks: Marks, me: Identity) -> int:
        """Return how many messages were new."""
        if channel != OTHERS:
            return sum([await self._accept(event, me) for event in await self._missed(channel, marks)])
        listed = [each["id"] async for each in pages(self._list_channels, "channels")]
        others = [each for each in listed if each not in self._noted or self._noted[each] > _newest(marks)]
        for other in others[:MOST_UNMARKED]:  # also those that a new message has given a mark meanwhile
            self._due[other] = min(marks, self._due.get(other, marks), key=_newest)
        return 0

    async def _accept(self, event: Event, me: Identity) -> bool:
        message = to_message(event, me)
        if message is None:
            return False
        new = await self._intake.accept(replace(message, ahead=True))
        if message.said_at <= self._begun:
            self._read_to[message.place] = message.key
        return new

    async def _missed(self, channel: str, marks: Marks) -> list[Event]:
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


def _newest(marks: Marks) -> str:
    return max(marks.values())
