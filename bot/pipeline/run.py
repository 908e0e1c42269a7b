"""run: one job being worked on by this process, and what was done of it before."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from bot.domain.errors import StorageUnavailable
from bot.domain.gathering import together
from bot.domain.jobs import Job
from bot.domain.journal import Step, StepState
from bot.domain.messages import Errand, Message, PostId
from bot.domain.models import ModelRef
from bot.pipeline.earlier import NOTHING, POST, Earlier
from bot.pipeline.house import House
from bot.ports import Platform

log = structlog.get_logger()

CALL = re.compile(r"(answer|speak|hear:\d+:\d+):(.+)")
"""The name of a step that calls a model: what is wished, and the model."""

PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds between the tries to write something down: well within a lease."""

Result = Mapping[str, object]
"""What came of a step, as JSON."""


class Run:
    """One job, its platform, and its steps as they stand."""

    def __init__(
        self, house: House, job: Job, platform: Platform, steps: Mapping[str, Step], earlier: Earlier = NOTHING
    ) -> None:
        self.house = house
        self.job = job
        self.platform = platform
        self.earlier = earlier
        """What was done for the same message before."""
        self.written = False
        """Whether the written reply stands there whole; what goes wrong after it does not touch it."""
        self.shown = ""
        """What stands there of a text that grows."""
        self.stopped = False
        """Whether somebody stopped it: its lease is over, and its task cancelled."""
        self.stopped_before: Run | None = None
        """The last run of the same message that was stopped in this process; None after a restart."""
        self._steps = dict(steps)
        self._task = asyncio.current_task()
        self._in_flight = 0
        self._cancelled = False

    @property
    def message(self) -> Message:
        """What is replied to: what was said, with what is answered together with it."""
        message = self.job.message
        answers = message.errand is Errand.ANSWER and message.command is None  # not what only reads a reply aloud
        return together((*self.job.gathered, message)) if answers else message

    # --- being stopped -------------------------------------------------------

    def stop(self) -> None:
        """Cancel the turn, as soon as what is on its way to the platform has arrived: then it can be found there."""
        self.stopped = True
        self._cancel_if_stopped()

    @asynccontextmanager
    async def in_flight(self) -> AsyncIterator[None]:
        """Let what others will see come to its end, whoever stops the turn meanwhile."""
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            self._cancel_if_stopped()

    def is_stopped_alone(self) -> bool:
        """Return whether the turn was cancelled only because it was stopped; then its task goes on from here."""
        return self.stopped and self._task is not None and self._task.uncancel() == 0

    def _cancel_if_stopped(self) -> None:
        if self.stopped and not self._in_flight and not self._cancelled and self._task is not None:
            self._cancelled = True
            self._task.cancel()

    # --- what was done -------------------------------------------------------

    def step(self, name: str) -> Step | None:
        """Return a step as it stands."""
        return self._steps.get(name)

    def result(self, name: str) -> Result | None:
        """Return what came of a step, if it is done."""
        step = self.step(name)
        return step.result or {} if step is not None and step.state is StepState.DONE else None

    def asked_before(self, wish: str) -> Mapping[ModelRef, Step]:
        """Return the model calls that were begun for a wish, by model, in the order in which they began."""
        calls = ((CALL.fullmatch(name), step) for name, step in self._steps.items())
        return {ModelRef.parse(call[2]): step for call, step in calls if call is not None and call[1] == wish}

    def posts(self) -> frozenset[PostId]:
        """Return what was posted, or taken over from the reply before."""
        results = (step.result or {} for step in self._steps.values() if step.name.startswith(POST))
        return frozenset(PostId(str(result["post"])) for result in results if "post" in result)

    def models_asked(self) -> frozenset[ModelRef]:
        """Return every model that was called for this job so far, whatever the settings say now."""
        calls = map(CALL.fullmatch, self._steps)
        return frozenset(ModelRef.parse(call[2]) for call in calls if call is not None)

    async def insist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write down what is in our hands and cannot be had again; a disk that is busy or full gets some seconds.

        Raises:
            StorageProblem: it could not be written down.
        """
        for pause in PAUSES:
            try:
                return await write()
            except StorageUnavailable as error:
                log.warning("not written down yet", reason=str(error))
                await self.house.clock.sleep(pause)
        return await write()

    def note(self, name: str, state: StepState, result: Result | None = None) -> None:
        """Remember what the journal was told."""
        self._steps[name] = Step(name=name, state=state, result=result)
