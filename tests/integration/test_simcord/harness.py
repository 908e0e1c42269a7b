"""The adapter and the service in front of simcord: one person who manages a server, and one who only talks in it.

The adapter signs in with a client whose connection simcord makes, and everything else goes its usual way: jobs are stored
in memory, and a worker with a scripted model answers them. Three things are put into simcord's world that Discord has and
it has not: advice on shards, the owner of an installation, and a content network that can be reached.
"""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import discord
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle
from simcord.env import Env
from simcord.http.router import RequestContext, route
from simcord.results import InteractionResult, ResponseMessage
from typing_extensions import override

from adapters.discord import adapter
from adapters.discord.account import DiscordAccount
from adapters.discord.adapter import DiscordPlatform
from adapters.discord.client import Client
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.ports import Clock
from tests.doubles.clock import ManualClock
from tests.doubles.gateway import ScriptedGateway
from tests.doubles.house import HurriedClock, TestHouse, open_test_house

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""When it is in simcord's world."""

RATE = 16_000

Said = discord.Message | ResponseMessage


@route("GET", "/gateway/bot")
def gateway_bot(_: RequestContext) -> Mapping[str, Any]:
    """Advise on shards, https://docs.discord.com/developers/events/gateway#get-gateway-bot."""
    starts = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {"url": "wss://gateway.simcord.invalid", "shards": 1, "session_start_limit": starts}


class ConnectedClient(Client):
    """The adapter's client, whose sessions stand already: simcord begins them before anybody can listen."""

    @override
    async def connect(self, *, reconnect: bool = True) -> None:
        for shard in self.shard_ids or ():
            self.dispatch("shard_connect", shard)
        await asyncio.Event().wait()


# --- who is there ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A server with a channel, and the service in it."""

    env: Env
    house: TestHouse
    guild: GuildHandle
    channel: ChannelHandle
    ada: MemberActor
    """She manages the channels."""
    bob: MemberActor
    """He may do what everybody may."""

    @property
    def gateway(self) -> ScriptedGateway:
        """The models."""
        return self.house.gateway

    @property
    def clock(self) -> ManualClock:
        """The service's, which simcord's own does not move."""
        clock = self.house.house.clock
        assert isinstance(clock, ManualClock)
        return clock

    @property
    def mention(self) -> str:
        return f"<@{self.env.backend.bot_user.id}>"

    async def ask(self, text: str = "", *, channel: ChannelHandle | None = None, **how: Any) -> discord.Message:
        """Let Ada mention the bot, and let it answer."""
        message = await self.ada.send(channel or self.channel, f"{self.mention} {text}".rstrip(), **how)
        await self.work()
        return message

    async def use(self, name: str, /, *, by: MemberActor | None = None, **options: Any) -> InteractionResult:
        """Let somebody use a command, by default Ada, and let it be answered."""
        result = await (by or self.ada).slash(self.channel, name, **options)
        await self.work()
        return result

    async def choose(self, name: str, target: Said) -> InteractionResult:
        """Let Ada choose something from the menu of a message, and let it be answered."""
        result = await self.ada.context_menu(self.channel, name, target)
        await self.work()
        return result

    async def press(self, message: Said, mark: str, *, by: MemberActor | None = None) -> InteractionResult:
        """Let somebody press the button with a mark, by default Ada, and let come of it what does."""
        result = await (by or self.ada).click(message, custom_id=button(message, mark))
        await self.work()
        return result

    async def work(self) -> None:
        """Let everything be answered that was stored."""
        await self.house.work()
        await self.env.settle()

    def room(self, **lacking: bool) -> ChannelHandle:
        """Return a new channel in which the bot lacks permissions, by their names in discord.py."""
        overwrite = discord.PermissionOverwrite(**dict.fromkeys(lacking, False))
        me = self.env.bot.user
        assert me is not None
        return self.guild.create_text_channel(f"room-{len(self.guild.channels)}", overwrites={me: overwrite})

    def replies(self, message: discord.Message, channel: ChannelHandle | None = None) -> Sequence[discord.Message]:
        """Return what the bot said in a message's thread, or as replies to it."""
        room = channel or self.channel
        inside = [said for thread in room.threads if thread.id == message.id for said in self.said(thread)]
        below = [said for said in self.said(room) if said.reference and said.reference.message_id == message.id]
        return [*inside, *below]

    def said(self, channel: ChannelHandle) -> Sequence[discord.Message]:
        """Return what the bot said somewhere."""
        found = [one for one in channel.history() if one.author.id == self.env.backend.bot_user.id]
        return [one for one in found if one.type is not discord.MessageType.thread_created]

    def registered(self) -> Sequence[Mapping[str, Any]]:
        """Return the commands."""
        return list(self.env.backend.commands.get(None, {}).values())

    def requests(self, method: str) -> Sequence[str]:
        """Return the addresses that were called by a method, in their order."""
        return [one.path for one in self.env.http_requests if one.method == method]


