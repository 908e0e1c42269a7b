"""retention: what people said is kept as long as their channel wants, and no longer.

Sound goes when its turn is over. Messages, transcripts, answers and conversations go `retention_days` after it, or with 0
together with it. What was used and cost stays: it holds nobody's words.
"""

from collections.abc import Sequence

import structlog

from bot.domain.errors import StorageProblem
from bot.domain.jobs import Job
from bot.domain.messages import JobId
from bot.domain.records import Erased
from bot.pipeline.house import House

log = structlog.get_logger()

EVERY_SECONDS = 3600.0
DAY_MS = 86_400_000

FORGET = "forget"
"""What the audit calls it."""


async def keep_retention_for_ever(house: House) -> None:
    """Erase what is older than its channel keeps it, at once and then every hour, until cancelled."""
    while True:
        try:
            await keep_retention(house)
        except StorageProblem as error:
            log.warning("old records not erased", reason=str(error))
        await house.clock.sleep(EVERY_SECONDS)


async def keep_retention(house: House) -> Erased:
    """Erase what is older than its channel keeps it. What waits for somebody's decision gets a day more.

    Raises:
        StorageProblem: it cannot be found or erased.
    """
    erased = Erased()
    for place in await house.records.places():
        days = (await house.channels.config(place)).config.retention_days
        before = house.clock.now() - days * DAY_MS
        erased += await _erase(house, await house.records.expired(place, before=before, waiting_before=before - DAY_MS))
    # Also what was erased before: somebody may have been reading it, or its turn was just over.
    is_scrubbed = await house.records.scrub()
    if erased.jobs or not is_scrubbed:
        log.info("old records erased", messages=len(erased.jobs), scrubbed=is_scrubbed)
    return erased


async def end_turn(house: House, job: Job) -> None:
    """Let go of what only the turn needed: its media, and where nothing is to be kept, its words.

    Raises:
        StorageProblem: it cannot be erased now; `keep_retention` does it later.
    """
    await house.blobs.discard(job.id)
    if (await house.channels.config(job.message.place)).config.retention_days == 0:
        await house.records.erase([job.id])


async def forget(house: House, person: str, *, by: str) -> Erased:
    """Erase all that is held of what a person said, stop what is under way for them, and note it in the audit.

    What others asked about it goes with it.

    Args:
        house: the ports.
        person: `bot.domain.budgets.user_scope`.
        by: who wants it: a person by the platform's id, or `command line`.

    Raises:
        StorageProblem: not all of it was erased.
    """
    erased = await _erase(house, await house.records.of_person(person))
    erased += await _erase(house, await house.records.quoting(person))
    await house.records.scrub()
    await house.audit.note(person, FORGET, erased.words, by=by)
    return erased


async def _erase(house: House, jobs: Sequence[JobId]) -> Erased:
    erased = await house.records.erase(jobs)
    for job in erased.jobs:
        await house.blobs.discard(job)
    return erased
