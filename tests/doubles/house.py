"""A whole house in memory, for the pipeline's tests."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from bot.domain.audio import AudioLimits
from bot.domain.messages import Addressed, Attachment, Author, Message, Place
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.pipeline.worker import Worker
from bot.ports import Clock
from tests.doubles.audit import MemoryAudit
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.channels import MemoryChannels
from tests.doubles.clock import ManualClock
from tests.doubles.conversations import MemoryConversations
from tests.doubles.gateway import ScriptedGateway
from tests.doubles.jobs import MemoryJobs, MemoryStore
from tests.doubles.journal import MemoryJournal
from tests.doubles.ledger import MemoryLedger
from tests.doubles.locks import MemoryLocks
from tests.doubles.media import MemoryMedia
from tests.doubles.people import MemoryPairings, MemoryPeople
from tests.doubles.platform import MemoryPlatform
from tests.doubles.records import MemoryRecords
from tests.doubles.reviews import MemoryReviews

LIMITS = AudioLimits(max_bytes=1_000_000, max_seconds=600)
SERVICE = {
    "chat_model": "scripted/mind",
    "transcription_model": "scripted/ear",
    "video_model": "scripted/ear",
    "speech_model": "scripted/mouth",
    "gather_seconds": "0",
}
"""What holds in every channel, unless a test says otherwise: there, each message is answered for itself."""


class HurriedClock(ManualClock):
    """Passes the time that somebody sleeps at once, so that a test waits for nothing."""

    @override
    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0.001)


@dataclass(frozen=True, kw_only=True)
class TestHouse:
    """A house, and its doubles by name."""

    __test__ = False

    house: House
    platform: MemoryPlatform
    gateway: ScriptedGateway
    store: MemoryStore
    ledger: MemoryLedger
    jobs: MemoryJobs

    async def say(self, message: Message) -> None:
        """Let somebody say something, and work until nothing is left to do."""
        await StoredIntake(self.house).accept(message)
        await self.work()

    async def until_stored(self, count: int, *, seconds: float = 10) -> list[str]:
        """Wait until so many messages are stored, and a moment more; returns what all of them say."""
        async with asyncio.timeout(seconds):
            while len(self.store.jobs) < count:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        return [job.message.text for job in self.store.jobs.values()]

    async def work(self, *, seconds: float = 10) -> None:
        """Run a worker until no job is ready or running."""
        worker = Worker(self.house, turns=8, drain_seconds=1)
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            while any(job.status in {"ready", "running"} for job in self.store.jobs.values()):
                await asyncio.sleep(0.005)
            worker.stop()

    def restarted(self, worker: str = "next") -> "TestHouse":
        """Return the same house as the next process finds it: what was stored is there, what ran is not."""
        jobs = MemoryJobs(self.house.clock, self.store, worker=worker)
        house = House(**{**vars(self.house), "jobs": jobs})
        return TestHouse(**{**vars(self), "house": house, "jobs": jobs})


def open_test_house(folder: Path, clock: Clock | None = None, **service: str) -> TestHouse:
    """Furnish a house.

    Args:
        folder: for media bytes.
        clock: by which all goes; None for one that passes every wait at once.
        service: settings that hold in every channel.
    """
    clock, store = clock or HurriedClock(), MemoryStore()
    audit, conversations = MemoryAudit(clock), MemoryConversations()
    ledger = MemoryLedger(clock, audit)
    reviews = MemoryReviews(clock, store)
    platform, gateway, jobs = MemoryPlatform(), ScriptedGateway(), MemoryJobs(clock, store)
    house = House(
        clock=clock,
        jobs=jobs,
        journal=MemoryJournal(store, ledger, clock),
        ledger=ledger,
        channels=MemoryChannels({**SERVICE, **service}, audit=audit),
        conversations=conversations,
        records=MemoryRecords(clock, store, conversations, reviews),
        reviews=reviews,
        people=MemoryPeople(clock),
        pairings=MemoryPairings(clock),
        audit=audit,
        locks=MemoryLocks(clock),
        blobs=MemoryBlobs(folder),
        media=MemoryMedia(),
        gateways={gateway.name: gateway},
        platforms={platform.name: platform},
        limits=LIMITS,
    )
    return TestHouse(house=house, platform=platform, gateway=gateway, store=store, ledger=ledger, jobs=jobs)


def message(key: str = "1", text: str = "", *attachments: Attachment, command: str | None = None) -> Message:
    """Return what somebody says in a direct message."""
    return Message(
        key=key,
        place=Place(platform="memory", workspace="W", channel="C", direct=True),
        author=Author(id="U", name="Ada"),
        text=text,
        attachments=attachments,
        addressed=Addressed.DIRECT if command is None else Addressed.COMMAND,
        command=command,
    )


VOICE_NOTE = Attachment(id="note", name="voice.wav", declared_type="audio/wav", voice_note=True)
