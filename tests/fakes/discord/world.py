"""Everything that this Discord holds, and how it is looked up."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord.clock import Clock, Snowflakes
from tests.fakes.discord.model import DM, Channel, Guild, Interaction, Message, User
from tests.fakes.discord.permissions import ALL, Permission, effective
from tests.fakes.discord.refusals import refusal

MIB = 1024 * 1024
FILE_LIMITS = {0: 10 * MIB, 1: 10 * MIB, 2: 50 * MIB, 3: 100 * MIB}
"""Largest file in bytes by a guild's boost tier."""


SESSION_STARTS = 1000
"""Sessions that may begin in a day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that gateway sessions may hear of."""

    name: str
    data: dict[str, Any]
    guild_id: str | None = None


@dataclass(kw_only=True, slots=True)
class Records:
    """What happened, in order, for tests to read."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    typing: list[dict[str, Any]] = field(default_factory=list)
    reactions: list[dict[str, Any]] = field(default_factory=list)


class World:
    """One application, its guilds, channels, users and messages."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ids = Snowflakes(clock)
        self.origin = ""
        self.token = secrets.token_urlsafe(24)
        self.signing_key = secrets.token_bytes(16)
        self.application_id = self.ids.next()
        self.publish: Callable[[Event], None] = lambda _event: None
        self.revision = 0
        self._changed = asyncio.Event()
        self.clear()

    def clear(self) -> None:
        """Forget everything but the application itself."""
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.files: dict[str, bytes] = {}
        self.file_types: dict[str, str] = {}
        self.nonces: dict[tuple[str, str], tuple[float, Message]] = {}
        self.commands: dict[str | None, dict[str, dict[str, Any]]] = {None: {}}
        self.interactions: dict[str, Interaction] = {}
        self.privileged_intents = {"message_content"}
        self.shards = 1
        self.max_concurrency = 1
        self.identify_seconds = 0.0
        """How far apart the identifies of a bucket must be; 0 takes any."""
        self.session_starts = SESSION_STARTS
        self.url_generation = 0
        self.records = Records()
        self.users[self.application_id] = User(id=self.application_id, name="mynah", bot=True)
        self.touch()

    @property
    def bot_id(self) -> str:
        """The bot's user id, which is the application's."""
        return self.application_id

    def touch(self) -> None:
        """Wake those who wait for something to change."""
        self.revision += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed_since(self, revision: int, seconds: float) -> int:
        """Wait until the revision is another one, for at most some seconds, and return it."""
        try:
            async with asyncio.timeout(seconds):
                while self.revision == revision:
                    await self._changed.wait()
        except TimeoutError:
            pass
        return self.revision

    def user(self, user_id: str) -> User:
        """Return a user, or refuse with 10013."""
        if user_id not in self.users:
            raise refusal(10013, user_id)
        return self.users[user_id]

    def guild(self, guild_id: str) -> Guild:
        """Return a guild, or refuse with 10004."""
        if guild_id not in self.guilds:
            raise refusal(10004, guild_id)
        return self.guilds[guild_id]

    def channel(self, channel_id: str) -> Channel:
        """Return a channel, or refuse with 10003."""
        if channel_id not in self.channels:
            raise refusal(10003, channel_id)
        return self.channels[channel_id]

    def message(self, channel_id: str, message_id: str) -> Message:
        """Return a message that was not deleted, or refuse with 10008."""
        message = self.messages.get(channel_id, {}).get(message_id)
        if message is None or message.deleted_at is not None:
            raise refusal(10008, message_id)
        return message

    def find_message(self, message_id: str) -> Message:
        """Return a message wherever it is, or refuse with 10008."""
        for channel_id, messages in self.messages.items():
            if message_id in messages:
                return self.message(channel_id, message_id)
        raise refusal(10008, message_id)

    def permissions(self, channel: Channel, user_id: str) -> Permission:
        """Return what a user may do in a channel; in a direct message, everything."""
        if channel.type == DM:
            return ALL if user_id in channel.recipients else Permission(0)
        guild = self.guilds[channel.guild_id or ""]
        return effective(guild, self.channels[channel.parent_id] if channel.parent_id else channel, user_id)

    def has_bot(self, channel: Channel) -> bool:
        """Return whether the bot is where a channel is."""
        if channel.guild_id is not None:
            return self.bot_id in self.guilds[channel.guild_id].members
        return self.bot_id in channel.recipients

    def direct_message(self, user_id: str) -> Channel:
        """Return the bot's direct message with a user, made at first use."""
        for channel in self.channels.values():
            if channel.type == DM and {user_id, self.bot_id} == set(channel.recipients):
                return channel
        channel = Channel(id=self.ids.next(), type=DM, recipients=(self.bot_id, user_id))
        self.channels[channel.id] = channel
        return channel

    def file_limit(self, channel: Channel) -> int:
        """Return the largest file in bytes that a message in this channel may carry."""
        return FILE_LIMITS[self.guilds[channel.guild_id].premium_tier if channel.guild_id else 0]
