"""What was used and what may be spent."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.budgets import Budget, Period
from bot.domain.messages import JobId, Place
from bot.domain.money import Dimension, Nanodollars, UnsettledCall, Usage, UsageRecord, UsageSum


class Ledger(Protocol):
    """What was used, and what may be."""

    async def sums(self, by: Dimension, *, since: int, place: Place | None = None) -> Sequence[UsageSum]:
        """Sum usage since a time (ms since 1970), of everything or of one channel, the costliest first."""
        ...

    async def of_job(self, job: JobId) -> Sequence[UsageRecord]:
        """Return the model calls of one job, in order."""
        ...

    async def held(self, job: JobId) -> Nanodollars:
        """Return what is held for the calls of one job that are under way, or whose cost is not known."""
        ...

    async def spent(self, gateway: str, period: Period) -> UsageSum:
        """Sum what one gateway charged in the running day or month (UTC)."""
        ...

    async def set_budget(self, scope: str, period: Period, limit: Nanodollars | None, *, by: str) -> None:
        """Set the most that may be spent at a scope (`EACH_USER` for every user without their own), or None to lift it."""
        ...

    async def budgets(self) -> Sequence[Budget]:
        """Return every budget that is set, by scope, as it stands now; that of `EACH_USER` has nothing spent or held."""
        ...

    async def standing(self, scopes: Sequence[str]) -> Sequence[Budget]:
        """Return the budgets that apply to a call that counts for these scopes, as they stand now."""
        ...

    async def warn(self, scopes: Sequence[str]) -> Sequence[Budget]:
        """Return the budgets of which `WARN_AT` is spent by now, each only once in its day or month."""
        ...

    async def unwarn(self, budget: Budget) -> None:
        """Take back that `warn` told of a budget: nobody could be told, and the next one to ask is."""
        ...

    async def unsettled(self, limit: int, *, gateway: str | None = None) -> Sequence[UnsettledCall]:
        """Return calls whose cost is not known yet and that their gateway named, of one or all, the newest first.

        Calls under way are none of them, as their jobs will tell; but those of a job that was handed back, and that
        nobody took up for ten minutes, are.
        """
        ...

    async def settle(self, call: UnsettledCall, usage: Usage) -> bool:
        """Write down what a call did cost, in its usage row and in place of its hold; False when it is settled already.

        The hold of an attempt that has other calls of unknown cost, or that may still be carried on, stays.
        """
        ...

    async def write_off(self, job: JobId, cost: Nanodollars, *, by: str) -> bool:
        """Let go whatever is held for a job that is over or asked about, and count what somebody says it did cost.

        Every call of unknown cost becomes known, those included that were never named: the first of them is charged the
        cost, which may be 0, and the others nothing.

        Returns:
            False when nothing is held or of unknown cost, or the job goes on by itself.
        """
        ...
