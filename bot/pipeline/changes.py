"""changes: what becomes of a message after it was taken in -> its next job; and the end of what is held of it.

An edit is answered anew while the message waits or is being answered, and afterwards for a day, as long as nothing else was
said in its conversation: what came later was built on the reply as it was.

Each next job has the next number (`Message.revision`), and a number is given once. So whoever finds it taken, because
somebody pressed a button or edited again at the same moment, looks again at what there is, and decides anew.
"""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.domain.access import HOUR_MS, rate
from bot.domain.attention import is_heard
from bot.domain.budgets import user_scope
from bot.domain.jobs import FOLLOWS, Job, JobStatus
from bot.domain.messages import Addressed, Attachment, Author, Errand, JobId, Message, Place, subject_of
from bot.pipeline.earlier import POST
from bot.pipeline.house import House
from bot.pipeline.people import refused, with_groups
from bot.pipeline.referred import quoted_in
from bot.pipeline.retention import erase_file, erase_message

log = structlog.get_logger()

REDO_MS = 86_400_000
"""An edit that comes later than this after its message is left."""

UNDER_WAY = frozenset({JobStatus.READY, JobStatus.RUNNING})


def is_recent(house: House, said_at: int) -> bool:
    """Return whether a message is young enough for its edits to matter; `said_at` in milliseconds since 1970."""
    return house.clock.now() - said_at <= REDO_MS


# --- edits -------------------------------------------------------------------


async def redo(house: House, message: Message, known: Sequence[Job], *, said_at: int) -> bool:
    """Let a message be answered anew as it reads now; False when there is no reason to.

    Args:
        house: the ports.
        message: as it reads after an edit.
        known: its jobs, the first first.
        said_at: when it was said first, in milliseconds since 1970.

    Raises:
        StorageUnavailable: it was not stored.
    """
    last = _last(known)
    if not _is_new(message, last.message) or not is_recent(house, said_at):
        return False
    addressed = last.message.addressed if message.addressed is Addressed.OVERHEARD else message.addressed
    edited = replace(message, addressed=addressed, revision=last.message.revision)
    if not await _may_be_redone(house, edited, last.message):
        return False
    taken_in = await _take_in(house, edited, last, known[-1].message.revision + 1)
    if taken_in is None:
        return await redo(house, message, await house.jobs.of_message(message.subject), said_at=said_at)
    return taken_in


async def _take_in(house: House, edited: Message, last: Job, revision: int) -> bool | None:
    """Replace a message that waits, or let it be answered anew; None when something else became of it since it was read."""
    if await house.jobs.revise(edited, was=last.message):
        log.info("message replaced while it waits", job=edited.job_id)
        return True
    begun = await house.jobs.get(last.id) or last  # it may be led by another by now
    if begun.message != last.message:
        return None
    lead = None if begun.status is JobStatus.CANCELLED else begun.lead  # who was stopped is answered with nobody
    runs = await house.jobs.of_message(lead) if lead else ()
    if _last_answer(runs):
        return await _redo_together(house, edited, runs)
    if not await _may_follow(house, edited, begun):
        return False
    return await _follow(house, replace(edited, revision=revision)) or None


def _last(known: Sequence[Job]) -> Job:
    """Return what became last of a message by itself, and by no button."""
    return next(job for job in reversed(known) if job.message.pressed is None)


async def _may_follow(house: House, edited: Message, last: Job) -> bool:
    """Return whether an edit is answered anew in place of what was answered last."""
    may = await _is_last(house, last) and not await _is_too_much(house, last.message)
    if not may:
        log.info("edit left as it is", job=edited.job_id)
    return may


async def _redo_together(house: House, member: Message, runs: Sequence[Job], *, anyway: bool = False) -> bool:
    """Let several messages be answered anew, one of which reads differently now: in place of the reply to the last.

    Args:
        house: the ports.
        member: as it reads now.
        runs: the jobs of the last message, the first first.
        anyway: it is no further answer, but the one that is under way.

    Raises:
        StorageUnavailable: it was not stored.
    """
    last = _last_answer(runs)
    if last is None or not (anyway or await _may_follow(house, member, last)):
        return False
    again = replace(last.message, revision=runs[-1].message.revision + 1)
    if await _follow(house, again, member=replace(member, revision=0), repeats=last.id):
        return True
    return await _redo_together(house, member, await house.jobs.of_message(again.subject), anyway=anyway)


def _last_answer(runs: Sequence[Job]) -> Job | None:
    """Return the last run of a message that answers it, if nothing but that became of it and its words are still held."""
    last = _last(runs) if runs else None
    held = last is not None and (last.message.text or last.message.attachments)
    return last if last is not None and held and last.message.errand is Errand.ANSWER else None


