"""What is kept of people's words, in SQL, and how it is erased.

A job's row stays, emptied: it keeps a message that is delivered again from being answered a second time. The pages that
are freed or rewritten are overwritten (`PRAGMA secure_delete`), and `scrub` ends the older versions in the write-ahead log.
"""

from collections.abc import Sequence

from typing_extensions import override

from adapters.storage.codec import ALOUD, author_mark, file_mark, message_from_json, message_to_json
from adapters.storage.database import Database
from adapters.storage.sql import Row, load
from bot.domain.messages import JobId, Place
from bot.domain.records import Erased
from bot.ports import Clock, Records

SQL = load("records")


class SqlRecords(Records):
    """The words in a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @override
    async def places(self) -> Sequence[Place]:
        return [_place(row) for row in await self._database.read(SQL["places"]())]

    @override
    async def expired(self, place: Place, *, before: int, waiting_before: int) -> Sequence[JobId]:
        query = SQL["expired"](
            channel=place.scopes[1], lane=place.conversation, before=before, waiting_before=waiting_before
        )
        return [JobId(row["id"]) for row in await self._database.read(query)]

    @override
    async def of_person(self, person: str) -> Sequence[JobId]:
        return [JobId(row["id"]) for row in await self._database.read(SQL["of_person"](author=person))]

    @override
    async def quoting(self, person: str) -> Sequence[JobId]:
        workspace, _, author = person.rpartition(":@")
        query = SQL["quoting"](workspace=workspace, author=person, mark=author_mark(author), aloud=ALOUD)
        return [JobId(row["id"]) for row in await self._database.read(query)]

    @override
    async def of_workspace(self, workspace: str) -> Sequence[JobId]:
        return [JobId(row["id"]) for row in await self._database.read(SQL["of_workspace"](workspace=workspace))]

    @override
    async def of_place(self, place: Place) -> Sequence[JobId]:
        query = SQL["of_place"](channel=place.scopes[1], lane=None if place.thread is None else place.conversation)
        return [JobId(row["id"]) for row in await self._database.read(query)]

    @override
    async def of_file(self, workspace: str, file: str) -> Sequence[JobId]:
        query = SQL["of_file"](workspace=workspace, mark=file_mark(file), aloud=ALOUD)
        return [JobId(row["id"]) for row in await self._database.read(query)]

    @override
    async def erase(self, jobs: Sequence[JobId]) -> Erased:
        erased = Erased()
        for job in jobs:
            erased += await self._erase(job)
        return erased

    @override
    async def scrub(self) -> bool:
        return await self._database.scrub()

    async def _erase(self, job: JobId) -> Erased:
        """Erase one job in one unit; stopped first, so that nothing is written about it afterwards."""
        await self._database.write(SQL["stop"](job=job, now=self._clock.now()))
        held = await self._database.read(SQL["held"](job=job))
        if not held:
            return Erased()
        (row,) = held
        await self._database.write(
            SQL["empty_job"](job=job, message=message_to_json(message_from_json(row["message"]).emptied)),
            SQL["empty_steps"](job=job),
            SQL["empty_summaries"](job=job),
            SQL["forget_summary"](job=job),
            SQL["without_summary"](job=job),
            SQL["forget_turns"](job=job),
            SQL["forget_corrections"](job=job),
            SQL["forget_feedback"](job=job),
        )
        return Erased(jobs=(job,), results=row["results"], turns=row["turns"])


def _place(row: Row) -> Place:
    platform, workspace, channel = row["channel"].split(":", 2)
    thread = row["lane"].removeprefix(f"{row['channel']}:")
    return Place(platform=platform, workspace=workspace, channel=channel, thread=thread or None)
