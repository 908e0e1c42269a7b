"""Many processes make paid calls on one database and are killed; what the world charged is compared with the sums."""

import asyncio
import random
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.storage.clock import SystemClock
from adapters.storage.database import open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from adapters.storage.ledger import SqlLedger
from bot.domain.budgets import SERVICE, Period
from bot.domain.jobs import JobStatus
from bot.domain.journal import StepState
from bot.domain.money import Nanodollars
from tests.contracts.samples import PLATFORMS, cost
from tests.contracts.sums import stored_sums, sums_of_rows
from tests.integration.money_process import STEP, WORST, describe

ROOT = Path(__file__).resolve().parents[2]
KILLS = 5
MORE = 200
"""What the budget is raised by, in nano-dollars: some twenty calls."""


@asynccontextmanager
async def started(url: str, charges: Path) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.money_process", url, str(charges), cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def charged(charges: Path) -> dict[str, int]:
    """Return what the world charged, by job."""
    lines = charges.read_text().splitlines() if charges.exists() else []
    return {job: int(price) for job, price in (line.split() for line in lines)}


class Money:
    """A budget that is raised only when it is used up, and the world that charges."""

    def __init__(self, ledger: SqlLedger, charges: Path) -> None:
        self.limit = 0
        self._ledger = ledger
        self._charges = charges

    async def allow_more(self) -> None:
        self.limit += MORE
        await self._ledger.set_budget(SERVICE, Period.MONTH, Nanodollars(self.limit), by="U9")

    async def is_used_up(self) -> bool:
        """Check that the world has charged no more than the sums say, and these no more than is allowed."""
        before = sum(charged(self._charges).values())
        (known,) = await self._ledger.standing((SERVICE,))
        assert before <= known.spent + known.held <= self.limit
        return known.left < WORST

    def calls(self, pid: int) -> int:
        """Return how many calls of one process were charged."""
        return sum(job.rpartition(":")[2].startswith(f"{pid}0") for job in charged(self._charges))


async def one_is_killed_after_the_other(url: str, charges: Path, money: Money) -> None:
    """Keep some processes at work; each is killed while it calls, and the next begins."""
    chance = random.Random()  # noqa: S311 - no secret depends on it
    await money.allow_more()
    for _ in range(KILLS):
        async with started(url, charges) as process:
            calls = chance.randrange(2, 30)
            while money.calls(process.pid) < calls:
                if await money.is_used_up():
                    await money.allow_more()
                await asyncio.sleep(0.005)
            process.kill()


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_killed_at_any_moment_every_cent_is_counted_and_no_budget_overrun(tmp_path: Path):
    url, charges = f"sqlite:///{tmp_path}/mynah.db", tmp_path / "charges"
    clock = SystemClock()
    async with open_database(url) as database:
        jobs, journal, ledger = SqlJobs(database, clock), SqlJournal(database, clock), SqlLedger(database, clock)
        money = Money(ledger, charges)
        async with started(url, charges), started(url, charges):
            await one_is_killed_after_the_other(url, charges, money)
            while not await money.is_used_up():
                await asyncio.sleep(0.005)
        assert stored_sums(tmp_path / "mynah.db") == sums_of_rows(tmp_path / "mynah.db")
        cut_off = await clear_up(jobs, journal, ledger, charged(charges))
        assert cut_off >= 1, "the kills interrupted calls"
        (known,) = await ledger.standing((SERVICE,))
        assert known.held == 0
        assert known.spent == sum(charged(charges).values()) > MORE
        assert stored_sums(tmp_path / "mynah.db") == sums_of_rows(tmp_path / "mynah.db")


async def clear_up(jobs: SqlJobs, journal: SqlJournal, ledger: SqlLedger, charges: dict[str, int]) -> int:
    """Find out what became of every call that was cut off, and what those did cost that did not say."""
    await jobs.heartbeat()
    cut_off = 0
    while claimed := await jobs.claim(100, PLATFORMS):
        for job in claimed:
            step = (await journal.steps(job.id)).get(STEP)
            if step is not None and step.state in {StepState.BEGAN, StepState.ACCEPTED}:
                cut_off += 1
                if job.id not in charges:
                    await journal.failed(job.lease, STEP, "not charged")
                elif step.state is StepState.BEGAN:
                    await journal.done(job.lease, STEP, {}, describe(job, step.at, charges[job.id]))
            # A call that was named is left as it is, as if somebody had cancelled its job: it is settled all the same.
            await jobs.finish(job.lease)
    for call in await ledger.unsettled(10_000):
        assert await ledger.settle(call, cost(charges[call.job]))
    assert not await jobs.recent(1, JobStatus.RUNNING)
    return cut_off
