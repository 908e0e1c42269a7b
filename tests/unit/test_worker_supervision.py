"""A job whose trouble nobody foresaw, wherever in it: it is tried as often as any, ends, and harms nobody else's."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import structlog
from typing_extensions import override

from bot.domain.errors import ModelRefused
from bot.domain.jobs import MAX_TRIES, JobStatus
from bot.domain.journal import Step
from bot.domain.messages import Author, JobId, Message, Part, PostId, Quoted
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.pipeline.worker import Worker
from bot.ports import Directory
from tests.doubles.gateway import Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.journal import MemoryJournal
from tests.doubles.platform import MemoryPlatform
from tests.unit.test_turn import wav

BEN = replace(message("2", "And I?"), author=Author(id="B"), place=replace(message().place, channel="D"))
"""Somebody else, elsewhere."""


class BrokenDirectory(MemoryPlatform, Directory):
    """Tells of nobody, in a way that nobody foresaw; of Ben, it does."""

    @override
    async def locale(self, person: str, *, workspace: str) -> str:
        if person != BEN.author.id:
            raise KeyError(person)
        return "en"

    @override
    async def groups(self, person: str, *, workspace: str, among: Collection[str]) -> Sequence[str]:
        return ()


@dataclass(kw_only=True)
class BrokenPosts(MemoryPlatform):
    """Takes some posts in a way that nobody foresaw."""

    failures: int = 0
    tried: int = 0

    @override
    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        self.tried += 1
        if self.tried <= self.failures:
            raise AttributeError("'str' object has no attribute 'get'")
        return await super().post(part, answering=answering, key=key)


@dataclass
class SlowSteps:
    """A journal whose steps can be read when the test says so, and once in a way that nobody foresaw."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, home: TestHouse) -> MemoryJournal:
        reached, released = self.reached, self.released

        class Journal(MemoryJournal):
            @override
            async def steps(self, job: JobId) -> Mapping[str, Step]:
                if not reached.is_set():
                    reached.set()
                    await released.wait()
                    raise ValueError("a step in a state that nobody knows")
                return await super().steps(job)

        return Journal(home.store, home.ledger, home.house.clock)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let no traceback be drawn, with all that stands in the house: that takes seconds."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    return open_test_house(tmp_path)


def on(home: TestHouse, platform: MemoryPlatform) -> TestHouse:
    house = House(**{**vars(home.house), "platforms": {platform.name: platform}})
    return replace(home, house=house, platform=platform)


def statuses(home: TestHouse) -> list[JobStatus]:
    return [job.status for job in home.store.jobs.values()]


async def test_a_job_that_cannot_be_begun_is_tried_as_often_as_any_and_others_are_answered(home: TestHouse):
    home = on(home, BrokenDirectory())
    await StoredIntake(home.house).accept(replace(message("1", "Hello"), author=Author(id="U")))
    await StoredIntake(home.house).accept(BEN)
    await home.work()
    assert statuses(home) == [JobStatus.FAILED, JobStatus.DONE]
    assert [job.tries for job in home.store.jobs.values()] == [MAX_TRIES, 1]
    assert len(home.platform.posts) == 1


async def test_a_job_that_could_not_be_opened_once_is_tried_again(home: TestHouse):
    slow = SlowSteps()
    slow.released.set()
    home = replace(home, house=House(**{**vars(home.house), "journal": slow.of(home)}))
    await home.say(message("1", "Hello"))
    assert statuses(home) == [JobStatus.DONE]
    assert home.store.jobs[message("1").job_id].tries == 2


async def test_whoever_cannot_be_told_what_went_wrong_is_told_at_the_next_try(home: TestHouse):
    home = on(home, BrokenPosts(failures=2))
    home.gateway.fail(Point.SENT, *[ModelRefused("no", model="mind")] * 3)
    await home.say(message("1", "Hello"))
    assert statuses(home) == [JobStatus.FAILED]
    [posted] = home.platform.posts.values()
    assert "did not answer: no" in posted.text


async def test_a_job_that_nobody_can_ever_be_told_of_ends(home: TestHouse):
    home = on(home, BrokenPosts(failures=1_000))
    home.gateway.fail(Point.SENT, *[ModelRefused("no", model="mind")] * MAX_TRIES)
    await home.say(message("1", "Hello"))
    assert statuses(home) == [JobStatus.FAILED]
    assert home.store.jobs[message("1").job_id].tries == MAX_TRIES


async def test_of_a_job_that_nobody_can_ever_be_told_of_no_recording_is_left(home: TestHouse, tmp_path: Path):
    home = on(home, BrokenPosts(failures=1_000))
    home.platform.files[VOICE_NOTE.id] = wav(2)
    await home.say(message("1", "Hello", VOICE_NOTE))
    assert statuses(home) == [JobStatus.FAILED]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


class BrokenSteps(MemoryJournal):
    """A journal that can be read of nobody but Ben, in a way that nobody foresaw."""

    @override
    async def steps(self, job: JobId) -> Mapping[str, Step]:
        if job != BEN.job_id:
            raise ValueError("a step in a state that nobody knows")
        return await super().steps(job)


async def test_a_job_that_cannot_even_be_ended_properly_ends_and_others_are_answered(home: TestHouse):
    journal = BrokenSteps(home.store, home.ledger, home.house.clock)
    home = replace(home, house=House(**{**vars(home.house), "journal": journal}))
    quoted = Quoted(channel="C", key="0", author=BEN.author, text="Hm.")
    await home.say(replace(message("1", "Hello"), quoted=(quoted,)))
    await home.say(BEN)
    assert statuses(home) == [JobStatus.FAILED, JobStatus.DONE]


async def test_a_job_that_is_only_just_begun_when_the_worker_stops_is_handed_back(home: TestHouse):
    slow = SlowSteps()
    worker = Worker(House(**{**vars(home.house), "journal": slow.of(home)}), turns=1, drain_seconds=0)
    await StoredIntake(home.house).accept(message("1", "Hello"))
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await slow.reached.wait()
        worker.stop()
    [job] = home.store.jobs.values()
    assert (job.status, job.tries) == (JobStatus.READY, 0)
