"""A worker that is stopped while a turn runs: hands the turn back, and never fails because there is nothing to hand back."""

import asyncio
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.jobs import JobStatus
from bot.domain.messages import JobId
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.pipeline.worker import Worker
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.house import TestHouse, message, open_test_house


class SlowBlobs(MemoryBlobs):
    """Takes for ever to clear up behind a turn that is over."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.clearing = asyncio.Event()

    @override
    async def discard(self, job: JobId) -> None:
        self.clearing.set()
        await asyncio.Event().wait()


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    return open_test_house(tmp_path)


async def test_a_turn_that_was_just_finished_is_over_and_the_worker_ends_well(home: TestHouse, tmp_path: Path):
    blobs = SlowBlobs(tmp_path)
    worker = Worker(House(**{**vars(home.house), "blobs": blobs}), turns=1, drain_seconds=0)
    await StoredIntake(home.house).accept(message("1", "Hello"))
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await blobs.clearing.wait()
        worker.stop()
    [job] = home.store.jobs.values()
    assert job.status is JobStatus.DONE
