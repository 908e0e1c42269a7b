"""run: one job being worked on by this process, and what was done of it before."""

from collections.abc import Mapping

from bot.domain.jobs import Job
from bot.domain.journal import Step, StepState
from bot.domain.messages import Message
from bot.pipeline.house import House
from bot.ports import Platform

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

    def note(self, name: str, state: StepState, result: Result | None = None) -> None:
        """Remember what the journal was told."""
        self._steps[name] = Step(name=name, state=state, result=result)
