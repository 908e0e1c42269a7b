"""What people say of replies, in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from adapters.storage.codec import result_from_json, result_to_json
from adapters.storage.database import Database
from adapters.storage.sql import Row, Statement, load
from bot.domain.corrections import Correction
from bot.domain.messages import JobId, Place
from bot.domain.models import Segment
from bot.domain.records import Ratings
from bot.ports import Clock, Reviews

SQL = load("reviews")


class SqlReviews(Reviews):
    """The ratings and corrections of a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @override
    async def rate(self, job: JobId, person: str, *, good: bool) -> None:
        await self._database.write(SQL["rate"](job=job, person=person, good=int(good), now=self._clock.now()))

    @override
    async def forget(self, person: str) -> None:
        workspace, _, author = person.rpartition(":@")
        await self._database.write(SQL["forget_ratings"](person=author, workspace=workspace))

    @override
    async def ratings(self, job: JobId) -> Ratings:
        return _ratings(await self._database.read(SQL["ratings"](job=job)))

    @override
    async def rated(self, *, since: int, place: Place | None = None) -> Ratings:
        channel = None if place is None else place.scopes[1]
        return _ratings(await self._database.read(SQL["rated"](since=since, channel=channel)))

    @override
    async def correct(self, subject: JobId, corrections: Sequence[Correction]) -> None:
        if corrections:
            await self._database.write(*(self._kept(subject, each) for each in corrections))

    def _kept(self, subject: JobId, correction: Correction) -> Statement:
        rows = [[segment.start, segment.end, segment.text] for segment in correction.segments]
        words = result_to_json({"text": correction.text, "segments": rows})
        return SQL["correct"](subject=subject, recording=correction.recording, words=words, now=self._clock.now())

    @override
    async def corrections(self, subject: JobId) -> Mapping[str, Correction]:
        rows = await self._database.read(SQL["corrections"](subject=subject))
        return {row["recording"]: _correction(row) for row in rows}


def _ratings(rows: Sequence[Row]) -> Ratings:
    (row,) = rows
    return Ratings(good=row["good"], bad=row["all_of_them"] - row["good"])


def _correction(row: Row) -> Correction:
    words: Mapping[str, Any] = result_from_json(row["words"])
    segments = (Segment(start=start, end=end, text=text) for start, end, text in words["segments"])
    return Correction(recording=row["recording"], text=words["text"], segments=tuple(segments))
