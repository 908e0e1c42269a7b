"""retention: what people said is kept as long as their channel wants, and no longer.

Sound goes when its turn is over. Messages, transcripts, answers and conversations go `retention_days` after it, or with 0
together with it. What was used and cost stays: it holds nobody's words.
"""

from collections.abc import Sequence

import structlog

from bot.domain.budgets import user_among, user_scope
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

MOST_FORGOTTEN = 100
"""How many who were forgotten last are looked at again, every hour."""

AGAIN_MS = 7 * DAY_MS
"""How long they are: what was under way when somebody was forgotten is over by then."""

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

    Erased is, too, what was under way when somebody whom it quotes was forgotten, if it ended without `end_turn`.

    Raises:
        StorageProblem: it cannot be found or erased.
    """
    erased = Erased()
    for place in await house.records.places():
        days = (await house.channels.config(place)).config.retention_days
        before = house.clock.now() - days * DAY_MS
        erased += await _erase(house, await house.records.expired(place, before=before, waiting_before=before - DAY_MS))
    erased += await _forget_again(house)
    # Also what was erased before: somebody may have been reading it, or its turn was just over.
    is_scrubbed = await house.records.scrub()
    if erased.jobs or not is_scrubbed:
        log.info("old records erased", messages=len(erased.jobs), scrubbed=is_scrubbed)
    return erased


async def end_turn(house: House, job: Job) -> None:
    """Let go of what only the turn needed: its media, and where nothing is to be kept, its words.

    What its message said before it was edited or deleted goes, too; and all of it, when somebody whom it quotes was
    forgotten meanwhile. While another job of the message may need all that, it stays: that job lets go of it.

    Raises:
        StorageProblem: it cannot be erased now; `keep_retention` does it later.
    """
    await house.blobs.discard(job.id)
    runs = await house.jobs.of_message(job.message.subject)
    if any(run.ended_at is None for run in runs):
        return
    gathered = [found for each in job.gathered if (found := await house.jobs.get(each.job_id))]
    days = (await house.channels.config(job.message.place)).config.retention_days
    is_kept = days > 0 and not any([await _quotes_forgotten(house, run, gathered) for run in runs])
    gone = _replaced(runs) if is_kept else [each.id for each in (*gathered, *runs)]
    if gone:
        await house.records.erase(gone)


def _replaced(runs: Sequence[Job]) -> Sequence[JobId]:
    """Return the jobs of a message, the first first, that a later one took the place of."""
    standing = max((n for n, run in enumerate(runs) if _replaces(run.message)), default=0)
    return [run.id for run in runs[:standing]]


def _replaces(message: Message) -> bool:
    return message.errand in REPLACING and message.pressed is None


async def _quotes_forgotten(house: House, run: Job, gathered: Sequence[Job]) -> bool:
    """Return whether somebody whose words a run was about was forgotten since it came, or what it answers together."""
    together = (*gathered, run)
    if not any(each.message.quoted for each in together):
        return False
    steps = await house.journal.steps(run.id)
    authors = {one.author for each in together for one in quoted_in(each.message, steps) if one.author}
    since = min(each.created_at for each in together)
    for person in {user_scope(run.message.place, author) for author in authors}:
        forgotten = await house.audit.newest(1, person, name=FORGET)
        if any(change.at >= since for change in forgotten):
            return True
    return False


async def _forget_again(house: House) -> Erased:
    """Erase what was under way when somebody was forgotten, and whose end did not see to it."""
    erased, since = Erased(), house.clock.now() - AGAIN_MS
    for change in await house.audit.newest(MOST_FORGOTTEN, name=FORGET):
        if change.at >= since and user_among([change.scope]):
            erased += await _erase(house, await _quoting_before(house, change.scope, change.at))
    return erased


async def _quoting_before(house: House, person: str, moment: int) -> Sequence[JobId]:
    """Return what keeps what a person said, of messages that came before a moment, or are answered with such."""
    found = [job for each in await house.records.quoting(person) if (job := await house.jobs.get(each))]
    before = [job for job in found if job.created_at <= moment]
    subjects = {subject for job in before for subject in (job.message.subject, job.lead)}
    return [job.id for job in found if job.message.subject in subjects]


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
