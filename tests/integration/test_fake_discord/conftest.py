"""One fake process for all tests of this folder, wiped between them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.fakes.discord.client import FakeDiscord
from tests.fakes.process import running


@dataclass(frozen=True, kw_only=True)
class Place:
    """A small guild to start from."""

    guild: int
    channel: int
    alice: int


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def fake_url() -> AsyncIterator[str]:
    async with running("tests.fakes.discord") as url:
        yield url


@pytest.fixture
async def careless(fake_url: str) -> AsyncIterator[FakeDiscord]:
    """The fake, for tests that break its rules on purpose."""
    async with FakeDiscord(fake_url) as driver:
        await driver.reset()
        yield driver


@pytest.fixture
async def fake(careless: FakeDiscord) -> AsyncIterator[FakeDiscord]:
    """The fake, for tests that must not break its rules."""
    yield careless
    assert await careless.violations() == []


@pytest.fixture
async def place(careless: FakeDiscord) -> Place:
    alice = await careless.add_user("alice")
    guild = await careless.add_guild("aviary", members=[alice])
    return Place(guild=guild, channel=await careless.add_channel(guild, "general"), alice=alice)
