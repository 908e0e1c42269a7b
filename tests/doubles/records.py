"""What is kept of people's words, in the stores of the other doubles."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from typing_extensions import override

from bot.domain.budgets import user_scope
from bot.domain.jobs import FOLLOWS, Job, JobStatus
from bot.domain.messages import Action, Errand, JobId, Place
from bot.domain.records import Erased
from bot.ports import Clock, Records
from tests.doubles.conversations import MemoryConversations
from tests.doubles.jobs import MemoryStore
from tests.doubles.reviews import MemoryReviews

UNDER_WAY = frozenset({JobStatus.READY, JobStatus.RUNNING})


class MemoryRecords(Records):
    """The words in a store, and in the conversations beside it."""

    def __init__(
        self, clock: Clock, store: MemoryStore, conversations: MemoryConversations, reviews: MemoryReviews
    ) -> None:
        self.scrubbed = 0
        """How often older versions were ended."""
        self._clock = clock
        self._store = store
        self._conversations = conversations
        self._reviews = reviews
        self._erased: set[JobId] = set()

    def _kept(self) -> Sequence[Job]:
        answering = [job for job in self._store.jobs.values() if job.message.errand is Errand.ANSWER]
        return [job for job in answering if job.id not in self._erased]

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
        own = {job.id for job in self._store.jobs.values() if _is_of(job, person)}
        return [job.id for job in self._kept() if job.id in own or job.message.subject in own]

    @override
    async def quoting(self, person: str) -> Sequence[JobId]:
        workspace, _, author = person.rpartition(":@")
        quoting = [
            job
            for job in self._kept()
            if job.message.place.scopes[0] == workspace
            and job.message.author.id != author
            and job.status not in UNDER_WAY
            and author in self._quoted(job)
        ]
        led = [job for job in self._led_by(quoting) if job.status not in UNDER_WAY]
        return self._in_order([*quoting, *led, *self._aloud([*quoting, *self._led_by(quoting)])])

    def _quoted(self, job: Job) -> set[str]:
        found = {quoted.author.id for quoted in job.message.quoted if quoted.author}
        return found | {each["author"]["id"] for each in self._looked_up(job)}

    @override
    async def of_workspace(self, workspace: str) -> Sequence[JobId]:
        return [job.id for job in self._kept() if job.message.place.scopes[0] == workspace]

    @override
    async def of_file(self, workspace: str, file: str) -> Sequence[JobId]:
        kept = [job for job in self._kept() if job.message.place.scopes[0] == workspace]
        holding = [job for job in kept if file in self._files(job)]
        led = self._led_by(holding)
        return self._in_order([*holding, *led, *self._aloud(holding)])

    @override
    async def of_place(self, place: Place) -> Sequence[JobId]:
        return [job.id for job in self._kept() if place.scopes[-1] in job.message.place.scopes]

    def _led_by(self, gathered: Sequence[Job]) -> Sequence[Job]:
        leads = {job.lead for job in gathered}
        return [job for job in self._kept() if job.message.subject in leads]

    def _aloud(self, replied: Sequence[Job]) -> Sequence[Job]:
        subjects = {job.message.subject for job in replied}
        spoken = [job for job in self._kept() if job.message.pressed is Action.SPEAK]
        return [job for job in spoken if job.message.subject in subjects]

    def _in_order(self, found: Sequence[Job]) -> Sequence[JobId]:
        ids = {job.id for job in found}
        return [job.id for job in self._kept() if job.id in ids]

    def _files(self, job: Job) -> set[str]:
        attached = [*job.message.attachments, *(file for each in job.message.quoted for file in each.attachments)]
        looked_up = [file for each in self._looked_up(job) for file in each["attachments"]]
        return {file.id for file in attached} | {str(file["id"]) for file in looked_up}

    def _looked_up(self, job: Job) -> Any:
        step = self._store.steps.get(job.id, {}).get("quote")
        return step.result["quoted"] if step and step.result else ()

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
                results += step.result is not None and step.name != "card"
                steps[step.name] = replace(step, result=None)
        self._empty_summaries(job)
        self._store.change(job.id, message=job.message.emptied, error=None)
        self._erased.add(job.id)
        self._forget_reviews(job)
        return Erased(jobs=(job.id,), results=results, turns=self._conversations.erase(job.id))

    def _forget_reviews(self, job: Job) -> None:
        left = self._kept()
        kept: dict[JobId, set[str]] = {}
        for subject in filter(None, (job.message.subject, job.lead)):
            holders = [other for other in left if subject in {other.message.subject, other.lead}]
            kept[subject] = {file for other in holders for file in self._files(other)}
        is_last = all(other.message.subject != job.message.subject for other in left)
        self._reviews.erase(job, last=is_last, kept=kept)

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


def _is_of(job: Job, person: str) -> bool:
    return user_scope(job.message.place, job.message.author) == person
