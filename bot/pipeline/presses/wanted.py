"""What a button works on: the reply that it stands under, and the further jobs of its message."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.controls import Press
from bot.domain.jobs import Job, JobStatus
from bot.domain.journal import Step
from bot.domain.messages import Action, Errand, Message
from bot.pipeline.house import House
from bot.words import phrase, say

GONE = phrase("I no longer hold what that was about.")
AT_WORK = phrase("I am at it already.")

UNDER_WAY = frozenset({JobStatus.READY, JobStatus.RUNNING})

TRIES = 5
"""How often a further job is named anew, because something else became of the message at the same moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """What became of a message that somebody wants to be answered."""

    stored: bool = False
    """Whether it is a job now; False also when it is one already."""
    refusal: str = ""
    """Why they may not have it, in a sentence; empty when they may."""


Admit = Callable[[Message], Awaitable[Admission]]
"""Stores a message as a job, if access and rate allow it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A press, and what it is about."""

    house: House
    """The ports."""
    press: Press
    """Who pressed what."""
    replied: Job
    """What made the reply."""
    admit: Admit
    """Stores what is to be answered."""

    async def jobs(self) -> Sequence[Job]:
        """Return all jobs of the message, the first first."""
        return await self.house.jobs.of_message(self.replied.message.subject)

    async def steps(self) -> Mapping[str, Step]:
        """Return what was done for the reply."""
        return await self.house.journal.steps(self.replied.id)

    def superseded(self, jobs: Sequence[Job]) -> str:
        """Return what somebody is told when something else became of the message since this reply; empty when nothing did.

        An edit replaces the reply, and a deletion takes it away, so that what was said then is not taken up again.
        """
        since = [job for job in jobs if job.message.revision > self.replied.message.revision and _counts(job)]
        if not since:
            return ""
        return (
            say(AT_WORK) if since[-1].message.errand is Errand.ANSWER and since[-1].status in UNDER_WAY else say(GONE)
        )

    def is_held(self, jobs: Sequence[Job]) -> bool:
        """Return whether what the message said is held still: it may have been erased since the press."""
        now = next((job.message for job in jobs if job.id == self.replied.id), None)
        return now is not None and bool(now.text or now.attachments or now.quoted)

    def is_regarding(self, job: Job, action: Action) -> bool:
        """Return whether a job came of the same button under the same reply."""
        return job.message.pressed is action and job.message.regarding == self.replied.message.revision

    def message(self, action: Action, jobs: Sequence[Job], errand: Errand = Errand.ANSWER) -> Message:
        """Return the message of the reply as the next job, for whoever pressed."""
        message = self.replied.message
        return replace(
            message,
            author=self.press.author,
            handle={**message.handle, **self.press.handle},
            errand=errand,
            edited="",
            refusal="",
            revision=jobs[-1].message.revision + 1,
            pressed=action,
            regarding=message.revision,
        )


def _counts(job: Job) -> bool:
    return job.message.pressed is None and job.message.errand in {Errand.ANSWER, Errand.REMOVE}


def came_of(job: Job) -> bool:
    """Return whether something came of a job, or still may."""
    return not job.message.refusal and (job.status in UNDER_WAY or job.status is JobStatus.DONE)
