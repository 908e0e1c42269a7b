"""The composition root: opens everything in order, closes it in reverse. The only importer of adapters.

The libraries of Slack, Discord and remote gateways take most of a second to import, so only who uses them does.
"""

import asyncio
import getpass
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import structlog

from adapters.discord.account import DiscordAccount, invite_url as discord_invite_url
from adapters.local.gateway import LocalGateway
from adapters.media.media import PydubMedia
from adapters.slack.account import SlackAccount
from adapters.slack.manifest import manifest as slack_manifest
from adapters.storage.blobs import FileBlobs
from adapters.storage.channels import SqlChannels
from adapters.storage.clock import SystemClock
from adapters.storage.conversations import SqlConversations
from adapters.storage.database import open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from adapters.storage.ledger import SqlLedger
from adapters.terminal.adapter import CLIP, TerminalPlatform, clip_named, terminal_message
from bot.domain.audio import MediaFormat, plan_conversion
from bot.domain.channels import SERVICE_ORIGIN, Choice, ConfigLayer, settle, show_setting
from bot.domain.errors import MediaTooLarge, PlatformProblem, SettingInvalid, StorageUnavailable
from bot.domain.health import Finding
from bot.domain.jobs import JobStatus
from bot.domain.messages import JobId, Message, VoiceClip
from bot.domain.money import UsageRecord
from bot.logs import configure_logs
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.pipeline.worker import Worker
from bot.ports import Checked, Gateway, Platform, Stage
from bot.settings import Settings

__all__ = ["clip_named", "discord_invite_url", "slack_manifest"]

log = structlog.get_logger()

PLATFORMS = ("slack", "discord", TerminalPlatform.name)
"""Where places are."""


async def serve(settings: Settings) -> None:
    """Connect to every platform that is set up and answer, until SIGTERM or SIGINT; then finish what is running.

    Raises:
        SettingInvalid: no platform is set up, or one of them refuses our account, or there is no ffmpeg.
        StorageUnavailable: the database cannot be opened, or another service has it.
    """
    configure_logs(settings)
    async with open_platforms(settings) as platforms, open_house(settings, platforms, serving=True) as house:
        if not platforms:
            raise SettingInvalid("settings", "neither Slack nor Discord is set up; `mynah doctor` says what is missing")
        await _refuse_without_media(house)
        try:
            await _serve(settings, house)
        except* PlatformProblem as problems:
            raise SettingInvalid("connection", str(problems.exceptions[0])) from problems


async def _refuse_without_media(house: House) -> None:
    for finding in await house.media.check() if isinstance(house.media, Checked) else ():
        if not finding.ok:
            raise SettingInvalid("ffmpeg", f"{finding.what} {finding.fix.rstrip('.')}")


async def _serve(settings: Settings, house: House) -> None:
    worker = Worker(house, turns=settings.turns, drain_seconds=settings.drain_seconds)
    intake = StoredIntake(house)
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, worker.stop)
    async with asyncio.TaskGroup() as group:
        # Platforms stay connected while turns are finished: what arrives meanwhile is stored for the next start.
        serving = [group.create_task(platform.serve(intake)) for platform in house.platforms.values()]
        log.info("serving", platforms=sorted(house.platforms), gateways=sorted(house.gateways))
        await worker.run()
        for task in serving:
            task.cancel()
    log.info("stopped")


# --- one turn at the terminal --------------------------------------------------


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
        await StoredIntake(house).accept(message)
        try:
            await _run_until_over(settings, house, message.job_id)
        except asyncio.CancelledError:
            await house.jobs.cancel(message.job_id)  # else the next command would take it up
            raise
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


async def _run_until_over(settings: Settings, house: House, job: JobId) -> None:
    worker = Worker(house, turns=1, drain_seconds=settings.drain_seconds)
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        while (found := await house.jobs.get(job)) and found.status in {JobStatus.READY, JobStatus.RUNNING}:
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
        usage=await house.ledger.of_job(job),
        error=found.error if found and found.status is not JobStatus.DONE else None,
    )


# --- looking after it ------------------------------------------------------------


async def examine(settings: Settings) -> Sequence[Finding]:
    """Check the database, the media tools, the models and every platform that is set up."""
    configure_logs(settings, quiet=True)
    findings: list[Finding] = []
    try:
        async with open_platforms(settings) as platforms, open_house(settings, platforms) as house:
            findings.append(Finding(ok=True, what=f"The database {settings.database_url} can be read and written."))
            for part in (house.media, *house.gateways.values(), *platforms.values()):
                if isinstance(part, Checked):
                    findings.extend(await part.check())
            findings.extend(await _models_of_channels(settings, house))
    except StorageUnavailable as error:
        fix = (
            f"Let {getpass.getuser()} write there, or name another folder: MYNAH_DATA, or `data` in the settings file."
        )
        findings.append(Finding(ok=False, what=f"Nothing can be stored: {error}.", fix=fix))
    return findings


