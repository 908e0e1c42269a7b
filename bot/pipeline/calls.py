"""Effects under the journal: every model call and every post is written down before it happens and after.

`Run` is one job being worked on. Its two verbs, `call` and `post`, look the step up first: what is done is not done
again, and what may have happened is found out before anything is repeated (the table in `bot.domain.journal`).
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.domain.channels import Choice, InDoubt
from bot.domain.errors import ModelCannot, ModelInDoubt, ModelProblem, PostInDoubt, PostNotDone, PostRefused
from bot.domain.jobs import Job
from bot.domain.journal import Step, StepState
from bot.domain.messages import Message, Part, PostId
from bot.domain.models import Accepted, Delta, Finished, ModelRef, Recovery, Request
from bot.domain.money import Usage, UsageRecord
from bot.pipeline.house import House
from bot.ports import Platform

log = structlog.get_logger()

POST_TRIES = 4
"""How often one post is tried within a turn; after that the whole job waits and is tried again."""

LONGEST_WAIT_SECONDS = 20.0
"""The longest that a turn itself waits for a busy platform."""

Result = Mapping[str, object]


class Collector(Protocol):
    """Takes what a model sends and makes the step's result of it. A new one is made for every call."""

    async def take(self, delta: Delta) -> None:
        """Take the next delta."""
        ...

    async def result(self) -> Result:
        """Return what came of the call, as JSON."""
        ...


@dataclass(frozen=True, kw_only=True)
class Called:
    """A model call that is done, now or before a crash."""

    result: Result
    """What came of it."""
    model: ModelRef
    """Who answered."""


