"""What somebody finds on a page of their own."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.budgets import Period
from bot.domain.errors import ModelRefused
from bot.domain.home import Home
from bot.domain.messages import Author, Place
from bot.domain.money import Nanodollars
from bot.domain.people import Voice, Wish
from bot.pipeline.home import MOST_CHANNELS
from bot.pipeline.intake import StoredIntake
from tests.doubles.gateway import Point
from tests.doubles.house import TestHouse, message, open_test_house

HERE = Place(platform="memory", workspace="W", channel="")
ADA = Author(id="U", name="Ada")


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    return open_test_house(tmp_path, reply="text")


async def page(home: TestHouse, *channels: str, admin: bool = False, author: Author = ADA) -> Home:
    return await StoredIntake(home.house).home(HERE, author, channels=channels if admin or channels else None)


async def test_ones_own_usage_wishes_and_budgets_are_told(home: TestHouse):
    assert (await page(home)).usage == ("Nothing was used this month.",)
    await home.say(message(text="hello"))
    await home.house.people.wish("memory:W:@U", Wish(voice=Voice.OFF))
    await home.house.ledger.set_budget("memory:W:@U", Period.MONTH, Nanodollars(1_000_000_000), by="U2")
    mine = await page(home)
    assert mine.usage[0] == "Used this month: $0.00095 in 1 call."
    assert mine.usage[1].startswith("**You**, $1.00 a month: $0.00095 spent, $0.99905 left.")
    assert mine.wishes.voice is Voice.OFF
    assert (await page(home, author=Author(id="U2"))).usage == ("Nothing was used this month.",)


async def test_only_admins_are_told_of_channels_and_health(home: TestHouse):
    await home.say(message(text="hello"))
    mine = await page(home)
    assert (mine.channels, mine.health) == ((), ())


async def test_admins_are_told_of_channels_the_costliest_first(home: TestHouse):
    await home.say(message(text="hello"))
    await home.house.channels.set("memory:W:C2", "chat_model", "scripted/omni", by="U")
    await home.house.ledger.set_budget("memory:W:C2", Period.DAY, Nanodollars(5_000_000_000), by="U")
    found = await page(home, "C2", "C", admin=True)
    assert [each.channel for each in found.channels] == ["C", "C2"]
    first, second = found.channels
    assert first.lines == (
        "`scripted/mind` answers, `scripted/ear` writes down, `scripted/mouth` speaks.",
        "Used this month: $0.00095 in 1 call.",
    )
    assert second.lines[:2] == (
        "`scripted/omni` answers, `scripted/ear` writes down, `scripted/mouth` speaks.",
        "Nothing was used this month.",
    )
    assert second.lines[2].startswith("**Budget**, $5.00 a day: $0.00 spent, $5.00 left.")


async def test_of_many_channels_the_rest_is_counted(home: TestHouse):
    found = await page(home, *(f"C{n}" for n in range(MOST_CHANNELS + 3)), admin=True)
    assert (len(found.channels), found.left_off) == (MOST_CHANNELS, 3)


async def test_admins_are_told_why_turns_of_their_workspace_failed(home: TestHouse):
    home.gateway.fail(Point.SENT, ModelRefused("it does not like that", model="scripted/mind"))
    await home.say(message(text="my secret"))
    elsewhere = message(key="2", text="hello")
    home.gateway.fail(Point.SENT, ModelRefused("not here", model="scripted/mind"))
    await home.say(replace(elsewhere, place=replace(elsewhere.place, workspace="W2")))
    found = await page(home, admin=True)
    assert found.health[0] == "`scripted`: 5 models."
    assert len(found.health) == 2
    assert "it does not like that" in found.health[1]
    assert "secret" not in str(found.health)