async def _models_of_channels(settings: Settings, house: House) -> Sequence[Finding]:
    """Look whether the models are here that channels use where nobody said otherwise."""
    config = settle([ConfigLayer(scope=SERVICE_ORIGIN, values=settings.channels)]).config
    findings: list[Finding] = []
    for name in ("transcription_model", "chat_model", "speech_model", "video_model"):
        refs: Choice = getattr(config, name)
        if not await house.catalogue_of(frozenset(refs)):
            what = f"Of the models that channels use by default ({name}: {show_setting(refs)}), none is here."
            fix = f"`mynah models` lists those that are; name one as {name} in the table `channels` of the settings."
            findings.append(Finding(ok=False, what=what, fix=fix))
    return findings


async def is_alive(settings: Settings) -> bool:
    """Return whether a service works on the database: its heartbeat is fresh."""
    async with open_house(settings) as house:
        return await house.jobs.is_served()


# --- opening -------------------------------------------------------------------


@asynccontextmanager
async def open_house(
    settings: Settings, platforms: Mapping[str, Platform] | None = None, *, serving: bool = False
) -> AsyncIterator[House]:
    """Open everything that the pipeline works with. Worker processes and models start when they are first needed.

    Args:
        settings: of this process.
        platforms: what this process replies to.
        serving: whether this is the one service of its database.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings.database_url, serving=serving))
        media = await stack.enter_async_context(PydubMedia(workers=settings.media_workers or os.cpu_count() or 1))
        yield House(
            clock=clock,
            jobs=SqlJobs(database, clock),
            journal=SqlJournal(database, clock),
            ledger=SqlLedger(database),
            channels=SqlChannels(database, clock, settings.channels),
            conversations=SqlConversations(database, clock),
            blobs=FileBlobs(settings.data / "media"),
            media=media,
            gateways={gateway.name: gateway for gateway in await _open_gateways(settings, stack)},
            platforms=platforms or {},
            limits=settings.limits.audio,
        )


async def _open_gateways(settings: Settings, stack: AsyncExitStack) -> Sequence[Gateway]:
    """Open the embedded models, and each remote gateway whose key is set."""
    local = LocalGateway(settings.local.models, idle_seconds=settings.local.idle_minutes * 60)
    gateways: list[Gateway] = [await stack.enter_async_context(local)]
    if settings.openrouter.key is not None:
        from adapters.gateways.endpoints import OPENROUTER  # noqa: PLC0415
        from adapters.gateways.gateway import RemoteGateway  # noqa: PLC0415

        key, base_url = settings.openrouter.key.get_secret_value(), settings.openrouter.base_url
        gateways.append(await stack.enter_async_context(RemoteGateway(OPENROUTER, key, base_url)))
    return gateways


@asynccontextmanager
async def open_platforms(settings: Settings) -> AsyncIterator[Mapping[str, Platform]]:
    """Open each platform whose account is set up; nothing connects before it serves."""
    slack, discord = _slack_account(settings), _discord_account(settings)
    async with AsyncExitStack() as stack:
        platforms: list[Platform] = []
        if slack is not None:
            from adapters.slack.adapter import SlackPlatform  # noqa: PLC0415

            platforms.append(await stack.enter_async_context(SlackPlatform(slack, SystemClock())))
        if discord is not None:
            from adapters.discord.adapter import DiscordPlatform  # noqa: PLC0415

            platforms.append(await stack.enter_async_context(DiscordPlatform(discord, SystemClock())))
        yield {platform.name: platform for platform in platforms}


def _slack_account(settings: Settings) -> SlackAccount | None:
    slack = settings.slack
    if slack.bot_token is None or (slack.app_token is None and slack.signing_secret is None):
        return None
    return SlackAccount(
        bot_token=slack.bot_token.get_secret_value(),
        app_token=slack.app_token.get_secret_value() if slack.app_token else "",
        signing_secret=slack.signing_secret.get_secret_value() if slack.signing_secret else "",
        http_host=slack.host,
        http_port=slack.port,
        api_url=slack.api_url,
        file_hosts=slack.file_hosts,
    )


def _discord_account(settings: Settings) -> DiscordAccount | None:
    discord = settings.discord
    if discord.token is None:
        return None
    return DiscordAccount(
        token=discord.token.get_secret_value(),
        message_content=discord.message_content,
        api_url=discord.api_url,
        gateway_url=discord.gateway_url,
        file_hosts=discord.file_hosts,
    )
