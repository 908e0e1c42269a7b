"""The messages that a message refers to, looked up: what it replies or links to, and what was said from one on.

A link may lead to a channel that we may read and the person may not. So what is linked to elsewhere is shown only to who
may read it there: https://docs.discord.com/developers/topics/permissions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from adapters.discord.client import Client
from adapters.discord.outcomes import DiscordRefusal, read
from adapters.discord.permissions import may_read
from adapters.discord.translate import LINKED, to_quoted
from bot.domain.messages import Message, Quoted

HISTORY_SECONDS = 60.0

DIRECT = frozenset({1, 3})
THREADS, HIDDEN_THREADS = frozenset({10, 11}), frozenset({12})
"""Kinds of channels, https://docs.discord.com/developers/resources/channel#channel-object-channel-types."""


class Quotes:
    """Looks messages up."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def look_up(self, quoted: Quoted, message: Message) -> Quoted | None:
        """Return a message with its words and files; raises as `Platform.look_up` does."""
        channel = self._client.get_partial_messageable(int(quoted.handle["channel"]))
        try:
            if not await self._may_be_shown(quoted, message):
                return None
            found = await read(channel.fetch_message(int(quoted.key)))
        except DiscordRefusal:
            return None
        return to_quoted(found, quoted, self._client.me)

    async def history(self, start: Quoted, message: Message, *, limit: int) -> Sequence[Quoted]:
        """Return what was said from a message on; raises as `Platform.history` does."""
        try:
            if not await self._may_be_shown(start, message):
                return ()
            found = await read(self._newest(start, limit), seconds=HISTORY_SECONDS)
        except DiscordRefusal:
            return ()
        said = (to_quoted(each, _beside(start, each), self._client.me) for each in sorted(found, key=lambda m: m.id))
        return [each for each in said if each]

    async def _newest(self, start: Quoted, limit: int) -> list[discord.Message]:
        channel = self._client.get_partial_messageable(int(start.handle["channel"]))
        before_it = discord.Object(int(start.key) - 1)
        return [each async for each in channel.history(limit=limit, after=before_it, oldest_first=False)]

    async def _may_be_shown(self, quoted: Quoted, message: Message) -> bool:
        """Whether somebody may see a message: where they are themselves, or where they may read."""
        channel, person = int(quoted.handle["channel"]), int(message.author.id)
        if LINKED not in quoted.handle or str(channel) == message.handle.get("channel"):
            return True
        room: Mapping[str, Any] = await read(self._client.http.get_channel(channel))
        if room["type"] in DIRECT:
            return any(int(who["id"]) == person for who in room.get("recipients") or ())
        if room["type"] in THREADS:
            room = await read(self._client.http.get_channel(int(room["parent_id"])))
        return room["type"] not in HIDDEN_THREADS and await self._may_read(room, person)

    async def _may_read(self, room: Mapping[str, Any], person: int) -> bool:
        """Whether a member may read a channel; who is none may not."""
        server = int(room["guild_id"])
        member = await read(self._client.http.get_member(server, person))
        return may_read(await read(self._client.http.get_guild(server)), room, member)


def _beside(start: Quoted, message: discord.Message) -> Quoted:
    """Return where a message stands in the same channel as another one."""
    return Quoted(channel=start.channel, key=str(message.id), handle=start.handle)
