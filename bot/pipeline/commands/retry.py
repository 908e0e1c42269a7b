"""`/retry`: a human decides that a call which may have been charged is made again."""

from bot.domain.commands import CommandCall
from bot.domain.jobs import Job, JobStatus
from bot.pipeline.commands.places import person
from bot.pipeline.house import House

NOTHING_WAITS = "Nothing here waits for a decision."
FIRST_WORDS = 80
"""Characters of a message that remind of it."""


async def retry(house: House, call: CommandCall) -> str:
    """Answer `/retry`: repeat the newest run here that waits for a decision."""
    job = await house.jobs.newest(call.place, JobStatus.ASKED)
    if job is None:
        return NOTHING_WAITS
    if not (call.may_manage or call.author.id == job.message.author.id):
        return (
            f"Only {person(job.message.author.id)}, whose message it is, or who manages this channel can decide that."
        )
    if not await house.jobs.decide(job.id, repeat=True):
        return NOTHING_WAITS
    return (
        f"I try again{_reminder(job)}. The call that was cut off may have been charged, "
        "so this may be charged a second time. `/receipt` shows it when the reply is there."
    )


def _reminder(job: Job) -> str:
    words = " ".join(job.message.text.split())
    return f": “{words[:FIRST_WORDS]}{'…' if len(words) > FIRST_WORDS else ''}”" if words else ""
