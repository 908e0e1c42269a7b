"""People who talk to the bot in many places at once, each in their own time."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from benchmarks.rig.talk import Said
from benchmarks.rig.towns import Town

ENDING = "done."
"""What every message ends with, and so every answer of a model that says back what it hears."""

WORDS = " ".join(f"word{number}" for number in range(30))

VOICE = 1 / 3
"""How many of the messages are voice notes."""

CARRIED_ON = 0.6
"""How often a conversation is carried on after each message of its own."""

AT_ONCE = 0.3
"""How often somebody writes on without waiting for an answer."""

HASTE_SECONDS = (0.3, 1.5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How much is said."""

    seconds: float
    """For how long."""
    every_seconds: float
    """How long people in one place wait between two messages, on average."""


async def talk(town: Town, pace: Pace) -> Sequence[Said]:
    """Let people talk in every place of a town; returns what they said, in the order of time."""
    async with asyncio.TaskGroup() as group:
        marks = (f"mark{number}" for number in count())
        places = [group.create_task(_talk_in(town, place, pace, marks)) for place in range(town.places)]
    return sorted((said for place in places for said in place.result()), key=lambda one: one.at)


async def _talk_in(town: Town, place: int, pace: Pace, marks: Iterator[str]) -> Sequence[Said]:
    """Talk in one place, the same way in every run, until the time is over."""
    chance, loop = random.Random(place), asyncio.get_running_loop()  # noqa: S311  no secret
    until = loop.time() + pace.seconds
    found: list[Said] = []
    pause = chance.uniform(0, pace.every_seconds)
    while loop.time() + pause < until:
        await asyncio.sleep(pause)
        voice, carried_on = chance.random() < VOICE, bool(found) and chance.random() < CARRIED_ON
        mark = "" if voice else next(marks)
        words = "" if voice else f"{WORDS} {mark} {ENDING}"
        found.append(await town.say(place, words, mark, under=found[-1] if carried_on else None))
        pause = _pause(chance, pace)
    return found


def _pause(chance: random.Random, pace: Pace) -> float:
    """Return how long somebody waits; those in haste are made up for by the others."""
    if chance.random() < AT_ONCE:
        return chance.uniform(*HASTE_SECONDS)
    return min(chance.expovariate((1 - AT_ONCE) / pace.every_seconds), 4 * pace.every_seconds)
