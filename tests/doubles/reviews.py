"""What people say of replies, in memory."""

from collections.abc import Collection, Mapping, Sequence

from typing_extensions import override

from bot.domain.corrections import Correction
from bot.domain.jobs import Job
from bot.domain.messages import JobId, Place
from bot.domain.records import Ratings
from bot.ports import Clock, Reviews
from tests.doubles.jobs import MemoryStore


class MemoryReviews(Reviews):
    """The ratings and corrections of a store's jobs."""

    def __init__(self, clock: Clock, store: MemoryStore) -> None:
        self._clock = clock
        self._store = store
        self._ratings: dict[tuple[JobId, str], tuple[bool, int]] = {}
        self._corrections: dict[JobId, dict[str, Correction]] = {}
        self._gone: set[JobId] = set()
        self._erased: set[JobId] = set()

    @override
    async def rate(self, job: JobId, person: str, *, good: bool) -> None:
        if job not in self._erased:
            self._ratings[job, person] = (good, self._clock.now())

    @override
    async def forget(self, person: str) -> None:
        workspace, _, author = person.rpartition(":@")
        for job, rater in [each for each in self._ratings if each[1] == author]:
            if job.startswith(f"{workspace}:"):
                del self._ratings[job, rater]

    @override
    async def ratings(self, job: JobId) -> Ratings:
        return _counted([good for (rated, _), (good, _) in self._ratings.items() if rated == job])

    @override
    async def rated(self, *, since: int, place: Place | None = None) -> Ratings:
        found = [good for (job, _), (good, at) in self._ratings.items() if at >= since and self._is_in(job, place)]
        return _counted(found)

    def _is_in(self, job: JobId, place: Place | None) -> bool:
        return place is None or self._store.jobs[job].message.place.scopes[1] == place.scopes[1]

    @override
    async def correct(self, subject: JobId, corrections: Sequence[Correction]) -> None:
        if subject in self._gone:
            return
        kept = self._corrections.setdefault(subject, {})
        kept |= {each.recording: each for each in corrections}

    @override
    async def corrections(self, subject: JobId) -> Mapping[str, Correction]:
        return dict(self._corrections.get(subject, {}))

    def erase(self, job: Job, *, last: bool, kept: Mapping[JobId, Collection[str]]) -> None:
        """Forget what was said of a job, and what was corrected in recordings that are held no longer.

        Args:
            job: what is erased.
            last: whether nothing is held of its message any more.
            kept: the recordings that are still held, by the message whose reply quotes them.
        """
        if last:
            self._gone.add(job.message.subject)
        for subject, recordings in kept.items():
            held = self._corrections.get(subject, {})
            self._corrections[subject] = {name: words for name, words in held.items() if name in recordings}
        self._erased.add(job.id)
        for rated in [each for each in self._ratings if each[0] == job.id]:
            del self._ratings[rated]


def _counted(found: Sequence[bool]) -> Ratings:
    return Ratings(good=sum(found), bad=len(found) - sum(found))