def _is_new(message: Message, last: Message) -> bool:
    """Return whether an edit changes what is said or shown; what was erased since is not compared."""
    # What platforms call edits sorts as they were made; one that was told late is over.
    if message.edited <= last.edited or last.errand is Errand.REMOVE:
        return False
    is_same = message.text == last.text and _files(message) == _files(last)
    return not is_same


def _files(message: Message) -> Sequence[str]:
    return [file.id for file in message.attachments]


async def _may_be_redone(house: House, message: Message, last: Message) -> bool:
    config = (await house.channels.config(message.place)).config
    author = await with_groups(house, message.author, message.place, config)
    if not is_heard(replace(message, author=author), config, in_thread=True):
        return False
    if last.refusal and await _is_too_much(house, last):  # what was refused is not among what its author had
        return False
    return not await refused(house, message.author, message.place, config)


async def _is_last(house: House, last: Job) -> bool:
    """Return whether a message is being seen to, or nothing was said after it and what it was answered with."""
    if last.status in UNDER_WAY:
        return True
    newest = await house.jobs.newest(last.message.place)
    return newest is None or newest.message.subject in {last.message.subject, last.lead}


async def _is_too_much(house: House, message: Message) -> bool:
    """Return whether its author has had as many answers within the hour as they may."""
    allowed, now = rate(await house.channels.config(message.place), message.place), house.clock.now()
    person = user_scope(message.place, message.author)
    answered = await house.jobs.sent(person, allowed.within, since=now - HOUR_MS, limit=allowed.limit)
    return allowed.goes_on_at(answered, now) is not None


async def _follow(
    house: House,
    message: Message,
    *,
    member: Message | None = None,
    without: JobId | None = None,
    repeats: JobId | None = None,
) -> bool:
    """Store the next job of a message (`Jobs.follow`); False when something else became of it at the same moment."""
    stored = await house.jobs.follow(message, member=member, without=without, repeats=repeats)
    log.info("message followed" if stored else "message followed already", job=message.job_id, errand=message.errand)
    return stored


# --- ends --------------------------------------------------------------------


async def withdraw(house: House, place: Place, key: str) -> bool:
    """Stop the turn of a message that is gone, let its reply be removed, and erase what is held of it; False if unknown.

    Raises:
        StorageUnavailable: it was not stored.
    """
    known = await house.jobs.of_message(subject_of(place, key))
    if not known or any(job.message.errand is Errand.REMOVE for job in known):
        return False
    await _remove(house, known)
    return True


async def _remove(house: House, known: Sequence[Job]) -> None:
    """Let a reply be removed, and what waits for this message's end be answered; then erase what is held of it."""
    removal = _next(known, _last(known).message, Errand.REMOVE)
    if not await _follow(house, removal):
        await _remove(house, await house.jobs.of_message(removal.subject))
        return
    await erase_removed(house, known)


async def erase_removed(house: House, known: Sequence[Job]) -> None:
    """Erase what is held of a message that is gone, also where several were answered together; done twice, it is done once.

    Args:
        house: the ports.
        known: its jobs, at least one of them.

    Raises:
        StorageProblem: not all of it was erased.
    """
    await erase_message(house, known)
    await _redo_without(house, known[0].message.subject)


async def _redo_without(house: House, gone: JobId) -> None:
    """Let several messages be answered anew without one that is gone, or forget what is held of its part in them."""
    first = await house.jobs.get(gone)  # it may be led by another since it was read, but from now on by no other
    if first is None or first.lead is None:
        return
    runs = await house.jobs.of_message(first.lead)
    last = _last_answer(runs)
    if last is None or not await _is_last(house, last):
        await erase_message(house, runs)
        return
    again = replace(last.message, revision=runs[-1].message.revision + 1)
    if not await _follow(house, again, without=gone, repeats=last.id):
        await _redo_without(house, gone)


async def _is_replied_to(house: House, known: Sequence[Job]) -> bool:
    """Return whether something may have been posted."""
    names = [name for job in known for name in await house.journal.steps(job.id)]
    return any(name.startswith(POST) for name in names)


def _next(known: Sequence[Job], message: Message, errand: Errand) -> Message:
    """Return what becomes next of one of the jobs of a message."""
    newest = known[-1].message
    return replace(message.emptied, handle=newest.handle, errand=errand, revision=newest.revision + 1)


