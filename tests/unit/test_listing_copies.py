"""Copies of listings on disk: whole or not there, private, and with their age."""

import os
import stat
from pathlib import Path

import pytest

from adapters.gateways.copies import Copies
from tests.doubles.clock import ManualClock

HERE = "https://gateway.example/v1"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def copies(tmp_path: Path, clock: ManualClock) -> Copies:
    return Copies(tmp_path / "listings", clock)


async def test_a_copy_comes_back_with_its_age(copies: Copies, clock: ManualClock) -> None:
    assert await copies.load("openrouter", HERE) is None
    await copies.save("openrouter", HERE, b"old")
    await copies.save("openrouter", HERE, b"listing")
    clock.advance(90)
    found = await copies.load("openrouter", HERE)
    assert found is not None
    assert found[0] == b"listing"
    assert found[1] == pytest.approx(90, abs=0.01)


async def test_a_copy_belongs_to_one_gateway_at_one_address(copies: Copies) -> None:
    await copies.save("openrouter", HERE, b"listing")
    assert await copies.load("openroute", HERE) is None
    assert await copies.load("openrouter", "http://127.0.0.1:1/v1") is None


async def test_only_we_can_read_it_and_nothing_else_is_left(copies: Copies, tmp_path: Path) -> None:
    await copies.save("my/../server", HERE, b"listing")
    (file,) = (tmp_path / "listings").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == b"listing"


async def test_a_copy_that_cannot_be_written_leaves_nothing_behind(copies: Copies, tmp_path: Path) -> None:
    await copies.save("openrouter", HERE, b"listing")
    (file,) = (tmp_path / "listings").iterdir()
    file.rename(tmp_path / "kept")
    file.mkdir()
    with pytest.raises(OSError, match=r".+"):
        await copies.save("openrouter", HERE, b"newer")
    assert os.listdir(tmp_path / "listings") == [file.name]  # noqa: PTH208
    assert await copies.load("openrouter", HERE) is None


async def test_a_clock_that_was_set_back_makes_no_copy_of_the_future(copies: Copies, clock: ManualClock) -> None:
    await copies.save("openrouter", HERE, b"listing")
    clock.advance(-90)
    found = await copies.load("openrouter", HERE)
    assert found is not None
    assert found[1] == 0
