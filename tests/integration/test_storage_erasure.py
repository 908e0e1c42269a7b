"""What is erased is not on the disk any more: the bytes of the database's files are looked at."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.storage.conversations import SqlConversations
from adapters.storage.database import Database, open_database
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from adapters.storage.records import SqlRecords
from bot.domain.budgets import user_scope
from bot.domain.messages import Attachment, Author, Message
from bot.domain.models import ChatTurn, Role
from tests.contracts.samples import ADA, OTHER_PLACE, PLACE, PLATFORMS, message
from tests.doubles.clock import ManualClock

PERSON = user_scope(PLACE, ADA)
GRACE = Author(id="U2", name="Grace")
COUNT = 60
"""Turns of each: enough for pages to be split and joined, and for overflow pages."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mynah.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    async with open_database(f"sqlite:///{path}") as opened:
        yield opened


def bytes_of(path: Path) -> bytes:
    """Return everything on the disk: the database, its log, and its index of the log."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


async def run(database: Database, said: Message, *words: str) -> None:
    """Run a turn in which these words are heard, answered, remembered and complained about."""
    clock = ManualClock()
    jobs, journal = SqlJobs(database, clock), SqlJournal(database, clock)
    await jobs.submit(said)
    (job,) = await jobs.claim(1, PLATFORMS)
    await journal.begin(job.lease, "hear:0:0:local/whisper")
    await journal.done(job.lease, "hear:0:0:local/whisper", {"text": words[0], "segments": [[0, 1, words[0]]]})
    await journal.begin(job.lease, "answer:a/b")
    await journal.failed(job.lease, "answer:a/b", f"refused to say {words[0]}")
    turns = [ChatTurn(role=Role.USER, text=words[0]), ChatTurn(role=Role.ASSISTANT, text=words[1])]
    await SqlConversations(database, clock).remember(job.id, said.place, turns)
    await jobs.bury(job.lease, reason=f"nobody says {words[0]}")


def secret(number: int) -> str:
    """Return words that stand nowhere else, now and then longer than a page."""
    return f"zaubernuss-{number} " * (700 if number % 7 == 0 else 1 + number % 5)


async def fill(database: Database) -> None:
    for number in range(COUNT):
        place = (PLACE, OTHER_PLACE)[number % 2]
        file = Attachment(
            id=f"F{number}", name=f"zaubernuss-{number}.m4a", handle={"url": f"https://zaubernuss/{number}"}
        )
        theirs = message(str(2 * number), place, text=secret(number), attachments=(file,), handle={"t": "zaubernuss"})
        await run(database, theirs, secret(number), f"You said zaubernuss-{number}.")
        other = replace(message(str(2 * number + 1), place, text=f"hollunder-{number}"), author=GRACE)
        await run(database, other, f"hollunder-{number}", f"Yes, hollunder-{number}.")


async def test_no_word_of_who_is_forgotten_is_left_on_the_disk(database: Database, path: Path):
    await fill(database)
    records = SqlRecords(database, ManualClock())
    assert bytes_of(path).count(b"zaubernuss") > 10 * COUNT
    assert b'"Ada"' in bytes_of(path)

    erased = await records.erase(await records.of_person(PERSON))
    assert (len(erased.jobs), erased.results, erased.turns) == (COUNT, COUNT, COUNT)
    assert b"zaubernuss" in bytes_of(path), "the log of writes still has it"
    assert await records.scrub() is True

    left = bytes_of(path)
    assert left.count(b"zaubernuss") == 0
    assert b'"Ada"' not in left
    for number in range(COUNT):
        assert left.count(f"hollunder-{number}".encode()) >= 4, "what others said stays"


async def test_while_somebody_reads_the_older_versions_stay_and_that_is_told(database: Database, path: Path):
    await run(database, message("1", text="zaubernuss"), "zaubernuss", "Yes.")
    records = SqlRecords(database, ManualClock())
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM job").fetchall()
        await records.erase(await records.of_person(PERSON))
        assert await records.scrub() is False
        reader.execute("COMMIT")
    assert b"zaubernuss" in bytes_of(path)
    assert await records.scrub() is True
    assert b"zaubernuss" not in bytes_of(path)


async def test_writing_goes_on_beside_a_reader_that_holds_a_scrub_up(database: Database, path: Path):
    await run(database, message("1", text="zaubernuss"), "zaubernuss", "Yes.")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM job").fetchall()
        assert await SqlRecords(database, ManualClock()).scrub() is False
        assert await SqlJobs(database, ManualClock()).submit(message("2"))
