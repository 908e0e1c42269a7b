"""Money moves together with the steps: the statements that hold it, count it, and let it go, each a part of a unit.

What a call may cost is held when it begins, in every sum that it counts for (`bot.domain.budgets`). The hold belongs to
that attempt of its step; a new attempt has a hold of its own, and leaves an older one where it is.

A call has one row from the moment on at which it has a name, whatever is told of it afterwards, and in whatever order: so
it counts once. While its cost is not known, the row keeps the hold. A hold goes when its attempt is over and no row keeps
it: then all is known that it may be charged for, or nothing was charged.
"""

import secrets
from collections.abc import Sequence

from adapters.storage.sql import Parameter, Row, Statement, load
from bot.domain.budgets import Hold, Period, spending_scopes
from bot.domain.messages import Author, Place
from bot.domain.money import CallKind, UnsettledCall, Usage, UsageRecord

SQL = load("spending")


def new_hold() -> str:
    """Return the name of a new hold."""
    return secrets.token_hex(8)


def holding(name: str, hold: Hold, *, job: str, step: str) -> Sequence[Statement]:
    """Return the statements that hold money back for an attempt of a step."""
    day, month = Period.DAY.label(hold.at), Period.MONTH.label(hold.at)
    return (
        SQL["hold"](hold=name, job=job, step=step, at=hold.at, day=day, month=month, amount=hold.amount),
        *(SQL["hold_for"](hold=name, scope=scope) for scope in dict.fromkeys(hold.scopes)),
        SQL["add_held"](hold=name),
    )


def naming(record: UsageRecord) -> Sequence[Statement]:
    """Return the statements that write down a call that has a name by now, and whose cost is not known yet."""
    return (SQL["record"](**_row(record)),)


def recording(record: UsageRecord) -> Sequence[Statement]:
    """Return the statements that write down what a call used, and its cost, if it is known, in place of the hold."""
    call = {"job": record.job, "step": record.step}
    row = (SQL["forget_nameless"](**call), SQL["record"](**_row(record)))
    if record.usage.cost is None:
        return (*row, *releasing(**call))
    before = SQL["take_back"](**call, call=record.call, scopes=_scopes(record))
    return (before, *row, *_spending(record), *releasing(**call, ended=record.step))


def dismissing(job: str, step: str) -> Sequence[Statement]:
    """Return the statements that let go what was held for an attempt, and forget its call: nothing was charged."""
    call = {"job": job, "step": step}
    return (SQL["forget_nameless"](**call), SQL["forget_named"](**call), *releasing(**call, ended=step))


def releasing(job: str, step: str, ended: str | None = None) -> Sequence[Statement]:
    """Return the statements that let go what is not in use any more.

    Args:
        job: whose it is.
        step: whose calls it is held for.
        ended: the same step, if its attempt is over and its cost known; None for what was known of its calls before.
    """
    which = {"job": job, "step": step, "ended": ended}
    return (SQL["take_held"](**which), SQL["drop_hold_for"](**which), SQL["drop_hold"](job=job))


def find_unsettled(call: UnsettledCall) -> Statement:
    """Return the statement that finds the usage row of a call whose cost is not known."""
    return SQL["unsettled"](job=call.job, step=call.step, call=call.call)


def settling(record: UsageRecord, usage: Usage, *, row: int) -> Sequence[Statement]:
    """Return the statements that settle a call: the first returns a row if nobody did so before.

    Args:
        record: the call as it was recorded.
        usage: with its cost.
        row: the `id` of its usage row.
    """
    return (
        SQL["settle"](**_used(usage), usage=row),
        *_spending(record, row),
        *releasing(record.job, record.step),
    )


def read_record(row: Row) -> UsageRecord:
    """Read a row of usage."""
    return UsageRecord(
        job=row["job"],
        step=row["step"],
        at=row["at"],
        call=row["call"],
        platform=row["platform"],
        workspace=row["workspace"],
        channel=row["channel"],
        author=row["author"],
        gateway=row["gateway"],
        model=row["model"],
        kind=CallKind(row["kind"]),
        usage=Usage(
            tokens_in=row["tokens_in"],
            tokens_out=row["tokens_out"],
            audio_ms=row["audio_ms"],
            cost=row["cost_nano"],
        ),
        duration_ms=row["duration_ms"],
    )


def _scopes(record: UsageRecord) -> tuple[str, ...]:
    place = Place(platform=record.platform, workspace=record.workspace, channel=record.channel)
    return spending_scopes(place, Author(id=record.author))


def _spending(record: UsageRecord, row: int | None = None) -> Sequence[Statement]:
    which = {"job": record.job, "step": record.step, "call": record.call, "usage": row}
    return [SQL["add_spent"](**which, scope=scope) for scope in _scopes(record)]


def _row(record: UsageRecord) -> dict[str, Parameter]:
    return {
        **_used(record.usage),
        "job": record.job,
        "step": record.step,
        "call": record.call,
        "platform": record.platform,
        "workspace": record.workspace,
        "channel": record.channel,
        "author": record.author,
        "gateway": record.gateway,
        "model": record.model,
        "kind": record.kind,
        "duration_ms": record.duration_ms,
        "at": record.at,
        "day": Period.DAY.label(record.at),
    }


def _used(usage: Usage) -> dict[str, Parameter]:
    return {
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "audio_ms": usage.audio_ms,
        "cost_nano": usage.cost,
    }
