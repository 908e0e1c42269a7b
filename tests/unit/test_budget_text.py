"""Budgets are written and read as people do it."""

import pytest
from hypothesis import given, strategies as st

from bot.domain.budget_text import parse_limit, parse_period, parse_scope, show_budget, whose_words
from bot.domain.budgets import Budget, Period, spending_scopes
from bot.domain.errors import SettingInvalid
from bot.domain.messages import Author, Place
from bot.domain.moments import show_moment
from bot.domain.money import NANOS, Nanodollars, show_amount

NOVEMBER_21 = 1_795_280_400_000
"""2026-11-21T17:00:00Z, in milliseconds since 1970."""

PLATFORMS = ("slack", "discord", "terminal")


# --- amounts ---


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("5", 5 * NANOS),
        ("$5", 5 * NANOS),
        ("5$", 5 * NANOS),
        (" $ 5.50 ", 5_500_000_000),
        ("0.25", 250_000_000),
        (".25", 250_000_000),
        ("0", 0),
        ("0.000000001", 1),
        ("999999999", 999_999_999 * NANOS),
    ],
)
def test_amounts_are_read_as_people_type_them(text: str, nanos: int):
    assert parse_limit(text) == nanos


@pytest.mark.parametrize("text", ["off", "OFF", " off "])
def test_off_lifts_a_limit(text: str):
    assert parse_limit(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "five", "-5", "5,50", "1,000", "5.", "nan", "inf", "1e3", "5 6", "€5", "$$5x", "\u0665", "0.0000000001"),
        "9" * 10,
    ],
)
def test_what_is_no_amount_is_refused_with_an_example(text: str):
    with pytest.raises(SettingInvalid, match=r"is no amount such as 5, \$5\.50 or 0\.25"):
        parse_limit(text)


@given(st.integers(0, 999_999_999 * NANOS))
def test_every_amount_that_is_shown_is_read_again(nanos: int):
    assert parse_limit(show_amount(Nanodollars(nanos))) == nanos


def test_a_period_is_a_day_or_a_month():
    assert [parse_period(text) for text in ("day", "Month")] == [Period.DAY, Period.MONTH]
    with pytest.raises(SettingInvalid, match="'week' is neither day nor month"):
        parse_period("week")


# --- scopes ---


@pytest.mark.parametrize(
    "scope",
    [*("service", "users", "slack", "slack:T1", "slack:T1:C1", "slack:T1:@U1"), "discord::42", "discord::@42"],
)
def test_a_scope_is_read(scope: str):
    assert parse_scope(scope, PLATFORMS) == scope


@pytest.mark.parametrize(
    "scope",
    [
        *("", "slak", "slak:T1", "Service", "slack:", "slack:T1:", "slack:T1:C1:123.456", "slack:T1:@", "slack:@U1"),
        *("slack:T 1", "slack:T1:C1 ", "slack:@U1:C1", "users:U1", "slack:T1:@@U1", "slack:T1:U@1", "discord::"),
    ],
)
def test_a_scope_that_no_call_counts_for_is_refused(scope: str):
    with pytest.raises(SettingInvalid, match="a scope is service, users, PLATFORM"):
        parse_scope(scope, PLATFORMS)


@pytest.mark.parametrize("workspace", ["", "T1"])
def test_what_a_call_counts_for_can_be_written_as_a_scope(workspace: str):
    place = Place(platform="discord", workspace=workspace, channel="C1", thread="t")
    scopes = [scope for scope in spending_scopes(place, Author(id="U1")) if not scope.endswith(":")]
    assert [parse_scope(scope, PLATFORMS) for scope in scopes] == scopes


# --- sentences ---


def budget(*, held: int = 0) -> Budget:
    return Budget(
        scope="slack:T1:C1",
        period=Period.DAY,
        limit=Nanodollars(5 * NANOS),
        spent=Nanodollars(1_200_012_375),
        held=Nanodollars(held),
        by="U1",
    )


def test_a_budget_is_told_exactly_and_says_when_it_starts_anew():
    assert show_budget(budget(), NOVEMBER_21, whose="This channel") == (
        "**This channel**, $5.00 a day: $1.200012375 spent, $3.799987625 left. Starts anew on 22 November, 00:00 UTC."
    )
    assert ", $0.03 held for calls under way, $3.76" in show_budget(budget(held=30_000_000), NOVEMBER_21, whose="x")


def test_every_scope_of_a_call_has_words():
    place, author = Place(platform="slack", workspace="T1", channel="C1"), Author(id="U1")
    assert [whose_words(scope, place, author) for scope in spending_scopes(place, author)] == [
        "Everybody together",
        "All of Slack",
        "This workspace",
        "This channel",
        "You",
    ]


@pytest.mark.parametrize(
    ("period", "begins", "ends"),
    [(Period.DAY, "21 November", "22 November"), (Period.MONTH, "1 November", "1 December")],
)
def test_a_period_begins_and_ends_at_midnight(period: Period, begins: str, ends: str):
    assert show_moment(period.begins(NOVEMBER_21)) == f"{begins}, 00:00 UTC"
    assert show_moment(period.ends(NOVEMBER_21)) == f"{ends}, 00:00 UTC"
    assert period.begins(period.begins(NOVEMBER_21)) == period.begins(NOVEMBER_21)
    assert period.begins(period.ends(NOVEMBER_21)) == period.ends(NOVEMBER_21)
