"""What was said in conversations, in SQL."""

from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import override

from adapters.storage.codec import result_from_json, result_to_json, turns_from_json, turns_to_json
from adapters.storage.database import Database
from adapters.storage.sql import load
from bot.domain.conversation import Exchange, Past
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
                SQL["remember"](
                    job=job,
                    lane=place.conversation,
                    turns=turns_to_json(words),
                    bytes=_bytes(words),
                    now=self._clock.now(),
                )
            )

    @override
    async def recall(self, place: Place, most: int) -> Past:
        lane = place.conversation
        summaries = await self._database.read(SQL["summary"](lane=lane))
        rows = await self._database.read(SQL["recall"](lane=lane, most=most))
        exchanges = (Exchange(job=JobId(row["job"]), turns=tuple(turns_from_json(row["turns"]))) for row in rows)
        summary = str(result_from_json(summaries[0]["words"])["summary"]) if summaries else ""
        return Past(summary=summary, exchanges=tuple(exchanges))

    @override
    async def summarise(self, place: Place, jobs: Sequence[JobId], summary: str, *, before: str = "") -> bool:
        lane, words = place.conversation, result_to_json({"summary": summary})
        kept = await self._database.write(
            SQL["summarise"](
                lane=lane,
                jobs=tuple(jobs),
                count=len(jobs),
                last=jobs[-1],
                words=words,
                before=result_to_json({"summary": before}) if before else words,
                now=self._clock.now(),
            ),
            SQL["sum_up"](lane=lane, job=jobs[-1], words=words),
        )
        return bool(kept)

    @override
    async def correct(self, job: JobId, old: str, new: str) -> None:
        rows = await self._database.read(SQL["said_to"](job=job))
        for row in rows:
            words = [replace(turn, text=turn.text.replace(old, new, 1)) for turn in turns_from_json(row["turns"])]
            await self._database.write(
                SQL["forget_summary"](job=job),
                SQL["without_summary"](job=job),
                SQL["say_instead"](job=job, turns=turns_to_json(words), bytes=_bytes(words)),
            )


def _bytes(words: Sequence[ChatTurn]) -> int:
    return sum(len(turn.text.encode(errors="surrogatepass")) for turn in words)
