"""*Answer again*: the same message becomes another job, whose reply stands below.

Each reply is answered again once, however often its button is pressed; the new reply has a button of its own.
"""

from collections.abc import Sequence

from bot.domain.controls import Response
from bot.domain.jobs import Job, JobStatus
from bot.domain.messages import Action
from bot.pipeline.commands.retry import repeat
from bot.pipeline.presses.wanted import AT_WORK, GONE, TRIES, UNDER_WAY, Wanted, came_of
from bot.words import phrase, say

BELOW = phrase("I answer that again, below.")
DONE_BEFORE = phrase("I have answered that again already, below. The newer reply has a button of its own.")


async def again(wanted: Wanted) -> Response:
    """Let a message be answered anew; what waits for a decision is repeated instead."""
    replied = wanted.replied
    if replied.status is JobStatus.ASKED:
        told = await repeat(wanted.house, replied, wanted.press.author, may_manage=wanted.press.may_manage)
        return Response(text=told)
    jobs = await wanted.jobs()
    if replied.status in UNDER_WAY or _before(wanted, jobs, UNDER_WAY):
        return Response(text=say(AT_WORK))
    if _before(wanted, jobs, {JobStatus.DONE}):
        return Response(text=say(DONE_BEFORE))
    return Response(text=await answer_anew(wanted) or say(BELOW))


def _before(wanted: Wanted, jobs: Sequence[Job], states: set[JobStatus] | frozenset[JobStatus]) -> bool:
    found = (job for job in jobs if wanted.is_regarding(job, Action.AGAIN))
    return any(came_of(job) and job.status in states for job in found)


async def answer_anew(wanted: Wanted) -> str:
    """Store another job for the message; returns why there is none, empty when there is one."""
    for _ in range(TRIES):
        jobs = await wanted.jobs()
        if not wanted.is_held(jobs):
            return say(GONE)
        if told := wanted.superseded(jobs):
            return told
        if _before(wanted, jobs, UNDER_WAY):
            return say(AT_WORK)
        admitted = await wanted.admit(wanted.message(Action.AGAIN, jobs))
        if admitted.stored or admitted.refusal:
            return admitted.refusal
    return say(AT_WORK)
