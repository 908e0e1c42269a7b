"""quote: the messages that a message refers to -> their words and files."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import structlog

from bot.domain.conversation import referred
from bot.domain.errors import PlatformProblem
from bot.domain.journal import StepState
from bot.domain.messages import JobId, Quoted, subject_of
from bot.domain.shortcuts import MOST_READ, material, reads_on
from bot.pipeline.card import card_of, words_now
from bot.pipeline.referred import STEP, found_by
from bot.pipeline.run import Run

log = structlog.get_logger()

PATIENCE = 2
"""How many tries of a turn a platform has to show a message; then it is answered without."""


async def quote(run: Run) -> Sequence[Quoted]:
    """Return the messages that the person's message refers to, as they were when they were first looked at.

    For a command that is done with messages it is what that takes of them. A recording among them that was written down
    before comes as its words. What cannot be read is left out.

    Raises:
        PostNotDone: the platform cannot show one now.
    """
    done = run.result(STEP)
    if done is not None:
        return found_by(done)
    wanted = referred(run.message, new_here=await _is_new_here(run))
    if not wanted:
        return ()
    await run.house.journal.begin(run.job.lease, STEP)
    found = [material(run.message, await _written_down(run, each)) for each in await _found(run, wanted)]
    result = {"quoted": [asdict(each) for each in found]}
    await run.house.journal.done(run.job.lease, STEP, result)
    run.note(STEP, StepState.DONE, result)
    return found


async def _is_new_here(run: Run) -> bool:
    """Whether nothing was said to us in this conversation before; only asked of the database when it matters."""
    if not any(quoted.head for quoted in run.message.quoted):
        return False
    return not await run.house.conversations.recall(run.message.place, 1)


async def _found(run: Run, wanted: Sequence[Quoted]) -> Sequence[Quoted]:
    """Return messages with their words and files, and where a command reads on, with those that follow."""
    looked_up = [await _looked_up(run, each) for each in wanted]
    return [each for several in looked_up for each in several]


async def _looked_up(run: Run, quoted: Quoted) -> Sequence[Quoted]:
    try:
        if reads_on(run.message):
            return await run.platform.history(quoted, message=run.message, limit=MOST_READ)
        found = quoted if quoted.author else await run.platform.look_up(quoted, message=run.message)
    except PlatformProblem as error:
        if error.transient and run.job.tries < PATIENCE:
            raise
        log.warning("message not looked up", channel=quoted.channel, key=quoted.key, reason=error.reason)
        return [quoted] if quoted.author else []
    return [found] if found else []


async def _written_down(run: Run, quoted: Quoted) -> Quoted:
    """Put the words of recordings that were written down before in their place, so that nobody pays for them again."""
    if not quoted.attachments:
        return quoted
    subject = subject_of(replace(run.message.place, channel=quoted.channel), quoted.key)
    words = await _words(run, subject)
    if not words:
        return quoted
    pictures = tuple(file for file in quoted.attachments if file.declared_type.startswith("image/"))
    return replace(quoted, heard="\n".join(words), attachments=pictures)


async def _words(run: Run, subject: JobId) -> Sequence[str]:
    """Return what was heard in a message, corrected where somebody has; by the last of its jobs that heard it."""
    for job in reversed(await run.house.jobs.of_message(subject)):
        steps = await run.house.journal.steps(job.id)
        card = card_of(steps)
        if card is not None:
            return [each.text for each in words_now(card, await run.house.reviews.corrections(subject))]
        results = [step.result or {} for name, step in steps.items() if name.startswith("hear:")]
        if words := [str(result["text"]) for result in results if result.get("text")]:
            return words
    return ()
