"""What was said, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import override

from bot.domain.conversation import Exchange, Past
from bot.domain.messages import JobId, Place
from bot.domain.models import ChatTurn
from bot.ports import Conversations


class MemoryConversations(Conversations):
    """The words of each job, in the order in which they were remembered, and the summaries that stand for some of them."""

    def __init__(self) -> None:
        self._said: dict[JobId, tuple[str, Exchange]] = {}
        self._summed: set[JobId] = set()
        self._summaries: dict[str, str] = {}
        self._erased: set[JobId] = set()

    @override
    async def remember(self, job: JobId, place: Place, turns: Sequence[ChatTurn]) -> None:
        words = tuple(ChatTurn(role=turn.role, text=turn.text) for turn in turns if turn.text)
        if words and job not in self._erased:
            self._said.setdefault(job, (place.conversation, Exchange(job=job, turns=words)))

    @override
    async def recall(self, place: Place, most: int) -> Past:
        kept: list[Exchange] = []
        for exchange in reversed(self._exchanges(place)):
            if sum(map(_bytes, kept)) >= most:
                break
            kept.append(exchange)
        return Past(summary=self._summaries.get(place.conversation, ""), exchanges=tuple(reversed(kept)))

    @override
    async def summarise(self, place: Place, jobs: Sequence[JobId], summary: str, *, before: str = "") -> bool:
        known, old = list(self._said), self._summaries.get(place.conversation, "")
        if not set(jobs) <= set(known) or (before and old not in {before, summary}):
            return False
        here = [job for job in known if self._said[job][0] == place.conversation]
        self._summed.update(here[: here.index(jobs[-1]) + 1])
        self._summaries[place.conversation] = summary
        return True

    @override
    async def correct(self, job: JobId, old: str, new: str) -> None:
        lane, said = self._said.get(job, ("", None))
        if said is None:
            return
        turns = tuple(replace(turn, text=turn.text.replace(old, new, 1)) for turn in said.turns)
        self._said[job] = (lane, replace(said, turns=turns))
        self._unsum(job, lane)

    def _unsum(self, job: JobId, lane: str) -> None:
        """Forget the summary that stands for what a job said; the others it stands for are there word for word again."""
        if job in self._summed:
            self._summaries.pop(lane, None)
            self._summed -= {other for other, (where, _) in self._said.items() if where == lane}

    def erase(self, job: JobId) -> bool:
        """Forget what a job said, and the summary that stands for it; whether it said anything."""
        self._erased.add(job)
        lane, _ = self._said.pop(job, ("", None))
        if job in self._summed:
            self._summaries.pop(lane, None)
            self._summed -= {other for other, (where, _) in self._said.items() if where == lane}
        return bool(lane)

    def _exchanges(self, place: Place) -> list[Exchange]:
        lane = place.conversation
        return [said for job, (where, said) in self._said.items() if where == lane and job not in self._summed]


def _bytes(exchange: Exchange) -> int:
    return sum(len(turn.text.encode(errors="surrogatepass")) for turn in exchange.turns)
