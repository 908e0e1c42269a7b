"""Calls whose cost no gateway will ever tell: a person says what they did cost, and what is held for them is let go.

A hold for which no row waits is given one first: its call was never named, and its process died before it wrote down what
came of it. What can be said of such a call is in the name of its step (`bot.domain.journal.Step`).
"""

import re
from collections.abc import Callable, Sequence

from adapters.storage.codec import message_from_json
from adapters.storage.spending import read_record, settling
from adapters.storage.sql import Row, Statement, load
from bot.domain.money import CallKind, Nanodollars, Usage

SQL = load("write_off")

STEP = re.compile(r"(?P<what>[^:/]+)(?::\d+)*:(?P<gateway>[^:/]+)/(?P<model>.+)")
KINDS = {"hear": CallKind.TRANSCRIPTION, "speak": CallKind.SPEECH}


def find_job(job: str) -> Statement:
    """Return the statement that finds a job if it is over, or asked about."""
    return SQL["is_over"](job=job)


def find_without_row(job: str) -> Statement:
    """Return the statement that finds the holds of a job that is over for which no row waits."""
    return SQL["without_row"](job=job)


def find_open(job: str) -> Statement:
    """Return the statement that finds the usage rows of a job whose cost is not known."""
    return SQL["open"](job=job)


def describing(job: Row, hold: Row) -> Statement:
    """Return the statement that writes a usage row, its cost unknown, for a row of `find_without_row`."""
    message, named = message_from_json(job["message"]), STEP.fullmatch(hold["step"])
    what, gateway, model = named.group("what", "gateway", "model") if named else ("", "", hold["step"])
    return SQL["describe"](
        hold=hold["id"],
        job=job["id"],
        platform=message.place.platform,
        workspace=message.place.workspace,
        channel=message.place.channel,
        author=message.author.id,
        gateway=gateway,
        model=model,
        kind=KINDS.get(what, CallKind.CHAT),
    )


def writing_off(
    job: str, rows: Sequence[Row], cost: Nanodollars, *, by: str, now: int, otherwise: Callable[[], Exception]
) -> Sequence[Statement]:
    """Return the statements that settle the rows of `find_open`: the first at a cost, the others at nothing.

    Args:
        job: whose they are.
        rows: at least one.
        cost: of all of them.
        by: who says so.
        now: in milliseconds since 1970 (UTC).
        otherwise: makes what the unit fails with when the job goes on again, or a row was settled meanwhile.
    """
    statements = [find_job(job).required(otherwise), SQL["note"](job=job, author=by, now=now, cost=str(cost))]
    for number, row in enumerate(rows):
        usage = Usage(cost=Nanodollars(0) if number else cost)
        first, *rest = settling(read_record(row), usage, row=row["id"])
        statements += [first.required(otherwise), *rest]
    return statements
