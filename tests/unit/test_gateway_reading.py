"""Numbers that gateways tell: what no column of 64 bits holds is no number."""

from decimal import Decimal

import pytest

from adapters.gateways.problems import Call
from adapters.gateways.reading import a_cost, a_count, decoded, seconds

LARGEST = 2**63 - 1
CALL = Call(model="a/b", secret="")


@pytest.mark.parametrize("value", [0, 1, 10**9])
def test_a_count_is_a_count(value: int) -> None:
    assert a_count(value) == value


@pytest.mark.parametrize("value", [-1, True, 1.5, "7", None, Decimal(7), 2**40 + 1, LARGEST, 2**63, 2**70, 10**400])
def test_what_is_no_count_is_unknown(value: object) -> None:
    assert a_count(value) is None


def test_a_million_counts_have_a_sum() -> None:
    most = max(2**power for power in range(70) if a_count(2**power) is not None)
    assert 1_000_000 * most <= LARGEST


@pytest.mark.parametrize(
    "value", [-1, True, "1", None, 10**6, 10**400, Decimal("1e6"), Decimal("1e999"), Decimal("NaN")]
)
def test_what_is_no_cost_is_unknown(value: object) -> None:
    assert a_cost(value) is None


def test_a_cost_is_exact_to_the_nano_dollar() -> None:
    assert a_cost(Decimal("999999.999999999")) == 999_999_999_999_999 <= LARGEST
    assert a_cost(Decimal("1e-999")) == 0


@pytest.mark.parametrize(
    "value", [-1, True, "1", None, 10**10, 10**400, Decimal("1e308"), Decimal("1e999"), Decimal("NaN")]
)
def test_what_is_no_length_is_unknown(value: object) -> None:
    assert seconds(value) is None


def test_a_length_is_a_length() -> None:
    assert seconds(Decimal("2.5")) == 2.5
    assert round(1000 * (seconds(10**9) or 0)) <= LARGEST


def test_numbers_are_read_as_they_were_written() -> None:
    found = decoded('{"cost":0.000000003,"tokens":1180591620717411303424,"seconds":1e999}', CALL)
    assert (a_cost(found["cost"]), a_count(found["tokens"]), seconds(found["seconds"])) == (3, None, None)