class Run:
    """One job being worked on by this process."""

    def __init__(self, house: House, job: Job, platform: Platform, steps: Mapping[str, Step]) -> None:
        self.house = house
        self.job = job
        self.platform = platform
        self.written = False
        """Whether the written reply stands there whole; what goes wrong after it does not touch it."""
        self._steps = dict(steps)

    @property
    def message(self) -> Message:
        """What is replied to."""
        return self.job.message

    def step(self, name: str) -> Step | None:
        """Return a step as it stands."""
        return self._steps.get(name)

    # --- model calls ---------------------------------------------------------

    async def first_able(
        self,
        name: str,
        choice: Choice,
        request: Callable[[ModelRef], Request],
        collect: Callable[[], Collector],
        doubt: InDoubt,
    ) -> Called:
        """Call the first model of a list that answers; a finished call is never made again.

        Args:
            name: the step's name, without the model.
            choice: the models, best first.
            request: makes the request to one of them.
            collect: makes what takes the deltas.
            doubt: what the channel wants when a call may have been charged and nobody can tell.

        Raises:
            ModelProblem: of the last model, when none answered; ModelInDoubt at once.
        """
        for ref in choice:
            step = self.step(f"{name}:{ref}")
            if step is not None and step.state is StepState.DONE:
                return Called(result=step.result or {}, model=ref)
        problem: ModelProblem = ModelCannot("the list of models is empty")
        for ref in choice:
            try:
                return Called(result=await self._call(f"{name}:{ref}", ref, request(ref), collect, doubt), model=ref)
            except ModelInDoubt:
                raise
            except ModelProblem as error:
                log.warning("model failed", model=str(ref), reason=error.reason)
                problem = error
        raise problem

    async def _call(
        self, name: str, ref: ModelRef, request: Request, collect: Callable[[], Collector], doubt: InDoubt
    ) -> Result:
        await self._resolve_doubt(name, ref, request, doubt)
        journal, lease = self.house.journal, self.job.lease
        await journal.begin(lease, name)
        self._note(name, StepState.BEGAN)
        started = time.monotonic()
        try:
            result, usage = await self._perform(name, ref, request, collect())
        except ModelInDoubt as error:
            await journal.unknown(lease, name, error.reason)
            raise
        except ModelProblem as error:
            charged = None if error.usage is None else self._record(name, ref, request, error.usage, started)
            await journal.failed(lease, name, error.reason, charged)
            raise
        await journal.done(lease, name, result, self._record(name, ref, request, usage, started))
        self._note(name, StepState.DONE, result)
        return result

    async def _resolve_doubt(self, name: str, ref: ModelRef, request: Request, doubt: InDoubt) -> None:
        """Return when the call may be made; one that was interrupted is looked into first."""
        step = self.step(name)
        if step is None or step.state is StepState.FAILED or doubt is InDoubt.RETRY:
            return
        reason = "it was interrupted before"
        if step.state is not StepState.UNKNOWN:
            if await self.house.gateway(ref).recover(step, request) is Recovery.REPEAT:
                return
            await self.house.journal.unknown(self.job.lease, name, reason)
        raise ModelInDoubt(reason, model=str(ref))

    async def _perform(self, name: str, ref: ModelRef, request: Request, collect: Collector) -> tuple[Result, Usage]:
        usage = Usage()
        async with _closing(self.house.gateway(ref).perform(request)) as stream:
            async for delta in stream:
                if isinstance(delta, Accepted):
                    await self.house.journal.accepted(self.job.lease, name, delta.id)
                elif isinstance(delta, Finished):
                    usage = delta.usage
                await collect.take(delta)
        return await collect.result(), usage

    def _record(self, name: str, ref: ModelRef, request: Request, usage: Usage, started: float) -> UsageRecord:
        place = self.message.place
        return UsageRecord(
            job=self.job.id,
            step=name,
            at=self.house.clock.now(),
            platform=place.platform,
            workspace=place.workspace,
            channel=place.channel,
            author=self.message.author.id,
            gateway=ref.gateway,
            model=ref.name,
            kind=request.kind,
            usage=usage,
            duration_ms=int((time.monotonic() - started) * 1000),
        )

    # --- posts ---------------------------------------------------------------

    def posted(self, name: str) -> PostId | None:
        """Return the post of a step, if it is done."""
        step = self.step(name)
        if step is None or step.state is not StepState.DONE or step.result is None:
            return None
        return PostId(str(step.result["post"]))

    async def post(self, name: str, part: Part) -> PostId:
        """Post one part, exactly once, also across crashes.

        Raises:
            PostNotDone: the platform is busy for longer than a turn waits.
            PostRefused: it will never be posted.
        """
        done = self.posted(name)
        if done is not None:
            return done
        post = await self._find(name) if self.step(name) is not None else None
        if post is None:
            await self.house.journal.begin(self.job.lease, name)
            self._note(name, StepState.BEGAN)
            post = await self._post_or_find(name, part)
        await self.house.journal.done(self.job.lease, name, {"post": post})
        self._note(name, StepState.DONE, {"post": post})
        return post

    async def _post_or_find(self, name: str, part: Part) -> PostId:
        for attempt in range(POST_TRIES):
            try:
                return await self.platform.post(part, answering=self.message, key=self._key(name))
            except PostInDoubt as error:
                log.warning("post in doubt", step=name, reason=error.reason)
                found = await self._find(name)
                if found is not None:
                    return found
            except PostNotDone as error:
                await self._wait(error, attempt)
            except PostRefused as error:
                await self.house.journal.failed(self.job.lease, name, error.reason)
                raise
        raise PostNotDone("the platform did not take it")

    async def _find(self, name: str) -> PostId | None:
        for attempt in range(POST_TRIES):
            try:
                return await self.platform.find(answering=self.message, key=self._key(name))
            except PostNotDone as error:
                await self._wait(error, attempt)
        raise PostNotDone("the platform cannot be asked what was posted")

    async def edit(self, post: PostId, text: str) -> None:
        """Replace the text of a post, waiting for a busy platform.

        Raises:
            PostNotDone: the platform is busy for longer than a turn waits.
            PostRefused: it can never be edited.
        """
        for attempt in range(POST_TRIES):
            try:
                return await self.platform.edit(post, text, answering=self.message)
            except PostNotDone as error:
                await self._wait(error, attempt)
        raise PostNotDone("the platform did not take the edit")

    async def _wait(self, error: PostNotDone, attempt: int) -> None:
        delay = max(error.retry_after or 0.0, 0.5 * 2**attempt)
        if delay > LONGEST_WAIT_SECONDS:
            raise error
        log.warning("platform busy", seconds=delay, reason=error.reason)
        await self.house.clock.sleep(delay)

    def _key(self, name: str) -> str:
        return f"{self.job.id}/{name}"

    def _note(self, name: str, state: StepState, result: Result | None = None) -> None:
        self._steps[name] = Step(name=name, state=state, result=result)


@asynccontextmanager
async def _closing(stream: AsyncIterator[Delta]) -> AsyncIterator[AsyncIterator[Delta]]:
    """Close a stream that is left early, so that the gateway stops the call."""
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
