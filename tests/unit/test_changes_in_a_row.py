"""What is edited again while its edit is being answered: what is held of it stays until the last answer has used it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.messages import Attachment, Message
from bot.domain.models import ChatRequest, Request
from bot.domain.money import CallKind
from bot.pipeline.intake import StoredIntake
from bot.pipeline.worker import Worker
from tests.contracts.sounds import tone, write_wav
from tests.doubles.gateway import Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.platform import MemoryPlatform


@dataclass(kw_only=True)
class SlowFiles(MemoryPlatform):
    """One on which the files of the first edit take as long as the test likes."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    async def fetch(self, message: Message, attachment: Attachment) -> AsyncIterator[bytes]:
        if message.revision == 1:
            self.reached.set()
            await self.released.wait()
        async for chunk in super().fetch(message, attachment):
            yield chunk


def furnished(folder: Path, platform: MemoryPlatform, **service: str) -> TestHouse:
    made = open_test_house(folder / "media", reply="text", **service)
    platform.files[VOICE_NOTE.id] = Path(write_wav(folder / "note.wav", tone(1))).read_bytes()
    made.gateway.answers[CallKind.CHAT] = _echo
    return replace(made, platform=platform, house=replace(made.house, platforms={platform.name: platform}))


def _echo(request: Request) -> str:
    assert isinstance(request, ChatRequest)
    return f"You said: {request.turns[-1].text}"


async def edit(home: TestHouse, said: Message, text: str, mark: str) -> None:
    now = home.house.clock.now()
    assert await StoredIntake(home.house).edited(replace(said, text=text, edited=mark), said_at=now)


@asynccontextmanager
async def working(home: TestHouse, *, turns: int) -> AsyncIterator[None]:
    """Run a worker; at the end, wait until nothing is left to do."""
    worker = Worker(home.house, turns=turns, drain_seconds=1)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        yield
        while any(job.status in {"ready", "running"} for job in home.store.jobs.values()):
            await asyncio.sleep(0.005)
        worker.stop()


def texts(home: TestHouse) -> list[str]:
    return [posted.text for posted in home.platform.posts.values()]


def words(home: TestHouse) -> str:
    """Return all that is still held of what was said."""
    return f"{[job.message for job in home.store.jobs.values()]}{home.store.steps}"


async def test_a_second_edit_that_stops_the_first_pays_for_no_transcript_again(tmp_path: Path):
    slow = SlowFiles()
    home = furnished(tmp_path, slow)
    said = message("1", "And?", VOICE_NOTE)
    await home.say(said)
    async with working(home, turns=8):
        await edit(home, said, "And now?", "e1")
        await slow.reached.wait()
        await edit(home, said, "And then?", "e2")
    assert sum(request.kind is CallKind.TRANSCRIPTION for request in home.gateway.requests) == 1
    assert "And then?" in texts(home)[0]
    assert "And now?" not in words(home)
    assert "And?" not in words(home)


@pytest.mark.parametrize("end", ["answered", "stopped"])
async def test_where_nothing_is_kept_what_is_answered_together_is_held_until_the_last_answer(tmp_path: Path, end: str):
    home = furnished(tmp_path, MemoryPlatform(), retention_days="0", gather_seconds="0.5")
    intake, hold = StoredIntake(home.house), home.gateway.hold(Point.MIDWAY)
    await intake.accept(message("1", "Buy milk"))
    await intake.accept(message("2", "and write it down."))
    async with working(home, turns=1):
        await hold.reached.wait()
        again = home.gateway.hold(Point.MIDWAY)
        await edit(home, message("2", "and write it down."), "and sing it.", "e1")
        await again.reached.wait()
        if end == "stopped":
            await intake.stop(message().place, by=message().author.id)
        again.released.set()
    assert ("Buy milk\nand sing it." in texts(home)[0]) is (end == "answered")
    assert all(each not in words(home) for each in ("milk", "write it", "sing it"))


async def test_what_an_edit_replaced_goes_also_when_its_answer_is_stopped(tmp_path: Path):
    home = furnished(tmp_path, MemoryPlatform())
    await home.say(said := message("1", "How are you?"))
    hold = home.gateway.hold(Point.MIDWAY)
    async with working(home, turns=8):
        await edit(home, said, "Who are you?", "e1")
        await hold.reached.wait()
        await StoredIntake(home.house).stop(said.place, by=said.author.id)
    assert "How are" not in words(home)
    assert "Who are" in words(home)
