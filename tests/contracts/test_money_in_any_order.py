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
from bot.domain.jobs import Job, Lease
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
OUTCOMES = (StepState.ACCEPTED, StepState.DONE, StepState.FAILED, StepState.UNKNOWN)


@dataclass(eq=False)
class Attempt:
    """One try of a step."""

    scopes: tuple[str, ...]
    at: int
    held: int
    call: str | None


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
        self.costs: list[tuple[tuple[str, ...], int, int]] = []
        self.waiting: dict[str, tuple[UnsettledCall, Attempt, tuple[str, ...]]] = {}

    def teardown(self) -> None:
        self.settle_everything()
        self.runner.run(self.stack.aclose())
        self.runner.close()

    # --- what happens ----------------------------------------------------------

    @initialize(limits=st.lists(st.integers(50, 400), min_size=len(BUDGETED), max_size=len(BUDGETED)))
    def begin_the_day(self, limits: list[int]) -> None:
        for number, (scope, limit) in enumerate(zip(BUDGETED, limits, strict=True)):
            self.set_budget(scope, tuple(Period)[number % 2], limit)
        for number in range(4):
            self.start(number % 2, USERS[number // 2], PLACES[number % 3])

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
    @rule(pick=PICKS, amount=AMOUNTS, named=MOSTLY, ahead=st.booleans())
    def begin(self, pick: int, amount: int, *, named: bool, ahead: bool) -> None:
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
        self.calls += 1
        attempt = Attempt(run.scopes, at, amount or 0, f"gen-{self.calls}" if named else None)
        hold = None if amount is None else Hold(amount=Nanodollars(amount), scopes=run.scopes, at=at)
        beginning = self.journals[process].begin(lease, step, hold)
        if attempt.held and not self.fits(attempt):
            with pytest.raises(BudgetExceeded):
                self.runner.run(beginning)
            return
        self.runner.run(beginning)
        run.states[step], run.attempts[step] = StepState.BEGAN, attempt
        self.holds += [attempt] if attempt.held else []
        self.nothing_that_applies_is_overrun(attempt)

    @precondition(lambda self: self.steps(StepState.DONE))
    @rule(pick=PICKS, nanodollars=st.integers(0, 80))
    def answer(self, pick: int, nanodollars: int) -> None:
        self.go_on(pick, StepState.DONE, nanodollars, told=True)

    @precondition(lambda self: self.steps(StepState.DONE))
    @rule(pick=PICKS, state=st.sampled_from(OUTCOMES), told=MOSTLY, nanodollars=COSTS)
    def end_somehow(self, pick: int, state: StepState, *, told: bool, nanodollars: int | None) -> None:
        self.go_on(pick, state, nanodollars, told=told)

    def go_on(self, pick: int, state: StepState, nanodollars: int | None, *, told: bool) -> None:
        process, lease, step = self.pick(StepState.DONE, pick)
        run = self.runs[lease.job]
        used = self.used(run, step, nanodollars) if told and state is not StepState.ACCEPTED else None
        writing = self.enter(process, lease, step, state, used)
        if state not in FOLLOWS[run.states[step]]:
            with pytest.raises(ValueError, match=step):
                self.runner.run(writing)
            return
        self.runner.run(writing)
        run.states[step] = state
        self.expect(run.attempts[step], state, used)

    def enter(
        self, process: int, lease: Lease, step: str, state: StepState, used: UsageRecord | None
    ) -> Coroutine[Any, Any, None]:
        journal = self.journals[process]
        match state:
            case StepState.ACCEPTED:
                return journal.accepted(lease, step, "gen", "digest")
            case StepState.DONE:
                return journal.done(lease, step, {}, used)
            case StepState.FAILED:
                return journal.failed(lease, step, "busy", used)
            case _:
                return journal.unknown(lease, step, "cut off", used)

    def expect(self, attempt: Attempt, state: StepState, used: UsageRecord | None) -> None:
        if used is None:
            if state is StepState.FAILED:
                self.let_go(attempt)
            return
        if used.call is not None:
            self.waiting.pop(used.call, None)
        if used.usage.cost is not None:
            at = attempt.at if attempt in self.holds else used.at
            self.costs.append((attempt.scopes, at, used.usage.cost))
            self.let_go(attempt)
        elif used.call is not None:
            at = attempt.at if attempt in self.holds else used.at
            call = UnsettledCall(job=used.job, step=used.step, gateway=used.gateway, call=used.call, at=at)
            self.waiting[used.call] = (call, attempt, attempt.scopes)

    @precondition(lambda self: self.waiting)
    @rule(pick=PICKS, process=PROCESSES, nanodollars=COSTS)
    def settle(self, pick: int, process: int, nanodollars: int | None) -> None:
        name = list(self.waiting)[pick % len(self.waiting)]
        call, attempt, scopes = self.waiting[name]
        settled = self.runner.run(self.ledgers[process].settle(call, cost(nanodollars)))
        assert settled is (nanodollars is not None)
        if nanodollars is not None:
            self.costs.append((scopes, call.at, nanodollars))
            self.let_go(attempt)
            del self.waiting[name]
            attempt.call = None
            assert not self.runner.run(self.ledgers[1 - process].settle(call, cost(nanodollars)))

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
    @rule(pick=PICKS, answer=st.sampled_from(["yes", "yes", "no", "nothing", "cancel"]))
    def ask(self, pick: int, answer: str) -> None:
        """A person is asked about a job, and says yes, no, or nothing; or stops it unasked."""
        process, lease, _ = self.pick(StepState.DONE, pick)
        run = self.runs[lease.job]
        del self.owned[process][run.job]
        self.lost.append(lease)
        if answer == "cancel":
            assert self.runner.run(self.jobs[1 - process].cancel(run.job))
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

    @rule(hours=st.integers(1, 30))
    def pass_time(self, hours: int) -> None:
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
    def every_call_that_waits_for_its_cost_is_listed(self) -> None:
        listed = self.runner.run(self.storage.ledger.unsettled(1000))
        assert sorted(map(repr, listed)) == sorted(repr(call) for call, _, _ in self.waiting.values())

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
                for step, state in run.states.items():
                    if StepState.FAILED in FOLLOWS[state]:
                        self.runner.run(self.journals[process].failed(job.lease, step, "not charged"))
                        self.let_go(run.attempts[step])
        for call, attempt, scopes in self.waiting.values():
            assert self.runner.run(self.storage.ledger.settle(call, cost(1)))
            self.costs.append((scopes, call.at, 1))
            self.let_go(attempt)
        self.waiting.clear()
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

    def let_go(self, attempt: Attempt) -> None:
        self.holds = [one for one in self.holds if one is not attempt]

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
        spent = sum(paid for scopes, when, paid in self.costs if scope in scopes and period.label(when) == label)
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
