"""Budgets: how much may be spent where, by whom, in a day or a month (UTC).

Every paid call is held against every budget that applies before it is made, at the most that it can cost, and all of
them or none are changed. What it did cost takes the place of the hold afterwards. So for each budget, at every moment,

    spent + held <= limit

and a budget that is set when more than that is spent or held already lets nothing more through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.messages import Author, Place
from bot.domain.money import Nanodollars

SERVICE = "service"
"""The scope of everything."""

EACH_USER = "users"
"""Not a scope that is counted: its limit holds for every user who has none of their own."""

WARN_AT = 0.8
"""The part of a budget that is told to admins when it is spent."""


class Period(StrEnum):
    """How long a budget lasts, by the calendar of UTC, as gateways count."""

    DAY = "day"
    MONTH = "month"

    def label(self, at: int) -> str:
        """Return the name of the day (`2026-11-21`) or month (`2026-11`) of a time (ms since 1970)."""
        day = datetime.fromtimestamp(at / 1000, UTC).date().isoformat()
        return day if self is Period.DAY else day[:7]

    def begins(self, at: int) -> int:
        """Return when the day or month of a time began, both in milliseconds since 1970."""
        return int(self._first_moment(at).timestamp() * 1000)

    def ends(self, at: int) -> int:
        """Return when the day or month of a time is over, both in milliseconds since 1970."""
        first = self._first_moment(at)
        over = first + timedelta(days=1) if self is Period.DAY else (first + timedelta(days=32)).replace(day=1)
        return int(over.timestamp() * 1000)

    def _first_moment(self, at: int) -> datetime:
        midnight = datetime.fromtimestamp(at / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight if self is Period.DAY else midnight.replace(day=1)


def user_scope(place: Place, author: Author) -> str:
    """Return the scope of a person in a workspace."""
    return f"{place.platform}:{place.workspace}:@{author.id}"


def spending_scopes(place: Place, author: Author) -> tuple[str, ...]:
    """Return every scope that a call counts for: service, platform, workspace, channel, user."""
    workspace, channel = place.scopes[:2]
    return (SERVICE, place.platform, workspace, channel, user_scope(place, author))


def user_among(scopes: Sequence[str]) -> str | None:
    """Return the scope of a person that is among some scopes; None without one."""
    return next((scope for scope in scopes if ":@" in scope), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """The most that a call can cost, held back before it is made."""

    amount: Nanodollars
    """Its worst case."""
    scopes: tuple[str, ...]
    """Whose budgets it counts for: `spending_scopes`."""
    at: int
    """When the call begins, in milliseconds since 1970 (UTC): says for which day and month it counts, to its end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """A limit that somebody set, and how it stands."""

    scope: str
    """Whose it is; for one that comes from `EACH_USER`, the user's."""
    period: Period
    """How long it lasts."""
    limit: Nanodollars
    """The most that may be spent in it."""
    spent: Nanodollars
    """What was charged so far."""
    held: Nanodollars
    """The most that calls under way, or of unknown outcome, may still be charged."""
    by: str
    """Who set it: a person by the platform's id, or `command line`."""

    @property
    def left(self) -> Nanodollars:
        """What may still be spent; never negative."""
        return Nanodollars(max(0, self.limit - self.spent - self.held))


def tightest(budgets: Sequence[Budget]) -> Budget | None:
    """Return the budget with the least left, the longest lasting of equals; None without any."""
    return min(budgets, key=lambda budget: (budget.left, budget.period is Period.DAY), default=None)
