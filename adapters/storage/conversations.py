"""What was said in conversations, in SQL."""

from collections.abc import Sequence

from typing_extensions import override

from adapters.storage.codec import turns_from_json, turns_to_json
from adapters.storage.database import Database
from adapters.storage.sql import load
from bot.domain.messages import JobId, Place
from bot.domain.models import ChatTurn
from bot.ports import Clock, Conversations

SQL = load("conversations")


class SqlConversations(Conversations):
    """The conversations of a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @override
    async def remember(self, job: JobId, place: Place, turns: Sequence[ChatTurn]) -> None:
        words = [turn for turn in turns if turn.text]
        if words:
            await self._database.write(
                SQL["remember"](job=job, lane=place.conversation, turns=turns_to_json(words), now=self._clock.now())
            )

    @override
    async def recall(self, place: Place, limit: int) -> Sequence[ChatTurn]:
        if limit <= 0:
            return []
        # Each row holds at least one turn, so as many rows as turns are enough.
        rows = await self._database.read(SQL["recall"](lane=place.conversation, limit=limit))
        turns = [turn for row in reversed(rows) for turn in turns_from_json(row["turns"])]
        return turns[-limit:]
