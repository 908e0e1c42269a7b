"""Jobs in memory: several `MemoryJobs` on one `MemoryStore` are several processes on one database."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from typing_extensions import override

from bot.domain.budgets import user_scope
from bot.domain.errors import LeaseLost
from bot.domain.jobs import Job, JobStatus, Lease
from bot.domain.journal import Step, StepState
from bot.domain.messages import JobId, Message, Place
from bot.ports import Clock, Jobs

LEASE_MS = 15_000
POLL_SECONDS = 0.01
OPEN = frozenset({JobStatus.READY, JobStatus.RUNNING, JobStatus.ASKED})


@dataclass(kw_only=True)
class MemoryStore:
    """What a database keeps of jobs and their steps."""

    jobs: dict[JobId, Job] = field(default_factory=dict)
    """In the order in which they were stored."""
    steps: dict[JobId, dict[str, Step]] = field(default_factory=dict)
    """In the order in which they began."""
    marks: dict[Place, str] = field(default_factory=dict)
    """The last message of each place."""
    workers: dict[str, int] = field(default_factory=dict)
    """Alive until."""

    def change(self, job: JobId, **changes: Any) -> None:
        self.jobs[job] = replace(self.jobs[job], **changes)

    def check(self, lease: Lease) -> None:
        """Raise LeaseLost when the lease is over."""
        job = self.jobs.get(lease.job)
        if job is None or job.status is not JobStatus.RUNNING or job.lease != lease:
            raise LeaseLost(f"{lease.job} is no longer ours, epoch {lease.epoch} is over")


class MemoryJobs(Jobs):
    """One process that runs jobs of a store."""

    def __init__(self, clock: Clock, store: MemoryStore | None = None, *, worker: str = "here") -> None:
        self.store = store or MemoryStore()
        self._clock = clock
        self._worker = worker
        self._bell = asyncio.Event()

    @override
    async def submit(self, message: Message) -> bool:
        marks, place = self.store.marks, message.place
        if _later(message.key, marks.get(place, "")):
            marks[place] = message.key
        if message.job_id in self.store.jobs:
            return False
        self.store.jobs[message.job_id] = self._new(message)
        self._bell.set()
        return True

    def _new(self, message: Message) -> Job:
        return Job(
            id=message.job_id,
            lane=message.place.conversation,
            status=JobStatus.READY,
            message=message,
            tries=0,
            epoch=0,
            owner=None,
            run_at=self._clock.now(),
            created_at=self._clock.now(),
            ended_at=None,
            error=None,
        )

    @override
    async def claim(self, limit: int, platforms: Collection[str]) -> Sequence[Job]:
        self._live()
        due = [job for job in self._first_of_lanes() if self._is_due(job) and job.message.place.platform in platforms]
        chosen = sorted(due, key=lambda job: job.run_at)[: max(limit, 0)]
        for job in chosen:
            self.store.change(
                job.id, status=JobStatus.RUNNING, owner=self._worker, epoch=job.epoch + 1, tries=job.tries + 1
            )
        return [self.store.jobs[job.id] for job in chosen]

    def _first_of_lanes(self) -> Sequence[Job]:
        """Return the first waiting job of each lane in which nothing runs."""
        busy = {job.lane for job in self._in(JobStatus.RUNNING)}
        first: dict[str, Job] = {}
        for job in self._in(JobStatus.READY):
            first.setdefault(job.lane, job)
        return [job for lane, job in first.items() if lane not in busy]

    def _is_due(self, job: Job) -> bool:
        return job.run_at <= self._clock.now()

    def _in(self, status: JobStatus) -> Sequence[Job]:
        return [job for job in self.store.jobs.values() if job.status is status]

    @override
    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(seconds, POLL_SECONDS)):
                await self._bell.wait()
        except TimeoutError:
            return
        finally:
            self._bell.clear()

    @override
    async def heartbeat(self) -> None:
        self._live()
        self.store.workers = {name: until for name, until in self.store.workers.items() if until >= self._clock.now()}
        for job in self._in(JobStatus.RUNNING):
            if job.owner not in self.store.workers:
                self.store.change(job.id, status=JobStatus.READY, owner=None)
        self._bell.set()

    def _live(self) -> None:
        self.store.workers[self._worker] = self._clock.now() + LEASE_MS

    @override
    async def is_served(self) -> bool:
        return any(until >= self._clock.now() for until in self.store.workers.values())

    @override
    async def finish(self, lease: Lease) -> None:
        self._leave(lease, status=JobStatus.DONE, ended_at=self._clock.now(), error=None)

    @override
    async def retry(self, lease: Lease, *, delay_seconds: float, reason: str) -> None:
        run_at = self._clock.now() + int(delay_seconds * 1000)
        self._leave(lease, status=JobStatus.READY, run_at=run_at, error=reason)

    @override
    async def bury(self, lease: Lease, *, reason: str) -> None:
        self._leave(lease, status=JobStatus.FAILED, ended_at=self._clock.now(), error=reason)

    @override
    async def ask(self, lease: Lease, *, reason: str) -> None:
        self._leave(lease, status=JobStatus.ASKED, error=reason)

    @override
    async def release(self, lease: Lease) -> None:
        self.store.check(lease)
        self._leave(lease, status=JobStatus.READY, tries=self.store.jobs[lease.job].tries - 1)

    def _leave(self, lease: Lease, **changes: Any) -> None:
        self.store.check(lease)
        self.store.change(lease.job, owner=None, **changes)
        self._bell.set()

    @override
    async def decide(self, job: JobId, *, repeat: bool) -> bool:
        if repeat:
            return self._move(job, {JobStatus.ASKED}, self._repeat)
        return self._move(job, {JobStatus.ASKED}, self._drop)

    @override
    async def cancel(self, job: JobId) -> bool:
        return self._move(job, OPEN, self._drop)

    def _repeat(self, job: JobId) -> None:
        steps = self.store.steps.get(job, {})
        for step in list(steps.values()):
            if step.state is StepState.UNKNOWN:
                steps[step.name] = replace(step, state=StepState.FAILED, at=self._clock.now())
        self.store.change(job, status=JobStatus.READY, run_at=self._clock.now())

    def _drop(self, job: JobId) -> None:
        self.store.change(job, status=JobStatus.CANCELLED, owner=None, ended_at=self._clock.now())

    def _move(self, job: JobId, when: Collection[JobStatus], move: Callable[[JobId], None]) -> bool:
        known = self.store.jobs.get(job)
        if known is None or known.status not in when:
            return False
        move(job)
        self._bell.set()
        return True

    @override
    async def get(self, job: JobId) -> Job | None:
        return self.store.jobs.get(job)

    @override
    async def recent(self, limit: int, status: JobStatus | None = None) -> Sequence[Job]:
        jobs = [job for job in self.store.jobs.values() if status in (None, job.status)]
        return jobs[::-1][:limit]

    @override
    async def newest(self, place: Place, status: JobStatus | None = None) -> Job | None:
        for job in reversed(self.store.jobs.values()):
            there = job.message.place
            inside = there.scopes[1] == place.scopes[1] and place.thread in (None, there.thread)
            if inside and status in (None, job.status):
                return job
        return None

    @override
    async def takes_part(self, place: Place) -> bool:
        return any(known.conversation == place.conversation for known in self.store.marks)

    @override
    async def sent(self, person: str, within: str, *, since: int, limit: int, refused: bool = False) -> Sequence[int]:
        times = [job.created_at for job in self.store.jobs.values() if _is_sent(job, person, within, refused=refused)]
        return sorted((at for at in times if at >= since), reverse=True)[:limit]

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        return {place: key for place, key in self.store.marks.items() if place.platform == platform}


def _is_sent(job: Job, person: str, within: str, *, refused: bool) -> bool:
    place, author = job.message.place, job.message.author
    return user_scope(place, author) == person and within in place.scopes and bool(job.message.refusal) is refused


def _later(key: str, than: str) -> bool:
    return (len(key), key) > (len(than), than)
