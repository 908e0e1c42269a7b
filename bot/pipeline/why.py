"""why: the link of a message -> what became of it, and what to do about that. Nothing of what it says is told."""

from collections.abc import Callable, Mapping, Sequence

from bot.domain.channels import ChannelConfig, OnMedia
from bot.domain.errors import PlatformProblem, SettingInvalid
from bot.domain.health import Finding
from bot.domain.jobs import Job, JobStatus
from bot.domain.messages import Addressed, Errand, Message
from bot.domain.moments import show_moment
from bot.pipeline.house import House
from bot.pipeline.people import refused
from bot.ports import Linked


async def explain(house: House, link: str) -> Finding:
    """Return what became of a message.

    Args:
        house: with the platforms that are set up.
        link: as the platform's apps copy it.

    Raises:
        SettingInvalid: it is no link to a message of these platforms.
    """
    for platform in house.platforms.values():
        if not isinstance(platform, Linked):
            continue
        try:
            message = await platform.linked(link)
        except PlatformProblem as error:
            fix = "Let Mynah into that channel, or look whether the message was deleted."
            return Finding(ok=False, what=f"I cannot see that message: {error.reason}", fix=fix)
        if message is not None:
            return await _explain(house, message)
    raise SettingInvalid("link", "it is no link to a message of a platform that is set up here")


async def _explain(house: House, message: Message) -> Finding:
    known = await house.jobs.of_message(message.subject)
    if known:
        return await _explain_known(house, known)
    return await _explain_unknown(house, message)


# --- what is known -----------------------------------------------------------

ENDS: Mapping[Errand, str] = {
    Errand.STOP: "It was stopped on {when}: somebody did not want the rest of the reply.",
    Errand.REMOVE: "It was deleted on {when}, and whatever was replied goes with it.",
}
"""What is told of a message that nothing more is said to."""


async def _explain_known(house: House, known: Sequence[Job]) -> Finding:
    """Explain how a message was answered last; not what buttons under its reply were used for."""
    job = next(job for job in reversed(known) if job.message.errand is Errand.ANSWER and not job.message.pressed)
    since = [each for each in known if each.message.revision > job.message.revision and not each.message.pressed]
    end = next((each for each in reversed(since) if each.message.errand in ENDS), None)
    if end is not None:
        return Finding(ok=True, what=ENDS[end.message.errand].format(when=show_moment(end.created_at)))
    if job.status in {JobStatus.READY, JobStatus.RUNNING} and not await house.jobs.is_served():
        return Finding(
            ok=False, what="It waits, and no service is at work on this database.", fix="Start `mynah serve`."
        )
    return TOLD[job.status](job)


def _done(job: Job) -> Finding:
    if job.message.refusal:
        return Finding(ok=True, what=f"It was refused on {_when(job)}: {job.message.refusal}")
    if job.lead:
        return Finding(ok=True, what=f"It was answered together with {job.lead}, on {_when(job)}.")
    return Finding(
        ok=True, what=f"It was answered on {_when(job)}.", fix=f"`mynah runs show {job.id}` tells the steps."
    )


def _failed(job: Job) -> Finding:
    fix = f"`mynah runs show {job.id}` tells the steps; once the cause is mended, the message can be sent again."
    return Finding(ok=False, what=f"It was given up on {_when(job)}: {(job.error or '').rstrip('.')}.", fix=fix)


def _asked(job: Job) -> Finding:
    what = f"A model call was cut off and may have been charged, so it waits for a decision: {(job.error or '').rstrip('.')}."
    return Finding(ok=False, what=what, fix=f"`/retry` in the channel or `mynah runs retry {job.id}` repeats it.")


def _cancelled(job: Job) -> Finding:
    what = f"It was stopped on {_when(job)}: somebody stopped it, deleted the message, or cancelled the run."
    return Finding(ok=True, what=what)


def _ready(job: Job) -> Finding:
    why = f" after a failure ({job.error})" if job.error else ""
    what = f"It waits for its turn{why}, not before {show_moment(job.run_at)}."
    return Finding(ok=True, what=what, fix="What was said before it in the same conversation is answered first.")


def _running(job: Job) -> Finding:
    return Finding(ok=True, what=f"It is being answered (try {job.tries}).", fix=f"`mynah runs show {job.id}`")


def _when(job: Job) -> str:
    return show_moment(job.ended_at or job.created_at)


TOLD: Mapping[JobStatus, Callable[[Job], Finding]] = {
    JobStatus.DONE: _done,
    JobStatus.FAILED: _failed,
    JobStatus.ASKED: _asked,
    JobStatus.CANCELLED: _cancelled,
    JobStatus.READY: _ready,
    JobStatus.RUNNING: _running,
}


# --- what is not -------------------------------------------------------------


async def _explain_unknown(house: House, message: Message) -> Finding:
    settled = await house.channels.config(message.place)
    in_thread = bool(message.place.thread) and await house.jobs.takes_part(message)
    reason = _passed_over(message, settled.config, in_thread=in_thread)
    if reason is not None:
        return reason
    denied = await refused(house, message.author, message.place, settled.config)
    if denied:
        return Finding(ok=True, what=f"Its author may not use Mynah there: {denied}", fix=_explained(message))
    return Finding(
        ok=False,
        what="It is for Mynah, but it never arrived: Mynah was not running, was not in the channel, or was not let "
        "in by the platform when it was said; or the settings were others then.",
        fix="Send it again. When that is not answered either, `mynah doctor` without a link looks at the connection.",
    )


def _passed_over(message: Message, config: ChannelConfig, *, in_thread: bool) -> Finding | None:
    """Return why nobody takes a message for addressed to Mynah; None when it is."""
    if message.author.is_bot:
        return Finding(ok=True, what="A bot wrote it, and Mynah answers no bots.")
    if message.addressed is not Addressed.OVERHEARD:
        empty = not (message.text or message.attachments or message.quoted)
        return Finding(ok=True, what="There is nothing in it that could be answered.") if empty else None
    if in_thread:
        return None
    return _overheard(message, config)


def _overheard(message: Message, config: ChannelConfig) -> Finding | None:
    if not any(attachment.voice_note for attachment in message.attachments):
        return Finding(ok=True, what="It was said in a channel without a mention.", fix="Mention Mynah to be answered.")
    if config.voice_notes is OnMedia.IGNORE:
        what = "It is a voice note, and this channel ignores voice notes (voice_notes = ignore)."
        return Finding(ok=True, what=what, fix=_explained(message))
    if not config.hear_unmentioned:
        what = "It is a voice note without a mention, and this channel hears those only by name."
        return Finding(ok=True, what=what, fix="`/settings hear_unmentioned on` in the channel hears all of them.")
    return None


def _explained(message: Message) -> str:
    return f"`mynah channels explain {message.place.scopes[1]}` shows which settings hold there, and who set them."
