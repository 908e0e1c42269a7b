"""Real processes on one database are killed and frozen; what the outside world saw is compared with what is stored."""

import asyncio
import random
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.storage.clock import SystemClock
from adapters.storage.database import Database, open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from adapters.storage.ledger import SqlLedger
from bot.domain.errors import StorageUnavailable
from bot.domain.jobs import JobStatus
from bot.domain.journal import StepState
from bot.domain.messages import JobId
from bot.domain.money import Dimension
from tests.contracts.samples import PLACE, PLATFORMS, message
from tests.integration.storage_process import STEPS

ROOT = Path(__file__).resolve().parents[2]
KILLS = 6
JOBS = 240
LANES = 30


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.storage_process", *arguments, cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def submit(jobs: SqlJobs, number: int) -> None:
    new = message(str(1000 + number), replace(PLACE, thread=str(number % LANES)))
    assert await jobs.submit(new)
    assert not await jobs.submit(new)


def seen(effects: Path) -> list[tuple[str, str, str]]:
    """Return what the outside world saw: job, step, process."""
    if not effects.exists():
        return []
    return [(job, step, process) for job, step, process in (line.split() for line in effects.read_text().splitlines())]


async def wait_for(effects: Path, more: int) -> None:
    size = len(seen(effects))
    while len(seen(effects)) < size + more:
        await asyncio.sleep(0.005)


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_killed_at_any_moment_nothing_is_lost_repeated_or_out_of_order(tmp_path: Path):
    url, effects = f"sqlite:///{tmp_path}/mynah.db", tmp_path / "effects"
    chance = random.Random()  # noqa: S311 - no secret depends on it
    async with open_database(url) as database:
        jobs = SqlJobs(database, SystemClock())
        for number in range(JOBS):
            await submit(jobs, number)
        for _ in range(KILLS):
            async with started(url, "--effects", str(effects)) as process:
                await wait_for(effects, chance.randrange(1, 60))
                process.kill()
        async with started(url, "--effects", str(effects)) as process:
            assert await process.wait() == 0
        await check(database, jobs, seen(effects))


async def check(database: Database, jobs: SqlJobs, effects: list[tuple[str, str, str]]) -> None:
    stored = {job.id: job for job in await jobs.recent(2 * JOBS)}
    over = [job for job in stored.values() if job.status is JobStatus.DONE]
    asked = [job for job in stored.values() if job.status is JobStatus.ASKED]
    # Nothing is lost, and the kills did interrupt work, in every one of the killed processes.
    assert len(over) + len(asked) == len(stored) == JOBS
    assert len({process for _, _, process in effects}) == KILLS + 1
    assert len(asked) >= KILLS
    # Nothing happened twice, and what is done did happen.
    assert set(Counter((job, step) for job, step, _ in effects).values()) == {1}
    assert all((job.id, step) in {(job, step) for job, step, _ in effects} for job in over for step in STEPS)
    # Conversations stayed in order.
    for lane in {job.lane for job in stored.values()}:
        order = [stored[JobId(job)].message.key for job, _, _ in effects if stored[JobId(job)].lane == lane]
        assert order == sorted(order)
    # Every call that is done was written down with what it cost, and every month's sum is right.
    journal = SqlJournal(database, SystemClock())
    done = [step for job in stored for step in (await journal.steps(job)).values() if step.state is StepState.DONE]
    (line,) = await SqlLedger(database, SystemClock()).sums(Dimension.MODEL, since=0)
    assert line.calls == len(done) >= 3 * len(over)
    assert line.cost == 950_000 * len(done)


async def test_a_killed_process_is_noticed_at_once(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/mynah.db"
    async with open_database(url) as database:
        jobs = SqlJobs(database, SystemClock())
        await jobs.submit(message("1"))
        async with started(url, "--lease", "60") as process:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"holding\n"
            await jobs.heartbeat()
            assert await jobs.claim(1, PLATFORMS) == []
            process.kill()
        started_at = time.monotonic()
        await jobs.heartbeat()
        (job,) = await jobs.claim(1, PLATFORMS)
        assert time.monotonic() - started_at < 1
        assert (job.tries, job.epoch) == (2, 2)


@pytest.mark.slow
async def test_a_frozen_process_loses_its_lease_and_does_no_harm_when_it_wakes(tmp_path: Path):
    url, lease = f"sqlite:///{tmp_path}/mynah.db", 1.0
    async with open_database(url) as database:
        jobs, journal = SqlJobs(database, SystemClock(), lease_seconds=lease), SqlJournal(database, SystemClock())
        await jobs.submit(message("1"))
        async with started(url, "--lease", str(lease)) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert await process.stdout.readline() == b"holding\n"
            await asyncio.sleep(1.5 * lease)
            await jobs.heartbeat()
            assert await jobs.claim(1, PLATFORMS) == [], "it lives"
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(1.5 * lease)
            await jobs.heartbeat()
            (job,) = await jobs.claim(1, PLATFORMS)
            await journal.begin(job.lease, "answer")
            process.send_signal(signal.SIGCONT)
            process.stdin.write(b"write\n")
            assert (await process.communicate())[0] == b"lost\nlost\n"
        assert (await journal.steps(job.id))["answer"].state is StepState.BEGAN
        await journal.done(job.lease, "answer", {})
        await jobs.finish(job.lease)


async def test_one_service_for_one_database_and_command_lines_beside_it(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/mynah.db"
    async with open_database(url) as beside:
        await SqlJobs(beside, SystemClock()).submit(message("1"))
        async with started(url) as process:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"holding\n"
            with pytest.raises(StorageUnavailable, match=f"served by process {process.pid} already"):
                async with open_database(url, serving=True):
                    pass
            assert await SqlJobs(beside, SystemClock()).submit(message("2"))
            process.kill()
        async with open_database(url, serving=True):
            pass


async def test_services_that_each_have_a_part_share_a_database_and_none_has_the_whole_beside_them(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/mynah.db"
    async with open_database(url, serving=True, part="0-of-2") as beside:
        await SqlJobs(beside, SystemClock()).submit(message("1"))
        async with started(url, "--part", "1-of-2") as process:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"holding\n"
            for part in ("1-of-2", ""):
                with pytest.raises(StorageUnavailable, match="is served by process"):
                    async with open_database(url, serving=True, part=part):
                        pass
            process.kill()
            await process.wait()
        async with open_database(url, serving=True, part="1-of-2"):
            pass
