"""One turn at the terminal: through the same intake, jobs, pipeline and storage as in the service."""

import asyncio
import getpass
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bot.app.opening import CLIP, TerminalPlatform, clip_named, is_running, open_house, terminal_message
from bot.domain.audio import MediaFormat, plan_conversion
from bot.domain.errors import MediaTooLarge
from bot.domain.jobs import JobStatus
from bot.domain.messages import Message, VoiceClip
from bot.domain.money import UsageRecord
from bot.logs import configure_logs
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.pipeline.worker import Worker
from bot.ports import Stage
from bot.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a person at the terminal wants."""

    text: str = ""
    """What was typed."""
    files: tuple[Path, ...] = ()
    """Recordings, by absolute paths."""
    command: str | None = None
    """`ask`, `transcribe` or `say`; None for a plain message."""
    output: Path | None = None
    """Where what is spoken goes, in the format that its name says; None for a folder below `data`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of it."""

    text: str
    """Everything that was written."""
    transcript: str
    """What was said in the recordings."""
    segments: Sequence[tuple[float, float, str]]
    """The transcript with times: start and end in seconds, text."""
    answer: str
    """What the chat model answered; empty when it was not asked."""
    clips: Sequence[VoiceClip]
    """What was spoken."""
    files: Sequence[Path]
    """Transcripts that are too long to be shown, as text and subtitles."""
    usage: Sequence[UsageRecord]
    """What it took, in the order of the calls."""
    error: str | None
    """Why it failed; None when it did not."""


async def run_in_terminal(settings: Settings, question: Question, on_stage: Callable[[Stage], None]) -> Outcome:
    """Run one turn through the same intake, jobs, pipeline and storage as `serve` does, with the terminal as platform.

    Raises:
        MediaProblem: a file cannot be used; nothing was stored.
        SettingInvalid: there is no ffmpeg, or the output's name says no format.
        StorageUnavailable: the database cannot be opened.
    """
    configure_logs(settings, quiet=True)
    terminal = _terminal(settings, question, on_stage)
    async with open_house(settings, {terminal.name: terminal}) as house:
        await _refuse_unusable(house, question.files)
        message = await asyncio.to_thread(
            terminal_message,
            f"{house.clock.now()}-{os.getpid()}",
            getpass.getuser(),
            text=question.text,
            files=question.files,
            command=question.command,
        )
        await _drop_abandoned(house, message)
        await StoredIntake(house).accept(message)
        try:
            await _run_until_over(settings, house, message)
        finally:
            await house.jobs.cancel(message.job_id)  # nobody takes it up when this command is gone
        return await _outcome(house, terminal, message)


def _terminal(settings: Settings, question: Question, on_stage: Callable[[Stage], None]) -> TerminalPlatform:
    if question.output is None:
        return TerminalPlatform(settings.data / "replies", on_stage, clip=CLIP)
    return TerminalPlatform(question.output.parent, on_stage, clip=clip_named(question.output.name))


async def _refuse_unusable(house: House, files: Sequence[Path]) -> None:
    """Look at what a person at the terminal gives before it becomes a job: a mistake is told at once."""
    for path in files:
        facts = await house.media.probe(str(path))
        if facts.bytes > house.limits.max_bytes:
            raise MediaTooLarge(limit=house.limits.max_bytes)
        plan_conversion(facts, (MediaFormat.WAV,), model=house.limits, service=house.limits)


async def _drop_abandoned(house: House, message: Message) -> None:
    """Stop what was asked by commands that were killed: nobody waits for it, and it could cost something."""
    for job in await house.jobs.under_way(message.place.scopes[0]):
        asker = int(job.message.key.rpartition("-")[2])
        if not is_running(asker):
            await house.jobs.cancel(job.id)


async def _run_until_over(settings: Settings, house: House, message: Message) -> None:
    """Run this turn, and none of other commands that are at work at the same time."""
    worker = Worker(house, turns=1, drain_seconds=settings.drain_seconds, only=message.place.conversation)
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        while (found := await house.jobs.get(message.job_id)) and found.status in {JobStatus.READY, JobStatus.RUNNING}:
            await house.clock.sleep(0.02)
        worker.stop()


async def _outcome(house: House, terminal: TerminalPlatform, message: Message) -> Outcome:
    job = message.job_id
    found = await house.jobs.get(job)
    steps = await house.journal.steps(job)
    heard = [step.result for step in steps.values() if step.name.startswith("hear:") and step.result]
    said = [step.result for step in steps.values() if step.name.startswith("answer:") and step.result]
    return Outcome(
        text=terminal.text(message),
        transcript=" ".join(str(result["text"]) for result in heard),
        segments=[
            segment for result in heard for segment in cast("Sequence[tuple[float, float, str]]", result["segments"])
        ],
        answer="".join(str(result["text"]) for result in said),
        clips=terminal.clips(message),
        files=terminal.files(message),
        usage=await house.ledger.of_job(job),
        error=found.error if found and found.status is not JobStatus.DONE else None,
    )
