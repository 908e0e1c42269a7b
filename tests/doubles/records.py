"""What is kept of people's words, in the stores of the other doubles."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from typing_extensions import override

from bot.domain.budgets import user_scope
from bot.domain.jobs import FOLLOWS, Job, JobStatus
from bot.domain.messages import JobId, Place
from bot.domain.records import Erased
from bot.ports import Clock, Records
from tests.doubles.conversations import MemoryConversations
from tests.doubles.jobs import MemoryStore


class MemoryRecords(Records):
    """The words in a store, and in the conversations beside it."""

    def __init__(self, clock: Clock, store: MemoryStore, conversations: MemoryConversations) -> None:
        self.scrubbed = 0
        """How often older versions were ended."""
        self._clock = clock
        self._store = store
        self._conversations = conversations
        self._erased: set[JobId] = set()

    def _kept(self) -> Sequence[Job]:
        return [job for job in self._store.jobs.values() if job.id not in self._erased]

    @override
    async def places(self) -> Sequence[Place]:
        return list(dict.fromkeys(replace(job.message.place, direct=False) for job in self._kept()))

    @override
    async def expired(self, place: Place, *, before: int, waiting_before: int) -> Sequence[JobId]:
        def is_old(job: Job) -> bool:
            if job.status is JobStatus.ASKED:
                return job.created_at <= waiting_before
            return job.ended_at is not None and job.ended_at <= before

        return [job.id for job in self._kept() if job.lane == place.conversation and is_old(job)]

    @override
    async def of_person(self, person: str) -> Sequence[JobId]:
        return [job.id for job in self._kept() if user_scope(job.message.place, job.message.author) == person]

    @override
    async def quoting(self, person: str) -> Sequence[JobId]:
        workspace, _, author = person.rpartition(":@")
        return [
            job.id
            for job in self._kept()
            if job.message.place.scopes[0] == workspace
            and job.message.author.id != author
            and not FOLLOWS[job.status]
            and author in self._quoted(job)
        ]

    def _quoted(self, job: Job) -> set[str]:
        found = {quoted.author.id for quoted in job.message.quoted if quoted.author}
        step = self._store.steps.get(job.id, {}).get("quote")
        looked_up: Any = step.result["quoted"] if step and step.result else ()
        return found | {each["author"]["id"] for each in looked_up}

    @override
    async def erase(self, jobs: Sequence[JobId]) -> Erased:
        known = {job.id for job in self._kept()}
        return sum((self._erase(self._store.jobs[job]) for job in jobs if job in known), Erased())

    def _erase(self, job: Job) -> Erased:
        if FOLLOWS[job.status]:
            self._store.change(job.id, status=JobStatus.CANCELLED, owner=None, ended_at=self._clock.now())
        steps, results = self._store.steps.get(job.id, {}), 0
        for step in list(steps.values()):
            if not step.name.startswith("post:"):
                results += step.result is not None
                steps[step.name] = replace(step, result=None)
        self._empty_summaries(job)
        self._store.change(job.id, message=job.message.emptied, error=None)
        self._erased.add(job.id)
        return Erased(jobs=(job.id,), results=results, turns=self._conversations.erase(job.id))

    def _empty_summaries(self, job: Job) -> None:
        for other in self._kept():
            steps = self._store.steps.get(other.id, {})
            for step in list(steps.values()):
                if other.lane == job.lane and not FOLLOWS[other.status] and step.name.startswith("summary:"):
                    steps[step.name] = replace(step, result=None)

    @override
    async def scrub(self) -> bool:
        self.scrubbed += 1
        return True