async def stop(house: House, place: Place, *, by: str, may_manage: bool) -> int:
    """Stop what runs and waits in a conversation, of one person or of everybody; returns how many replies that were.

    What is answered together with a later message is stopped where that is answered.

    Raises:
        StorageUnavailable: not all were.
    """
    stopped = 0
    for job in await house.jobs.under_way(place.conversation):
        theirs = may_manage or job.message.author.id == by
        if theirs and job.lane == place.conversation and job.status in UNDER_WAY and job.lead is None:
            stopped += await _stop(house, job)
    return stopped


async def _stop(house: House, job: Job) -> bool:
    if job.message.errand is not Errand.ANSWER:
        return False
    if job.status is JobStatus.READY and not await _is_replied_to(house, [job]):
        return await house.jobs.cancel(job.id)
    known = await house.jobs.of_message(job.message.subject)
    now = next(each for each in known if each.id == job.id)
    if now.status not in UNDER_WAY:
        return False
    return await _follow(house, _next(known, job.message, Errand.STOP)) or await _stop(house, now)


# --- files, channels, workspaces -------------------------------------------------------


async def withdraw_file(house: House, workspace: str, file: str) -> int:
    """Erase what is held of messages that came with a file, or that refer to one; returns how many.

    One that waits or is being answered is answered without the file, where it says something; else it is as if deleted.

    Raises:
        StorageUnavailable: not all of it was erased.
    """
    held = await house.records.of_file(workspace, file)
    for job in held:
        await _answer_without(house, job, file)
    erased = await erase_file(house, workspace, file)
    return len({JobId(job.partition("#")[0]) for job in (*held, *erased.jobs)})


async def _answer_without(house: House, held: JobId, file: str) -> None:
    """Let a message that is being answered be answered without a file that it came with, or refers to."""
    job = await house.jobs.get(held)
    if job is None or not await _has(house, job, file):
        return
    lead = () if job.lead is None or job.status is JobStatus.CANCELLED else await house.jobs.of_message(job.lead)
    if _is_over(_last(lead) if lead else job):
        return
    left = _without(job.message, file)
    known = await house.jobs.of_message(job.message.subject)
    if file in _files(job.message) and not (left.text or left.attachments):
        await _remove(house, known)
    elif lead:
        await _redo_together(house, left, lead, anyway=True)
    else:
        await _follow(house, replace(left, revision=known[-1].message.revision + 1), repeats=job.id)


async def _has(house: House, job: Job, file: str) -> bool:
    quoted = quoted_in(job.message, await house.journal.steps(job.id))
    files = [*job.message.attachments, *(each for one in quoted for each in one.attachments)]
    return file in {each.id for each in files}


def _is_over(job: Job) -> bool:
    return not FOLLOWS[job.status]


def _without(message: Message, file: str) -> Message:
    """Return a message without a file that it came with, or refers to."""

    def left(files: Sequence[Attachment]) -> tuple[Attachment, ...]:
        return tuple(each for each in files if each.id != file)

    quoted = tuple(replace(each, attachments=left(each.attachments)) for each in message.quoted)
    return replace(message, attachments=left(message.attachments), quoted=quoted)


async def close(house: House, place: Place) -> bool:
    """Do nothing more in a channel or thread that is gone, and let what was said there be erased; False if nothing is known.

    Raises:
        StorageUnavailable: it was not stored.
    """
    under_way = [job for job in await house.jobs.under_way(place.scopes[-1]) if job.message.errand is not Errand.PURGE]
    if not under_way and not await house.records.of_place(place):
        return False
    key = f"gone-{place.thread or place.channel}-{house.clock.now()}"
    await _follow(house, Message(key=key, place=place, author=Author(id=""), errand=Errand.PURGE))
    for job in under_way:
        await house.jobs.cancel(job.id)
    log.info("place closed", place=place.scopes[-1])
    return True


async def leave(house: House, platform: str, workspace: str) -> bool:
    """Do nothing more in a workspace, and let what is held of it be erased if its terms or its admin want that.

    Raises:
        StorageUnavailable: it was not stored.
    """
    place = Place(platform=platform, workspace=workspace, channel="")
    for job in await house.jobs.under_way(place.scopes[0]):
        if job.message.errand is not Errand.PURGE:
            await house.jobs.cancel(job.id)
    wanted = (await house.channels.config(place)).config.purge_on_leave or house.platforms[platform].abilities.purges
    log.info("workspace left", workspace=place.scopes[0], purges=wanted)
    if wanted:
        key = f"left-{house.clock.now()}"
        await _follow(house, Message(key=key, place=place, author=Author(id=""), errand=Errand.PURGE))
    return wanted
