"""Budgets in SQL: which of them apply to a call, how they stand, and when one of them says no."""

from collections.abc import Sequence

from adapters.storage.sql import Row, Statement, load
from bot.domain.budgets import EACH_USER, WARN_AT, Budget, Hold, Period, tightest, user_among
from bot.domain.errors import BudgetExceeded
from bot.domain.money import Nanodollars

SQL = load("budgets")


def all_budgets(now: int) -> Statement:
    """Return the statement that reads every budget as it stands at a time (ms since 1970)."""
    return SQL["all"](day=Period.DAY.label(now), month=Period.MONTH.label(now))


def standing(scopes: Sequence[str], at: int) -> Statement:
    """Return the statement that reads the budgets that apply to a call at a time (ms since 1970)."""
    user = user_among(scopes)
    return SQL["standing"](
        scopes=(*scopes, EACH_USER) if user else tuple(scopes),
        user=user,
        each_user=EACH_USER,
        day=Period.DAY.label(at),
        month=Period.MONTH.label(at),
    )


def fitting(hold: Hold) -> Statement:
    """Return the statement that lets a unit fail with BudgetExceeded when a hold does not fit into a budget."""
    return standing(hold.scopes, hold.at).checked(lambda rows: _refusal(hold, [budget(row) for row in rows]))


def budget(row: Row) -> Budget:
    """Read a row of `all_budgets` or `standing`."""
    return Budget(
        scope=row["scope"],
        period=Period(row["period"]),
        limit=Nanodollars(row["limit_nano"]),
        spent=Nanodollars(row["spent_nano"]),
        held=Nanodollars(row["held_nano"]),
        by=row["author"],
    )


def warning(row: Row, now: int) -> Statement | None:
    """Return the statement that notes that a row of `standing` is told about, once in its period; None before that.

    It returns a row for the first who runs it.
    """
    known = budget(row)
    if not known.spent or known.spent < WARN_AT * known.limit:
        return None
    return SQL["warn"](
        budget=row["budget"],
        period=known.period,
        scope=known.scope,
        label=known.period.label(now),
        limit=known.limit,
    )


def taking_back(warned: Budget) -> Statement:
    """Return the statement that forgets that a budget was told about."""
    return SQL["unwarn"](scope=warned.scope, period=warned.period, each_user=EACH_USER)


def changing(scope: str, period: Period, limit: Nanodollars | None, *, by: str, now: int) -> Sequence[Statement]:
    """Return the statements that set a budget, or with None lift it, and note who did so."""
    which = {"scope": scope, "period": period}
    if limit is None:
        change = (SQL["note_lift"](**which, author=by, now=now), SQL["lift"](**which))
    else:
        note = SQL["note_set"](**which, author=by, now=now, value=str(limit))
        change = (note, SQL["set"](**which, limit=limit, author=by))
    return (*change, SQL["arm"](**which))


def _refusal(hold: Hold, budgets: Sequence[Budget]) -> BudgetExceeded | None:
    no = tightest([one for one in budgets if one.spent + one.held + hold.amount > one.limit])
    if no is None:
        return None
    return BudgetExceeded(
        scope=no.scope,
        period=no.period,
        limit=no.limit,
        left=no.left,
        needed=hold.amount,
        resets_at=no.period.ends(hold.at),
    )
