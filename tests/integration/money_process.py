"""A process that makes paid calls until it is killed: `python -m tests.integration.money_process URL CHARGES`.

What the outside world charges is appended to a file, a line `job cost` for each call, between the step's beginning and
its end: just where a gateway would charge it.
"""

import argparse
import asyncio
import os
import random
from dataclasses import replace
from itertools import count
from pathlib import Path

from adapters.storage.clock import SystemClock
from adapters.storage.database import open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from bot.domain.errors import BudgetExceeded
from bot.domain.jobs import Job
from tests.contracts.samples import PLACE, PLATFORMS, cost, hold, message, record

STEP = "answer"
WORST = 10
AT_ONCE = 4
CHANCE = random.Random()  # noqa: S311 - no secret depends on it


def describe(job: Job, at: int, nanodollars: int | None):
    """Return the usage row of the one call of a job."""
    return record(job.id, STEP, at, usage=cost(nanodollars), call=f"gen-{job.id}")


async def call(job: Job, journal: SqlJournal, charges: int) -> None:
    now = SystemClock().now()
    await journal.begin(job.lease, STEP, hold(WORST, now))
    price = CHANCE.randint(1, WORST)
    if CHANCE.random() < 0.2:
        return await journal.failed(job.lease, STEP, "busy")
    os.write(charges, f"{job.id} {price}\n".encode())
    named = describe(job, now, None)
    await journal.accepted(job.lease, STEP, f"gen-{job.id}", "", named)
    await asyncio.sleep(0.005)
    if CHANCE.random() < 0.2:
        return await journal.failed(job.lease, STEP, "it only thought", describe(job, now, price))
    return await journal.done(job.lease, STEP, {}, describe(job, now, None if CHANCE.random() < 0.2 else price))


async def work(jobs: SqlJobs, journal: SqlJournal, charges: int, numbers: "count[int]") -> None:
    """Make one call after the other, each for a message of its own."""
    while True:
        key = f"{os.getpid()}{next(numbers):06}"
        await jobs.submit(message(key, replace(PLACE, thread=key)))
        for job in await jobs.claim(1, PLATFORMS):
            try:
                await call(job, journal, charges)
            except BudgetExceeded:
                await asyncio.sleep(0.01)
            await jobs.finish(job.lease)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("charges", type=Path)
    arguments = parser.parse_args()
    charges = os.open(arguments.charges, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    clock, numbers = SystemClock(), count()
    async with open_database(arguments.url) as database, asyncio.TaskGroup() as group:
        jobs, journal = SqlJobs(database, clock), SqlJournal(database, clock)
        for _ in range(AT_ONCE):
            group.create_task(work(jobs, journal, charges, numbers))


if __name__ == "__main__":
    asyncio.run(main())
