"""What was said, in memory."""

from collections.abc import Sequence

from typing_extensions import override

from bot.domain.messages import JobId, Place
from bot.domain.models import ChatTurn
from bot.ports import Conversations


class MemoryConversations(Conversations):
    """The words of each job, in the order in which they were remembered."""

    def __init__(self) -> None:
        self._said: dict[JobId, tuple[str, Sequence[ChatTurn]]] = {}

    @override
    async def remember(self, job: JobId, place: Place, turns: Sequence[ChatTurn]) -> None:
        words = [ChatTurn(role=turn.role, text=turn.text) for turn in turns if turn.text]
        if words:
            self._said.setdefault(job, (place.conversation, words))

    @override
    async def recall(self, place: Place, limit: int) -> Sequence[ChatTurn]:
        turns = [turn for lane, said in self._said.values() if lane == place.conversation for turn in said]
        return turns[-limit:] if limit > 0 else []
