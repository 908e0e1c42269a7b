"""The service: connects, answers, and stops when it is told to."""

import asyncio
import signal

import structlog

from bot.app.opening import open_house, open_platforms
from bot.domain.errors import PlatformProblem, SettingInvalid
from bot.logs import configure_logs
from bot.pipeline.alone import watch_connections_for_ever
from bot.pipeline.costs import settle_costs_for_ever
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.pipeline.retention import keep_retention_for_ever
from bot.pipeline.worker import Worker
from bot.ports import Checked
from bot.settings import Settings
from bot.words import open_catalogues

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Connect to every platform that is set up and answer, until SIGTERM or SIGINT; then finish what is running.

    Raises:
        SettingInvalid: no platform is set up, or one of them refuses our account, or there is no ffmpeg.
        StorageUnavailable: the database cannot be opened, or another service has it.
    """
    configure_logs(settings)
    await asyncio.to_thread(_open_catalogues)
    async with (
        open_platforms(settings, serving=True) as platforms,
        open_house(settings, platforms, serving=True) as house,
    ):
        if not platforms:
            raise SettingInvalid("settings", "neither Slack nor Discord is set up; `mynah doctor` says what is missing")
        await _refuse_without_media(house)
        try:
            await _serve(settings, house)
        except* PlatformProblem as problems:
            raise SettingInvalid("connection", str(problems.exceptions[0])) from problems


def _open_catalogues() -> None:
    for language in open_catalogues():
        log.warning("language not installed, English is spoken instead", language=language)


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
        keepers = (settle_costs_for_ever(house), keep_retention_for_ever(house), watch_connections_for_ever(house))
        keeping = [group.create_task(keeper) for keeper in keepers]
        await worker.run()
        for task in (*serving, *keeping):
            task.cancel()
    log.info("stopped")


async def is_alive(settings: Settings) -> bool:
    """Return whether a service works on the database: its heartbeat is fresh."""
    async with open_house(settings) as house:
        return await house.jobs.is_served()
