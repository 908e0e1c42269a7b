"""Money moves together with the steps: the statements that hold it, count it, and let it go, each a part of a unit.

What a call may cost is held when it begins, in every sum that it counts for (`bot.domain.budgets`). The hold belongs to
that attempt of its step. It goes when the cost is known, or when nothing was charged; while the cost is not known it
stays, and the usage row remembers it. A new attempt has a hold of its own, and leaves an older one where it is.
"""

import secrets
from collections.abc import Sequence

from adapters.storage.sql import Parameter, Statement, load
from bot.domain.budgets import Hold, Period, spending_scopes
from bot.domain.messages import Author, Place
from bot.domain.money import UnsettledCall, Usage, UsageRecord

SQL = load("spending")

NO_HOLD = ""
"""Names none."""


def new_hold() -> str:
    """Return the name of a new hold."""
    return secrets.token_hex(8)


def holding(name: str, hold: Hold) -> Sequence[Statement]:
    """Return the statements that hold money back."""
    day, month = Period.DAY.label(hold.at), Period.MONTH.label(hold.at)
    return (
        SQL["hold"](hold=name, at=hold.at, day=day, month=month, amount=hold.amount),
        *(SQL["hold_for"](hold=name, scope=scope) for scope in dict.fromkeys(hold.scopes)),
        SQL["add_held"](hold=name),
    )


def recording(record: UsageRecord) -> Sequence[Statement]:
    """Return the statements that write down what a call used, and its cost, if it is known, in place of the hold."""
    if record.usage.cost is None:
        return _row(record)
    spent = _spending(record) if record.usage.cost else ()
    return (*_row(record), *spent, *releasing(record.job, record.step))


def releasing(job: str, step: str, hold: str | None = None) -> Sequence[Statement]:
    """Return the statements that let a hold go: the one that is named, else that of the attempt of the step."""
    return [SQL[query](job=job, step=step, hold=hold) for query in ("take_held", "drop_hold_for", "drop_hold")]


def find_unsettled(call: UnsettledCall) -> Statement:
    """Return the statement that finds the usage row of a call whose cost is not known."""
    return SQL["unsettled"](job=call.job, step=call.step, call=call.call)


def settling(record: UsageRecord, usage: Usage, *, row: int, hold: str | None) -> Sequence[Statement]:
    """Return the statements that settle a call: the first returns a row if nobody did so before.

    Args:
        record: the call as it was recorded.
        usage: with its cost.
        row: the `id` of its usage row.
        hold: what waits for its cost.
    """
    return (
        SQL["settle"](**_used(usage), usage=row),
        *_spending(record, row),
        *releasing(record.job, record.step, hold or NO_HOLD),
    )


def _spending(record: UsageRecord, row: int | None = None) -> Sequence[Statement]:
    place = Place(platform=record.platform, workspace=record.workspace, channel=record.channel)
    scopes = spending_scopes(place, Author(id=record.author))
    return [SQL["add_spent"](scope=scope, job=record.job, step=record.step, usage=row) for scope in scopes]


def _row(record: UsageRecord) -> Sequence[Statement]:
    row = SQL["record"](
        **_used(record.usage),
        job=record.job,
        step=record.step,
        call=record.call,
        platform=record.platform,
        workspace=record.workspace,
        channel=record.channel,
        author=record.author,
        gateway=record.gateway,
        model=record.model,
        kind=record.kind,
        duration_ms=record.duration_ms,
        at=record.at,
        day=Period.DAY.label(record.at),
    )
    return (row,) if record.call is None else (SQL["forget"](job=record.job, step=record.step, call=record.call), row)


def _used(usage: Usage) -> dict[str, Parameter]:
    return {
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "audio_ms": usage.audio_ms,
        "cost_nano": usage.cost,
    }
