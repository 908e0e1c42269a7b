"""Whatever happens in whatever order: nothing runs twice at once, out of order, or gets lost."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.domain.errors import LeaseLost
from bot.domain.jobs import Job, JobStatus
from bot.domain.messages import JobId
from bot.ports import Jobs
from tests.contracts.samples import PLACE, PLATFORMS, message
from tests.contracts.storage import Storage, in_memory, in_sqlite

LANES = st.integers(0, 2)
PROCESSES = st.integers(0, 1)
PICKS = st.integers(0, 1000)
QUICK_DISK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a random folder is made in it
OVER = {JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED}


class JobsInAnyOrder(RuleBasedStateMachine):
    """Two processes work on three conversations, and now and then one of them dies or sleeps through its lease."""

    open_storage: Callable[[Path], AbstractAsyncContextManager[Storage]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory(dir=QUICK_DISK))
        self.storage = self.runner.run(self.stack.enter_async_context(type(self).open_storage(Path(self.folder))))
        self.processes = (self.storage.jobs, self.storage.rival)
        self.sent = 0
        self.lanes: dict[str, list[JobId]] = {}
        self.status: dict[JobId, JobStatus] = {}
        self.held: tuple[dict[JobId, Job], dict[JobId, Job]] = ({}, {})
        self.lost: list[Job] = []

    def teardown(self) -> None:
        self.runner.run(self.work_off())
        self.runner.run(self.stack.aclose())
        self.runner.close()

    # --- what happens ----------------------------------------------------------

    @rule(lane=LANES, process=PROCESSES)
    def submit(self, lane: int, process: int) -> None:
        self.sent += 1
        new = message(str(self.sent), replace(PLACE, thread=str(lane)))
        assert self.runner.run(self.processes[process].submit(new))
        assert not self.runner.run(self.processes[1 - process].submit(new))
        self.lanes.setdefault(new.place.conversation, []).append(new.job_id)
        self.status[new.job_id] = JobStatus.READY

    @rule(process=PROCESSES, limit=st.integers(1, 4))
    def claim(self, process: int, limit: int) -> None:
        self.took(process, list(self.runner.run(self.processes[process].claim(limit, PLATFORMS))))

    @precondition(lambda self: any(self.held))
    @rule(pick=PICKS, how=st.sampled_from(["finish", "retry", "bury", "ask", "release"]))
    def leave(self, pick: int, how: str) -> None:
        process = pick % 2 if self.held[pick % 2] else 1 - pick % 2
        job = self.held[process].pop(self.pick(self.held[process], pick))
        self.runner.run(leave(self.processes[process], job, how))
        self.status[job.id] = AFTER[how]

    @rule(process=PROCESSES)
    def oversleep(self, process: int) -> None:
        """One process sleeps through its lease; the other lives and looks after its jobs."""
        self.storage.clock.advance(10)
        self.runner.run(self.processes[1 - process].heartbeat())
        self.storage.clock.advance(10)
        self.runner.run(self.processes[1 - process].heartbeat())
        for job in self.held[process].values():
            self.status[job.id] = JobStatus.READY
            self.lost.append(job)
        self.held[process].clear()

    @rule(process=PROCESSES)
    def beat(self, process: int) -> None:
        self.runner.run(self.processes[process].heartbeat())

    @precondition(lambda self: self.lost)
    @rule(pick=PICKS, how=st.sampled_from(["finish", "retry", "bury", "ask", "release"]))
    def haunt(self, pick: int, how: str) -> None:
        """What a process writes about a job that it lost has no effect."""
        job = self.lost[pick % len(self.lost)]
        for process in self.processes:
            with pytest.raises(LeaseLost):
                self.runner.run(leave(process, job, how))

    @precondition(lambda self: self.status)
    @rule(pick=PICKS, repeat=st.booleans())
    def decide(self, pick: int, *, repeat: bool) -> None:
        job = self.pick(self.status, pick)
        asked = self.status[job] is JobStatus.ASKED
        assert self.runner.run(self.storage.jobs.decide(job, repeat=repeat)) is asked
        if asked:
            self.status[job] = JobStatus.READY if repeat else JobStatus.CANCELLED

    @precondition(lambda self: self.status)
    @rule(pick=PICKS)
    def cancel(self, pick: int) -> None:
        job = self.pick(self.status, pick)
        assert self.runner.run(self.storage.rival.cancel(job)) is (self.status[job] not in OVER)
        if self.status[job] in OVER:
            return
        self.status[job] = JobStatus.CANCELLED
        for held in self.held:
            if job in held:
                self.lost.append(held.pop(job))

    @rule()
    def pass_time(self) -> None:
        self.storage.clock.advance(1)

    # --- what must hold ----------------------------------------------------------

    def took(self, process: int, jobs: list[Job]) -> None:
        for job in jobs:
            ready = [known for known in self.lanes[job.lane] if self.status[known] is JobStatus.READY]
            running = [known for known in self.lanes[job.lane] if self.status[known] is JobStatus.RUNNING]
            assert job.id == ready[0], "out of order"
            assert not running, "two at once in one conversation"
            self.status[job.id] = JobStatus.RUNNING
            self.held[process][job.id] = job

    @invariant()
    def every_job_is_where_it_should_be(self) -> None:
        jobs = self.runner.run(self.storage.jobs.recent(1000))
        assert {job.id: job.status for job in jobs} == self.status

    async def work_off(self) -> None:
        """In the end every job is over, but those that wait for a person."""
        for process, held in zip(self.processes, self.held, strict=True):
            for job in held.values():
                await process.finish(job.lease)
                self.status[job.id] = JobStatus.DONE
            held.clear()
        self.storage.clock.advance(60)
        while jobs := list(await self.storage.jobs.claim(10, PLATFORMS)):
            self.took(0, jobs)
            for job in jobs:
                await self.storage.jobs.finish(job.lease)
                self.status[job.id] = JobStatus.DONE
        self.every_job_is_over_or_asked()

    def every_job_is_over_or_asked(self) -> None:
        assert set(self.status.values()) <= {*OVER, JobStatus.ASKED}

    @staticmethod
    def pick(jobs: dict[JobId, object], pick: int) -> JobId:
        return list(jobs)[pick % len(jobs)]


AFTER = {
    "finish": JobStatus.DONE,
    "retry": JobStatus.READY,
    "bury": JobStatus.FAILED,
    "ask": JobStatus.ASKED,
    "release": JobStatus.READY,
}


async def leave(process: Jobs, job: Job, how: str) -> None:
    details = {"retry": {"delay_seconds": 2, "reason": "busy"}, "bury": {"reason": "no"}, "ask": {"reason": "?"}}
    await getattr(process, how)(job.lease, **details.get(how, {}))


@pytest.mark.parametrize("opened", [in_memory, in_sqlite], ids=["memory", "sqlite"])
def test_jobs_in_any_order(opened: Callable[[Path], AbstractAsyncContextManager[Storage]]):
    machine = type("Machine", (JobsInAnyOrder,), {"open_storage": staticmethod(opened)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
