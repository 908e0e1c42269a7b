"""run: one job being worked on by this process, and what was done of it before."""

import re
from collections.abc import Awaitable, Callable, Mapping

import structlog

from bot.domain.errors import StorageUnavailable
from bot.domain.jobs import Job
from bot.domain.journal import Step, StepState
from bot.domain.messages import Message
from bot.domain.models import ModelRef
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

    def result(self, name: str) -> Result | None:
        """Return what came of a step, if it is done."""
        step = self.step(name)
        return step.result or {} if step is not None and step.state is StepState.DONE else None

    def asked_before(self, wish: str) -> Mapping[ModelRef, Step]:
        """Return the model calls that were begun for a wish, by model, in the order in which they began."""
        calls = ((CALL.fullmatch(name), step) for name, step in self._steps.items())
        return {ModelRef.parse(call[2]): step for call, step in calls if call is not None and call[1] == wish}

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
