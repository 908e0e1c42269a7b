"""A fake Discord with one person in one channel, and the adapter."""

from collections.abc import AsyncIterator, Iterator

import discord
import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket

from adapters.discord.adapter import DiscordPlatform
from tests.doubles.intake import RecordingIntake
from tests.fakes.discord.client import FakeDiscord
from tests.fakes.process import running
from tests.integration.test_discord_platform.harness import QuickClock, Scene
from tests.integration.test_writes.writes import DISCORD, DISCORD_READS, unlisted


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def url() -> AsyncIterator[str]:
    async with running("tests.fakes.discord") as found:
        yield found


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    """Put back where discord.py talks to."""
    base, gateway = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    yield
    discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@pytest.fixture
async def fake(url: str) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(url) as driver:
        await driver.reset()
        yield driver
        assert await driver.violations() == []
        made = [f"{one['method']} {one['path']}" for one in await driver.requests()]
        assert unlisted(made, DISCORD, DISCORD_READS) == set(), "add a row for each to test_writes/writes.py"


@pytest.fixture
async def scene(fake: FakeDiscord) -> Scene:
    ada = await fake.add_user("ada")
    guild = await fake.add_guild("aviary", members=[ada])
    channel = await fake.add_channel(guild, "general")
    return Scene(fake=fake, me=await fake.bot_id(), ada=ada, guild=guild, channel=channel)


@pytest.fixture
async def clock(fake: FakeDiscord) -> QuickClock:
    """A clock that goes with the fake's, which earlier tests have moved on."""
    clock = QuickClock()
    clock.ahead = (await fake.act("clock", seconds=0))["now"] - clock.now() / 1000
    return clock


@pytest.fixture
async def platform(scene: Scene, clock: QuickClock) -> AsyncIterator[DiscordPlatform]:
    async with DiscordPlatform(await scene.account(), clock) as found:
        yield found


@pytest.fixture
def intake() -> RecordingIntake:
    return RecordingIntake()
