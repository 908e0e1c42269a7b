"""A connection that should be held by one process is watched."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog
from typing_extensions import override

from bot.pipeline.alone import SECONDS, ConnectionWatch, warning
from bot.pipeline.house import House
from bot.ports import Connected, Connection
from tests.doubles.house import TestHouse, open_test_house
from tests.doubles.locks import MemoryLocks
from tests.doubles.platform import MemoryPlatform

NAME = "Slack app token (12ab)"


class ConnectedPlatform(MemoryPlatform, Connected):
    """Holds one connection."""

    strangers = 0

    @override
    def connections(self) -> Sequence[Connection]:
        return [Connection(name=NAME, strangers=self.strangers)]


@pytest.fixture
def platform() -> ConnectedPlatform:
    return ConnectedPlatform()


@pytest.fixture
def locks(home: TestHouse) -> MemoryLocks:
    assert isinstance(home.house.locks, MemoryLocks)
    return home.house.locks


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    return open_test_house(tmp_path)


@pytest.fixture
def watch(home: TestHouse, platform: ConnectedPlatform) -> ConnectionWatch:
    return ConnectionWatch(House(**{**vars(home.house), "platforms": {"memory": platform}}))


async def looked(watch: ConnectionWatch) -> list[str]:
    """Look once; returns what was said about it."""
    with structlog.testing.capture_logs() as lines:
        await watch.look()
    return [f"{line['log_level']}: {line['event']}" for line in lines]


async def test_who_is_alone_says_nothing(watch: ConnectionWatch, locks: MemoryLocks):
    assert await looked(watch) == await looked(watch) == []
    assert await locks.disputes() == []


async def test_a_second_process_says_so_once_and_the_doctor_as_long_as_it_lasts(
    watch: ConnectionWatch, home: TestHouse, locks: MemoryLocks
):
    other = MemoryLocks(home.house.clock, locks.stored, owner="process 17 on gull")
    await other.take(NAME, seconds=SECONDS)
    assert await looked(watch) == ["warning: connection is not ours alone"]
    assert await looked(watch) == []
    (dispute,) = await locks.disputes()
    assert warning(dispute) == (
        f"A second process is connected beside process 17 on gull, with the same {NAME}: "
        "what people say reaches either of them."
    )
    await other.release(NAME)
    assert await looked(watch) == ["info: connection is ours alone again"]
    assert await locks.disputes() == []


async def test_strangers_that_the_platform_counts_are_told(
    watch: ConnectionWatch, platform: ConnectedPlatform, locks: MemoryLocks
):
    platform.strangers = 2
    assert await looked(watch) == ["warning: connection is not ours alone"]
    (dispute,) = await locks.disputes()
    assert "another database (2 connections" in warning(dispute)
    platform.strangers = 0
    assert await looked(watch) == ["info: connection is ours alone again"]


async def test_who_leaves_lets_the_next_one_have_it(watch: ConnectionWatch, home: TestHouse, locks: MemoryLocks):
    await watch.look()
    next_one = MemoryLocks(home.house.clock, locks.stored, owner="next")
    assert await next_one.take(NAME, seconds=1) is not None
    await watch.leave()
    assert await next_one.take(NAME, seconds=1) is None
