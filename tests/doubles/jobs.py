"""Jobs in memory: several `MemoryJobs` on one `MemoryStore` are several processes on one database."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from typing_extensions import override

from bot.domain.budgets import user_scope
from bot.domain.errors import LeaseLost
from bot.domain.gathering import LONGEST, gathers, stream_of
from bot.domain.jobs import Job, JobStatus, Lease
from bot.domain.journal import Step, StepState
from bot.domain.messages import Errand, JobId, Message, Place
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
    streams: dict[JobId, str] = field(default_factory=dict)
    """What has to be alike for messages to be answered together."""
    marks: dict[Place, str] = field(default_factory=dict)
    """The last message of each place."""
    joined: dict[str, str] = field(default_factory=dict)
    """Since when we take part in a conversation, by the position of a message."""
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
    async def submit(self, message: Message, *, pause: float = 0.0) -> bool:
        marks, place = self.store.marks, message.place
        if not message.aside:
            marks[place] = max(marks.get(place, ""), message.key if message.moves_mark else "", key=_by_number)
            joined = self.store.joined.get(place.conversation, message.position)
            self.store.joined[place.conversation] = min(joined, message.position)
        if message.job_id in self.store.jobs or not self._holds(message.repeats):
            return False
        self.store.jobs[message.job_id] = self._new(message)
        self._wait_for_more(message, pause)
        self._bell.set()
        return True

    def _wait_for_more(self, message: Message, pause: float) -> None:
        now, ms = self._clock.now(), int(pause * 1000)
        if not (pause and gathers(message)):
            return
        stream = self.store.streams[message.job_id] = stream_of(message, now, pause)
        beside = [job for job in self._beside(stream, message) if job.run_at > now or job.message == message]
        waiting = [job.created_at for job in self._beside(stream, message)]
        for job in beside:
            self.store.change(job.id, run_at=min(min(waiting) + ms * LONGEST, now + ms))

    def _beside(self, stream: str, message: Message) -> Sequence[Job]:
        """Return what waits and may be answered together with a message, were there nothing between them."""
        waiting = [job for job in self._in(JobStatus.READY) if self.store.streams.get(job.id) == stream]
        return [job for job in waiting if self._may_be_led(job) and job.message.author.id == message.author.id]

    def _may_be_led(self, job: Job) -> bool:
        return job.id in self.store.streams and job.lead is None and not job.epoch

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
    async def follow(
        self,
        message: Message,
        *,
        member: Message | None = None,
        without: JobId | None = None,
        repeats: JobId | None = None,
    ) -> bool:
        is_led = without is None or self.store.jobs[without].lead == message.subject
        if message.job_id in self.store.jobs or not self._holds(repeats) or not is_led:
            return False
        self._change_members(message, member, without)
        for job in await self.of_message(message.subject):
            if job.status in OPEN and job.message.revision < message.revision:
                self._drop(job.id)
        for led in self._in(JobStatus.READY) if message.errand is Errand.REMOVE else ():
            if led.lead == message.subject:
                self.store.change(led.id, lead=None)
        self.store.jobs[message.job_id] = self._new(message)
        self._bell.set()
        return True

    def _change_members(self, lead: Message, member: Message | None, without: JobId | None) -> None:
        if member is not None and self.store.jobs[member.subject].lead == lead.subject:
            self.store.change(member.subject, message=member)
        if without is not None:
            self.store.change(without, lead=None)

    def _holds(self, repeated: JobId | None) -> bool:
        """Return whether the words that are repeated, if any are, were not erased."""
        if repeated is None:
            return True
        job = self.store.jobs.get(repeated)
        return job is not None and job.message != job.message.emptied

    @override
    async def revise(self, message: Message, *, was: Message) -> bool:
        job = self.store.jobs.get(message.job_id)
        if (
            job is None
            or job.message != was
            or job.status is not JobStatus.READY
            or job.tries
            or job.lead
            or self.store.steps.get(job.id)
        ):
            return False
        self.store.change(job.id, message=message)
        return True

    @override
    async def claim(self, limit: int, platforms: Collection[str], *, only: str | None = None) -> Sequence[Job]:
        self._live()
        self._gather()
        due = [
            job
            for job in self._first_of_lanes()
            if self._is_due(job) and job.message.place.platform in platforms and only in {None, job.lane}
        ]
        chosen = sorted(due, key=lambda job: job.run_at)[: max(limit, 0)]
        for job in chosen:
            self.store.change(
                job.id, status=JobStatus.RUNNING, owner=self._worker, epoch=job.epoch + 1, tries=job.tries + 1
            )
        return [replace(self.store.jobs[job.id], gathered=self._gathered(job)) for job in chosen]

    def _gather(self) -> None:
        busy = {job.lane for job in self._in(JobStatus.RUNNING)}
        for job in (self.store.jobs[each.id] for each in self._in(JobStatus.READY)):
            if self._may_be_led(job) and self._is_due(job) and job.lane not in busy:
                lead = self._last_beside(job)
                for each in (job, *self._led_by(job)) if lead else ():
                    self.store.change(each.id, lead=lead)

    def _last_beside(self, job: Job) -> JobId | None:
        stream, last = self.store.streams.get(job.id, ""), None
        waiting = sorted((each for each in self._in(JobStatus.READY) if each.lead is None), key=_position)
        for other in waiting[waiting.index(job) + 1 :]:
            if self.store.streams.get(other.id, other.lane) != stream:
                continue
            if not self._may_be_led(other) or other.message.author.id != job.message.author.id:
                break
            last = other.message.subject
        return last

    def _led_by(self, job: Job) -> Sequence[Job]:
        return [each for each in self.store.jobs.values() if each.lead == job.message.subject]

    def _gathered(self, job: Job) -> tuple[Message, ...]:
        led = [
            each.message for each in sorted(self._led_by(job), key=_position) if each.status is not JobStatus.CANCELLED
        ]
        return tuple(message for message in led if message != message.emptied)

    def _end_gathered(self) -> None:
        open_ = {job.message.subject for job in self.store.jobs.values() if job.status in OPEN and job.lead is None}
        for job in self._in(JobStatus.READY):
            if job.lead is not None and job.lead not in open_:
                self.store.change(job.id, status=JobStatus.DONE, ended_at=self._clock.now())

    def _first_of_lanes(self) -> Sequence[Job]:
        """Return the first waiting job of each lane in which nothing runs."""
        busy = {job.lane for job in self._in(JobStatus.RUNNING)}
        first: dict[str, Job] = {}
        waiting = [job for job in self._in(JobStatus.READY) if job.lead is None]
        for job in sorted(waiting, key=lambda job: (not job.message.revision, _position(job))):
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
        self._end_gathered()
        self._bell.set()

    def _live(self) -> None:
        self.store.workers[self._worker] = self._clock.now() + LEASE_MS

    @override
    async def is_served(self) -> bool:
        return any(until >= self._clock.now() for until in self.store.workers.values())

    @override
    async def finish(self, lease: Lease) -> None:
        self._leave(lease, status=JobStatus.DONE, ended_at=self._clock.now(), error=None)
        self._forget_summary(lease.job)

    @override
    async def retry(self, lease: Lease, *, delay_seconds: float, reason: str) -> None:
        run_at = self._clock.now() + int(delay_seconds * 1000)
        self._leave(lease, status=JobStatus.READY, run_at=run_at, error=reason)

    @override
    async def bury(self, lease: Lease, *, reason: str) -> None:
        self._leave(lease, status=JobStatus.FAILED, ended_at=self._clock.now(), error=reason)
        self._forget_summary(lease.job)

    def _forget_summary(self, job: JobId) -> None:
        steps = self.store.steps.get(job, {})
        for step in [step for step in steps.values() if step.name.startswith("summary:")]:
            steps[step.name] = replace(step, result=None)

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
        self._end_gathered()
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
    async def held(self) -> Collection[Lease]:
        return {job.lease for job in self._in(JobStatus.RUNNING) if job.owner == self._worker}

    @override
    async def of_message(self, subject: JobId) -> Sequence[Job]:
        jobs = [job for job in self.store.jobs.values() if job.message.subject == subject]
        return sorted(jobs, key=lambda job: job.message.revision)

    @override
    async def under_way(self, within: str) -> Sequence[Job]:
        open_ = [job for job in self.store.jobs.values() if job.status in OPEN]
        return [job for job in open_ if job.lane == within or job.lane.startswith(f"{within}:")]

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
            if inside and status in (None, job.status) and job.message.errand is Errand.ANSWER:
                return job
        return None

    @override
    async def takes_part(self, message: Message) -> bool:
        joined = self.store.joined.get(message.place.conversation)
        return joined is not None and joined <= message.position

    @override
    async def sent(self, person: str, within: str, *, since: int, limit: int, refused: bool = False) -> Sequence[int]:
        times = [job.created_at for job in self.store.jobs.values() if _is_sent(job, person, within, refused=refused)]
        return sorted((at for at in times if at >= since), reverse=True)[:limit]

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        return {place: key for place, key in self.store.marks.items() if place.platform == platform and key}

    @override
    async def caught_up(self, marks: Mapping[Place, str]) -> None:
        for place in marks.keys() & self.store.marks.keys():
            self.store.marks[place] = max(self.store.marks[place], marks[place], key=_by_number)


def _is_sent(job: Job, person: str, within: str, *, refused: bool) -> bool:
    place, author = job.message.place, job.message.author
    theirs = user_scope(place, author) == person and within in place.scopes and job.message.errand is Errand.ANSWER
    return theirs and bool(job.message.refusal) is refused


def _position(job: Job) -> str:
    return job.message.position


def _by_number(key: str) -> tuple[int, str]:
    return len(key), key
