"""One turn: the story of how one message gets its reply."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.domain.errors import MediaUnreadable, ModelCannot, NothingAsked, NothingThere
from bot.domain.jobs import Job
from bot.domain.messages import Errand, Message, Quoted
from bot.domain.models import ChatTurn, Role
from bot.domain.plan import Plan, Want, plan_turn, tried_out, written_words
from bot.domain.shortcuts import lacking
from bot.pipeline.afterwards import purge, remove_reply, remove_surplus, say_stopped, withdraw_sound
from bot.pipeline.amend import amend
from bot.pipeline.answer import Said, answer
from bot.pipeline.card import actions_for, remember_card
from bot.pipeline.deliver import deliver_clip, deliver_reasoning, deliver_text, shown_before, written
from bot.pipeline.earlier import NOTHING, Earlier
from bot.pipeline.fetch import Fetched, fetch
from bot.pipeline.hear import hear
from bot.pipeline.house import House
from bot.pipeline.live import opened
from bot.pipeline.people import config_for
from bot.pipeline.quote import quote
from bot.pipeline.run import Run
from bot.pipeline.speak import speak
from bot.pipeline.transcripts import deliver_transcripts
from bot.pipeline.warn import warn_admins
from bot.ports import Live, Stage
from bot.words import phrase


async def open_run(house: House, job: Job) -> Run:
    """Return the job with what was done of it before, so that a turn resumes where it was."""
    platform = house.platforms[job.message.place.platform]
    return Run(house, job, platform, await house.journal.steps(job.id), await _earlier(house, job))


async def _earlier(house: House, job: Job) -> Earlier:
    if not job.message.revision:
        return NOTHING
    runs = await house.jobs.of_message(job.message.subject)
    before = [run.id for run in runs if run.message.revision < job.message.revision and _is_touched(job, run)]
    earlier = Earlier(runs={run: await house.journal.steps(run) for run in before})
    return earlier.beside if job.message.errand is Errand.ANSWER and job.message.pressed else earlier


def _is_touched(job: Job, before: Job) -> bool:
    """Whether a job may change what an earlier run of its message posted: a stop of what a button wanted, only that."""
    is_stop_of_pressed = job.message.errand is Errand.STOP and job.message.pressed is not None
    same = (before.message.pressed, before.message.regarding) == (job.message.pressed, job.message.regarding)
    return same or not is_stop_of_pressed


async def take_turn(run: Run) -> None:
    """Carry out one turn, or what is left of it.

    Raises:
        MynahError: the turn cannot be finished now; the worker decides what becomes of the job.
    """
    await ERRANDS[run.message.errand](run)


async def reply(run: Run) -> None:
    """Reply to a message; to one that was edited, in place of the reply that it has.

    Raises:
        MynahError: the reply cannot be finished now.
    """
    if run.message.refusal:
        await deliver_text(run, run.message.refusal)
        return
    await withdraw_sound(run)
    async with run.platform.progress(run.message) as live:
        quoted = await quote(run)
        files = [*run.message.attachments, *(file for each in quoted for file in each.attachments)]
        await _show(live, Stage.FETCHING, files)
        fetched = await fetch(run, quoted)
        plan = await _plan(run, fetched, quoted)

        await live.expect(ahead := stages_of(plan))
        async with opened(run, shown=bool(ahead) and plan.text):
            heard = await hear(run, plan, live)
        shown = shown_before(plan, heard, fetched.problems)
        await live.topic(run.message.text or " ".join(item.text for item in heard))

        await _show(live, Stage.THINKING, plan.answer)
        said = await answer(run, plan, heard, shown)
        actions = actions_for(plan, heard, said)
        await remember_card(run, text := written(plan, shown, said), heard, said, actions)
        await deliver_text(run, text, actions)
        await deliver_transcripts(run, heard)
        await deliver_reasoning(run, said)

        await _show(live, Stage.SPEAKING, plan.speak)
        spoken = await speak(run, plan, said)

        await live.stage(Stage.POSTING)
        await deliver_clip(run, spoken, text=bool(text))
        await remove_surplus(run)
        await _remember(run, plan, said)
        await warn_admins(run)


def stages_of(plan: Plan) -> Sequence[Stage]:
    """Return what a turn with a recording or a video is busy with, in order; nothing for others, which are short."""
    steps: Mapping[Stage, object] = {
        Stage.FETCHING: True,
        Stage.CONVERTING: plan.listen,
        Stage.LISTENING: [listening for listening in plan.listen if listening.want is not Want.HEAR],
        Stage.THINKING: plan.answer,
        Stage.SPEAKING: plan.speak,
    }
    return [stage for stage, work in steps.items() if work] if plan.listen or plan.look.videos else []


ERRANDS: Mapping[Errand, Callable[[Run], Awaitable[None]]] = {
    Errand.ANSWER: reply,
    Errand.REMOVE: remove_reply,
    Errand.STOP: say_stopped,
    Errand.PURGE: purge,
    Errand.CORRECT: amend,
}


async def _show(live: Live, stage: Stage, work: Sequence[object]) -> None:
    """Show a stage that has something to do."""
    if work:
        await live.stage(stage)


async def _plan(run: Run, fetched: Fetched, quoted: Sequence[Quoted]) -> Plan:
    house, message = run.house, run.message
    _refuse_if_nothing_is_left(message, fetched, quoted)
    config = tried_out(message, await config_for(house, message.place, message.author))
    named = frozenset(config.chat_model + config.transcription_model + config.video_model + config.speech_model)
    named |= run.models_asked()
    try:
        known = await house.catalogue_of(named)
        return plan_turn(message, fetched.media, config, known, house.limits, quoted=quoted)
    except ModelCannot as error:
        choices = await house.able(error.needs) if error.needs else ()
        raise ModelCannot(error.reason, model=error.model, needs=error.needs, choices=choices) from error


def _refuse_if_nothing_is_left(message: Message, fetched: Fetched, quoted: Sequence[Quoted]) -> None:
    recordings = any(not item.facts.is_picture for item in fetched.media)
    lacks = lacking(message, quoted, recordings=recordings)
    if not lacks and (fetched.media or written_words(message, quoted)):
        return
    if fetched.problems:
        raise fetched.problems[0]
    if lacks:
        raise NothingThere(lacks)
    if not message.attachments:
        raise NothingAsked
    raise MediaUnreadable(phrase("it is neither sound nor video nor a picture"))


async def _remember(run: Run, plan: Plan, said: Said) -> None:
    if plan.config.retention_days and said.question and said.text and plan.task is None:
        turns = (ChatTurn(role=Role.USER, text=said.question), ChatTurn(role=Role.ASSISTANT, text=said.text))
        await run.house.conversations.remember(run.job.id, run.message.place, turns)
