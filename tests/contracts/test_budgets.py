"""What every storage does with budgets: which of them apply, when they say no, and when they warn."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.budgets import EACH_USER, SERVICE, Budget, Period, spending_scopes, user_scope
from bot.domain.errors import BudgetExceeded
from bot.domain.jobs import Job, Lease
from bot.domain.messages import Author, Place
from bot.domain.money import Nanodollars
from tests.contracts.samples import ADA, OTHER_PLACE, PLACE, PLATFORMS, SCOPES, cost, hold, message, record
from tests.contracts.storage import Storage

WORKSPACE, CHANNEL = PLACE.scopes[:2]
ADAS = user_scope(PLACE, ADA)
BOB = Author(id="U2", name="Bob")
BOBS = user_scope(PLACE, BOB)
DAY_SECONDS = 86_400.0
HOUR_MS = 3_600_000


async def limit(storage: Storage, scope: str, nanodollars: int | None, period: Period = Period.MONTH) -> None:
    known = None if nanodollars is None else Nanodollars(nanodollars)
    await storage.ledger.set_budget(scope, period, known, by="U9")


async def running(storage: Storage, key: str = "1", place: Place = PLACE) -> Lease:
    await storage.jobs.submit(message(key, place))
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    return job.lease


async def fits(storage: Storage, lease: Lease, amount: int, *, place: Place = PLACE, user: str = ADA.id) -> bool:
    """Begin a step that may cost so much, and let it go again; return whether it was allowed."""
    try:
        await storage.journal.begin(lease, "try", hold(amount, storage.clock.now(), place=place, user=user))
    except BudgetExceeded:
        return False
    await storage.journal.failed(lease, "try", "only tried")
    return True


async def spend(storage: Storage, lease: Lease, nanodollars: int, *, user: str = ADA.id) -> None:
    step = f"spend:{len(await storage.journal.steps(lease.job))}"
    await storage.journal.begin(lease, step)
    used = record(lease.job, step, storage.clock.now(), usage=cost(nanodollars), author=user)
    await storage.journal.done(lease, step, {}, used)


# --- saying no -----------------------------------------------------------------------


async def test_a_call_fits_that_uses_a_budget_up(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 1000)
    await spend(storage, lease, 300)
    await storage.journal.begin(lease, "held", hold(200, storage.clock.now()))
    assert await fits(storage, lease, 501) is False
    assert await fits(storage, lease, 500) is True


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize("scope", SCOPES)
async def test_any_budget_that_applies_can_say_no(storage: Storage, scope: str, period: Period):
    lease = await running(storage)
    for other in SCOPES:
        await limit(storage, other, 10_000, Period.MONTH)
        await limit(storage, other, 10_000, Period.DAY)
    await limit(storage, scope, 999, period)
    assert await fits(storage, lease, 1000) is False
    assert await fits(storage, lease, 999) is True
    elsewhere = Place(platform="discord", workspace="", channel="C1")
    assert await fits(storage, lease, 1000, place=elsewhere, user="U3") is (scope != SERVICE)


async def test_a_refusal_says_what_is_left_and_when_it_starts_anew(storage: Storage):
    lease = await running(storage)
    await limit(storage, SERVICE, 5000)
    await limit(storage, CHANNEL, 1000, Period.DAY)
    await limit(storage, ADAS, 1200)
    await spend(storage, lease, 300)
    now = storage.clock.now()
    with pytest.raises(BudgetExceeded) as refused:
        await storage.journal.begin(lease, "answer", hold(2000, now))
    error = refused.value
    assert (error.scope, error.period, error.limit, error.left, error.needed) == (CHANNEL, "day", 1000, 700, 2000)
    assert error.resets_at == Period.DAY.ends(now)
    await limit(storage, CHANNEL, None, Period.DAY)
    with pytest.raises(BudgetExceeded) as refused:
        await storage.journal.begin(lease, "answer", hold(2000, now))
    assert (refused.value.scope, refused.value.resets_at) == (ADAS, Period.MONTH.ends(now))


async def test_a_refusal_writes_nothing(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 1000)
    assert await fits(storage, lease, 1001) is False
    assert await storage.journal.steps(lease.job) == {}
    (budget,) = await storage.ledger.standing(SCOPES)
    assert (budget.spent, budget.held) == (0, 0)


async def test_a_refusal_leaves_an_attempt_before_it_as_it_was(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 1000)
    await storage.journal.begin(lease, "answer", hold(600, storage.clock.now()))
    await storage.journal.unknown(lease, "answer", "cut off")
    before = await storage.journal.steps(lease.job)
    with pytest.raises(BudgetExceeded):
        await storage.journal.begin(lease, "answer", hold(600, storage.clock.now()))
    assert await storage.journal.steps(lease.job) == before
    await storage.journal.failed(lease, "answer", "not charged")
    assert await fits(storage, lease, 1000) is True


async def test_a_call_without_a_hold_is_made_although_nothing_is_left(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 100)
    await spend(storage, lease, 500)
    await storage.journal.begin(lease, "free", hold(0, storage.clock.now()))
    await storage.journal.begin(lease, "of unknown price")
    assert await fits(storage, lease, 1) is False


async def test_what_is_set_below_what_was_spent_lets_nothing_through(storage: Storage):
    lease = await running(storage)
    await spend(storage, lease, 500)
    await limit(storage, CHANNEL, 100)
    assert await fits(storage, lease, 1) is False
    await limit(storage, CHANNEL, 501)
    assert await fits(storage, lease, 1) is True
    await limit(storage, CHANNEL, 0)
    await limit(storage, CHANNEL, None)
    assert await fits(storage, lease, 10**15) is True


async def test_a_budget_starts_anew_with_its_day_or_month(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 1000, Period.DAY)
    await limit(storage, CHANNEL, 1500, Period.MONTH)
    await storage.journal.begin(lease, "answer", hold(1000, storage.clock.now()))
    assert await fits(storage, lease, 1) is False
    storage.clock.advance(DAY_SECONDS)
    assert await fits(storage, lease, 501) is False
    assert await fits(storage, lease, 500) is True
    storage.clock.advance(31 * DAY_SECONDS)
    assert await fits(storage, lease, 1000) is True


async def test_a_hold_is_checked_against_its_own_day(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 1000, Period.DAY)
    yesterday = storage.clock.now() - 24 * HOUR_MS
    await storage.journal.begin(lease, "answer", hold(1000, yesterday))
    with pytest.raises(BudgetExceeded) as refused:
        await storage.journal.begin(lease, "speak", hold(1, yesterday))
    assert refused.value.resets_at == Period.DAY.ends(yesterday)
    assert await fits(storage, lease, 1000) is True


# --- every user ------------------------------------------------------------------------


async def test_a_budget_of_every_user_is_counted_for_each(storage: Storage):
    lease = await running(storage)
    await limit(storage, EACH_USER, 1000)
    await spend(storage, lease, 900)
    assert await fits(storage, lease, 200) is False
    assert await fits(storage, lease, 200, user=BOB.id) is True
    with pytest.raises(BudgetExceeded) as refused:
        await storage.journal.begin(lease, "answer", hold(200, storage.clock.now()))
    assert (refused.value.scope, refused.value.left) == (ADAS, 100)


async def test_who_has_a_budget_of_their_own_has_only_that(storage: Storage):
    lease = await running(storage)
    await limit(storage, EACH_USER, 1000)
    await limit(storage, ADAS, 5000)
    assert await fits(storage, lease, 5000) is True
    assert await fits(storage, lease, 1001, user=BOB.id) is False
    await limit(storage, ADAS, 10)
    assert await fits(storage, lease, 11) is False
    await limit(storage, ADAS, None)
    assert await fits(storage, lease, 1000) is True


async def test_a_budget_of_their_own_is_of_a_day_or_of_a_month(storage: Storage):
    lease = await running(storage)
    await limit(storage, EACH_USER, 1000, Period.DAY)
    await limit(storage, ADAS, 5000, Period.MONTH)
    assert await fits(storage, lease, 1001) is False
    assert [(known.scope, known.period) for known in await storage.ledger.standing(SCOPES)] == [
        (ADAS, Period.DAY),
        (ADAS, Period.MONTH),
    ]


async def test_a_person_is_another_in_another_workspace(storage: Storage):
    lease = await running(storage)
    await limit(storage, ADAS, 10)
    assert await fits(storage, lease, 11, place=replace(PLACE, workspace="T2")) is True
    assert await fits(storage, lease, 11, place=OTHER_PLACE) is False


# --- as they stand -----------------------------------------------------------------------


async def test_no_budget_stands_where_none_is_set(storage: Storage):
    assert await storage.ledger.standing(SCOPES) == []
    assert await storage.ledger.budgets() == []
    assert await storage.ledger.warn(SCOPES) == []


async def test_budgets_that_apply_stand_from_the_broadest_to_the_narrowest(storage: Storage):
    lease = await running(storage)
    for scope in (EACH_USER, CHANNEL, SERVICE, "discord", OTHER_PLACE.scopes[1]):
        await limit(storage, scope, 1000)
    await limit(storage, CHANNEL, 500, Period.DAY)
    await spend(storage, lease, 100)
    await storage.journal.begin(lease, "answer", hold(20, storage.clock.now()))
    month = {"period": Period.MONTH, "limit": 1000, "spent": 100, "held": 20, "by": "U9"}
    assert await storage.ledger_elsewhere.standing(SCOPES) == [
        Budget(scope=SERVICE, **month),
        Budget(scope=CHANNEL, **{**month, "period": Period.DAY, "limit": 500}),
        Budget(scope=CHANNEL, **month),
        Budget(scope=ADAS, **month),
    ]
    assert await storage.ledger.standing(("slack", CHANNEL)) == [
        Budget(scope=CHANNEL, **{**month, "period": Period.DAY, "limit": 500}),
        Budget(scope=CHANNEL, **month),
    ]


async def test_every_budget_is_listed_by_scope(storage: Storage):
    lease = await running(storage)
    for scope in (EACH_USER, CHANNEL, SERVICE):
        await limit(storage, scope, 1000)
    await limit(storage, CHANNEL, 500, Period.DAY)
    await spend(storage, lease, 100)
    listed = await storage.ledger_elsewhere.budgets()
    assert [(known.scope, known.period, known.limit, known.spent) for known in listed] == [
        (SERVICE, Period.MONTH, 1000, 100),
        (CHANNEL, Period.DAY, 500, 100),
        (CHANNEL, Period.MONTH, 1000, 100),
        (EACH_USER, Period.MONTH, 1000, 0),
    ]


async def test_who_set_a_budget_last_is_known(storage: Storage):
    await storage.ledger.set_budget(CHANNEL, Period.DAY, Nanodollars(5), by="U1")
    await storage.ledger.set_budget(CHANNEL, Period.DAY, Nanodollars(6), by="command line")
    (budget,) = await storage.ledger.budgets()
    assert (budget.limit, budget.by) == (6, "command line")


# --- warnings ----------------------------------------------------------------------------


async def test_a_warning_is_given_once_when_a_budget_is_nearly_spent(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 1000)
    await limit(storage, SERVICE, 10_000)
    await spend(storage, lease, 799)
    await storage.journal.begin(lease, "held", hold(201, storage.clock.now()))
    assert await storage.ledger.warn(SCOPES) == [], "what is held is not spent"
    await spend(storage, lease, 1)
    (told,) = await storage.ledger.warn(SCOPES)
    assert (told.scope, told.spent, told.held) == (CHANNEL, 800, 201)
    await spend(storage, lease, 100)
    assert await storage.ledger.warn(SCOPES) == []
    assert await storage.ledger_elsewhere.warn(SCOPES) == []


async def test_a_warning_is_given_again_in_the_next_day_or_month(storage: Storage):
    await limit(storage, CHANNEL, 1000, Period.DAY)
    await limit(storage, CHANNEL, 2000, Period.MONTH)
    for day, told in enumerate(([Period.DAY], [Period.DAY, Period.MONTH], [Period.DAY])):
        lease = await running(storage, str(day), replace(PLACE, thread=str(day)))
        await spend(storage, lease, 900)
        assert [known.period for known in await storage.ledger.warn(SCOPES)] == told
        storage.clock.advance(DAY_SECONDS)


async def test_a_warning_is_given_again_when_the_budget_is_set_again(storage: Storage):
    lease = await running(storage)
    await spend(storage, lease, 900)
    for nanodollars, told in ((1000, 1), (2000, 0), (1100, 1), (1100, 1), (None, 0), (1000, 1)):
        await limit(storage, CHANNEL, nanodollars)
        assert len(await storage.ledger.warn(SCOPES)) == told
        assert await storage.ledger.warn(SCOPES) == []


async def test_each_user_is_warned_about(storage: Storage):
    lease = await running(storage)
    await limit(storage, EACH_USER, 1000)
    bobs = spending_scopes(PLACE, BOB)
    await spend(storage, lease, 900)
    await spend(storage, lease, 900, user=BOB.id)
    assert [known.scope for known in await storage.ledger.warn(SCOPES)] == [ADAS]
    assert [known.scope for known in await storage.ledger.warn(bobs)] == [BOBS]
    assert await storage.ledger.warn(SCOPES) == await storage.ledger.warn(bobs) == []
    await limit(storage, BOBS, 1000)
    assert [known.scope for known in await storage.ledger.warn(bobs)] == [BOBS], "it is another budget"
    await limit(storage, EACH_USER, 1000)
    assert [known.scope for known in await storage.ledger.warn(SCOPES)] == [ADAS]
    assert await storage.ledger.warn(bobs) == []


async def test_a_warning_that_reached_nobody_is_given_again(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 1000)
    await limit(storage, CHANNEL, 1000, Period.DAY)
    await limit(storage, SERVICE, 1000)
    await spend(storage, lease, 900)
    told = await storage.ledger.warn(SCOPES)
    assert [(known.scope, known.period) for known in told] == [
        (SERVICE, Period.MONTH),
        (CHANNEL, Period.DAY),
        (CHANNEL, Period.MONTH),
    ]
    await storage.ledger_elsewhere.unwarn(told[1])
    assert await storage.ledger.warn(SCOPES) == [told[1]]
    assert await storage.ledger.warn(SCOPES) == []


@pytest.mark.parametrize("scope", [EACH_USER, ADAS])
async def test_a_warning_about_a_user_that_reached_nobody_is_given_again(storage: Storage, scope: str):
    lease = await running(storage)
    await limit(storage, EACH_USER, 1000)
    await limit(storage, scope, 1000)
    bobs = spending_scopes(PLACE, BOB)
    await spend(storage, lease, 900)
    await spend(storage, lease, 900, user=BOB.id)
    (told,) = await storage.ledger.warn(SCOPES)
    assert len(await storage.ledger.warn(bobs)) == 1
    await storage.ledger.unwarn(told)
    assert await storage.ledger.warn(bobs) == []
    assert await storage.ledger.warn(SCOPES) == [told]


async def test_taking_back_a_warning_that_was_never_given_is_no_harm(storage: Storage):
    await limit(storage, CHANNEL, 1000)
    (budget,) = await storage.ledger.standing(SCOPES)
    await storage.ledger.unwarn(budget)
    assert await storage.ledger.warn(SCOPES) == []


async def test_a_budget_of_nothing_is_not_nearly_spent_before_anything_is(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 0)
    assert await storage.ledger.warn(SCOPES) == []
    await spend(storage, lease, 1)
    assert [known.spent for known in await storage.ledger.warn(SCOPES)] == [1]


async def test_many_who_ask_at_once_are_told_once(storage: Storage):
    lease = await running(storage)
    await limit(storage, CHANNEL, 1000)
    await limit(storage, SERVICE, 1000, Period.DAY)
    await spend(storage, lease, 900)
    told: list[Budget] = []

    async def ask(number: int) -> None:
        ledger = storage.ledger if number % 2 else storage.ledger_elsewhere
        told.extend(await ledger.warn(SCOPES))

    async with asyncio.TaskGroup() as group:
        for number in range(16):
            group.create_task(ask(number))
    assert sorted(known.scope for known in told) == [SERVICE, CHANNEL]


# --- many at once ------------------------------------------------------------------------


async def test_many_writers_never_overrun_a_tight_budget(storage: Storage):
    writers, calls, price = 32, 4, 10
    budget = writers * calls * price // 3
    await limit(storage, SERVICE, budget)
    await limit(storage, EACH_USER, 3 * price)
    for number in range(writers):
        await storage.jobs.submit(message(str(number), replace(PLACE, thread=str(number))))
    jobs = await storage.jobs.claim(writers, PLATFORMS)
    passed: list[int] = []

    async def write(number: int, job: Job) -> None:
        journal = storage.journal if number % 2 else storage.journal_elsewhere
        for call in range(calls):
            name, user = f"answer:{call}", f"U{number}"
            try:
                await journal.begin(job.lease, name, hold(price, storage.clock.now(), user=user))
            except BudgetExceeded:
                continue
            passed.append(price)
            (known,) = await storage.ledger.standing((SERVICE,))
            assert known.spent + known.held <= known.limit
            used = record(job.id, name, storage.clock.now(), usage=cost(price), author=user)
            await journal.done(job.lease, name, {}, used)

    async with asyncio.TaskGroup() as group:
        for number, job in enumerate(jobs):
            group.create_task(write(number, job))
    (known,) = await storage.ledger.standing((SERVICE,))
    assert sum(passed) == known.spent == budget // price * price
    assert known.held == 0
