"""One turn: the story of how one message gets its reply."""

from collections.abc import Sequence

from bot.domain.errors import MediaUnreadable, ModelCannot, NothingAsked
from bot.domain.jobs import Job
from bot.domain.messages import Message, Quoted
from bot.domain.models import ChatTurn, Role
from bot.domain.plan import Plan, plan_turn, written_words
from bot.pipeline.answer import Said, answer
from bot.pipeline.deliver import deliver_clip, deliver_reasoning, deliver_text, shown_before, written
from bot.pipeline.fetch import Fetched, fetch
from bot.pipeline.hear import hear
from bot.pipeline.house import House
from bot.pipeline.quote import quote
from bot.pipeline.run import Run
from bot.pipeline.speak import speak
from bot.pipeline.transcripts import deliver_transcripts
from bot.pipeline.warn import warn_admins
from bot.ports import Live, Stage


async def open_run(house: House, job: Job) -> Run:
    """Return the job with what was done of it before, so that a turn resumes where it was."""
    platform = house.platforms[job.message.place.platform]
    return Run(house, job, platform, await house.journal.steps(job.id))


async def take_turn(run: Run) -> None:
    """Carry out one turn, or what is left of it.

    Raises:
        MynahError: the turn cannot be finished now; the worker decides what becomes of the job.
    """
    if run.message.refusal:
        await deliver_text(run, run.message.refusal)
        return
    async with run.platform.progress(run.message) as live:
        quoted = await quote(run)
        files = [*run.message.attachments, *(file for each in quoted for file in each.attachments)]
        await _show(live, Stage.FETCHING, files)
        fetched = await fetch(run, quoted)
        plan = await _plan(run, fetched, quoted)

        await _show(live, Stage.LISTENING, plan.listen)
        heard = await hear(run, plan)
        shown = shown_before(plan, heard, fetched.problems)

        await _show(live, Stage.THINKING, plan.answer)
        said = await answer(run, plan, heard, shown)
        await deliver_text(run, text := written(plan, shown, said))
        await deliver_transcripts(run, heard)
        await deliver_reasoning(run, said)

        await _show(live, Stage.SPEAKING, plan.speak)
        spoken = await speak(run, plan, said)

        await live.stage(Stage.POSTING)
        await deliver_clip(run, spoken, text=bool(text))
        await _remember(run, plan, said)
        await warn_admins(run)


async def _show(live: Live, stage: Stage, work: Sequence[object]) -> None:
    """Show a stage that has something to do."""
    if work:
        await live.stage(stage)


async def _plan(run: Run, fetched: Fetched, quoted: Sequence[Quoted]) -> Plan:
    house, message = run.house, run.message
    _refuse_if_nothing_is_left(message, fetched, quoted)
    config = (await house.channels.config(message.place)).config
    named = frozenset(config.chat_model + config.transcription_model + config.video_model + config.speech_model)
    named |= run.models_asked()
    try:
        known = await house.catalogue_of(named)
        return plan_turn(message, fetched.media, config, known, house.limits, quoted=quoted)
    except ModelCannot as error:
        choices = await house.able(error.needs) if error.needs else ()
        raise ModelCannot(error.reason, model=error.model, needs=error.needs, choices=choices) from error


def _refuse_if_nothing_is_left(message: Message, fetched: Fetched, quoted: Sequence[Quoted]) -> None:
    if fetched.media or written_words(message, quoted):
        return
    if fetched.problems:
        raise fetched.problems[0]
    if not message.attachments:
        raise NothingAsked
    raise MediaUnreadable("it is neither sound nor video nor a picture")


async def _remember(run: Run, plan: Plan, said: Said) -> None:
    if plan.config.retention_days and said.question and said.text:
        turns = (ChatTurn(role=Role.USER, text=said.question), ChatTurn(role=Role.ASSISTANT, text=said.text))
        await run.house.conversations.remember(run.job.id, run.message.place, turns)
