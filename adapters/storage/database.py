"""The database: one connection that writes, with group commit, and others that read. Nothing else opens aiosqlite.

Write-ahead logging lets readers and the writer work side by side, in this process and in others, for example a command
line beside a service (https://www.sqlite.org/wal.html). `synchronous=FULL` puts every commit on the disk before it is
reported, so a power cut loses nothing that was acknowledged (https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

import asyncio
import os
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path

import aiosqlite

from adapters.storage.group_commit import GroupCommit, Unit, unavailable
from adapters.storage.migrations import migrate
from adapters.storage.service_lock import lock_service
from adapters.storage.sql import Row, Statement
from bot.domain.errors import SettingInvalid, StorageUnavailable

READERS = 2
"""So that a long report does not hold up the short reads of a turn."""

BUSY_SECONDS = 5.0
"""How long to wait for another process that writes."""

SCRUB_SECONDS = 1.0
"""How long to wait for whoever still reads what was erased."""

SCHEME = "sqlite:///"


class Database:
    """An open database; `open_database` makes it."""

    def __init__(
        self, path: Path, writer: aiosqlite.Connection, waiting: deque[Unit], readers: Sequence[aiosqlite.Connection]
    ) -> None:
        self._path = path
        self._writer = writer
        self._waiting = waiting
        self._turn = asyncio.Lock()
        self._readers: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        for reader in readers:
            self._readers.put_nowait(reader)

    async def write(self, *statements: Statement) -> Sequence[Row]:
        """Run statements as one unit, and return when they are on the disk.

        A caller that is cancelled withdraws its unit, unless it is on its way to the disk already.

        Returns:
            The rows of the last statement.

        Raises:
            StorageUnavailable: nothing was stored.
            Exception: what a statement's `check` found; nothing was stored.
        """
        unit = Unit(statements)
        self._waiting.append(unit)
        try:
            # Who comes first writes for all; who comes later mostly finds that it was done. The queue at this lock lets
            # everybody whom a commit set free add the next unit before the next commit begins.
            async with self._turn:
                if not unit.is_settled:
                    await self._writer.commit()
        except asyncio.CancelledError:
            with suppress(ValueError):
                self._waiting.remove(unit)
            raise
        return unit.result()

    async def read(self, statement: Statement) -> Sequence[Row]:
        """Return the rows of one statement that changes nothing.

        Raises:
            StorageUnavailable: they cannot be read.
        """
        reader = await self._readers.get()
        try:
            return list(await reader.execute_fetchall(statement.sql, statement.parameters))
        except sqlite3.Error as error:
            raise unavailable(error) from error
        finally:
            self._readers.put_nowait(reader)

    async def scrub(self) -> bool:
        """Bring what was erased from the write-ahead log into the file, and cut the log; False while somebody reads it.

        Raises:
            StorageUnavailable: it cannot be done.
        """
        try:
            return await asyncio.to_thread(_cut_log, self._path)
        except sqlite3.Error as error:
            raise unavailable(error) from error


@asynccontextmanager
async def open_database(
    url: str, *, serving: bool = False, part: str = "", busy_seconds: float = BUSY_SECONDS
) -> AsyncIterator[Database]:
    """Open a database, made and brought to the newest schema where it must be.

    Args:
        url: `sqlite:///relative/path` or `sqlite:////absolute/path`.
        serving: whether this is the one service of the database; command lines beside it are not.
        part: names the part of the work that this service does beside others; empty for all of it.
        busy_seconds: how long to wait for another process that writes.

    Raises:
        SettingInvalid: the URL is not of that form.
        StorageUnavailable: it cannot be opened, another service has it, or a newer version has written it.
    """
    path = _path(url)
    waiting: deque[Unit] = deque()
    async with AsyncExitStack() as stack:
        try:
            if serving:
                for descriptor in await asyncio.to_thread(lock_service, path, part):
                    stack.callback(os.close, descriptor)
            await asyncio.to_thread(_prepare, path, busy_seconds)
            writer = await _open(stack, partial(_connect_writer, path, waiting, busy_seconds))
            readers = [await _open(stack, partial(_connect_reader, path, busy_seconds)) for _ in range(READERS)]
        except (sqlite3.Error, OSError) as error:
            raise StorageUnavailable(f"the database {path}: {getattr(error, 'strerror', None) or error}") from error
        yield Database(path, writer, waiting, readers)


def _path(url: str) -> Path:
    name = url.removeprefix(SCHEME)
    if name == url or not name or name == ":memory:":
        raise SettingInvalid("database", f"must be of the form {SCHEME}path, for example {SCHEME}data/mynah.db")
    return Path(name)


async def _open(stack: AsyncExitStack, connect: Callable[[], sqlite3.Connection]) -> aiosqlite.Connection:
    return await stack.enter_async_context(aiosqlite.Connection(connect, iter_chunk_size=64))


def _prepare(path: Path, busy_seconds: float) -> None:
    """Make the file where there is none, for nobody else to read, and bring it to the newest schema.

    SQLite gives its other files the same permissions. What fails should fail here: a thread of aiosqlite whose first
    step fails outlives the event loop.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection)


def _connect_writer(path: Path, waiting: deque[Unit], busy_seconds: float) -> sqlite3.Connection:
    connection = GroupCommit(waiting, str(path), timeout=busy_seconds)
    connection.execute("PRAGMA synchronous = FULL")
    # What is erased is overwritten with zeros: https://www.sqlite.org/pragma.html#pragma_secure_delete
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _cut_log(path: Path) -> bool:
    """Let the log of writes, which holds older versions of pages, end: it is copied into the file and made empty.

    By a connection of its own, so that it waits only shortly: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
    """
    with closing(sqlite3.connect(path, timeout=SCRUB_SECONDS, isolation_level=None)) as connection:
        (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


def _connect_reader(path: Path, busy_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA query_only = ON")
    return connection
