"""calls: what is asked of models. Every call is journalled, paid from a budget, and never paid twice by itself.

asked before, and done      → its result is used
asked before an edit        → its result is used, where the same would be asked again
asked before, and cut off   → the gateway is asked to carry it on; what it cannot tell, a human decides
not asked, or it failed     → the worst case is held against the budgets, then the call is made
it fails                    → the next model of the list is asked, and the reply says so
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Protocol

import structlog

from bot.domain.budget_text import whose_words
from bot.domain.budgets import Hold, spending_scopes
from bot.domain.channels import Choice, InDoubt, UnknownPrice
from bot.domain.errors import (
    BudgetExceeded,
    MediaProblem,
    ModelBusy,
    ModelCannot,
    ModelInDoubt,
    ModelProblem,
    ModelUnpriced,
)
from bot.domain.estimates import listed_cost, worst_case
from bot.domain.journal import Step, StepState
from bot.domain.messages import BlobRef
from bot.domain.models import Accepted, Catalogue, ChatRequest, Delta, Finished, ModelRef, Origin, Request
from bot.domain.money import Nanodollars, Usage, UsageRecord
from bot.domain.plan import Plan
from bot.pipeline.earlier import MARK, NOTHING, request_mark
from bot.pipeline.run import Result, Run
from bot.ports import Gateway
from bot.words import phrase

log = structlog.get_logger()

LEAST = Nanodollars(1)
"""Held for a call whose price nobody says, so that a budget that is used up refuses it all the same."""

CUT_OFF = frozenset({StepState.BEGAN, StepState.ACCEPTED})


class Collector(Protocol):
    """Takes what a model sends and makes the step's result of it. A new one is made for every call."""

    async def take(self, delta: Delta) -> None:
        """Take the next delta."""
        ...

    async def result(self) -> Result:
        """Return what came of the call, as JSON."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Something that is asked of the first model of a list that can and does answer."""

    step: str
    """Its name in the journal, without the model."""
    choice: Choice
    """The models, best first."""
    request: Callable[[ModelRef, Origin], Request]
    """Makes the request to one of them."""
    collect: Callable[[], Collector]
    """Makes what takes the deltas."""
    sources: Sequence[BlobRef] = ()
    """The recordings whose sound is part of the request, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """A model call that is done, now or before a crash."""

    result: Result
    """What came of it."""
    model: ModelRef
    """Who answered."""
    instead_of: str
    """The model that was asked first and why it did not answer; empty when it did."""


async def call_first_able(run: Run, plan: Plan, wish: Wish) -> Called:
    """Call the first model of a list that answers; a finished call is never made again.

    Raises:
        ModelInDoubt: a call may have been charged, and nobody can tell.
        ModelProblem: none answered: the first reason that may pass by itself, else the first.
    """
    before = run.asked_before(wish.step)
    for ref, step in before.items():
        if step.state is StepState.DONE:
            return _called(step.result or {}, ref)
    reused = await _reused(run, plan, wish)
    if reused is not None:
        return reused
    problems: list[ModelProblem] = []
    # What may have been paid comes first, whatever stands in the settings now.
    open_ = tuple(ref for ref, step in before.items() if step.state is not StepState.FAILED)
    for ref in dict.fromkeys(open_ + wish.choice):
        try:
            return _called(await _call(run, plan, wish, ref).made(_instead_of(wish, ref, problems)), ref)
        except ModelInDoubt:
            raise
        except ModelProblem as error:
            log.warning("model failed", model=str(ref), reason=error.reason)
            problems.append(error)
    raise _told(problems)


async def _reused(run: Run, plan: Plan, wish: Wish) -> Called | None:
    """Take over what an earlier run of the same message was answered to the same request."""
    if run.earlier is NOTHING:
        return None
    for ref in (ref for ref in wish.choice if ref in plan.catalogue):
        result = await _Call(run, plan, wish, ref).taken_over()
        if result is not None:
            return _called(result, ref)
    return None


def _called(result: Result, ref: ModelRef) -> Called:
    answered = str(result.get("model") or ref.name)
    return Called(
        result=result,
        model=ModelRef(gateway=ref.gateway, name=answered),
        instead_of=str(result.get("instead_of") or ("" if answered == ref.name else ref)),
    )


def _instead_of(wish: Wish, ref: ModelRef, problems: list[ModelProblem]) -> str:
    first = wish.choice[0]
    return f"{first}: {problems[0].reason}" if problems else "" if ref == first else str(first)


def _call(run: Run, plan: Plan, wish: Wish, ref: ModelRef) -> "_Call":
    if ref not in plan.catalogue:
        raise ModelInDoubt(phrase("it was interrupted, and its gateway is not set up any more"), model=str(ref))
    return _Call(run, plan, wish, ref)


def _told(problems: list[ModelProblem]) -> ModelProblem:
    """Choose what is raised: what was charged, because to try again would pay again; else what may pass; else the first."""
    charged = [problem for problem in problems if problem.usage is not None and problem.usage.cost != 0]
    passing = [problem for problem in problems if problem.transient]
    return next(iter((*charged, *passing, *problems)), ModelCannot(phrase("the list of models is empty")))


Answer = tuple[Collector, Finished]
"""What took the deltas, and the last of them."""


class _Call:
    """One call to one model."""

    def __init__(self, run: Run, plan: Plan, wish: Wish, ref: ModelRef) -> None:
        self._run = run
        self._config = plan.config
        self._catalogue = plan.catalogue
        self._collect = wish.collect
        self._ref = ref
        self._name = f"{wish.step}:{ref}"
        self._request = _without_dearer(wish.request(ref, _origin(run, self._name)), ref, plan.catalogue)
        self._mark = request_mark(self._request, wish.sources)
        self._vendor_id: str | None = None
        self._at = run.house.clock.now()
        self._started = time.monotonic()

    async def made(self, instead_of: str) -> Result:
        """Carry on what was cut off, or make the call; write down what came of it, and return it."""
        step, may_repeat = self._run.step(self._name), self._config.in_doubt is InDoubt.RETRY
        if step is not None and step.state is StepState.UNKNOWN and not may_repeat:
            raise ModelInDoubt(phrase("it was interrupted before"), model=str(self._ref))
        if step is not None and step.state in CUT_OFF:
            try:
                return await self._journalled(self._carried_on(step), instead_of)
            except ModelBusy as error:  # it came to nothing, and was not charged
                log.info("call made anew", step=self._name, reason=error.reason)
            except ModelInDoubt:
                if not may_repeat:
                    raise
        await self._begin()
        return await self._journalled(self._taken(self._gateway.perform(self._request)), instead_of)

    async def taken_over(self) -> Result | None:
        """Write down as ours what an earlier run was answered; None where it did not ask the same."""
        result, journal = self._run.earlier.answered(self._mark), self._run.house.journal
        if result is not None:
            log.info("answer taken over", step=self._name)
            await journal.begin(self._run.job.lease, self._name)
            await journal.done(self._run.job.lease, self._name, result)
            self._run.note(self._name, StepState.DONE, result)
        return result

    async def _begin(self) -> None:
        self._vendor_id, self._at, self._started = None, self._run.house.clock.now(), time.monotonic()
        try:
            await self._run.house.journal.begin(self._run.job.lease, self._name, self._hold())
        except BudgetExceeded as error:
            error.model = str(self._ref)
            error.whose = whose_words(error.scope, self._run.message.place, self._run.message.author)
            error.free = tuple(await self._run.house.able(self._request.kind, free=True))
            raise
        self._run.note(self._name, StepState.BEGAN)

    def _hold(self) -> Hold | None:
        """Return what is held back for the call; None when it is free.

        Raises:
            ModelUnpriced: nobody says what it charges, and the channel refuses that.
        """
        amount = worst_case(self._request, self._catalogue[self._ref])
        if amount == 0:
            return None
        if amount is None and self._config.unknown_price is UnknownPrice.REFUSE:
            raise ModelUnpriced(phrase("its price is not known"), model=str(self._ref))
        if amount is None:
            log.warning("price not known", model=str(self._ref))
        scopes = spending_scopes(self._run.message.place, self._run.message.author)
        return Hold(amount=LEAST if amount is None else amount, scopes=scopes, at=self._at)

    async def _journalled(self, answer: Awaitable[Answer], instead_of: str) -> Result:
        journal, lease = self._run.house.journal, self._run.job.lease
        try:
            collected, end = await answer
        except ModelInDoubt as error:
            used, reason = self._record(self._priced(error.usage or Usage())), error.reason
            await self._run.insist(lambda: journal.unknown(lease, self._name, reason, used))
            raise
        except ModelProblem as error:
            charged = None if error.usage is None else self._record(self._priced(error.usage))
            reason = error.reason
            await self._run.insist(lambda: journal.failed(lease, self._name, reason, charged))
            raise
        paid = self._record(self._priced(end.usage), end.model)
        try:
            result = {
                **await collected.result(),
                "model": end.model,
                "instead_of": instead_of,
                MARK: self._mark,
            }
        except (ModelProblem, MediaProblem) as error:  # it was paid all the same
            reason = str(error)
            await self._run.insist(lambda: journal.failed(lease, self._name, reason, paid))
            raise
        await self._run.insist(lambda: journal.done(lease, self._name, result, paid))
        self._run.note(self._name, StepState.DONE, result)
        return result

    def _priced(self, usage: Usage) -> Usage:
        """Fill in the cost by the price, where the gateway has not told it and never will."""
        can = self._catalogue[self._ref]
        if usage.cost is not None or can.told_later or can.price is None:
            return usage
        return replace(usage, cost=listed_cost(self._request, usage, can.price))

    async def _carried_on(self, step: Step) -> Answer:
        self._vendor_id, self._at = step.vendor_id, step.at
        log.info("call carried on", step=self._name, call=step.vendor_id)
        return await self._taken(self._gateway.recover(step, self._request))

    async def _taken(self, stream: AsyncIterator[Delta]) -> Answer:
        collect, end = self._collect(), Finished(usage=Usage())
        async with _closing(stream):
            async for delta in stream:
                if isinstance(delta, Accepted):
                    await self._accept(delta)
                elif isinstance(delta, Finished):
                    end = delta
                await collect.take(delta)
        return collect, end

    async def _accept(self, delta: Accepted) -> None:
        if delta.id == self._vendor_id:
            return
        self._vendor_id = delta.id
        waiting = None if self._catalogue[self._ref].free else self._record(Usage())
        await self._run.house.journal.accepted(self._run.job.lease, self._name, delta.id, delta.digest, waiting)

    @property
    def _gateway(self) -> Gateway:
        return self._run.house.gateway(self._ref)

    def _record(self, usage: Usage, model: str | None = None) -> UsageRecord:
        place = self._run.message.place
        return UsageRecord(
            job=self._run.job.id,
            step=self._name,
            at=self._at,
            call=self._vendor_id,
            platform=place.platform,
            workspace=place.workspace,
            channel=place.channel,
            author=self._run.message.author.id,
            gateway=self._ref.gateway,
            model=model or self._ref.name,
            kind=self._request.kind,
            usage=usage,
            duration_ms=int((time.monotonic() - self._started) * 1000),
        )


def _without_dearer(request: Request, ref: ModelRef, known: Catalogue) -> Request:
    """Leave out the fallbacks that might cost more than what is held for the model that is asked."""
    if not isinstance(request, ChatRequest) or not request.fallbacks:
        return request
    most = worst_case(request, known[ref])
    costs = {name: worst_case(request, known[replace(ref, name=name)]) for name in request.fallbacks}
    cheap = tuple(name for name, cost in costs.items() if cost == most or (most and cost is not None and cost <= most))
    return replace(request, fallbacks=cheap)


def _origin(run: Run, step: str) -> Origin:
    """Name where a call comes from; hashed, because it is nobody's business who our people are."""
    place, author = run.message.place, run.message.author
    return Origin(
        call=_hashed(f"{run.job.id}/{step}"),
        author=_hashed(f"{place.platform}:{place.workspace}:{author.id}"),
        conversation=_hashed(place.conversation),
    )


def _hashed(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]


@asynccontextmanager
async def _closing(stream: AsyncIterator[Delta]) -> AsyncIterator[None]:
    """Close a stream that is left early, so that the gateway stops the call."""
    try:
        yield
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
