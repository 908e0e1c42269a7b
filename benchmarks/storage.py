"""How many messages are stored in a second, with group commit and without, and how long the money of a call takes."""

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

from adapters.storage.clock import SystemClock
from adapters.storage.database import open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.migrations import migrate
from benchmarks.bare.sqlite import store
from benchmarks.rig.machine import filesystem
from benchmarks.rig.reservations import WRITERS as MONEY_WRITERS, Reserved, reserve
from benchmarks.rig.tables import Aim, aims, pair, percentile, ratio, spread, table
from bot.domain.messages import Addressed, Author, Message, Place

TITLE = "Storage"

CHANNELS = 64
WRITERS = 64
ALONE = "1"
TOGETHER = str(WRITERS)

METHOD = f"""\
A message is stored as a job: one row, and its channel's mark, on the disk (WAL, `synchronous=FULL`) before the call
returns. The other side does the same through `sqlite3` in one thread, with one commit for each message. Both are asked by
one task, and by {WRITERS} at once, in turns, round by round. The floor is what the disk takes for 4 KB: a write and an
`fdatasync`. Rates: median (lowest to highest); times of a commit are over all rounds."""

MONEY = f"""\
Before a paid call its worst case is held against the budgets of all its scopes (service, platform, workspace, channel,
user; each with one for the day and one for the month), and after it the cost takes the place of the hold: two commits for
each call. {MONEY_WRITERS} writers do so at once, in a database with no calls and in one with the calls of a busy month.
The check alone reads how the ten budgets of one call stand."""

Store = Callable[[Message], Awaitable[object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What one round took."""

    rate: float
    """Messages a second."""
    commits: Sequence[float]
    """Milliseconds for each message."""
    cpu_ms: float
    """Processor time for each message."""


async def measure(*, quick: bool) -> str:
    """Measure both; returns Markdown."""
    size, rounds = (100, 1) if quick else (2000, 5)
    runs: dict[tuple[str, str], list[Run]] = {}
    floor: list[float] = []
    with tempfile.TemporaryDirectory(prefix="mynah-bench-") as name:
        folder, messages = Path(name), _messages()
        kind = filesystem(folder)
        async with _group_commit(folder) as mynah, _one_each(folder) as plain:
            for _ in range(rounds):
                floor.extend(_synced(folder, size // 10))
                for writers in (1, WRITERS):
                    amount = size if writers > 1 else size // 4
                    for way, stored in {"one commit each": plain, "Mynah": mynah}.items():
                        batch = [next(messages) for _ in range(amount)]
                        runs.setdefault((way, str(writers)), []).append(await _stored(stored, batch, writers))
        reserved = [await reserve(folder, rows=rows, calls=size) for rows in (0, 10_000 if quick else 1_000_000)]
    wanted = aims([*_aims(runs), *_money_aims(reserved[-1])])
    return "\n\n".join(
        (METHOD, f"The filesystem is {kind}.", _table(runs, floor), MONEY, _money_table(reserved), wanted)
    )


def _messages() -> Iterator[Message]:
    return (
        Message(
            key=f"1760000000.{number:06}",
            place=Place(platform="slack", workspace="T0000000001", channel=f"C{number % CHANNELS:010}"),
            author=Author(id="U0000000001", name="Ada"),
            text=f"Question {number}: what is a good name for a talking bird, and why?",
            addressed=Addressed.MENTION,
        )
        for number in count()
    )


@asynccontextmanager
async def _group_commit(folder: Path) -> AsyncIterator[Store]:
    async with open_database(f"sqlite:///{folder / 'mynah.db'}") as database:
        yield SqlJobs(database, SystemClock()).submit


@asynccontextmanager
async def _one_each(folder: Path) -> AsyncIterator[Store]:
    with closing(sqlite3.connect(folder / "plain.db", isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection)
        connection.execute("PRAGMA synchronous = FULL")
        with ThreadPoolExecutor(max_workers=1) as thread:
            loop = asyncio.get_running_loop()
            yield lambda message: loop.run_in_executor(thread, store, connection, message)


async def _stored(stored: Store, messages: Sequence[Message], writers: int) -> Run:
    """Store messages by so many tasks, each of which waits for its message before it takes the next."""
    waiting, commits = iter(messages), []

    async def write() -> None:
        for message in waiting:
            began = time.perf_counter()
            await stored(message)
            commits.append(1000 * (time.perf_counter() - began))

    cpu, started = time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(writers):
            group.create_task(write())
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return Run(rate=len(messages) / seconds, commits=commits, cpu_ms=1000 * cpu / len(messages))


def _synced(folder: Path, times: int) -> Sequence[float]:
    """Return how many milliseconds the disk takes for each of some small writes."""
    took = []
    with (folder / "floor").open("ab", buffering=0) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - began))
    return took


def _table(runs: Mapping[tuple[str, str], Sequence[Run]], floor: Sequence[float]) -> str:
    columns = ("way", "at once", "messages/s", "commit p50, ms", "p99, ms", "CPU, ms a message", "rate to one commit each")  # fmt: skip
    disk = ("the disk alone", ALONE, f"{1000 / median(floor):,.0f}", f"{median(floor):.2f}", f"{percentile(floor, 99):.2f}", "", "")  # fmt: skip
    return table(columns, [disk, *((way, writers, *_cells(runs, way, writers)) for way, writers in runs)])


def _cells(runs: Mapping[tuple[str, str], Sequence[Run]], way: str, writers: str) -> Sequence[str]:
    each = runs[way, writers]
    commits = [took for run in each for took in run.commits]
    return (
        spread([run.rate for run in each], ",.0f"),
        f"{percentile(commits, 50):.2f}",
        f"{percentile(commits, 99):.2f}",
        f"{median(run.cpu_ms for run in each):.2f}",
        ratio(_rate(each), _rate(runs["one commit each", writers])),
    )


def _aims(runs: Mapping[tuple[str, str], Sequence[Run]]) -> Sequence[Aim]:
    many = runs["Mynah", TOGETHER]
    commits = [took for run in many for took in run.commits]
    sys.stderr.write(f"Mynah: {_rate(many):.0f} messages/s, commits p50 / p95 {pair(commits)} ms\n")
    return (
        Aim(what=f"stored by {WRITERS} at once", limit=200, measured=_rate(many), unit="messages/s", at_least=True),
        Aim(what="the same, p99 of a commit", limit=250, measured=percentile(commits, 99), unit="ms"),
    )


def _money_table(reserved: Sequence[Reserved]) -> str:
    columns = ("calls before", "held and settled a second", "hold p50 / p99, ms", "settle p50 / p99, ms", "check alone p50 / p99, ms", "upgraded in, s")  # fmt: skip
    return table(columns, [_money_cells(one) for one in reserved])


def _money_cells(reserved: Reserved) -> Sequence[str]:
    times = (reserved.holds, reserved.settlements, reserved.checks)
    return (
        f"{reserved.rows:,}",
        f"{reserved.rate:,.0f}",
        *(f"{percentile(took, 50):.2f} / {percentile(took, 99):.2f}" for took in times),
        f"{reserved.upgrade_seconds:.1f}",
    )


def _money_aims(reserved: Reserved) -> Sequence[Aim]:
    check = percentile(reserved.checks, 99)
    return (
        Aim(what=f"budgets checked with {reserved.rows:,} calls in the month, p99", limit=1, measured=check, unit="ms"),
    )


def _rate(runs: Sequence[Run]) -> float:
    return median(run.rate for run in runs)
