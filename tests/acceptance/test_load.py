"""People in many places talk at once, on platforms that count every call: the short form of the load benchmark."""

from pathlib import Path

import pytest

from benchmarks.rig.busy import Busy, busy
from benchmarks.rig.crowd import ENDING, Pace
from benchmarks.rig.talk import judge, refused, repeated
from benchmarks.rig.towns import Town

pytestmark = [pytest.mark.timeout(240), pytest.mark.slow]

PLACES = 4
"""On each platform."""

PACE = Pace(seconds=20, every_seconds=3)

A_FEW = 3
"""Calls that a platform may refuse, because somebody else's clock decides what is too often."""


async def test_what_many_people_say_is_answered_once_each_and_in_order(tmp_path: Path):
    async with busy(tmp_path, places=PLACES, validated=True) as house:
        said = await house.talked(PACE)
        for town in house.towns:
            verdict = judge(said[town.name], await town.posted(), ending=ENDING)
            assert verdict.said > 2 * PLACES
            assert (verdict.lost, verdict.doubled, verdict.disordered) == ([], [], [])
            assert await town.at_work() == []
            await no_storm(town)
        nothing_left(house)


async def no_storm(town: Town) -> None:
    asked = await town.asked()
    assert sum(refused(asked).values()) <= A_FEW, refused(asked)
    assert repeated(asked) == 0
    assert await town.violations() == []


def nothing_left(house: Busy) -> None:
    assert house.media == []
    assert not [line for line in house.service.log if line.get("level") in {"error", "critical"}]
