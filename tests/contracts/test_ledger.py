"""What every implementation of `Ledger` does, over what the journal wrote down."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.budgets import Period
from bot.domain.messages import JobId, Place
from bot.domain.money import CallKind, Dimension, Nanodollars, UnsettledCall, Usage, UsageRecord, UsageSum
from tests.contracts.samples import PLACE, PLATFORMS, message, record
from tests.contracts.storage import Storage

DAY_SECONDS = 86_400


async def use(storage: Storage, *calls: dict[str, Any]) -> list[UsageRecord]:
    """Make one job with some calls."""
    await storage.jobs.submit(message(str(storage.clock.now())))
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    records = [record(job.id, f"call:{n}", storage.clock.now(), **fields) for n, fields in enumerate(calls)]
    for used in records:
        await storage.journal.begin(job.lease, used.step)
        await storage.journal.done(job.lease, used.step, {}, used)
    await storage.jobs.finish(job.lease)
    storage.clock.advance(1)
    return records


LOCAL = {
    "gateway": "local",
    "model": "whisper-tiny.en",
    "kind": CallKind.TRANSCRIPTION,
    "usage": Usage(audio_ms=3200, cost=Nanodollars(0)),
}
UNKNOWN = {"usage": Usage(tokens_in=7)}


async def test_a_record_comes_back_as_it_was(storage: Storage):
    first = await use(storage, LOCAL, UNKNOWN)
    second = await use(storage, {})
    assert await storage.ledger.of_job(JobId(first[0].job)) == first
    assert await storage.ledger.of_job(JobId(second[0].job)) == second
    assert await storage.ledger.of_job(JobId("none")) == []


async def test_what_is_unknown_is_counted_not_summed(storage: Storage):
    await use(storage, {}, {}, UNKNOWN, LOCAL)
    assert await storage.ledger.sums(Dimension.MODEL, since=0) == [
        UsageSum(
            name="openrouter/google/gemini-2.5-flash",
            calls=3,
            tokens_in=207,
            tokens_out=40,
            audio_ms=0,
            cost=Nanodollars(1_900_000),
            unknown_costs=1,
        ),
        UsageSum(
            name="local/whisper-tiny.en",
            calls=1,
            tokens_in=0,
            tokens_out=0,
            audio_ms=3200,
            cost=Nanodollars(0),
            unknown_costs=0,
        ),
    ]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (Dimension.MODEL, {"openrouter/google/gemini-2.5-flash", "local/whisper-tiny.en"}),
        (Dimension.CHANNEL, {"slack:T1:C1", "slack:T1:C2", "discord::C1"}),
        (Dimension.USER, {"slack:U1", "slack:U2", "discord:U1"}),
        (Dimension.DAY, {"2025-10-09", "2025-10-10"}),
    ],
)
async def test_usage_is_summed_by_any_dimension(storage: Storage, by: Dimension, names: set[str]):
    await use(storage, {}, LOCAL, {"channel": "C2"}, {"author": "U2"})
    storage.clock.advance(DAY_SECONDS)
    await use(storage, {"platform": "discord", "workspace": ""})
    sums = await storage.ledger.sums(by, since=0)
    assert {line.name for line in sums} == names
    assert sum(line.calls for line in sums) == 5
    assert sum(line.cost for line in sums) == 4 * 950_000


async def test_the_costliest_comes_first(storage: Storage):
    costs = {"C1": 1, "C2": 300, "C3": 20}
    await use(storage, *({"channel": name, "usage": Usage(cost=Nanodollars(cost))} for name, cost in costs.items()))
    assert [line.name for line in await storage.ledger.sums(Dimension.CHANNEL, since=0)] == [
        "slack:T1:C2",
        "slack:T1:C3",
        "slack:T1:C1",
    ]


async def test_usage_is_summed_since_a_time(storage: Storage):
    await use(storage, {}, {})
    since = storage.clock.now()
    await use(storage, {})
    (line,) = await storage.ledger.sums(Dimension.MODEL, since=since)
    assert line.calls == 1
    assert await storage.ledger.sums(Dimension.MODEL, since=storage.clock.now() + 1) == []


async def test_usage_of_one_channel(storage: Storage):
    await use(storage, {}, {"channel": "C2"}, {"platform": "discord"}, {"workspace": "T2"})
    (line,) = await storage.ledger.sums(Dimension.CHANNEL, since=0, place=PLACE)
    assert (line.name, line.calls) == ("slack:T1:C1", 1)
    nowhere = Place(platform="slack", workspace="T1", channel="C9")
    assert await storage.ledger.sums(Dimension.CHANNEL, since=0, place=nowhere) == []


async def test_large_sums_are_exact(storage: Storage):
    cost = Nanodollars(2**53 + 1)
    await use(storage, {"usage": Usage(cost=cost)}, {"usage": Usage(cost=cost)})
    (line,) = await storage.ledger.sums(Dimension.USER, since=0)
    assert line.cost == 2 * cost


async def test_what_a_gateway_charged_today_and_this_month(storage: Storage):
    await use(storage, {}, UNKNOWN, LOCAL)
    storage.clock.advance(DAY_SECONDS)
    await use(storage, {}, {"gateway": "fal"})
    today = await storage.ledger.spent("openrouter", Period.DAY)
    assert today == UsageSum(
        name="openrouter",
        calls=1,
        tokens_in=100,
        tokens_out=20,
        audio_ms=0,
        cost=Nanodollars(950_000),
        unknown_costs=0,
    )
    month = await storage.ledger.spent("openrouter", Period.MONTH)
    assert (month.calls, month.tokens_in, month.cost, month.unknown_costs) == (3, 207, 1_900_000, 1)
    storage.clock.advance(31 * DAY_SECONDS)
    assert (await storage.ledger.spent("openrouter", Period.MONTH)).calls == 0


async def test_calls_are_not_settled_while_their_cost_is_not_known(storage: Storage):
    first = await use(storage, {**UNKNOWN, "call": "gen-1"}, {**UNKNOWN, "call": None}, {"call": "gen-2"})
    await use(storage, {**UNKNOWN, "call": "gen-3", "gateway": "fal"})
    newest, oldest = await storage.ledger.unsettled(10)
    assert (newest.gateway, newest.call) == ("fal", "gen-3")
    assert oldest == UnsettledCall(job=first[0].job, step="call:0", gateway="openrouter", call="gen-1", at=first[0].at)
    assert await storage.ledger.unsettled(1) == [newest]


async def test_a_call_is_settled_once(storage: Storage):
    (used,) = await use(storage, {"usage": Usage(tokens_in=7, audio_ms=9), "call": "gen-1"})
    (call,) = await storage.ledger.unsettled(10)
    assert await storage.ledger.settle(call, Usage()) is False
    assert await storage.ledger.unsettled(10) == [call]
    assert await storage.ledger.settle(call, Usage(tokens_in=8, tokens_out=2, cost=Nanodollars(5))) is True
    assert await storage.ledger_elsewhere.settle(call, Usage(cost=Nanodollars(6))) is False
    assert await storage.ledger.unsettled(10) == []
    assert await storage.ledger.of_job(JobId(used.job)) == [
        replace(used, usage=Usage(tokens_in=8, tokens_out=2, audio_ms=9, cost=Nanodollars(5)))
    ]


async def test_what_was_never_called_is_not_settled(storage: Storage):
    call = UnsettledCall(job="none", step="none", gateway="openrouter", call="none", at=0)
    assert await storage.ledger.settle(call, Usage(cost=Nanodollars(1))) is False
