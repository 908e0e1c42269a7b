"""What was written down is compared with what the gateways say they charged."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.budgets import Period
from bot.domain.errors import ModelCannot, ModelProblem, ModelUnreachable
from bot.domain.money import Account, Nanodollars, Usage
from bot.pipeline.reconcile import EQUAL_NANODOLLARS, Reconciled, reconcile
from bot.ports import Billed
from tests.doubles.gateway import PRICE, ScriptedGateway
from tests.doubles.house import TestHouse, message, open_test_house


@dataclass(kw_only=True)
class BilledGateway(ScriptedGateway, Billed):
    """A scripted gateway that tells afterwards what it charged."""

    bill: dict[str, Nanodollars] = field(default_factory=dict)
    """What calls did cost, by their names; those that are missing are not known yet."""
    more: int = 0
    """What it charged beside our calls."""
    problem: ModelProblem | None = None
    """Why it does not say what it charged in all."""

    @override
    async def cost(self, call: str) -> Usage | None:
        cost = self.bill.get(call)
        return None if cost is None else Usage(cost=cost)

    @override
    async def account(self) -> Account:
        if self.problem is not None:
            raise self.problem
        charged = Nanodollars(sum(PRICE if cost is None else cost for cost in self.charges) + self.more)
        return Account(spent_today=charged, spent_this_month=charged)


@dataclass(frozen=True, kw_only=True)
class Books:
    """A house whose gateway tells what it charged."""

    home: TestHouse
    gateway: BilledGateway

    async def compared(self) -> Reconciled:
        (found,) = await reconcile(self.home.house)
        return found


@pytest.fixture
def books(tmp_path: Path) -> Books:
    made, gateway = open_test_house(tmp_path), BilledGateway()
    house = replace(made.house, gateways={"scripted": gateway, "untold": ScriptedGateway(name="untold")})
    return Books(home=replace(made, house=house, gateway=gateway), gateway=gateway)


async def test_what_agrees_is_equal_and_needs_no_word(books: Books):
    for key in ("1", "2"):
        await books.home.say(message(key, "Hello?"))
    found = await books.compared()
    assert [(one.period, one.ours.cost, one.theirs) for one in found.comparisons] == [
        (Period.DAY, 2 * PRICE, 2 * PRICE),
        (Period.MONTH, 2 * PRICE, 2 * PRICE),
    ]
    assert all(one.is_equal for one in found.comparisons)
    assert found.sentences == []


async def test_a_gateway_that_does_not_tell_is_not_compared(books: Books):
    assert [found.gateway for found in await reconcile(books.home.house)] == ["scripted"]


async def test_calls_of_unknown_cost_are_settled_first(books: Books):
    books.gateway.price = None
    await books.home.say(message("1", "Hello?"))
    (call,) = await books.home.ledger.unsettled(10)
    missing = await books.compared()
    assert (missing.settled, missing.unsettled) == (0, 1)
    assert missing.comparisons[0].difference == PRICE
    assert "1 call here of unknown cost" in missing.sentences[-1]

    books.gateway.bill[call.call] = PRICE
    found = await books.compared()
    assert (found.settled, found.unsettled) == (1, 0)
    assert all(one.is_equal for one in found.comparisons)
    assert found.sentences == ["scripted: what 1 of the calls did cost is known now."]
    assert await books.home.ledger.unsettled(10) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (10_000, "scripted charged $0.00001 more today than is written down here. It may come from calls under way"),
        (-10_000, "scripted charged $0.00001 less today than is written down here. Its sums may be some minutes late"),
    ],
)
async def test_a_difference_is_told_with_what_it_may_come_from(books: Books, more: int, said: str):
    await books.home.say(message("1", "Hello?"))
    books.gateway.more = more
    found = await books.compared()
    assert [one.is_equal for one in found.comparisons] == [False, False]
    assert found.sentences[0].startswith(said)


@pytest.mark.parametrize("more", [EQUAL_NANODOLLARS, -EQUAL_NANODOLLARS])
async def test_a_micro_dollar_is_no_difference(books: Books, more: int):
    books.gateway.more = more
    assert all(one.is_equal for one in (await books.compared()).comparisons)


async def test_a_gateway_that_cannot_be_asked_says_why(books: Books):
    books.gateway.problem = ModelUnreachable("nobody answers")
    found = await books.compared()
    assert (found.problem, found.comparisons) == ("nobody answers", ())


async def test_a_gateway_that_keeps_no_sums_is_no_problem(books: Books):
    books.gateway.problem = ModelCannot("it does not tell")
    found = await books.compared()
    assert (found.problem, found.comparisons) == ("", ())
    assert found.sentences == ["scripted does not tell what it charged, so there is nothing to compare."]
