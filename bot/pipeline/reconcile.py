"""reconcile: what we wrote down against what the gateways say they charged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.budgets import Period
from bot.domain.errors import ModelCannot, ModelProblem
from bot.domain.money import Account, Nanodollars, UsageSum, show_amount
from bot.pipeline.costs import settle_costs
from bot.pipeline.house import House
from bot.ports import Billed

EQUAL_NANODOLLARS = 1_000
"""A micro-dollar: gateways write sums as floating-point numbers."""

MOST_CALLS = 1_000
"""More than there can be of unknown cost, unless something is wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """One gateway, in the running day or month (UTC)."""

    period: Period
    """Which."""
    ours: UsageSum
    """What we wrote down."""
    theirs: Nanodollars
    """What the gateway says it charged our key."""

    @property
    def difference(self) -> Nanodollars:
        """What the gateway charged more than we know; negative for less."""
        return Nanodollars(self.theirs - self.ours.cost)

    @property
    def is_equal(self) -> bool:
        """Whether both say the same, to a micro-dollar."""
        return abs(self.difference) <= EQUAL_NANODOLLARS

    @property
    def sentence(self) -> str:
        """What differs, and what it may come from; empty when nothing does."""
        if self.is_equal:
            return ""
        when = "today" if self.period is Period.DAY else "this month"
        amount = show_amount(Nanodollars(abs(self.difference)))
        if self.difference < 0:
            return (
                f"charged {amount} less {when} than is written down here. Its sums may be some minutes late, "
                "or calls were made with another key before."
            )
        unknown = self.ours.unknown_costs
        calls = f" {unknown} {'call' if unknown == 1 else 'calls'} here of unknown cost," if unknown else ""
        return (
            f"charged {amount} more {when} than is written down here. It may come from{calls} calls under way, "
            "another program or installation that uses the same key, or records that are gone."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciled:
    """What came of one gateway."""

    gateway: str
    """Its name."""
    settled: int = 0
    """How many calls of unknown cost are known now."""
    unsettled: int = 0
    """How many the gateway does not know yet."""
    comparisons: tuple[Comparison, ...] = ()
    """Today and this month; empty when it does not tell, or could not be asked."""
    problem: str = ""
    """Why it could not be asked; empty when it could."""

    @property
    def sentences(self) -> Sequence[str]:
        """What there is to say about it, one a line."""
        counted = [(self.settled, "is known now"), (self.unsettled, "is not known to the gateway yet")]
        calls = [f"{self.gateway}: what {n} of the calls did cost {what}." for n, what in counted if n]
        if not self.comparisons and not self.problem:
            calls.append(f"{self.gateway} does not tell what it charged, so there is nothing to compare.")
        return [*calls, *(f"{self.gateway} {one.sentence}" for one in self.comparisons if one.sentence)]


async def reconcile(house: House) -> list[Reconciled]:
    """Settle what the gateways know by now, and compare our sums with those of each that tells what it charged."""
    before = await _unsettled(house)
    await settle_costs(house)
    after = await _unsettled(house)
    return [
        await _reconciled(house, name, gateway, settled=before[name] - after[name], unsettled=after[name])
        for name, gateway in house.gateways.items()
        if isinstance(gateway, Billed)
    ]


async def _unsettled(house: House) -> Counter[str]:
    return Counter(call.gateway for call in await house.ledger.unsettled(MOST_CALLS))


async def _reconciled(house: House, name: str, gateway: Billed, *, settled: int, unsettled: int) -> Reconciled:
    try:
        account = await gateway.account()
    except ModelCannot:
        return Reconciled(gateway=name, settled=settled, unsettled=unsettled)
    except ModelProblem as error:
        return Reconciled(gateway=name, settled=settled, unsettled=unsettled, problem=error.reason)
    comparisons = [await _compared(house, name, period, account) for period in Period]
    return Reconciled(gateway=name, settled=settled, unsettled=unsettled, comparisons=tuple(comparisons))


async def _compared(house: House, name: str, period: Period, account: Account) -> Comparison:
    theirs = account.spent_today if period is Period.DAY else account.spent_this_month
    return Comparison(period=period, ours=await house.ledger.spent(name, period), theirs=theirs)
