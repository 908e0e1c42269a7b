"""What a gateway says afterwards of a call and of a key."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.gateways.billing import Generation, read_account, read_generation
from bot.domain.money import Account, Usage

WHEN = "2026-11-21T09:30:00.250000+00:00"


def record(**more: Any) -> Generation:
    data = {
        "id": "gen-1",
        "total_cost": 0.00095,
        "native_tokens_prompt": 194,
        "native_tokens_completion": 2,
        "tokens_prompt": 180,
        "tokens_completion": 3,
        "finish_reason": "stop",
        "cancelled": False,
        "created_at": WHEN,
        **more,
    }
    return read_generation(json.dumps({"data": data}).encode())


def test_a_record_says_what_was_charged_and_for_what() -> None:
    found = record()
    assert found.usage == Usage(tokens_in=194, tokens_out=2, cost=950_000)
    assert found.complete
    assert not found.unpaid
    assert found.created == datetime(2026, 11, 21, 9, 30, 0, 250_000, UTC)


def test_costs_are_exact() -> None:
    assert read_generation(b'{"data":{"total_cost":0.000000003}}').usage.cost == 3
    assert read_generation(b'{"data":{"total_cost":1e-9}}').usage.cost == 1
    assert read_generation(b'{"data":{"total_cost":0}}').usage.cost == 0


@pytest.mark.parametrize("cost", ["1", None, True, -0.1, 1e30, [], {}])
def test_a_cost_that_is_none_is_unknown(cost: object) -> None:
    assert record(total_cost=cost).usage.cost is None


def test_counts_that_are_not_native_will_do() -> None:
    found = record(native_tokens_prompt=None, native_tokens_completion=None)
    assert (found.usage.tokens_in, found.usage.tokens_out) == (180, 3)


@pytest.mark.parametrize(
    ("more", "complete", "unpaid"),
    [
        ({"finish_reason": "length"}, True, False),
        ({"finish_reason": "stop", "total_cost": 0}, True, False),
        ({"cancelled": True}, False, False),
        ({"cancelled": True, "total_cost": 0}, False, True),
        ({"finish_reason": "error", "total_cost": 0}, False, True),
        ({"finish_reason": None, "total_cost": 0}, False, True),
        ({"finish_reason": "", "total_cost": 0}, False, True),
        ({"finish_reason": None}, False, False),
        ({"finish_reason": None, "total_cost": None}, False, False),
    ],
)
def test_what_broke_off_and_cost_nothing_is_told_from_the_rest(
    more: dict[str, Any], complete: bool, unpaid: bool
) -> None:
    found = record(**more)
    assert (found.complete, found.unpaid) == (complete, unpaid)


@pytest.mark.parametrize("when", [None, "", "yesterday", 5])
def test_a_time_that_is_none_is_unknown(when: object) -> None:
    assert record(created_at=when).created is None


def test_a_time_without_a_zone_is_that_of_utc() -> None:
    assert record(created_at="2026-11-21T09:30:00").created == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def key(**data: Any) -> Account:
    return read_account(json.dumps({"data": data}).encode())


def test_a_key_says_what_it_was_charged() -> None:
    found = key(usage_daily=0.25, usage_monthly=12, limit_remaining=7.5)
    assert found == Account(spent_today=250_000_000, spent_this_month=12_000_000_000, left=7_500_000_000)
    assert key(usage_daily=0, usage_monthly=0, limit_remaining=None).left is None
    assert key(usage_daily=0, usage_monthly=0, limit_remaining=-0.01).left == 0


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"data":[]}', b'{"data":{"usage_daily":1}}', b"<html>"])
def test_what_tells_nothing_of_a_key_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_account(answer)


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"data":[]}', b"<html>"])
def test_what_is_no_record_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_generation(answer)
