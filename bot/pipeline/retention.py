"""retention: what people said is kept as long as their channel wants, and no longer.

Sound goes when its turn is over. Messages, transcripts, answers and conversations go `retention_days` after it, or with 0
together with it. What was used and cost stays: it holds nobody's words.
"""

from collections.abc import Sequence

import structlog

from bot.domain.budgets import user_scope
from bot.domain.errors import StorageProblem
from bot.domain.jobs import Job
from bot.domain.messages import Errand, JobId, Message, Place
from bot.domain.records import Erased
from bot.pipeline.house import House
from bot.pipeline.referred import quoted_in

log = structlog.get_logger()

EVERY_SECONDS = 3600.0
DAY_MS = 86_400_000

FORGET = "forget"
"""What the audit calls it."""

REPLACING = frozenset({Errand.ANSWER, Errand.REMOVE})
"""What takes the place of all that became of a message before."""

MOST_CHANGES = 100
"""How many of the last changes about a person are looked at for whether they were forgotten."""

LEFT = "removed from the workspace"
"""Who wanted it, where nobody of ours did."""


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

    What its message said before it was edited or deleted goes, too; and all of it, when somebody whom it quotes was
    forgotten meanwhile. While a later job of the message may need all that, it stays: that job lets go of it.

    Raises:
        StorageProblem: it cannot be erased now; `keep_retention` does it later.
    """
    await house.blobs.discard(job.id)
    days = (await house.channels.config(job.message.place)).config.retention_days
    is_kept = days > 0 and not await _quotes_forgotten(house, job)
    if is_kept and not job.message.revision:
        return
    runs = await house.jobs.of_message(job.message.subject)
    if any(run.message.revision > job.message.revision and run.ended_at is None for run in runs):
        return
    gone = _replaced(runs) if is_kept else [*(message.job_id for message in job.gathered), *(run.id for run in runs)]
    if gone:
        await house.records.erase(gone)


def _replaced(runs: Sequence[Job]) -> Sequence[JobId]:
    """Return the jobs of a message, the first first, that a later one took the place of."""
    standing = max((n for n, run in enumerate(runs) if _replaces(run.message)), default=0)
    return [run.id for run in runs[:standing]]


def _replaces(message: Message) -> bool:
    return message.errand in REPLACING and message.pressed is None


async def _quotes_forgotten(house: House, job: Job) -> bool:
    """Return whether somebody whose words a turn was about was forgotten since its message came."""
    messages = (*job.gathered, job.message)
    if not any(message.quoted for message in messages):
        return False
    steps = await house.journal.steps(job.id)
    authors = {each.author for message in messages for each in quoted_in(message, steps) if each.author}
    for person in {user_scope(job.message.place, author) for author in authors}:
        changes = await house.audit.newest(MOST_CHANGES, person)
        if any(change.name == FORGET and change.at >= job.created_at for change in changes):
            return True
    return False


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
    await house.people.erase(person)
    await house.reviews.forget(person)
    await house.audit.note(person, FORGET, erased.words, by=by)
    erased += await _erase(house, await house.records.quoting(person))  # what ended before that was noted knew nothing
    await house.records.scrub()
    return erased


async def erase_message(house: House, jobs: Sequence[Job]) -> Erased:
    """Erase what is held of one message in all of its jobs, and stop those that are not over.

    Raises:
        StorageProblem: not all of it was erased.
    """
    erased = await house.records.erase([job.id for job in jobs])
    for job in jobs:
        await house.blobs.discard(job.id)
    return erased


async def erase_workspace(house: House, workspace: str) -> Erased:
    """Erase all that is held of a workspace but what was used and what it cost, and note it in the audit.

    Raises:
        StorageProblem: not all of it was erased.
    """
    erased = await _erase(house, await house.records.of_workspace(workspace))
    await house.channels.erase(workspace, by=LEFT)
    await house.people.erase(workspace)
    await house.pairings.revoke(workspace)
    await house.records.scrub()
    await house.audit.note(workspace, FORGET, erased.words, by=LEFT)
    return erased


async def erase_place(house: House, place: Place) -> Erased:
    """Erase all that was said in a thread, or in a channel with its threads.

    Raises:
        StorageProblem: not all of it was erased.
    """
    return await _erase(house, await house.records.of_place(place))


async def erase_file(house: House, workspace: str, file: str) -> Erased:
    """Erase what is held of the messages that a file came with, and of those that refer to one or answer it too.

    Raises:
        StorageProblem: not all of it was erased.
    """
    return await _erase(house, await house.records.of_file(workspace, file))


async def _erase(house: House, jobs: Sequence[JobId]) -> Erased:
    erased = await house.records.erase(jobs)
    for job in erased.jobs:
        await house.blobs.discard(job)
    return erased
