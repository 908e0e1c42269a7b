"""Where a message is answered: in the thread that is made from it, in the thread that it is in, else as a reply to it.

What is for its author alone, and can no longer be told by the token of what they used, is told in a direct message.

https://docs.discord.com/developers/resources/channel#start-thread-from-message
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import discord
import structlog

from adapters.discord.client import Client
from adapters.discord.outcomes import THREAD_EXISTS, DiscordRefusal, read
from adapters.discord.translate import channel_of, is_private, thread_name
from bot.domain.messages import Message

log = structlog.get_logger()

ARCHIVE_MINUTES: Literal[1440] = 1440
REMEMBERED = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """Where the posts that answer a message stand."""

    channel: int
    """A channel, direct message or thread."""
    reply_to: int | None
    """The message in it that they visibly reply to; None where everything belongs to the message anyway."""


class Homes:
    """Finds and makes homes, and remembers those of the last messages."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: OrderedDict[str, Home] = OrderedDict()

    def known(self, answering: Message) -> Home:
        """Return the home as far as it is known without asking."""
        return self._known.get(answering.job_id) or Home(channel=_channel(answering), reply_to=_replied(answering))

    async def of(self, answering: Message) -> Home:
        """Return the home of the posts that answer a message; a thread is made if it needs one.

        Raises:
            PostNotDone: the thread could not be made now.
            PostRefused: there is none, for its author takes no direct messages from us.
        """
        if is_private(answering):
            return await self._alone(answering)
        if not _needs_thread(answering):
            return self.known(answering)
        if answering.job_id not in self._known:
            self._known[answering.job_id] = await self._make_thread(answering)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[answering.job_id]

    def possible(self, answering: Message) -> tuple[int, ...]:
        """Return every channel in which a post that answers a message can stand, the likeliest first."""
        channel = _channel(answering)
        if is_private(answering):
            return ()
        return (int(answering.key), channel) if _needs_thread(answering) else (channel,)

    async def _alone(self, answering: Message) -> Home:
        """Open a direct message, https://docs.discord.com/developers/resources/user#create-dm."""
        room = await read(self._client.http.start_private_message(int(answering.author.id)))
        return Home(channel=int(room["id"]), reply_to=None)

    async def _make_thread(self, answering: Message) -> Home:
        channel, message = _channel(answering), int(answering.key)
        if not self._may_write_in_threads(channel):
            return Home(channel=channel, reply_to=message)
        call = self._client.http.start_thread_with_message(
            channel, message, name=thread_name(answering), auto_archive_duration=ARCHIVE_MINUTES
        )
        try:
            await read(call)
        except DiscordRefusal as error:
            if error.code != THREAD_EXISTS:
                log.info("no thread here", channel=channel, code=error.code)
                return Home(channel=channel, reply_to=message)
        return Home(channel=message, reply_to=None)

    def _may_write_in_threads(self, channel: int) -> bool:
        """Return whether we may write in the threads of a channel, as far as Discord has told us; else it is tried.

        To make a thread is another permission: https://docs.discord.com/developers/topics/threads#permissions.
        """
        room = self._client.get_channel(channel)
        if not isinstance(room, discord.abc.GuildChannel):
            return True
        me = room.guild.get_member(self._client.me)
        return me is None or room.permissions_for(me).send_messages_in_threads


def _channel(answering: Message) -> int:
    return int(answering.handle.get("channel") or channel_of(answering.place))


def _replied(answering: Message) -> int | None:
    """Return the message to reply to: the use of a command is none, but may be about one."""
    target = answering.handle.get("target") if "token" in answering.handle else answering.key
    return None if target is None else int(target)


def _needs_thread(answering: Message) -> bool:
    """Return whether a message stands at the top of a server's channel, and is not the use of a command."""
    place = answering.place
    at_the_top = place.thread == answering.key and str(_channel(answering)) != place.thread
    return at_the_top and not place.direct and "token" not in answering.handle
