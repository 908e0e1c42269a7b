"""The database itself: group commit, many processes, and everything that can be wrong with a file."""

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from adapters.storage.database import Database, open_database
from adapters.storage.sql import Query, Statement
from bot.domain.errors import SettingInvalid, StorageUnavailable

INSERT = Query(sql="INSERT INTO note (id, text) VALUES (:id, :text) RETURNING id")
FIND = Query(sql="SELECT id FROM note WHERE id = :id")
ALL = Query(sql="SELECT id FROM note ORDER BY id")
ORPHAN = Query(sql="INSERT INTO orphan (parent) VALUES (:parent)")


class Missing(Exception):
    pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "mynah.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with open_database(url, busy_seconds=0.6) as opened:
        await opened.write(Query(sql="CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")())
        yield opened


def insert(number: int, text: str | None = "text") -> Statement:
    return INSERT(id=number, text=text)


async def ids(database: Database) -> list[int]:
    return [row["id"] for row in await database.read(ALL())]


async def write_all(database: Database, units: Sequence[Sequence[Statement]]) -> list[Exception | None]:
    """Write units at once; return what each of them raised."""
    raised: list[Exception | None] = [None] * len(units)

    async def write(number: int) -> None:
        try:
            await database.write(*units[number])
        except (Missing, StorageUnavailable) as error:
            raised[number] = error

    async with asyncio.TaskGroup() as group:
        for number in range(len(units)):
            group.create_task(write(number))
    return raised


