"""A process that works off the jobs of a database, made to be killed: `python -m tests.integration.storage_process`.

It writes a line `job step process` to a file for every effect, as the outside world would see it.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from adapters.storage.clock import SystemClock
from adapters.storage.database import open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from bot.domain.errors import LeaseLost
from bot.domain.jobs import Job, JobStatus
from bot.domain.journal import StepState
from tests.contracts.samples import PLATFORMS, record

STEPS = ("hear", "answer", "post")
TURNS = 8


class Process:
    def __init__(self, jobs: SqlJobs, journal: SqlJournal, effects: int) -> None:
        self._jobs = jobs
        self._journal = journal
        self._effects = effects
        self._running: set[asyncio.Task[None]] = set()

    async def work_off(self) -> None:
        """Run until nothing waits and nothing runs."""
        await self._jobs.heartbeat()
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(self._beat())
            while self._running or await self._jobs.recent(1, JobStatus.READY):
                for job in await self._jobs.claim(TURNS - len(self._running), PLATFORMS):
                    task = group.create_task(self._turn(job))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
                await self._jobs.wait(0.02)
            beating.cancel()

    async def _beat(self) -> None:
        while True:
            await self._jobs.heartbeat()
            await asyncio.sleep(0.1)

    async def _turn(self, job: Job) -> None:
        steps = await self._journal.steps(job.id)
        for name in STEPS:
            state = steps[name].state if name in steps else None
            if state is StepState.BEGAN:
                await self._journal.unknown(job.lease, name, "cut off")
                return await self._jobs.ask(job.lease, reason="may have been charged")
            if state is None:
                await self._step(job, name)
        return await self._jobs.finish(job.lease)

    async def _step(self, job: Job, name: str) -> None:
        await self._journal.begin(job.lease, name)
        os.write(self._effects, f"{job.id} {name} {os.getpid()}\n".encode())
        await asyncio.sleep(0.01)
        await self._journal.done(job.lease, name, {"text": name}, record(job.id, name, SystemClock().now()))


async def hold(jobs: SqlJobs, journal: SqlJournal, lease_seconds: float) -> None:
    """Claim one job, live until a line comes in, and then write about the job."""
    (job,) = await jobs.claim(1, PLATFORMS)
    await journal.begin(job.lease, "answer")
    sys.stdout.write("holding\n")
    sys.stdout.flush()
    async with asyncio.TaskGroup() as group:
        line = group.create_task(asyncio.to_thread(sys.stdin.readline))
        while not line.done():
            await jobs.heartbeat()
            await asyncio.sleep(lease_seconds / 10)
    for write in (journal.done(job.lease, "answer", {}), jobs.finish(job.lease)):
        try:
            await write
            sys.stdout.write("written\n")
        except LeaseLost:
            sys.stdout.write("lost\n")
    sys.stdout.flush()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--effects", type=Path)
    parser.add_argument("--part", default="")
    parser.add_argument("--lease", type=float, default=15.0)
    arguments = parser.parse_args()
    clock = SystemClock()
    async with open_database(arguments.url, serving=True, part=arguments.part) as database:
        jobs, journal = SqlJobs(database, clock, lease_seconds=arguments.lease), SqlJournal(database, clock)
        if arguments.effects is None:
            await hold(jobs, journal, arguments.lease)
        else:
            effects = os.open(arguments.effects, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
            await Process(jobs, journal, effects).work_off()
            os.close(effects)


if __name__ == "__main__":
    asyncio.run(main())
