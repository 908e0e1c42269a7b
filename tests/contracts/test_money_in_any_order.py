"""Whatever happens to calls, jobs and budgets in whatever order: no budget is overrun, and every sum is right."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.domain.budgets import EACH_USER, SERVICE, Hold, Period, spending_scopes, user_scope
from bot.domain.errors import BudgetExceeded, LeaseLost
from bot.domain.jobs import Job, JobStatus, Lease
from bot.domain.journal import FOLLOWS, StepState
from bot.domain.messages import Author, JobId, Place
from bot.domain.money import Nanodollars, UnsettledCall, UsageRecord
from tests.contracts.samples import PLACE, PLATFORMS, cost, message, record
from tests.contracts.storage import Storage, in_memory, in_sqlite
from tests.contracts.sums import stored_sums, sums_of_rows
from tests.contracts.test_jobs_in_any_order import QUICK_DISK

USERS = ("U1", "U2")
PLACES = (PLACE, replace(PLACE, channel="C2"), Place(platform="discord", workspace="", channel="C1"))
STEPS = ("hear", "answer")
BUDGETED = (SERVICE, "slack", *PLACE.scopes[:2], user_scope(PLACE, Author(id="U1")), EACH_USER)
PICKS = st.integers(0, 1000)
PROCESSES = st.integers(0, 1)
AMOUNTS = st.integers(0, 60)
MOSTLY = st.sampled_from([True, True, True, False])
COSTS = st.one_of(st.none(), st.integers(0, 80))
OUTCOMES = (StepState.DONE, StepState.FAILED, StepState.UNKNOWN)
TEN_MINUTES = 600_000


@dataclass(eq=False)
class Attempt:
    """One try of a step."""

    job: JobId
    step: str
    scopes: tuple[str, ...]
    at: int
    held: int
    call: str | None
    """Its name, once it has one."""


@dataclass(eq=False, kw_only=True)
class Row:
    """A call, as it should be known."""

    job: JobId
    step: str
    call: str | None
    at: int
    attempt: Attempt
    cost: int | None


@dataclass(kw_only=True)
class Run:
    """One job, as it should be."""

    job: JobId
    place: Place
    user: str
    states: dict[str, StepState]
    attempts: dict[str, Attempt]

    @property
    def scopes(self) -> tuple[str, ...]:
        return spending_scopes(self.place, Author(id=self.user))


def unsettled(row: Row) -> UnsettledCall:
    return UnsettledCall(job=row.job, step=row.step, gateway="openrouter", call=row.call or "", at=row.at)


class MoneyInAnyOrder(RuleBasedStateMachine):
    """Two processes make calls for two people in three places; prices, crashes, people and the calendar intervene."""

    open_storage: Callable[[Path], AbstractAsyncContextManager[Storage]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=QUICK_DISK)))
        self.storage = self.runner.run(self.stack.enter_async_context(type(self).open_storage(self.folder)))
        self.jobs = (self.storage.jobs, self.storage.rival)
        self.journals = (self.storage.journal, self.storage.journal_elsewhere)
        self.ledgers = (self.storage.ledger, self.storage.ledger_elsewhere)
        self.sent = 0
        self.calls = 0
        self.runs: dict[JobId, Run] = {}
        self.owned: tuple[dict[JobId, Job], dict[JobId, Job]] = ({}, {})
        self.lost: list[Lease] = []
        self.limits: dict[tuple[str, Period], int] = {}
        self.holds: list[Attempt] = []
        self.rows: list[Row] = []

    def teardown(self) -> None:
        try:
            self.settle_everything()
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    # --- what happens ----------------------------------------------------------

    @initialize(limits=st.lists(st.integers(50, 400), min_size=len(BUDGETED), max_size=len(BUDGETED)))
    def begin_the_day(self, limits: list[int]) -> None:
        for number, (scope, limit) in enumerate(zip(BUDGETED, limits, strict=True)):
            self.set_budget(scope, tuple(Period)[number % 2], limit)
        for number in range(4):
            self.start(number % 2, USERS[number // 2], PLACES[number % 3])
            self.attempt(number, 10 * number, self.storage.clock.now(), named=True)

    @rule(process=PROCESSES, user=st.sampled_from(USERS), place=st.sampled_from(PLACES))
    def start(self, process: int, user: str, place: Place) -> None:
        self.sent += 1
        new = replace(message(str(self.sent), replace(place, thread=str(self.sent))), author=Author(id=user))
        self.runner.run(self.jobs[process].submit(new))
        self.runs[new.job_id] = Run(job=new.job_id, place=new.place, user=user, states={}, attempts={})
        self.claim(process)

    def claim(self, process: int) -> None:
        for job in self.runner.run(self.jobs[process].claim(10, PLATFORMS)):
            self.owned[process][job.id] = job

    @precondition(lambda self: self.steps(StepState.BEGAN))
    @rule(pick=PICKS, amount=AMOUNTS, ahead=st.booleans(), named=MOSTLY)
    def begin(self, pick: int, amount: int, *, ahead: bool, named: bool) -> None:
        """A call is made that was planned just now, or a day ago."""
        self.attempt(pick, amount, self.storage.clock.now() - 86_400_000 * ahead, named=named)

    @precondition(lambda self: self.steps(StepState.BEGAN))
    @rule(pick=PICKS, amount=st.integers(20, 200), named=MOSTLY)
    def begin_what_may_cost_much(self, pick: int, amount: int, *, named: bool) -> None:
        self.attempt(pick, amount, self.storage.clock.now(), named=named)

    @precondition(lambda self: self.steps(StepState.BEGAN))
    @rule(pick=PICKS, named=MOSTLY)
    def begin_what_nobody_has_a_price_for(self, pick: int, *, named: bool) -> None:
        self.attempt(pick, None, self.storage.clock.now(), named=named)

    def attempt(self, pick: int, amount: int | None, at: int, *, named: bool) -> None:
        process, lease, step = self.pick(StepState.BEGAN, pick)
        run = self.runs[lease.job]
        attempt = Attempt(run.job, step, run.scopes, at, amount or 0, None)
        hold = None if amount is None else Hold(amount=Nanodollars(amount), scopes=run.scopes, at=at)
        beginning = self.journals[process].begin(lease, step, hold)
        before = (dict(run.states), dict(run.attempts), self.holds)
        run.states[step], run.attempts[step] = StepState.BEGAN, attempt
        self.let_go(run, step)
        if attempt.held and not self.fits(attempt):
            with pytest.raises(BudgetExceeded):
                self.runner.run(beginning)
            run.states, run.attempts, self.holds = before
            return
        self.runner.run(beginning)
        self.holds += [attempt] if attempt.held else []
        self.nothing_that_applies_is_overrun(attempt)
        if named:
            self.accept(process, lease, step, told=True, again=False)

    @precondition(lambda self: self.steps(StepState.DONE))
    @rule(pick=PICKS, nanodollars=st.integers(0, 80))
    def answer(self, pick: int, nanodollars: int) -> None:
        self.go_on(pick, StepState.DONE, nanodollars, told=True)

    @precondition(lambda self: self.steps(StepState.DONE))
    @rule(pick=PICKS, state=st.sampled_from(OUTCOMES), told=MOSTLY, nanodollars=COSTS)
    def end_somehow(self, pick: int, state: StepState, *, told: bool, nanodollars: int | None) -> None:
        self.go_on(pick, state, nanodollars, told=told)

    @precondition(lambda self: self.steps(StepState.ACCEPTED))
    @rule(pick=PICKS, told=MOSTLY, again=st.booleans())
    def name(self, pick: int, *, told: bool, again: bool) -> None:
        """The gateway names a call, for the first time, with another name, or with the same again."""
        process, lease, step = self.pick(StepState.ACCEPTED, pick)
        self.accept(process, lease, step, told=told, again=again)

    def accept(self, process: int, lease: Lease, step: str, *, told: bool, again: bool) -> None:
        run = self.runs[lease.job]
        attempt = run.attempts[step]
        if attempt.call is None or not again:
            self.calls += 1
            attempt.call = f"gen-{self.calls}"
        used = self.used(run, step, None) if told else None
        self.runner.run(self.journals[process].accepted(lease, step, attempt.call, "digest", used))
        run.states[step] = StepState.ACCEPTED
        if used is not None:
            self.write(run, used)

    def go_on(self, pick: int, state: StepState, nanodollars: int | None, *, told: bool) -> None:
        process, lease, step = self.pick(StepState.DONE, pick)
        run = self.runs[lease.job]
        used = self.used(run, step, nanodollars) if told else None
        writing = self.enter(process, lease, step, state, used)
        if state not in FOLLOWS[run.states[step]]:
            with pytest.raises(ValueError, match=step):
                self.runner.run(writing)
            return
        self.runner.run(writing)
        run.states[step] = state
        self.expect(run, step, state, used)

    def enter(
        self, process: int, lease: Lease, step: str, state: StepState, used: UsageRecord | None
    ) -> Coroutine[Any, Any, None]:
        journal = self.journals[process]
        match state:
            case StepState.ACCEPTED:
                return journal.accepted(lease, step, "gen", "digest", used)
            case StepState.DONE:
                return journal.done(lease, step, {}, used)
            case StepState.FAILED:
                return journal.failed(lease, step, "busy", used)
            case _:
                return journal.unknown(lease, step, "cut off", used)

    def expect(self, run: Run, step: str, state: StepState, used: UsageRecord | None) -> None:
        attempt = run.attempts[step]
        if used is None and state is not StepState.FAILED:
            return
        self.forget(run, step, None)
        if used is None:
            self.forget(run, step, attempt.call)
        else:
            self.write(run, used)
        over = used is None or used.usage.cost is not None
        self.let_go(run, step, *([attempt] if over else []))

    def forget(self, run: Run, step: str, call: str | None) -> None:
        """Forget a call of unknown cost; without a name, the one of the attempt, if that is held for."""
        attempt = run.attempts[step]
        self.rows = [
            row
            for row in self.rows
            if (row.job, row.step, row.call) != (run.job, step, call)
            or row.cost is not None
            or (call is None and not (row.attempt is attempt and attempt.held))
        ]

    def write(self, run: Run, used: UsageRecord) -> None:
        attempt, known = run.attempts[used.step], self.row(used.job, used.step, used.call)
        if known is None or used.call is None:
            at = attempt.at if attempt in self.holds else used.at
            known = Row(job=run.job, step=used.step, call=used.call, at=at, attempt=attempt, cost=None)
            self.rows.append(known)
        known.cost = known.cost if used.usage.cost is None else used.usage.cost

    def row(self, job: str, step: str, call: str | None) -> Row | None:
        return next((row for row in self.rows if (row.job, row.step, row.call) == (job, step, call)), None)

    @precondition(lambda self: self.waiting())
    @rule(pick=PICKS, process=PROCESSES, nanodollars=COSTS)
    def settle(self, pick: int, process: int, nanodollars: int | None) -> None:
        """A gateway tells what a call did cost, also one that was taken up again since it was asked about."""
        waiting = self.waiting()
        row = waiting[pick % len(waiting)]
        call = unsettled(row)
        settled = self.runner.run(self.ledgers[process].settle(call, cost(nanodollars)))
        assert settled is (nanodollars is not None)
        if nanodollars is not None:
            row.cost = nanodollars
            self.let_go(self.runs[row.job], row.step)
            assert not self.runner.run(self.ledgers[1 - process].settle(call, cost(nanodollars)))

    @precondition(lambda self: self.runs)
    @rule(pick=PICKS, process=PROCESSES, nanodollars=st.integers(0, 80))
    def write_off(self, pick: int, process: int, nanodollars: int) -> None:
        run = list(self.runs.values())[pick % len(self.runs)]
        done = self.runner.run(self.ledgers[process].write_off(run.job, Nanodollars(nanodollars), by="U9"))
        if self.status(run.job) in {JobStatus.READY, JobStatus.RUNNING}:
            assert not done
            return
        waited = [row.attempt for row in self.rows if row.cost is None]
        for attempt in [one for one in self.holds if one.job == run.job and one not in waited]:
            self.rows.append(Row(job=run.job, step=attempt.step, call=None, at=attempt.at, attempt=attempt, cost=None))
        rows = [row for row in self.rows if row.job == run.job and row.cost is None]
        assert done is bool(rows)
        for number, row in enumerate(sorted(rows, key=lambda row: row.at)):
            row.cost = 0 if number else nanodollars
        self.holds = [one for one in self.holds if one.job != run.job]

    @precondition(lambda self: self.steps(StepState.DONE))
    @rule(pick=PICKS, soon=st.booleans())
    def hand_back(self, pick: int, *, soon: bool) -> None:
        """A process is stopped; the other takes its job up at once, or with the next one that comes."""
        process, lease, _ = self.pick(StepState.DONE, pick)
        self.runner.run(self.jobs[process].release(lease))
        del self.owned[process][lease.job]
        self.lost.append(lease)
        if soon:
            self.claim(1 - process)

    @rule(process=PROCESSES)
    def oversleep(self, process: int) -> None:
        """One process sleeps through its lease, and the other takes over what it did."""
        self.storage.clock.advance(10)
        self.runner.run(self.jobs[1 - process].heartbeat())
        self.storage.clock.advance(10)
        self.runner.run(self.jobs[1 - process].heartbeat())
        for job in self.owned[process].values():
            self.lost.append(job.lease)
        self.owned[process].clear()
        self.claim(1 - process)

    @precondition(lambda self: self.lost)
    @rule(pick=PICKS, step=st.sampled_from(STEPS), state=st.sampled_from(StepState), process=PROCESSES)
    def haunt(self, pick: int, step: str, state: StepState, process: int) -> None:
        """What is written about a job that was lost moves no money."""
        lease = self.lost[pick % len(self.lost)]
        run = self.runs[lease.job]
        hold = Hold(amount=Nanodollars(1), scopes=run.scopes, at=self.storage.clock.now())
        begins = state is StepState.BEGAN
        writing = (
            self.journals[process].begin(lease, step, hold)
            if begins
            else self.enter(process, lease, step, state, self.used(run, step, 5))
        )
        with pytest.raises(LeaseLost):
            self.runner.run(writing)

    @precondition(lambda self: self.steps(StepState.DONE))
    @rule(pick=PICKS, answer=st.sampled_from(["yes", "yes", "no", "nothing", "cancel", "over"]))
    def ask(self, pick: int, answer: str) -> None:
        """A person is asked about a job, and says yes, no, or nothing; or stops it unasked; or it is over."""
        process, lease, _ = self.pick(StepState.DONE, pick)
        run = self.runs[lease.job]
        del self.owned[process][run.job]
        self.lost.append(lease)
        if answer == "cancel":
            assert self.runner.run(self.jobs[1 - process].cancel(run.job))
            return
        if answer == "over":
            self.runner.run(self.jobs[process].finish(lease))
            return
        self.runner.run(self.jobs[process].ask(lease, reason="may have been charged"))
        if answer != "nothing":
            assert self.runner.run(self.jobs[1 - process].decide(run.job, repeat=answer == "yes"))
        if answer == "yes":
            for step in [step for step, state in run.states.items() if state is StepState.UNKNOWN]:
                run.states[step] = StepState.FAILED
            self.claim(process)

    @rule(
        scope=st.sampled_from(BUDGETED), period=st.sampled_from(Period), limit=st.one_of(st.none(), st.integers(0, 400))
    )
    def set_budget(self, scope: str, period: Period, limit: int | None) -> None:
        known = None if limit is None else Nanodollars(limit)
        self.runner.run(self.storage.ledger.set_budget(scope, period, known, by="U9"))
        self.limits.pop((scope, period), None)
        if limit is not None:
            self.limits[scope, period] = limit

    @rule(hours=st.sampled_from([0.1, 0.1, 3.0, 20.0, 30.0]))
    def pass_time(self, hours: float) -> None:
        self.storage.clock.advance(3600.0 * hours)

    # --- what must hold ----------------------------------------------------------

    @invariant()
    def every_budget_stands_as_it_should(self) -> None:
        now = self.storage.clock.now()
        known = self.runner.run(self.storage.ledger.budgets())
        assert {(one.scope, one.period): one.limit for one in known} == self.limits
        for user, place in zip(USERS, PLACES, strict=False):
            scopes = spending_scopes(place, Author(id=user))
            standing = self.runner.run(self.storage.ledger_elsewhere.standing(scopes))
            assert {(one.scope, one.period): (one.limit, one.spent, one.held) for one in standing} == {
                (scope, period): (limit, *self.sums(scope, period, now))
                for scope, period, limit in self.applying(scopes)
            }

    @invariant()
    def every_sum_is_that_of_its_rows(self) -> None:
        path = self.folder / "mynah.db"
        if path.exists():
            assert stored_sums(path) == sums_of_rows(path)

    @invariant()
    def every_call_that_waits_for_its_cost_is_listed_unless_it_is_under_way(self) -> None:
        listed = self.runner.run(self.storage.ledger.unsettled(1000))
        wanted = [unsettled(row) for row in self.waiting() if not self.is_under_way(row)]
        assert sorted(map(repr, listed)) == sorted(map(repr, wanted))

    @invariant()
    def every_call_has_one_row(self) -> None:
        for job in self.runs:
            stored = self.runner.run(self.storage.ledger_elsewhere.of_job(job))
            assert sorted((one.step, one.call or "", one.at, one.usage.cost or 0) for one in stored) == sorted(
                (row.step, row.call or "", row.at, row.cost or 0) for row in self.rows if row.job == job
            )

    def nothing_that_applies_is_overrun(self, attempt: Attempt) -> None:
        now = self.storage.clock.now()
        for known in self.runner.run(self.storage.ledger.standing(attempt.scopes)):
            if attempt.held and known.period.label(now) == known.period.label(attempt.at):
                assert known.spent + known.held <= known.limit

    def settle_everything(self) -> None:
        """In the end nothing is held but what may have been charged and nobody can tell; and it ends with its month."""
        for process in (0, 1):
            for job in self.owned[process].values():
                run = self.runs[job.id]
                for step, state in list(run.states.items()):
                    if StepState.FAILED in FOLLOWS[state]:
                        self.runner.run(self.journals[process].failed(job.lease, step, "not charged"))
                        run.states[step] = StepState.FAILED
                        self.expect(run, step, StepState.FAILED, None)
        for row in self.waiting():
            assert self.runner.run(self.storage.ledger.settle(unsettled(row), cost(1)))
            row.cost = 1
            self.let_go(self.runs[row.job], row.step)
        self.every_sum_is_that_of_its_rows()
        self.every_budget_stands_as_it_should()
        self.storage.clock.advance(32 * 86_400.0)
        assert all(known.spent == known.held == 0 for known in self.runner.run(self.storage.ledger.budgets()))

    # --- as it should be -----------------------------------------------------------

    def steps(self, state: StepState) -> list[tuple[int, Lease, str]]:
        """Return the steps of running jobs that may enter a state."""
        return [
            (process, job.lease, step)
            for process, owned in enumerate(self.owned)
            for job in owned.values()
            for step in STEPS
            if state in FOLLOWS[self.runs[job.id].states.get(step)]
        ]

    def pick(self, state: StepState, pick: int) -> tuple[int, Lease, str]:
        steps = self.steps(state)
        return steps[pick % len(steps)]

    def used(self, run: Run, step: str, nanodollars: int | None) -> UsageRecord:
        attempt = run.attempts.get(step)
        place = run.place
        return record(
            run.job,
            step,
            self.storage.clock.now(),
            usage=cost(nanodollars),
            call=attempt.call if attempt else None,
            platform=place.platform,
            workspace=place.workspace,
            channel=place.channel,
            author=run.user,
        )

    def let_go(self, run: Run, step: str, *over: Attempt) -> None:
        """Close the holds of attempts that are over, and of calls that are known, if nothing waits for them."""
        known = [row.attempt for row in self.rows if (row.job, row.step) == (run.job, step) and row.cost is not None]
        kept = [row.attempt for row in self.rows if row.cost is None]
        if self.status(run.job) in {JobStatus.READY, JobStatus.RUNNING}:
            cut_off = {StepState.BEGAN, StepState.ACCEPTED}
            kept += [attempt for name, attempt in run.attempts.items() if run.states[name] in cut_off]
        self.holds = [one for one in self.holds if one in kept or one not in (*known, *over)]

    def waiting(self) -> list[Row]:
        return [row for row in self.rows if row.cost is None and row.call is not None]

    def status(self, job: JobId) -> JobStatus:
        known = self.runner.run(self.storage.jobs.get(job))
        assert known is not None
        return known.status

    def is_under_way(self, row: Row) -> bool:
        step = self.runner.run(self.storage.journal.steps(row.job))[row.step]
        if (step.state, step.vendor_id) != (StepState.ACCEPTED, row.call):
            return False
        job = self.runner.run(self.storage.jobs.get(row.job))
        assert job is not None
        since = max(step.at, job.run_at)
        return job.status is JobStatus.RUNNING or (
            job.status is JobStatus.READY and self.storage.clock.now() - since < TEN_MINUTES
        )

    def applying(self, scopes: tuple[str, ...]) -> list[tuple[str, Period, int]]:
        found = [(scope, period, self.limits.get((scope, period))) for scope in scopes for period in Period]
        users = {period: self.limits.get((EACH_USER, period)) for period in Period}
        chosen = [
            (scope, period, users[period] if limit is None and scope == scopes[-1] else limit)
            for scope, period, limit in found
        ]
        return [(scope, period, limit) for scope, period, limit in chosen if limit is not None]

    def sums(self, scope: str, period: Period, at: int) -> tuple[int, int]:
        label = period.label(at)
        spent = sum(row.cost or 0 for row in self.rows if scope in row.attempt.scopes and period.label(row.at) == label)
        held = sum(one.held for one in self.holds if scope in one.scopes and period.label(one.at) == label)
        return spent, held

    def fits(self, attempt: Attempt) -> bool:
        return all(
            sum(self.sums(scope, period, attempt.at)) + attempt.held <= limit
            for scope, period, limit in self.applying(attempt.scopes)
        )


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("opened", [in_memory, in_sqlite], ids=["memory", "sqlite"])
def test_money_in_any_order(opened: Callable[[Path], AbstractAsyncContextManager[Storage]]):
    machine = type("Machine", (MoneyInAnyOrder,), {"open_storage": staticmethod(opened)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