@asynccontextmanager
async def gathering(database: Database, path: Path) -> AsyncIterator[asyncio.TaskGroup]:
    """Hold up the writer, so that everything that is written meanwhile waits for the same commit."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as group:
            group.create_task(database.write(Query(sql="SELECT 1")()))
            await asyncio.sleep(0.02)
            yield group
            await asyncio.sleep(0.02)
            other.execute("COMMIT")


async def traced(database: Database) -> list[str]:
    """Return a list that grows by what the writer executes."""
    statements: list[str] = []
    await database._writer.set_trace_callback(statements.append)
    return statements


def overwrite(path: Path, content: bytes, start: int = 0) -> None:
    """Write over a part of a file, which need not be there."""
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with path.open("r+b") as file:
        file.seek(start)
        file.write(content)


# --- group commit ----------------------------------------------------------------


async def test_a_unit_is_written_as_a_whole(database: Database):
    rows = await database.write(insert(1), insert(2))
    assert [row["id"] for row in rows] == [2]
    assert await ids(database) == [1, 2]


async def test_what_waits_is_written_in_one_commit(database: Database, path: Path):
    statements = await traced(database)
    async with gathering(database, path) as group:
        for number in range(100):
            group.create_task(database.write(insert(number)))
    assert await ids(database) == list(range(100))
    assert statements.count("COMMIT") == 2, "one for what went before"


async def test_what_is_set_free_together_is_written_together(database: Database):
    statements = await traced(database)

    async def write_one_after_another(first: int) -> None:
        for number in range(first, first + 10):
            await database.write(insert(number))

    async with asyncio.TaskGroup() as group:
        for first in range(0, 200, 10):
            group.create_task(write_one_after_another(first))
    assert await ids(database) == list(range(200))
    assert statements.count("COMMIT") <= 15


async def test_a_bad_unit_is_undone_alone(database: Database):
    units = [[insert(n), insert(n + 100, None if n == 3 else "text")] for n in range(6)]
    raised = await write_all(database, units)
    assert [n for n, error in enumerate(raised) if error is not None] == [3]
    assert isinstance(raised[3], StorageUnavailable)
    assert await ids(database) == [0, 1, 2, 4, 5, 100, 101, 102, 104, 105]


async def test_what_no_column_can_hold_is_undone_alone(database: Database):
    async def write_number(number: int) -> None:
        with pytest.raises(OverflowError):
            await database.write(insert(1), insert(number))

    async with asyncio.TaskGroup() as group:
        group.create_task(write_number(2**63))
        group.create_task(write_all(database, [[insert(7)]]))
    with pytest.raises(UnicodeEncodeError):
        await database.write(insert(2), insert(3, "\ud83d"))
    assert await ids(database) == [7]


async def test_a_statement_that_needs_a_row_undoes_its_unit(database: Database):
    units = [[insert(1)], [insert(2), FIND(id=77).required(Missing), insert(3)], [FIND(id=1).required(Missing)]]
    raised = await write_all(database, units)
    assert [type(error) for error in raised] == [type(None), Missing, type(None)]
    assert await ids(database) == [1]


async def test_a_failed_commit_fails_every_unit_in_it(database: Database, path: Path):
    orphan = "CREATE TABLE orphan (parent INTEGER REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED)"
    await database.write(Query(sql=orphan)())
    # Pragmas do nothing inside a transaction, and a unit always is in one.
    await database._writer.execute_fetchall("PRAGMA foreign_keys = ON")
    async with gathering(database, path) as group:
        writing = group.create_task(write_all(database, [[insert(1)], [ORPHAN(parent=99)], [insert(2)]]))
    assert [str(error) for error in writing.result()] == ["the database: FOREIGN KEY constraint failed"] * 3
    assert await ids(database) == []
    assert await write_all(database, [[insert(1)], [ORPHAN(parent=1)]]) == [None, None]


async def test_a_full_disk_fails_what_does_not_fit_and_nothing_else(database: Database):
    (row,) = await database.read(Query(sql="PRAGMA page_count")())
    await database._writer.execute_fetchall(f"PRAGMA max_page_count = {row[0] + 10}")
    await database.write(insert(1))
    raised = await write_all(database, [[insert(2, "x" * 100_000)]])
    assert "full" in str(raised[0])
    await database._writer.execute_fetchall("PRAGMA max_page_count = 1000000")
    await database.write(insert(3))
    assert await ids(database) == [1, 3]


async def test_who_gives_up_in_time_withdraws(database: Database, path: Path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as group:
            group.create_task(write_all(database, [[insert(1)]]))
            await asyncio.sleep(0.02)
            late = group.create_task(database.write(insert(2)))
            await asyncio.sleep(0.02)
            late.cancel()
            await asyncio.sleep(0.02)
            other.execute("COMMIT")
    await database.write(insert(3))
    assert await ids(database) == [1, 3]


async def test_who_gives_up_late_harms_nobody(database: Database, path: Path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as group:
            first = group.create_task(database.write(insert(1)))
            await asyncio.sleep(0.02)
            group.create_task(write_all(database, [[insert(2)]]))
            await asyncio.sleep(0.02)
            first.cancel()
            await asyncio.sleep(0.02)
            other.execute("COMMIT")
    assert await ids(database) == [1, 2], "it was on its way to the disk"


async def test_reading_does_not_wait_for_writing(database: Database, path: Path):
    await database.write(insert(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(0.1):
            assert await ids(database) == [1]


async def test_reading_changes_nothing(database: Database):
    with pytest.raises(StorageUnavailable, match="readonly"):
        await database.read(insert(1))


# --- what can be wrong -------------------------------------------------------------


async def test_a_locked_database_is_unavailable_until_it_is_free(database: Database, path: Path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        raised = await write_all(database, [[insert(1)], [insert(2)]])
        assert [str(error) for error in raised] == ["the database: database is locked"] * 2
    await database.write(insert(3))
    assert await ids(database) == [3]


async def test_a_file_that_is_no_database_is_unavailable(path: Path, url: str):
    overwrite(path, b"not a database at all" * 100)
    with pytest.raises(StorageUnavailable, match="not a database"):
        async with open_database(url):
            pass


async def test_a_damaged_database_is_unavailable(path: Path, url: str):
    async with open_database(url) as database:
        await database.write(Query(sql="CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")())
        for number in range(50):
            await database.write(insert(number, "x" * 1000))
    overwrite(path, b"\xff" * 40_000, start=path.stat().st_size - 40_000)
    async with open_database(url) as database:
        with pytest.raises(StorageUnavailable, match="malformed"):
            await ids(database)
        with pytest.raises(StorageUnavailable, match="malformed"):
            await database.write(insert(1000))


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path):
    (tmp_path / "file").touch()
    for serving in (False, True):
        with pytest.raises(StorageUnavailable, match="file"):
            async with open_database(f"sqlite:///{tmp_path}/file/mynah.db", serving=serving):
                pass


async def test_a_newer_schema_is_left_alone(path: Path, url: str):
    async with open_database(url):
        pass
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageUnavailable, match=r"schema 99, written by a newer Mynah.*update Mynah"):
        async with open_database(url):
            pass


@pytest.mark.parametrize(
    "wrong", ["", "mynah.db", "sqlite://mynah.db", "sqlite:///", "sqlite:///:memory:", "mysql://x/y"]
)
async def test_only_urls_of_sqlite_are_taken(wrong: str):
    with pytest.raises(SettingInvalid, match="sqlite:///"):
        async with open_database(wrong):
            pass


# --- opening -----------------------------------------------------------------------


async def test_a_database_survives(url: str):
    async with open_database(url) as database:
        await database.write(Query(sql="CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")())
        await database.write(insert(1))
    async with open_database(url) as database:
        assert await ids(database) == [1]


async def test_commits_reach_the_disk_before_they_are_reported(database: Database):
    for pragma, value in (("journal_mode", "wal"), ("synchronous", 2)):
        (row,) = await database.write(Query(sql=f"PRAGMA {pragma}")())
        assert row[0] == value


async def test_nobody_else_can_read_it(database: Database, path: Path):
    await database.write(insert(1))
    files = list(path.parent.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_many_open_a_new_database_at_once(url: str):
    async def open_and_read() -> None:
        async with open_database(url) as database:
            await database.read(Query(sql="SELECT * FROM job")())

    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(open_and_read())


async def test_a_migration_is_made_whole_or_not_at_all(path: Path, url: str):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE said (in_the_way INTEGER)")
    with pytest.raises(StorageUnavailable, match="said already exists"):
        async with open_database(url):
            pass
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("said",)]
        assert other.execute("PRAGMA user_version").fetchone() == (0,)
