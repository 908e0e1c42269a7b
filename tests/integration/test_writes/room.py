"""The pipeline around a real adapter, in this process: a real client talks over a socket to the fake platform."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from typing_extensions import override

from bot.domain.jobs import JobStatus
from bot.pipeline.intake import StoredIntake
from bot.pipeline.worker import Worker
from bot.ports import Clock, Platform
from tests.doubles.gateway import Point, ScriptedGateway
from tests.doubles.house import TestHouse, open_test_house

ANSWER = "Good morning to you, too."
NOTE = (Path(__file__).resolve().parents[2] / "data" / "clip.wav").read_bytes()
WORK = {JobStatus.READY, JobStatus.RUNNING}


class FastClock(Clock):
    """A clock that goes many times as fast, so that what waits for a busy platform waits for moments."""

    def __init__(self, times: float = 20.0) -> None:
        self._times = times
        self._began = time.monotonic()
        self._from = time.time_ns() // 1_000_000

    @override
    def now(self) -> int:
        return self._from + int(1000 * self._times * (time.monotonic() - self._began))

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._times)


class LeisurelyGateway(ScriptedGateway):
    """A gateway whose answers take so long that they are seen growing: their first word, and then all of them."""

    @override
    async def _pass(self, point: Point) -> None:
        if point in {Point.MIDWAY, Point.ENDING}:
            await asyncio.sleep(0.15)
        await super()._pass(point)


@dataclass(frozen=True, kw_only=True)
class Room:
    """A service at work on one platform."""

    test: TestHouse
    """Its ports."""

    async def idle(self, jobs: int, *, seconds: float = 15) -> None:
        """Wait until there are so many jobs, and all of them are over."""
        try:
            async with asyncio.timeout(seconds):
                while len(self.jobs()) < jobs or WORK & set(self.jobs()):
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            raise AssertionError(f"{jobs} jobs are not over: {self.test.store.jobs}") from error

    def jobs(self) -> list[JobStatus]:
        return [JobStatus(job.status) for job in self.test.store.jobs.values()]


def hurried(platform: Platform) -> Platform:
    """Return a platform that may be told of every word."""
    platform.abilities = replace(platform.abilities, edit_seconds=0.02)
    return platform


@asynccontextmanager
async def opened(platform: Platform, folder: Path, **settings: str) -> AsyncIterator[Room]:
    """Let a service work on a platform, which it is connected to, while the context is open."""
    made, gateway = open_test_house(folder, FastClock(), reply="both", **settings), LeisurelyGateway()
    house = replace(made.house, platforms={platform.name: platform}, gateways={gateway.name: gateway})
    room = Room(test=replace(made, house=house, gateway=gateway))
    worker = Worker(house, turns=16, drain_seconds=1)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(platform.serve(StoredIntake(house)))
        working = group.create_task(worker.run())
        yield room
        worker.stop()
        serving.cancel()
        working.cancel()