def buttons(message: Said) -> Sequence[Mapping[str, Any]]:
    """Return the buttons under a message."""
    rows = [row if isinstance(row, dict) else row.to_dict() for row in message.components]
    return [each for row in rows for each in row["components"]]


def button(message: Said, mark: str) -> str:
    """Return the signal of the button with a mark."""
    (found,) = [str(each["custom_id"]) for each in buttons(message) if each["emoji"]["name"] == mark]
    return found


def recording(name: str = "note.wav") -> tuple[str, bytes]:
    """Return a second of noise as a file."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"\x00\x20\x00\xe0" * (RATE // 2))
    return name, target.getvalue()


# --- the world ---------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class World:
    """A server of simcord's, and what the service keeps."""

    env: Env
    account: DiscordAccount
    house: TestHouse

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[TestHouse]:
        """Let a process of the service work while the context is open; the next one finds what it left."""
        clock = self.house.house.clock
        client = ConnectedClient(self.account, clock)
        await self._connect(client)
        async with _signing_in(client, self.account, clock) as platform, asyncio.TaskGroup() as group:
            house = _with(self.house.restarted(), platform)
            task = group.create_task(platform.serve(StoredIntake(house.house)))
            await self._until_registered()
            yield house
            task.cancel()

    async def _connect(self, client: ConnectedClient) -> None:
        """Let simcord connect the first client, or one in the place of the last."""
        if self.env._started:
            await self.env.restart_bot(client)
        else:
            self.env.bot = client
            await self.env.start()
            self.env.backend.subscribers.insert(0, _name_owner)

    async def _until_registered(self) -> None:
        async with asyncio.timeout(5):
            while self.env.backend.find_command("ask", None) is None:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def open_world(folder: Path, *, message_content: bool = True) -> AsyncIterator[World]:
    """Make a world of simcord's, which stands while the context is open.

    Args:
        folder: for media bytes.
        message_content: whether the bot may read what is not for it.
    """
    house = open_test_house(folder, HurriedClock(int(BEGINNING.timestamp() * 1000)))
    async with _content_network() as network:
        account = DiscordAccount(
            token="simcord", message_content=message_content, file_hosts=(network.host,), identify_seconds=0
        )
        intents = discord.Intents.all()
        intents.message_content = message_content
        env = network.env = Env(ConnectedClient(account, house.house.clock), shard_count=1, approved_intents=intents)
        try:
            yield World(env=env, account=account, house=house)
        finally:
            await env.shutdown()
        env.raise_errors()


@asynccontextmanager
async def open_stage(world: World) -> AsyncIterator[Stage]:
    """Let two people in to a server, in which the service works while the context is open."""
    guild = world.env.create_guild("aviary")
    manager = guild.create_role("keepers", permissions=discord.Permissions(manage_channels=True))
    async with world.serving() as house:
        yield Stage(
            env=world.env,
            house=house,
            guild=guild,
            channel=guild.create_text_channel("general"),
            ada=guild.add_member(world.env.create_user("ada"), roles=[manager]),
            bob=guild.add_member(world.env.create_user("bob")),
        )


def _name_owner(event: str, payload: Any) -> None:
    """Say by whose installation something is used, which simcord leaves empty and Discord never does.

    See https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object.
    """
    if event == "INTERACTION_CREATE":
        payload["authorizing_integration_owners"] = {"0": payload.get("guild_id", "0")}


@asynccontextmanager
async def _signing_in(client: Client, account: DiscordAccount, clock: Clock) -> AsyncIterator[DiscordPlatform]:
    """Let the adapter sign in with a client."""

    async def sign_in(_account: DiscordAccount, _clock: Clock) -> Client:
        return client

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter, "sign_in", sign_in)
        async with DiscordPlatform(account, clock) as platform:
            yield platform


@dataclass(kw_only=True)
class _Network:
    host: str = ""
    env: Env | None = None

    async def give(self, request: web.Request) -> web.Response:
        content = self.env and self.env.backend.cdn.get(str(request.url))
        return web.Response(body=content) if content else web.Response(status=404)


@asynccontextmanager
async def _content_network() -> AsyncIterator[_Network]:
    """Serve simcord's files on this machine, whose addresses it makes up."""
    network, app = _Network(), web.Application()
    app.router.add_get("/{path:.*}", network.give)
    with pytest.MonkeyPatch.context() as patch:
        async with TestServer(app) as server:
            network.host = f"{server.host}:{server.port}"
            patch.setattr("simcord.backend.cdn.CDN_BASE", f"http://{network.host}")
            yield network


def _with(house: TestHouse, platform: DiscordPlatform) -> TestHouse:
    """Return a house in which the adapter is the only platform."""
    furnished = House(**{**vars(house.house), "platforms": {platform.name: platform}})
    return TestHouse(**{**vars(house), "house": furnished})
