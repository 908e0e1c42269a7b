"""The running sums of a database, and the same sums made anew of its rows."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from bot.domain.budgets import Period, spending_scopes
from bot.domain.messages import Author, Place

Sums = dict[tuple[str, str], tuple[int, int]]
"""What is spent and held, by scope and day or month; without those of which nothing is."""


def stored_sums(path: Path) -> Sums:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT scope, period, spent_nano, held_nano FROM spending").fetchall()
    return {(scope, period): (spent, held) for scope, period, spent, held in rows if spent or held}


def sums_of_rows(path: Path) -> Sums:
    """Sum what was used and what is held; no statement of the storage has a part in it."""
    spent, held = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    with closing(sqlite3.connect(path)) as database:
        for at, platform, workspace, channel, author, cost in database.execute(
            "SELECT at, platform, workspace, channel, author, cost_nano FROM usage WHERE cost_nano > 0"
        ):
            place = Place(platform=platform, workspace=workspace, channel=channel)
            for scope in spending_scopes(place, Author(id=author)):
                spent.update({(scope, period.label(at)): cost for period in Period})
        for scope, at, amount in database.execute(
            "SELECT hold_scope.scope, hold.at, hold.amount_nano FROM hold JOIN hold_scope ON hold_scope.hold = hold.id"
        ):
            held.update({(scope, period.label(at)): amount for period in Period})
    return {key: (spent[key], held[key]) for key in spent.keys() | held.keys()}
