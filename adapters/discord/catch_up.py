"""Catching up: what was said while nobody listened, through the same intake, oldest first.

A session that is cut and resumed misses nothing. A new session, after a restart or when Discord has forgotten the old
one, is told nothing of what was said before it: that is only in the history, after the last message that was stored in
a channel (its mark). A server lists its channels and active threads with the last message of each, so that only those
with something new are read.

While a server is behind, its new messages wait, so that conversations stay in order. They do not wait for long; but what
is stored while a server is behind moves no mark, and neither does what was missed. So a catch-up that the end of the
process cuts short begins at the same marks again, and what is stored already is known.

https://docs.discord.com/developers/events/gateway#resuming
https://docs.discord.com/developers/resources/message#get-channel-messages
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, repeat
from typing import Any, TypeVar

import discord
import structlog

from adapters.discord.client import Client
from adapters.discord.inbox import Inbox
from adapters.discord.outcomes import DiscordRefusal, read
from adapters.discord.translate import PLATFORM, Spot, to_message, to_snowflake
from bot.domain.errors import PostNotDone, StorageProblem
from bot.domain.messages import Place
from bot.domain.shards import shard_of
from bot.ports import Clock, Intake

log = structlog.get_logger()

T = TypeVar("T")

GATE_SECONDS = 10.0
"""How long, after a session begins, new messages wait for older ones of their server."""

MOST_MISSED = 1_000
"""Messages of one channel or thread that are read at the most, the newest."""

HISTORY_SECONDS = 60.0

MOST_DIRECT = 200
"""Direct messages that are looked into, those talked in last."""

READABLE = frozenset({0, 2, 5, 13})
"""Kinds of channels that hold messages themselves: text, voice, announcements, stage."""

SKEW_MS = 60_000
"""How much the clocks may differ, Discord's and ours."""

SIDE_BY_SIDE = 4
"""Calls that are made at the same time."""

PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds before the second, third, … try to read something; the last one repeats."""

Marks = Mapping[int, int]
"""The last stored message of each channel, its threads included."""

Marked = Mapping[str, Marks]
"""The marks of each server; those of direct messages are under the empty name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A piece of history that was missed."""

    spot: Spot
    """Which channel or thread."""
    after: int
    """The last message that was not missed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What came of reading a channel."""

    new: int
    """How many messages were stored."""
    to: Mapping[Place, str]
    """The last message of each place from before we began, by its key: places are read one by one."""


class CatchUp:
    """Reads what was missed, at the beginning of every session."""

    def __init__(self, client: Client, intake: Intake, inbox: Inbox, clock: Clock, *, longest_seconds: int) -> None:
        """Prepare.

        Args:
            client: to read the history with.
            intake: knows the marks.
            inbox: what messages are handed to.
            clock: to know what is too old, and to wait.
            longest_seconds: what was missed longer ago is left.
        """
        self._client = client
        self._intake = intake
        self._inbox = inbox
        self._clock = clock
        self._longest = longest_seconds
        self._begun: asyncio.Queue[int] = asyncio.Queue()
        self._gates: dict[int, float] = {}
        self._marked: dict[int, asyncio.Event] = {}
        self._behind: dict[str, asyncio.Event] = {}
        self._room = asyncio.Semaphore(SIDE_BY_SIDE)

    def begin(self, shard: int) -> None:
        """Note that a shard's session begins: from now on its new messages wait until older ones are stored."""
        self._gates[shard] = asyncio.get_running_loop().time() + GATE_SECONDS
        self._marked[shard] = asyncio.Event()
        self._begun.put_nowait(shard)

    async def passed(self, workspace: str) -> bool:
        """Wait until a server's older messages are stored, not for long; returns whether they are."""
        shard = self._shard_of(workspace)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._gates.get(shard)):
                if (marked := self._marked.get(shard)) is not None:
                    await marked.wait()
                if workspace in self._behind:
                    await self._behind[workspace].wait()
                return True
        return False

    async def run(self) -> None:
        """Catch up on a shard's servers at the beginning of each of its sessions, until cancelled."""
        rounds: dict[int, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                shard = await self._begun.get()
                if shard in rounds:
                    rounds[shard].cancel()  # the next one begins at the same marks
                rounds[shard] = group.create_task(self._round(shard))

    async def _round(self, shard: int) -> None:
        marked = self._marked[shard]
        known = await self._marks()
        newest = max((mark for marks in known.values() for mark in marks.values()), default=None)
        # A server without a mark is as far as all others; before anybody spoke to us, nothing was missed.
        unmarked: Marked = {} if newest is None else {str(guild.id): {} for guild in self._client.guilds}
        servers = {name: marks for name, marks in {**unmarked, **known}.items() if self._shard_of(name) == shard}
        behind = {workspace: asyncio.Event() for workspace in servers}
        self._behind |= behind
        marked.set()
        async with asyncio.TaskGroup() as group:
            for workspace, marks in servers.items():
                since = max(marks.values(), default=newest or 0)
                group.create_task(self._catch_up(workspace, marks, since, behind[workspace]))

    def _shard_of(self, workspace: str) -> int:
        return shard_of(int(workspace) if workspace else None, self._client.shard_count or 1)

    async def _marks(self) -> Marked:
        """Return the marks of all servers, as soon as they can be read."""
        marks: Mapping[Place, str] | None = None
        while marks is None:
            try:
                marks = await self._intake.marks(PLATFORM)
            except StorageProblem as error:
                log.warning("marks not read", reason=str(error))
                await self._clock.sleep(PAUSES[0])
        servers: dict[str, dict[int, int]] = {}
        for place, mark in marks.items():
            channels = servers.setdefault(place.workspace, {})
            channel = int(place.channel)
            channels[channel] = max(int(mark), channels.get(channel, 0))
        return servers

    async def _catch_up(self, workspace: str, marks: Marks, since: int, done: asyncio.Event) -> None:
        """Catch up on one server, under supervision: what goes wrong with it keeps no other from being caught up."""
        begun = self._clock.now() - SKEW_MS
        try:
            new_in = self._server_stretches
            stretches = await new_in(int(workspace), marks, since) if workspace else _direct_stretches(marks)
            async with asyncio.TaskGroup() as group:
                reads = [group.create_task(self._read_channel(channel, begun)) for channel in _by_channel(stretches)]
            channels = [read.result() for read in reads]
            await self._inbox.caught_up(dict(chain.from_iterable(read.to.items() for read in channels)), workspace)
            found = sum(read.new for read in channels)
            log.info("caught up", server=workspace, stretches=len(stretches), messages=found)
            done.set()
        except Exception:
            log.exception("not caught up", server=workspace)

    # --- where something is new ----------------------------------------------

    async def _server_stretches(self, guild: int, marks: Marks, since: int) -> Sequence[Stretch]:
        """Ask a server which of its channels and active threads have messages after their marks."""
        channels = await self._tried(lambda: self._client.http.get_all_guild_channels(guild), str(guild)) or []
        threads: Mapping[str, Any] = await self._tried(
            lambda: self._client.http.get_active_threads(guild), str(guild)
        ) or {"threads": []}
        spots: list[tuple[Spot, Any]] = [
            (Spot(guild=guild, channel=int(c["id"])), c) for c in channels if c["type"] in READABLE
        ]
        spots += [(Spot(guild=guild, channel=int(t["parent_id"]), thread=int(t["id"])), t) for t in threads["threads"]]
        # A channel without a mark is one in which nothing was for us so far: it is as far as its server.
        stretches = [Stretch(spot=spot, after=marks.get(spot.channel, since)) for spot, _ in spots]
        last = [int(data.get("last_message_id") or 0) for _, data in spots]
        return [stretch for stretch, newest in zip(stretches, last, strict=True) if newest > stretch.after]

    # --- reading it ----------------------------------------------------------

    async def _read_channel(self, stretches: Sequence[Stretch], begun: int) -> Read:
        """Store what was missed in a channel and its threads; `begun` in milliseconds since 1970."""
        found: list[tuple[discord.Message, Spot]] = []
        for stretch in stretches:
            missed = await self._tried(partial(self._history, stretch), str(stretch.spot.posts_to))
            found += [(message, stretch.spot) for message in missed or ()]
        new, to = 0, dict[Place, str]()
        for message, spot in sorted(found, key=lambda item: item[0].id):
            translated = to_message(message, spot, self._client.me)
            if translated is not None:
                new += await self._inbox.store(replace(translated, ahead=True))
                if translated.said_at <= begun:
                    to[translated.place] = translated.key
        return Read(new=new, to=to)

    async def _history(self, stretch: Stretch) -> list[discord.Message]:
        oldest = to_snowflake(self._clock.now() - self._longest * 1000)
        channel = self._client.get_partial_messageable(stretch.spot.posts_to, guild_id=stretch.spot.guild)
        after = discord.Object(max(stretch.after, oldest))
        return [message async for message in channel.history(limit=MOST_MISSED, after=after, oldest_first=False)]

    async def _tried(self, call: Callable[[], Awaitable[T]], what: str) -> T | None:
        """Read something, until Discord answers; None when it refuses."""
        for pause in chain(PAUSES, repeat(PAUSES[-1])):
            try:
                async with self._room:
                    return await read(call(), seconds=HISTORY_SECONDS)
            except PostNotDone as error:
                log.info("history not read", what=what, reason=error.reason)
                await self._clock.sleep(max(error.retry_after or 0.0, pause))
            except DiscordRefusal as error:
                log.info("history refused", what=what, reason=error.reason)
                break
        return None


def _direct_stretches(marks: Marks) -> Sequence[Stretch]:
    """Return the direct messages that are known, the liveliest first: Discord lists them nowhere."""
    newest_first = sorted(marks.items(), key=lambda item: item[1], reverse=True)
    return [Stretch(spot=Spot(guild=None, channel=channel), after=mark) for channel, mark in newest_first[:MOST_DIRECT]]


def _by_channel(stretches: Sequence[Stretch]) -> Sequence[Sequence[Stretch]]:
    channels: dict[int, list[Stretch]] = {}
    for stretch in stretches:
        channels.setdefault(stretch.spot.channel, []).append(stretch)
    return list(channels.values())
