"""`/mynah retry`: a human decides that a call which may have been charged is made again."""

from bot.domain.commands import CommandCall
from bot.domain.jobs import Job, JobStatus
from bot.domain.messages import Author
from bot.pipeline.commands.places import person
from bot.pipeline.house import House
from bot.words import phrase, say

NOTHING_WAITS = phrase("Nothing here waits for a decision.")
AGAIN = phrase(
    "I try again. The call that was cut off may have been charged, so this may be charged a second time. "
    "`/mynah receipt` shows it when the reply is there."
)
AGAIN_ABOUT = phrase(
    "I try again: “{words}”. The call that was cut off may have been charged, so this may be charged a second time. "
    "`/mynah receipt` shows it when the reply is there."
)
RETRY = "retry"
"""What the audit calls it."""

FIRST_WORDS = 80
"""Characters of a message that remind of it."""


async def retry(house: House, call: CommandCall) -> str:
    """Answer `/mynah retry`: repeat the newest run here that waits for a decision."""
    job = await house.jobs.newest(call.place, JobStatus.ASKED)
    if job is None:
        return say(NOTHING_WAITS)
    return await repeat(house, job, call.author, may_manage=call.may_manage)


async def repeat(house: House, job: Job, author: Author, *, may_manage: bool) -> str:
    """Let a run that waits for a decision be repeated, if somebody may decide that; returns what they are told."""
    if not (may_manage or author.id == job.message.author.id):
        return say(
            "Only {person}, whose message it is, or who manages this channel can decide that.",
            person=person(job.message.author.id),
        )
    if not await house.jobs.decide(job.id, repeat=True):
        return say(NOTHING_WAITS)
    if author.id != job.message.author.id:
        await house.audit.note(job.message.place.scopes[1], RETRY, job.id, by=author.id)
    words = _reminder(job)
    return say(AGAIN_ABOUT.template, words=words) if words else say(AGAIN)


def _reminder(job: Job) -> str:
    words = " ".join(job.message.text.split())
    return f"{words[:FIRST_WORDS]}{'…' if len(words) > FIRST_WORDS else ''}"
