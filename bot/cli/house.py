"""What most commands begin with: the house, opened for as long as they look at it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from bot.app.opening import open_house
from bot.pipeline.house import House
from bot.settings import load_settings

T = TypeVar("T")


def with_house(work: Callable[[House], Awaitable[T]]) -> T:
    """Open the house of this process's settings, work in it, and return what came of it."""

    async def run() -> T:
        async with open_house(load_settings()) as house:
            return await work(house)

    return asyncio.run(run())


def show_time(milliseconds: int) -> str:
    """Write a time (ms since 1970) for people and scripts: `2026-11-21T17:03:12Z`."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
