"""*Read aloud*: the words of a reply become a clip below it, once."""

from dataclasses import replace

from bot.domain.controls import Response
from bot.domain.jobs import JobStatus
from bot.domain.journal import StepState
from bot.domain.messages import Action, Message
from bot.pipeline.presses.wanted import AT_WORK, GONE, TRIES, Wanted, came_of
from bot.words import phrase, say

BELOW = phrase("I read it aloud, below.")
DONE_BEFORE = phrase("I have read it aloud already, below.")
COMMAND = "say"


async def speak(wanted: Wanted) -> Response:
    """Let the answer of a reply be spoken."""
    for _ in range(TRIES):
        words, jobs = await _words(wanted), await wanted.jobs()
        if not words:
            return Response(text=say(GONE))
        if told := wanted.superseded(jobs):
            return Response(text=told)
        spoken = [job for job in jobs if wanted.is_regarding(job, Action.SPEAK) and came_of(job)]
        if spoken:
            return Response(text=say(DONE_BEFORE if spoken[-1].status is JobStatus.DONE else AT_WORK))
        admitted = await wanted.admit(_saying(wanted.message(Action.SPEAK, jobs), words))
        if admitted.stored or admitted.refusal:
            return Response(text=admitted.refusal or say(BELOW))
    return Response(text=say(AT_WORK))


async def _words(wanted: Wanted) -> str:
    """Return what the chat model answered; empty where it was erased."""
    answers = (step for name, step in (await wanted.steps()).items() if name.startswith("answer:"))
    done = [step.result for step in answers if step.state is StepState.DONE and step.result]
    return str(done[-1]["text"]) if done else ""


def _saying(message: Message, words: str) -> Message:
    return replace(message, text=words, attachments=(), quoted=(), command=COMMAND)
