"""What is done at every message and at every turn, counted in steps of the database: with a long past, and with much that waits."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from adapters.storage.jobs import insertion
from adapters.storage.migrations import migrate
from adapters.storage.sql import Statement, load
from bot.domain.messages import Addressed, Author, Message, Place

SQL = load("jobs")
NOW = 1_760_000_000_000
"""Milliseconds since 1970."""

PAUSE = 0.5
"""Seconds, for which a message waits for more."""

FEW, MANY = 60, 600

Work = Callable[[int], Statement]
"""What is done, for a number that was never used."""


def said(number: int, author: str) -> Message:
    place = Place(platform="slack", workspace="T1", channel="D1", direct=True)
    key = f"1760000000.{number:06}"
    return Message(key=key, place=place, author=Author(id=author), text="Hi", addressed=Addressed.DIRECT)


def steps(connection: sqlite3.Connection, statement: Statement) -> int:
    """Carry a statement out, and return how many steps it took."""
    counted = 0

    def step() -> None:
        nonlocal counted
        counted += 1

    connection.set_progress_handler(step, 1)
    connection.execute(statement.sql, statement.parameters).fetchall()
    connection.set_progress_handler(None, 1)
    return counted


def wait(connection: sqlite3.Connection, numbers: range) -> None:
    """Let messages of two people who talk to each other wait."""
    for number in numbers:
        statement = insertion(said(number, "UV"[number % 2]), NOW, PAUSE)
        connection.execute(statement.sql, statement.parameters)


def end(connection: sqlite3.Connection) -> None:
    """Let all turns be over."""
    connection.execute("UPDATE job SET state = 'done', ended_at = created_at, lead = (SELECT max(subject) FROM job)")


WORK: dict[str, Work] = {
    "a message is stored": lambda number: insertion(said(number, "U"), NOW, PAUSE),
    "a message is stored that waits for nothing": lambda number: insertion(said(number, "U"), NOW),
    "others wait for it": lambda number: SQL["hold_on"](**insertion(said(number, "U"), NOW, PAUSE).parameters),
    "what belongs together is found": lambda _: SQL["gather"](now=2 * NOW),
    "what was gathered is led on": lambda _: SQL["gather_on"](),
    "turns are claimed": lambda _: SQL["claim"](owner="me", now=2 * NOW, platforms=",slack,", only=None, limit=8),
    "what was gathered ends": lambda _: SQL["end_gathered"](now=2 * NOW),
}


def taken(name: str, *, past: int, waiting: int) -> int:
    """Return how many steps something takes after so many turns, while so many messages wait."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        wait(connection, range(past))
        end(connection)
        wait(connection, range(past, past + waiting))
        return steps(connection, WORK[name](past + waiting))


@pytest.mark.parametrize("name", WORK)
def test_a_long_past_makes_nothing_slower(name: str):
    assert taken(name, past=MANY, waiting=4) <= taken(name, past=0, waiting=4) + FEW


@pytest.mark.parametrize("name", WORK)
def test_ten_times_as_much_that_waits_is_no_more_than_ten_times_the_work(name: str):
    assert taken(name, past=0, waiting=MANY) <= 1.2 * taken(name, past=0, waiting=FEW) * MANY / FEW
