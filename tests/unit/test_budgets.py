"""Days and months of budgets, and whose money is spent."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from bot.domain.budgets import Budget, Period, spending_scopes, tightest
from bot.domain.messages import Author, Place
from bot.domain.money import Nanodollars, nanodollars, show_amount, show_dollars

times = st.integers(0, 4_102_444_800_000)


@given(times)
def test_a_period_ends_where_the_next_begins(at: int):
    for period in Period:
        end = period.ends(at)
        assert at < end
        assert period.label(at) == period.label(end - 1) != period.label(end)


def test_days_and_months_are_those_of_utc():
    new_year = int(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp() * 1000)
    assert (Period.DAY.label(new_year), Period.MONTH.label(new_year)) == ("2026-12-31", "2026-12")
    assert Period.DAY.ends(new_year) == Period.MONTH.ends(new_year) == new_year + 1000


def test_a_call_counts_for_everybody_it_belongs_to():
    place = Place(platform="slack", workspace="T1", channel="C1", thread="1.2")
    assert spending_scopes(place, Author(id="U1")) == (
        "service",
        "slack",
        "slack:T1",
        "slack:T1:C1",
        "slack:T1:@U1",
    )


def budget(left: int, period: Period = Period.DAY, held: int = 0) -> Budget:
    limit = Nanodollars(100)
    spent = Nanodollars(100 - left)
    return Budget(scope="service", period=period, limit=limit, spent=spent, held=Nanodollars(held), by="me")


def test_the_tightest_budget_is_told():
    assert tightest([]) is None
    assert tightest([budget(5), budget(3), budget(4)]) == budget(3)
    assert tightest([budget(3), budget(3, Period.MONTH)]) == budget(3, Period.MONTH)
    assert budget(3, held=7).left == 0


@given(st.integers(0, 10**15))
def test_an_amount_is_written_exactly(amount: int):
    written = show_amount(Nanodollars(amount))
    assert nanodollars(written.removeprefix("$")) == amount
    assert len(written.partition(".")[2]) >= 2


def test_amounts_read_like_money():
    assert [show_amount(Nanodollars(n)) for n in (0, 1, 950_000, 1_200_000_000, 12_345_000_000)] == [
        "$0.00",
        "$0.000000001",
        "$0.00095",
        "$1.20",
        "$12.345",
    ]
    assert [show_dollars(cost) for cost in (None, Nanodollars(0), Nanodollars(500_000_000))] == [
        "unknown",
        "free",
        "$0.50",
    ]
