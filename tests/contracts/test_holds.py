"""What every storage does with the money of a call: held when it begins, counted when its cost is known, let go else."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.domain.budgets import SERVICE, Hold, Period
from bot.domain.errors import BudgetExceeded, LeaseLost
from bot.domain.jobs import Job, Lease
from bot.domain.journal import StepState
from bot.domain.money import Nanodollars, UnsettledCall, UsageRecord
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


async def begun(storage: Storage, amount: int = 1000, step: str = STEP) -> Lease:
    lease = await running(storage, step)
    await storage.journal.begin(lease, step, hold(amount, storage.clock.now()))
    return lease


def used(
    storage: Storage, lease: Lease, nanodollars: int | None, call: str | None = None, step: str = STEP
) -> UsageRecord:
    return record(lease.job, step, storage.clock.now(), usage=cost(nanodollars), call=call)


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
    "accepted with its row": lambda journal, lease, used: journal.accepted(lease, STEP, "gen-1", "", used),
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


@pytest.mark.parametrize("nanodollars", [None, 0, 300, 500])
async def test_a_call_that_was_settled_is_counted_once_whatever_is_told_of_it_later(
    storage: Storage, nanodollars: int | None
):
    lease = await begun(storage)
    await storage.journal.unknown(lease, STEP, "cut off", used(storage, lease, None, "gen-1"))
    (call,) = await storage.ledger.unsettled(10)
    assert await storage.ledger.settle(call, cost(400)) is True
    await storage.journal.done(lease, STEP, {}, used(storage, lease, nanodollars, "gen-1"))
    known = 400 if nanodollars is None else nanodollars
    assert await stands(storage) == (known, 0)
    assert [one.usage.cost for one in await storage.ledger.of_job(lease.job)] == [known]
    assert await storage.ledger.unsettled(10) == []


async def test_a_call_counts_for_its_own_day_also_when_its_cost_is_told_twice(storage: Storage):
    lease = await begun(storage)
    await storage.journal.unknown(lease, STEP, "cut off", used(storage, lease, None, "gen-1"))
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(400))
    storage.clock.advance(24 * HOUR)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 300, "gen-1"))
    assert await of_service(storage, Period.DAY) == (0, 0)
    assert await of_service(storage, Period.MONTH) == (300, 0)


async def test_a_call_in_doubt_without_a_name_that_is_cleared_up_is_counted_once(storage: Storage):
    for ended in (StepState.DONE, StepState.FAILED):
        lease = await begun(storage, step=ended)
        await storage.journal.unknown(lease, ended, "cut off", used(storage, lease, None, step=ended))
        if ended is StepState.DONE:
            await storage.journal.done(lease, ended, {}, used(storage, lease, 300, "gen-1", ended))
        else:
            await storage.journal.failed(lease, ended, "never sent")
        assert await stands(storage) == (300, 0)
        assert [one.usage.cost for one in await storage.ledger.of_job(lease.job)] in ([300], [])
        await storage.jobs.finish(lease)


# --- named, and then -----------------------------------------------------------------


async def named(storage: Storage, *names: str) -> Lease:
    lease = await begun(storage)
    for name in names or ("gen-1",):
        await storage.journal.accepted(lease, STEP, name, "", used(storage, lease, None, name))
    return lease


async def calls(storage: Storage) -> list[str]:
    return [call.call for call in await storage.ledger.unsettled(10)]


async def test_a_call_has_its_row_as_soon_as_it_has_a_name(storage: Storage):
    lease = await named(storage)
    assert await storage.ledger.of_job(lease.job) == [used(storage, lease, None, "gen-1")]
    await storage.journal.accepted(lease, STEP, "gen-1", "", used(storage, lease, None, "gen-1"))
    assert len(await storage.ledger.of_job(lease.job)) == 1
    assert await stands(storage) == (0, 1000)


async def test_what_comes_of_a_named_call_takes_the_place_of_its_row(storage: Storage):
    lease = await named(storage)
    answered = replace(used(storage, lease, 300, "gen-1"), model="another", duration_ms=900)
    await storage.journal.done(lease, STEP, {}, answered)
    assert await storage.ledger.of_job(lease.job) == [answered]
    assert await stands(storage) == (300, 0)


async def test_a_named_call_for_which_nothing_was_charged_leaves_no_row(storage: Storage):
    lease = await named(storage)
    await storage.journal.failed(lease, STEP, "refused")
    assert await storage.ledger.of_job(lease.job) == []
    assert await stands(storage) == (0, 0)


async def test_what_a_gateway_said_was_charged_is_not_forgotten_by_a_failure(storage: Storage):
    lease = await named(storage)
    (row,) = await storage.ledger.of_job(lease.job)
    call = UnsettledCall(job=row.job, step=row.step, gateway=row.gateway, call="gen-1", at=row.at)
    assert await storage.ledger.settle(call, cost(400)) is True
    await storage.journal.failed(lease, STEP, "refused")
    assert await stands(storage) == (400, 0)


async def test_a_call_under_way_is_left_alone(storage: Storage):
    lease = await named(storage)
    storage.clock.advance(HOUR)
    assert await calls(storage) == []
    await storage.journal.unknown(lease, STEP, "cut off", used(storage, lease, None, "gen-1"))
    assert await calls(storage) == ["gen-1"]


@pytest.mark.parametrize("how", ["cancelled", "buried", "finished", "asked", "dropped"])
async def test_a_named_call_is_found_and_settled_however_its_job_ended(storage: Storage, how: str):
    lease = await named(storage)
    match how:
        case "cancelled":
            await storage.jobs.cancel(lease.job)
        case "buried":
            await storage.jobs.bury(lease, reason="the last try")
        case "finished":
            await storage.jobs.finish(lease)
        case _:
            await storage.jobs.ask(lease, reason="may have been charged")
    if how == "dropped":
        await storage.jobs.decide(lease.job, repeat=False)
    assert await stands(storage) == (0, 1000)
    (call,) = await storage.ledger.unsettled(10)
    assert await storage.ledger.settle(call, cost(300)) is True
    assert await stands(storage) == (300, 0)


async def test_a_named_call_of_a_lost_lease_is_left_to_who_takes_the_job_over(storage: Storage):
    lease = await named(storage)
    successor = await taken_over(storage)
    with pytest.raises(LeaseLost):
        await storage.journal.done(lease, STEP, {}, used(storage, lease, 300, "gen-1"))
    assert await calls(storage) == []
    await storage.journal_elsewhere.done(successor.lease, STEP, {}, used(storage, lease, 300, "gen-1"))
    assert await stands(storage) == (300, 0)
    assert len(await storage.ledger.of_job(lease.job)) == 1


async def test_a_call_of_a_job_that_was_handed_back_is_found_when_nobody_takes_it_up(storage: Storage):
    lease = await named(storage)
    storage.clock.advance(HOUR)
    await storage.jobs.retry(lease, delay_seconds=0, reason="busy")
    assert await calls(storage) == []
    storage.clock.advance(9 * 60)
    assert await calls(storage) == []
    storage.clock.advance(60)
    assert await calls(storage) == ["gen-1"]
    await storage.jobs.claim(1, PLATFORMS)
    assert await calls(storage) == []


async def test_what_is_settled_before_its_job_goes_on_stays_held_as_the_call_may_be_made_again(storage: Storage):
    lease = await named(storage)
    await storage.jobs.release(lease)
    storage.clock.advance(HOUR)
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(0))
    assert await stands(storage) == (0, 1000)
    (again,) = await storage.jobs.claim(1, PLATFORMS)
    await storage.journal.accepted(again.lease, STEP, "gen-2", "", used(storage, lease, None, "gen-2"))
    await storage.journal.done(again.lease, STEP, {}, used(storage, lease, 300, "gen-2"))
    assert await stands(storage) == (300, 0)


async def test_a_call_that_was_settled_before_its_job_went_on_is_counted_once(storage: Storage):
    lease = await named(storage)
    await storage.jobs.release(lease)
    storage.clock.advance(HOUR)
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(300))
    (again,) = await storage.jobs.claim(1, PLATFORMS)
    await storage.journal.unknown(again.lease, STEP, "its answer is gone", used(storage, lease, None, "gen-1"))
    assert await stands(storage) == (300, 0)
    assert len(await storage.ledger.of_job(lease.job)) == 1


# --- two names in one attempt ----------------------------------------------------------


async def test_a_call_that_got_another_name_is_held_until_both_are_known(storage: Storage):
    lease = await named(storage, "gen-1", "gen-2")
    assert await calls(storage) == ["gen-1"], "what is under way is not settled"
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 300, "gen-2"))
    assert await stands(storage) == (300, 1000)
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(50))
    assert await stands(storage) == (350, 0)


async def test_the_first_name_may_be_settled_while_the_second_is_under_way(storage: Storage):
    lease = await named(storage, "gen-1", "gen-2")
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(50))
    assert await stands(storage) == (50, 1000)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 300, "gen-2"))
    assert await stands(storage) == (350, 0)


async def test_a_failure_for_nothing_is_that_of_the_last_name_alone(storage: Storage):
    lease = await named(storage, "gen-1", "gen-2")
    await storage.journal.failed(lease, STEP, "refused")
    assert await stands(storage) == (0, 1000)
    assert await calls(storage) == ["gen-1"]
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(50))
    assert await stands(storage) == (50, 0)


async def test_a_new_attempt_leaves_the_named_call_of_the_one_before(storage: Storage):
    lease = await named(storage)
    await storage.journal.begin(lease, STEP, hold(70, storage.clock.now()))
    assert await stands(storage) == (0, 1070)
    await storage.journal.failed(lease, STEP, "busy")
    assert await stands(storage) == (0, 1000)
    assert await calls(storage) == ["gen-1"]
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(300))
    assert await stands(storage) == (300, 0)


# --- many attempts -----------------------------------------------------------------


async def test_an_attempt_in_doubt_stays_held_beside_the_next(storage: Storage):
    lease = await begun(storage)
    await storage.journal.unknown(lease, STEP, "cut off")
    await storage.journal.begin(lease, STEP, hold(70, storage.clock.now()))
    assert await stands(storage) == (0, 1070)
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 50))
    assert await stands(storage) == (50, 1000)


async def test_a_known_attempt_is_let_go_when_the_next_one_begins(storage: Storage):
    lease = await named(storage)
    row = (await storage.ledger.of_job(lease.job))[0]
    call = UnsettledCall(job=row.job, step=row.step, gateway=row.gateway, call="gen-1", at=row.at)
    await storage.ledger.settle(call, cost(50))
    assert await stands(storage) == (50, 1000), "it may be carried on"
    await storage.ledger.set_budget(SERVICE, Period.DAY, Nanodollars(120), by="U9")
    with pytest.raises(BudgetExceeded):
        await storage.journal.begin(lease, STEP, hold(71, storage.clock.now()))
    assert await stands(storage) == (50, 1000)
    await storage.journal.begin(lease, STEP, hold(70, storage.clock.now()))
    assert await stands(storage) == (50, 70)
    await storage.journal.begin(lease, STEP)
    assert await stands(storage) == (50, 70)


async def test_holds_that_nothing_waits_for_any_more_go_together(storage: Storage):
    lease = await named(storage, "gen-1", "gen-2")
    await storage.journal.begin(lease, STEP, hold(70, storage.clock.now()))
    await storage.journal.accepted(lease, STEP, "gen-3", "", used(storage, lease, None, "gen-3"))
    for name in ("gen-1", "gen-3"):
        row = used(storage, lease, None, name)
        call = UnsettledCall(job=row.job, step=row.step, gateway=row.gateway, call=name, at=row.at)
        await storage.ledger.settle(call, cost(5))
    assert await stands(storage) == (10, 1070)
    await storage.journal.accepted(lease, STEP, "gen-2", "", used(storage, lease, None, "gen-2"))
    await storage.journal.done(lease, STEP, {}, used(storage, lease, 50, "gen-2"))
    assert await stands(storage) == (60, 0)


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
