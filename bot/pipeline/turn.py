"""One turn: the story of how one message gets its reply."""

from collections.abc import Sequence

from bot.domain.errors import MediaProblem, MediaUnreadable
from bot.domain.jobs import Job
from bot.domain.models import Catalogue, ChatTurn, Role
from bot.domain.plan import Plan, plan_turn
from bot.pipeline.answer import Said, answer
from bot.pipeline.calls import Run
from bot.pipeline.deliver import deliver_clip, deliver_text, shown_before, written
from bot.pipeline.fetch import Fetched, fetch
from bot.pipeline.hear import hear
from bot.pipeline.house import House
from bot.pipeline.speak import speak
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
    async with run.platform.progress(run.message) as live:
        await _show(live, Stage.FETCHING, run.message.attachments)
        fetched = await fetch(run)
        plan, catalogue = await _plan(run, fetched)

        await _show(live, Stage.LISTENING, plan.listen)
        heard = await hear(run, plan, catalogue)
        shown = shown_before(heard, fetched.problems)

        await _show(live, Stage.THINKING, plan.answer)
        said = await answer(run, plan, heard, shown)
        await deliver_text(run, text := written(plan, shown, said))

        await _show(live, Stage.SPEAKING, plan.speak)
        clip = await speak(run, plan, said.text)

        await live.stage(Stage.POSTING)
        await deliver_clip(run, clip, text=bool(text))
        await _remember(run, said)


async def _show(live: Live, stage: Stage, work: Sequence[object]) -> None:
    """Show a stage that has something to do."""
    if work:
        await live.stage(stage)


async def _plan(run: Run, fetched: Fetched) -> tuple[Plan, Catalogue]:
    house, message = run.house, run.message
    _refuse_if_nothing_is_left(message.text, fetched)
    config = (await house.channels.config(message.place)).config
    named = frozenset(config.chat_model + config.transcription_model + config.video_model + config.speech_model)
    catalogue = await house.catalogue_of(named)
    return plan_turn(message, fetched.media, config, catalogue, house.limits), catalogue


def _refuse_if_nothing_is_left(text: str, fetched: Fetched) -> None:
    problems: list[MediaProblem] = list(fetched.problems)
    if problems and not fetched.media and not text:
        raise problems[0]
    if not text and not fetched.media:
        raise MediaUnreadable("it is neither sound nor video")


async def _remember(run: Run, said: Said) -> None:
    if said.question and said.text:
        turns = (ChatTurn(role=Role.USER, text=said.question), ChatTurn(role=Role.ASSISTANT, text=said.text))
        await run.house.conversations.remember(run.job.id, run.message.place, turns)
