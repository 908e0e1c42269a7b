"""Paid calls of a whole month in a database, and what holding and settling the money of the next ones takes there."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from adapters.storage.clock import SystemClock
from adapters.storage.database import open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from adapters.storage.ledger import SqlLedger
from adapters.storage.sql import ROOM
from bot.domain.budgets import Hold, Period, spending_scopes
from bot.domain.jobs import Job
from bot.domain.messages import Author, Message, Place
from bot.domain.money import CallKind, Nanodollars, Usage, UsageRecord

WRITERS = 32
PEOPLE = 1000
CHANNELS = 64
PLENTY = Nanodollars(10**15)
WORST, COST = Nanodollars(5_000_000), Nanodollars(950_000)

INSERT = """
INSERT INTO usage (job, step, at, day, platform, workspace, channel, author, gateway, model, kind,
    tokens_in, tokens_out, cost_nano, duration_ms)
VALUES (?, 'answer', ?, ?, 'slack', 'T1', ?, ?, 'openrouter', 'google/gemini-2.5-flash', 'chat', 100, 20, ?, 800)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserved:
    """What holding and settling took, in milliseconds for each call."""

    rows: int
    """Calls that were in the database before."""
    rate: float
    """Calls a second that were held and settled by all writers."""
    holds: Sequence[float]
    """To begin a call: the budgets looked at, the money held, on the disk."""
    settlements: Sequence[float]
    """To end it: the cost in place of the hold, on the disk."""
    checks: Sequence[float]
    """To read how every budget of a call stands, and nothing else."""
    upgrade_seconds: float
    """To bring a database of the first version with so many calls up to date."""


async def reserve(folder: Path, *, rows: int, calls: int) -> Reserved:
    """Measure in a new database with so many calls in its running month, with budgets at every scope."""
    path = folder / f"{rows}.db"
    await asyncio.to_thread(_fill, path, rows)
    began = time.perf_counter()
    async with _opened(path) as bench:
        upgraded = time.perf_counter() - began
        jobs = await bench.running(WRITERS)
        checks = [await bench.check() for _ in range(max(calls, 200))]
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(bench.write(job, calls // WRITERS))
        seconds = time.perf_counter() - began
        return Reserved(
            rows=rows,
            rate=len(bench.holds) / seconds,
            holds=bench.holds,
            settlements=bench.settlements,
            checks=checks,
            upgrade_seconds=upgraded,
        )


class Bench:
    """Writers, and what each of their calls took."""

    def __init__(self, jobs: SqlJobs, journal: SqlJournal, ledger: SqlLedger) -> None:
        self.holds: list[float] = []
        self.settlements: list[float] = []
        self._jobs = jobs
        self._journal = journal
        self._ledger = ledger

    async def set_budgets(self) -> None:
        """Let every scope of every writer have budgets that allow everything."""
        scopes = {scope for number in range(WRITERS) for scope in _scopes(number)}
        async with asyncio.TaskGroup() as group:
            for scope in scopes:
                for period in Period:
                    group.create_task(self._ledger.set_budget(scope, period, PLENTY, by="benchmark"))

    async def running(self, amount: int) -> Sequence[Job]:
        """Return so many jobs at work, each of a conversation and a person of its own."""
        for number in range(amount):
            await self._jobs.submit(Message(key=str(number), place=_place(number), author=_author(number)))
        return await self._jobs.claim(amount, ("slack",))

    async def check(self) -> float:
        """Read how the budgets of a call stand."""
        began = time.perf_counter()
        await self._ledger.standing(_scopes(0))
        return 1000 * (time.perf_counter() - began)

    async def write(self, job: Job, calls: int) -> None:
        """Make calls, one after the other."""
        author, place = job.message.author, job.message.place
        for number in range(calls):
            now, step = SystemClock().now(), f"answer:{number}"
            hold = Hold(amount=WORST, scopes=spending_scopes(place, author), at=now)
            began = time.perf_counter()
            await self._journal.begin(job.lease, step, hold)
            held = time.perf_counter()
            await self._journal.done(job.lease, step, {"text": "42"}, _record(job, step, now))
            self.holds.append(1000 * (held - began))
            self.settlements.append(1000 * (time.perf_counter() - held))


@asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[Bench]:
    clock = SystemClock()
    async with open_database(f"sqlite:///{path}") as database:
        bench = Bench(SqlJobs(database, clock), SqlJournal(database, clock), SqlLedger(database, clock))
        await bench.set_budgets()
        yield bench


def _fill(path: Path, rows: int) -> None:
    """Make a database of the first version, with calls of the running month."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript((ROOM / "schema" / "0001_first.sql").read_text(encoding="utf-8"))
        database.execute("PRAGMA user_version = 1")
        database.executemany(INSERT, _usage(rows))
        database.commit()


def _usage(rows: int) -> Iterator[tuple[str | int, ...]]:
    now = SystemClock().now()
    start = Period.MONTH.begins(now)
    for number in range(rows):
        at = start + (now - start) * number // max(rows, 1)
        who, where = _author(number).id, _place(number).channel
        yield f"slack:T1:{number}", at, Period.DAY.label(at), where, who, COST


def _place(number: int) -> Place:
    return Place(platform="slack", workspace="T1", channel=f"C{number % CHANNELS}", thread=str(number))


def _author(number: int) -> Author:
    return Author(id=f"U{number % PEOPLE}")


def _scopes(number: int) -> tuple[str, ...]:
    return spending_scopes(_place(number), _author(number))


def _record(job: Job, step: str, at: int) -> UsageRecord:
    place = job.message.place
    return UsageRecord(
        job=job.id,
        step=step,
        at=at,
        call=f"gen-{job.id}-{step}",
        platform=place.platform,
        workspace=place.workspace,
        channel=place.channel,
        author=job.message.author.id,
        gateway="openrouter",
        model="google/gemini-2.5-flash",
        kind=CallKind.CHAT,
        usage=Usage(tokens_in=100, tokens_out=20, cost=COST),
        duration_ms=800,
    )
