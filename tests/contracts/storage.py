"""The same ports over memory and over SQLite; a suite does not know which it is given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.storage.audit import SqlAudit
from adapters.storage.blobs import FileBlobs
from adapters.storage.channels import SqlChannels
from adapters.storage.cipher import new_key
from adapters.storage.conversations import SqlConversations
from adapters.storage.database import open_database
from adapters.storage.installations import SqlInstallations
from adapters.storage.jobs import SqlJobs
from adapters.storage.journal import SqlJournal
from adapters.storage.ledger import SqlLedger
from adapters.storage.locks import SqlLocks
from adapters.storage.pairings import SqlPairings
from adapters.storage.people import SqlPeople
from adapters.storage.records import SqlRecords
from adapters.storage.reviews import SqlReviews
from adapters.storage.workers import Worker
from bot.ports import (
    Audit,
    Blobs,
    Channels,
    Conversations,
    Installations,
    Jobs,
    Journal,
    Ledger,
    Locks,
    Pairings,
    People,
    Records,
    Reviews,
)
from tests.doubles.audit import MemoryAudit
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.channels import MemoryChannels
from tests.doubles.clock import ManualClock
from tests.doubles.conversations import MemoryConversations
from tests.doubles.installations import MemoryInstallations
from tests.doubles.jobs import MemoryJobs
from tests.doubles.journal import MemoryJournal
from tests.doubles.ledger import MemoryLedger
from tests.doubles.locks import MemoryLocks
from tests.doubles.people import MemoryPairings, MemoryPeople
from tests.doubles.records import MemoryRecords
from tests.doubles.reviews import MemoryReviews

SERVICE = {"reply": "text", "max_tokens": "500"}
"""What the settings file says in these suites."""


@dataclass(kw_only=True)
class Storage:
    """What two processes see of one storage."""

    clock: ManualClock
    jobs: Jobs
    rival: Jobs
    """The jobs as another machine's process has them."""
    journal: Journal
    journal_elsewhere: Journal
    """The steps as another process has them."""
    ledger: Ledger
    ledger_elsewhere: Ledger
    """The money as another process has it."""
    channels: Channels
    elsewhere: Channels
    """The settings as another process has them."""
    conversations: Conversations
    records: Records
    reviews: Reviews
    people: People
    pairings: Pairings
    audit: Audit
    installations: Installations
    installations_elsewhere: Installations
    """The installations as another process has them."""
    locks: Locks
    locks_elsewhere: Locks
    """The rights as another machine's process has them."""
    blobs: Blobs


@asynccontextmanager
async def in_memory(folder: Path) -> AsyncIterator[Storage]:
    clock = ManualClock()
    audit, conversations = MemoryAudit(clock), MemoryConversations()
    ledger, jobs = MemoryLedger(clock, audit), MemoryJobs(clock)
    journal, reviews = MemoryJournal(jobs.store, ledger, clock), MemoryReviews(clock, jobs.store)
    stored: dict[str, dict[str, str]] = {}
    installations = MemoryInstallations(clock)
    locks = MemoryLocks(clock, owner="here")
    yield Storage(
        clock=clock,
        jobs=jobs,
        rival=MemoryJobs(clock, jobs.store, worker="there"),
        journal=journal,
        journal_elsewhere=journal,
        ledger=ledger,
        ledger_elsewhere=ledger,
        channels=MemoryChannels(SERVICE, stored, audit),
        elsewhere=MemoryChannels(SERVICE, stored, audit),
        conversations=conversations,
        records=MemoryRecords(clock, jobs.store, conversations, reviews),
        reviews=reviews,
        people=MemoryPeople(clock),
        pairings=MemoryPairings(clock),
        audit=audit,
        installations=installations,
        installations_elsewhere=MemoryInstallations(clock, installations.stored),
        locks=locks,
        locks_elsewhere=MemoryLocks(clock, locks.stored, owner="process 1 on there"),
        blobs=MemoryBlobs(folder),
    )


@asynccontextmanager
async def in_sqlite(folder: Path) -> AsyncIterator[Storage]:
    clock, url, keys = ManualClock(), f"sqlite:///{folder}/mynah.db", (new_key(), new_key())
    async with open_database(url) as database, open_database(url) as other:
        yield Storage(
            clock=clock,
            jobs=SqlJobs(database, clock),
            rival=SqlJobs(other, clock, worker=Worker(host="there", pid=1, nonce="0")),
            journal=SqlJournal(database, clock),
            journal_elsewhere=SqlJournal(other, clock),
            ledger=SqlLedger(database, clock),
            ledger_elsewhere=SqlLedger(other, clock),
            channels=SqlChannels(database, clock, SERVICE),
            elsewhere=SqlChannels(other, clock, SERVICE),
            conversations=SqlConversations(database, clock),
            records=SqlRecords(database, clock),
            reviews=SqlReviews(database, clock),
            people=SqlPeople(database, clock),
            pairings=SqlPairings(database, clock),
            audit=SqlAudit(database, clock),
            installations=SqlInstallations(database, clock, keys),
            installations_elsewhere=SqlInstallations(other, clock, keys[::-1]),
            locks=SqlLocks(database, clock),
            locks_elsewhere=SqlLocks(other, clock, worker=Worker(host="there", pid=1, nonce="0")),
            blobs=FileBlobs(folder / "media"),
        )
