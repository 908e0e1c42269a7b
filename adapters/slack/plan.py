"""The work of a turn as a plan of task cards, each with its time: stages -> Slack's chunks and blocks. No I/O.

A plan is a block of its own, https://docs.slack.dev/reference/block-kit/blocks/plan-block, whose tasks a streamed message
takes one by one, as chunks: https://docs.slack.dev/reference/methods/chat.appendStream. Both come from the same tasks, so
that a reply shows the same whether it is streamed or edited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.ports import Stage
from bot.words import Phrase, phrase, say

Block = dict[str, Any]

SHORTEST_SECONDS = 0.05
"""What took less is shown without a time."""


class Status(StrEnum):
    """How far a task is, in Slack's words."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    ERROR = "error"


TITLES: Mapping[Stage, Mapping[Status, Phrase]] = {
    Stage.FETCHING: {
        Status.PENDING: phrase("Fetch the recording"),
        Status.IN_PROGRESS: phrase("Fetching the recording"),
        Status.COMPLETE: phrase("Fetched the recording"),
        Status.ERROR: phrase("The recording could not be fetched"),
    },
    Stage.CONVERTING: {
        Status.PENDING: phrase("Convert the sound"),
        Status.IN_PROGRESS: phrase("Converting the sound"),
        Status.COMPLETE: phrase("Converted the sound"),
        Status.ERROR: phrase("The sound could not be converted"),
    },
    Stage.LISTENING: {
        Status.PENDING: phrase("Write down what is said"),
        Status.IN_PROGRESS: phrase("Writing down what is said"),
        Status.COMPLETE: phrase("Wrote down what is said"),
        Status.ERROR: phrase("What is said could not be written down"),
    },
    Stage.THINKING: {
        Status.PENDING: phrase("Think about an answer"),
        Status.IN_PROGRESS: phrase("Thinking about an answer"),
        Status.COMPLETE: phrase("Thought about an answer"),
        Status.ERROR: phrase("No answer was found"),
    },
    Stage.SPEAKING: {
        Status.PENDING: phrase("Speak the answer"),
        Status.IN_PROGRESS: phrase("Speaking the answer"),
        Status.COMPLETE: phrase("Spoke the answer"),
        Status.ERROR: phrase("The answer could not be spoken"),
    },
}
"""What a task is called."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One card of a plan."""

    stage: Stage
    """What it is about."""
    status: Status
    """How far it is."""
    seconds: float = 0.0
    """How long it took so far; shown when it is over."""

    @property
    def title(self) -> str:
        """What it is called, with its time when it is over."""
        words = say(TITLES[self.stage][self.status])
        over = self.status in {Status.COMPLETE, Status.ERROR} and self.seconds >= SHORTEST_SECONDS
        return f"{words} · {show_seconds(self.seconds)}" if over else words


class Work:
    """What a turn is busy with, and for how long; the times are inputs, in seconds of any clock that only rises."""

    def __init__(self) -> None:
        self._expected: tuple[Stage, ...] = ()
        self._seconds: dict[Stage, float] = {}
        self._busy: Stage | None = None
        self._since = 0.0
        self._failed: Stage | None = None

    def expect(self, stages: Sequence[Stage]) -> None:
        """Take what the turn is busy with, in order; what has been before counts too."""
        self._expected = tuple(stages)

    def begin(self, stage: Stage, at: float) -> None:
        """Take it that this is what the turn is busy with from now on."""
        self.rest(at)
        self._busy, self._since = stage, at
        self._seconds.setdefault(stage, 0.0)

    def end(self, at: float, *, failed: bool = False) -> None:
        """Take it that the turn is over, or that it failed in what it was busy with."""
        self._failed = self._busy if failed else None
        self.rest(at)

    def rest(self, at: float) -> None:
        """Take it that what the turn was busy with is over, and that it is busy with nothing for now."""
        if self._busy is not None:
            self._seconds[self._busy] += at - self._since
        self._busy = None

    def tasks(self) -> tuple[Task, ...]:
        """Return the cards, in the order in which the stages were expected; none where none were."""
        return tuple(
            Task(stage=stage, status=self._status(stage), seconds=self._seconds.get(stage, 0.0))
            for stage in self._expected
        )

    def _status(self, stage: Stage) -> Status:
        if stage is self._failed:
            return Status.ERROR
        if stage is self._busy:
            return Status.IN_PROGRESS
        return Status.COMPLETE if stage in self._seconds else Status.PENDING

    def title(self) -> str:
        """Return what is shown above the cards."""
        took = show_seconds(sum(self._seconds.get(stage, 0.0) for stage in self._expected))
        if self._failed is not None:
            return say("Stopped after {time}", time=took)
        done = all(task.status is Status.COMPLETE for task in self.tasks())
        return say("Done in {time}", time=took) if done else say("Working on it")


def show_seconds(seconds: float) -> str:
    """Write a time for people: `4.2 s`, `42 s`, `3 min 05 s`."""
    if seconds < 9.95:
        return say("{seconds} s", seconds=f"{seconds:.1f}")
    whole = round(seconds)
    if whole < 60:
        return say("{seconds} s", seconds=whole)
    return say("{minutes} min {seconds} s", minutes=whole // 60, seconds=f"{whole % 60:02d}")


# --- as Slack takes it -------------------------------------------------------


def to_chunk(task: Task) -> Block:
    """Return what adds a card to a streamed message, or replaces it there."""
    return {"type": "task_update", "id": str(task.stage), "title": task.title, "status": str(task.status)}


def to_title_chunk(title: str) -> Block:
    """Return what sets the line above the cards of a streamed message."""
    return {"type": "plan_update", "title": title}


def to_blocks(work: Work) -> list[Block]:
    """Return the plan as a block of a message; nothing where there is none."""
    cards = [
        {"type": "task_card", "task_id": str(task.stage), "title": task.title, "status": str(task.status)}
        for task in work.tasks()
    ]
    return [{"type": "plan", "title": work.title(), "tasks": cards}] if cards else []
