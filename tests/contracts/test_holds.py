"""What every storage does with the money of a call: held when it begins, counted when its cost is known, let go else."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.domain.budgets import SERVICE, Hold, Period
from bot.domain.errors import LeaseLost
from bot.domain.jobs import Job, Lease
from bot.domain.journal import StepState
from bot.domain.money import Nanodollars, UsageRecord
from bot.ports import Journal
from tests.contracts.samples import PLATFORMS, SCOPES, cost, hold, message, record
from tests.contracts.storage import Storage

PLENTY = Nanodollars(10**12)
STEP = "answer"
HOUR = 3600.0


@pytest.fixture(autouse=True)
async def watched(storage: Storage) -> None:
    """Budgets that allow everything, so that it can be seen how each of them stands."""
    async with asyncio.TaskGroup() as group:
        for scope in SCOPES:
            for period in Period:
                group.create_task(storage.ledger.set_budget(scope, period, PLENTY, by="U9"))


async def running(storage: Storage, key: str = "1") -> Lease:
    await storage.jobs.submit(message(key))
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    return job.lease


async def begun(storage: Storage, amount: int = 1000) -> Lease:
    lease = await running(storage)
    await storage.journal.begin(lease, STEP, hold(amount, storage.clock.now()))
    return lease


def used(storage: Storage, lease: Lease, nanodollars: int | None, call: str | None = None) -> UsageRecord:
    return record(lease.job, STEP, storage.clock.now(), usage=cost(nanodollars), call=call)


async def stands(storage: Storage) -> tuple[int, int]:
    """Return what is spent and what is held; it is the same in every scope, for the day and the month."""
    budgets = await storage.ledger.standing(SCOPES)
    assert [(known.scope, known.period) for known in budgets] == [
        (scope, period) for scope in SCOPES for period in Period
    ]
    (sums,) = {(known.spent, known.held) for known in budgets}
    return sums


async def of_service(storage: Storage, period: Period) -> tuple[int, int]:
    known = {known.period: known for known in await storage.ledger.standing((SERVICE,))}[period]
    return known.spent, known.held


# --- one call ----------------------------------------------------------------------


async def test_what_a_call_may_cost_is_held_in_every_scope(storage: Storage):
    await begun(storage)
    assert await stands(storage) == (0, 1000)


async def test_what_it_did_cost_takes_the_place_of_the_hold(storage: Storage):
    lease = await begun(storage)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 300))
    assert await stands(storage) == (300, 0)


async def test_what_was_charged_for_nothing_takes_the_place_of_the_hold(storage: Storage):
    lease = await begun(storage)
    await storage.journal.failed(lease, STEP, "it only thought", used(storage, lease, 300))
    assert await stands(storage) == (300, 0)


async def test_a_call_that_was_free_after_all_leaves_nothing(storage: Storage):
    lease = await begun(storage)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 0))
    assert await stands(storage) == (0, 0)


async def test_a_failure_for_which_nothing_was_charged_lets_the_hold_go(storage: Storage):
    lease = await begun(storage)
    await storage.journal.failed(lease, STEP, "busy")
    assert await stands(storage) == (0, 0)


KEEPS: dict[str, Callable[[Journal, Lease, UsageRecord], Awaitable[None]]] = {
    "accepted": lambda journal, lease, used: journal.accepted(lease, STEP, "gen-1"),
    "unknown": lambda journal, lease, used: journal.unknown(lease, STEP, "cut off"),
    "unknown cost": lambda journal, lease, used: journal.unknown(lease, STEP, "cut off", used),
    "done at unknown cost": lambda journal, lease, used: journal.done(lease, STEP, {}, used),
    "done without usage": lambda journal, lease, used: journal.done(lease, STEP, {}),
    "failed at unknown cost": lambda journal, lease, used: journal.failed(lease, STEP, "cut off", used),
}


@pytest.mark.parametrize("what", KEEPS.values(), ids=KEEPS)
async def test_while_the_cost_is_not_known_the_hold_stays(
    storage: Storage, what: Callable[[Journal, Lease, UsageRecord], Awaitable[None]]
):
    lease = await begun(storage)
    await what(storage.journal, lease, used(storage, lease, None, "gen-1"))
    assert await stands(storage) == (0, 1000)


async def test_a_cost_above_the_hold_is_counted_in_full(storage: Storage):
    lease = await begun(storage)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 5000))
    assert await stands(storage) == (5000, 0)


@pytest.mark.parametrize("held", [None, 0])
async def test_a_cost_without_a_hold_is_counted_in_every_scope(storage: Storage, held: int | None):
    lease = await running(storage)
    await storage.journal.begin(lease, STEP, None if held is None else hold(held, storage.clock.now()))
    assert await stands(storage) == (0, 0)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 300))
    assert await stands(storage) == (300, 0)


async def test_in_doubt_and_charged_it_takes_the_place_of_the_hold(storage: Storage):
    lease = await begun(storage)
    await storage.journal.unknown(lease, STEP, "cut off", used(storage, lease, 300))
    assert await stands(storage) == (300, 0)


# --- known later -----------------------------------------------------------------


@pytest.mark.parametrize("then", [StepState.DONE, StepState.FAILED, StepState.UNKNOWN])
async def test_a_cost_that_is_told_later_takes_the_place_of_the_hold(storage: Storage, then: StepState):
    lease = await begun(storage)
    waiting = used(storage, lease, None, "gen-1")
    if then is StepState.DONE:
        await storage.journal.done(lease, STEP, {}, waiting)
    elif then is StepState.FAILED:
        await storage.journal.failed(lease, STEP, "cut off", waiting)
    else:
        await storage.journal.unknown(lease, STEP, "cut off", waiting)
    (call,) = await storage.ledger.unsettled(10)
    assert await storage.ledger.settle(call, cost(400)) is True
    assert await stands(storage) == (400, 0)
    assert await storage.ledger.settle(call, cost(400)) is False
    assert await stands(storage) == (400, 0)


async def test_a_cost_that_is_told_later_without_a_hold_is_counted(storage: Storage):
    lease = await running(storage)
    await storage.journal.begin(lease, STEP)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, None, "gen-1"))
    (call,) = await storage.ledger.unsettled(10)
    assert await storage.ledger.settle(call, cost(400)) is True
    assert await stands(storage) == (400, 0)


async def test_a_cost_that_is_told_later_lets_only_its_own_hold_go(storage: Storage):
    lease = await begun(storage)
    await storage.journal.failed(lease, STEP, "cut off", used(storage, lease, None, "gen-1"))
    await storage.journal.begin(lease, STEP, hold(70, storage.clock.now()))
    assert await stands(storage) == (0, 1070)
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(400))
    assert await stands(storage) == (400, 70)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 50, "gen-2"))
    assert await stands(storage) == (450, 0)


async def test_a_call_without_a_hold_that_is_told_later_lets_no_other_hold_go(storage: Storage):
    lease = await running(storage)
    await storage.journal.begin(lease, STEP)
    await storage.journal.failed(lease, STEP, "cut off", used(storage, lease, None, "gen-1"))
    await storage.journal.begin(lease, STEP, hold(70, storage.clock.now()))
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(400))
    assert await stands(storage) == (400, 70)


async def test_a_call_in_doubt_that_is_cleared_up_is_counted_once(storage: Storage):
    lease = await begun(storage)
    await storage.journal.unknown(lease, STEP, "cut off", used(storage, lease, None, "gen-1"))
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 300, "gen-1"))
    assert await stands(storage) == (300, 0)
    assert await storage.ledger.unsettled(10) == []
    assert [known.usage.cost for known in await storage.ledger.of_job(lease.job)] == [300]


# --- many attempts -----------------------------------------------------------------


async def test_an_attempt_in_doubt_stays_held_beside_the_next(storage: Storage):
    lease = await begun(storage)
    await storage.journal.unknown(lease, STEP, "cut off")
    await storage.journal.begin(lease, STEP, hold(70, storage.clock.now()))
    assert await stands(storage) == (0, 1070)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 50))
    assert await stands(storage) == (50, 1000)


async def test_an_attempt_without_a_hold_lets_no_older_one_go(storage: Storage):
    lease = await begun(storage)
    await storage.journal.begin(lease, STEP)
    await storage.journal.failed(lease, STEP, "busy")
    assert await stands(storage) == (0, 1000)


async def test_an_attempt_after_a_failure_is_held_alone(storage: Storage):
    lease = await begun(storage)
    await storage.journal.failed(lease, STEP, "busy")
    await storage.journal.begin(lease, STEP, hold(70, storage.clock.now()))
    assert await stands(storage) == (0, 70)


async def test_steps_are_held_each_by_itself(storage: Storage):
    lease = await begun(storage)
    await storage.journal.begin(lease, "speak", hold(70, storage.clock.now()))
    await storage.journal.failed(lease, STEP, "busy")
    assert await stands(storage) == (0, 70)


# --- people and crashes --------------------------------------------------------------


async def asked(storage: Storage) -> Lease:
    lease = await begun(storage)
    await storage.journal.unknown(lease, STEP, "cut off")
    await storage.jobs.ask(lease, reason="may have been charged")
    return lease


async def test_what_is_repeated_stays_held_as_it_may_have_been_charged(storage: Storage):
    lease = await asked(storage)
    await storage.jobs.decide(lease.job, repeat=True)
    assert await stands(storage) == (0, 1000)
    (again,) = await storage.jobs.claim(1, PLATFORMS)
    await storage.journal.begin(again.lease, STEP, hold(1000, storage.clock.now()))
    assert await stands(storage) == (0, 2000)
    await storage.journal.done(again.lease, STEP, {}, used(storage, lease, 300))
    assert await stands(storage) == (300, 1000)


async def test_what_is_dropped_stays_held_as_it_may_have_been_charged(storage: Storage):
    lease = await asked(storage)
    await storage.jobs.decide(lease.job, repeat=False)
    assert await stands(storage) == (0, 1000)


async def test_what_is_cancelled_under_way_stays_held(storage: Storage):
    lease = await begun(storage)
    await storage.jobs.cancel(lease.job)
    with pytest.raises(LeaseLost):
        await storage.journal.done(lease, STEP, {}, used(storage, lease, 300))
    assert await stands(storage) == (0, 1000)


async def taken_over(storage: Storage) -> Job:
    storage.clock.advance(16)
    await storage.rival.heartbeat()
    (job,) = await storage.rival.claim(1, PLATFORMS)
    return job


async def test_who_lost_the_job_moves_no_money_and_its_successor_settles(storage: Storage):
    lease = await begun(storage)
    successor = await taken_over(storage)
    for write in (
        storage.journal.begin(lease, STEP, hold(70, storage.clock.now())),
        storage.journal.failed(lease, STEP, "busy"),
        storage.journal.done(lease, STEP, {}, used(storage, lease, 1)),
        storage.journal.unknown(lease, STEP, "cut off", used(storage, lease, 1)),
    ):
        with pytest.raises(LeaseLost):
            await write
    assert await stands(storage) == (0, 1000)
    await storage.journal_elsewhere.done(successor.lease, STEP, {}, used(storage, lease, 300))
    assert await stands(storage) == (300, 0)


async def test_what_the_journal_does_not_allow_moves_no_money(storage: Storage):
    lease = await begun(storage)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 300))
    for write in (
        storage.journal.begin(lease, STEP, hold(70, storage.clock.now())),
        storage.journal.failed(lease, STEP, "busy", used(storage, lease, 1)),
    ):
        with pytest.raises(ValueError, match=STEP):
            await write
    assert await stands(storage) == (300, 0)
    assert len(await storage.ledger.of_job(lease.job)) == 1


# --- days and months -------------------------------------------------------------------


async def test_a_hold_counts_for_its_own_day_and_month(storage: Storage):
    lease = await begun(storage)
    storage.clock.advance(24 * HOUR)
    assert await of_service(storage, Period.DAY) == (0, 0)
    assert await of_service(storage, Period.MONTH) == (0, 1000)
    storage.clock.advance(31 * 24 * HOUR)
    assert await of_service(storage, Period.MONTH) == (0, 0)
    await storage.journal.failed(lease, STEP, "busy")
    assert await stands(storage) == (0, 0)


async def test_a_call_counts_for_the_day_on_which_it_began(storage: Storage):
    lease, began = await begun(storage), storage.clock.now()
    storage.clock.advance(24 * HOUR)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 300))
    assert await of_service(storage, Period.DAY) == (0, 0)
    assert await of_service(storage, Period.MONTH) == (300, 0)
    assert [known.at for known in await storage.ledger.of_job(lease.job)] == [began]
    assert (await storage.ledger.spent("openrouter", Period.DAY)).calls == 0


async def test_a_cost_that_is_told_later_counts_for_the_day_on_which_the_call_began(storage: Storage):
    lease = await begun(storage)
    storage.clock.advance(24 * HOUR)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, None, "gen-1"))
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(300))
    assert await of_service(storage, Period.DAY) == (0, 0)
    assert await of_service(storage, Period.MONTH) == (300, 0)


async def test_sums_of_others_are_not_touched(storage: Storage):
    lease = await running(storage)
    elsewhere = Hold(amount=Nanodollars(7), scopes=("discord", "discord:", "discord::C1"), at=storage.clock.now())
    await storage.journal.begin(lease, STEP, elsewhere)
    assert await stands(storage) == (0, 0)
    await storage.journal.begin(lease, "speak")
    strange = record(lease.job, "speak", storage.clock.now(), platform="discord", workspace="", channel="C1")
    await storage.journal.done(lease, "speak", {}, strange)
    sums = {known.scope: known.spent for known in await storage.ledger.standing(SCOPES)}
    assert sums == {**dict.fromkeys(SCOPES, 0), SERVICE: 950_000}
