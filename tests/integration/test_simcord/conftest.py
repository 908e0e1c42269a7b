"""A server of simcord's with the service in it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.words import open_catalogues
from tests.integration.test_simcord.harness import Stage, World, open_stage, open_world


@pytest.fixture(autouse=True, scope="package")
def catalogues() -> None:
    """Read what the service reads before it serves."""
    open_catalogues()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    asyncio.get_running_loop().set_debug(False)  # simcord wraps every step of it, each of which would note a stack
    async with open_world(tmp_path) as found:
        yield found


@pytest.fixture
async def stage(world: World) -> AsyncIterator[Stage]:
    async with open_stage(world) as found:
        yield found
