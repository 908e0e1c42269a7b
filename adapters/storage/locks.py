"""Rights that one process has at a time, in SQL: a row for each, which another process may take when it is over.

A process that died in whatever way keeps nobody waiting on its own machine: there it is known to be dead.
"""

from collections.abc import Sequence

from typing_extensions import override

from adapters.storage.database import Database
from adapters.storage.sql import load
from adapters.storage.workers import Worker
from bot.domain.records import Dispute
from bot.ports import Clock, Locks

SQL = load("locks")


class SqlLocks(Locks):
    """The rights of a database, and this process as one that has some of them."""

    def __init__(self, database: Database, clock: Clock, *, worker: Worker | None = None) -> None:
        """Prepare.

        Args:
            database: where they are.
            clock: tells when a right is over.
            worker: the name of this process; None makes one.
        """
        self._database = database
        self._clock = clock
        self._worker = worker or Worker.this_process()

    @override
    async def take(self, name: str, *, seconds: float) -> str | None:
        holder = await self._holder(name)
        dead = str(holder) if holder is not None and holder.is_dead(self._worker) else ""
        taken = await self._database.write(
            SQL["take"](
                name=name, owner=str(self._worker), until=self._until(seconds), now=self._clock.now(), dead=dead
            )
        )
        if taken:
            return None
        holder = await self._holder(name) or holder
        return _words(holder) if holder is not None else "another process"

    @override
    async def release(self, name: str) -> None:
        await self._database.write(SQL["release"](name=name, owner=str(self._worker)))

    @override
    async def dispute(self, name: str, rival: str, *, seconds: float) -> None:
        await self._database.write(SQL["dispute"](name=name, rival=rival, until=self._until(seconds)))

    @override
    async def disputes(self) -> Sequence[Dispute]:
        rows = await self._database.read(SQL["disputes"](now=self._clock.now()))
        return [
            Dispute(name=row["name"], holder=_words(Worker.parse(row["owner"])), rival=row["rival"]) for row in rows
        ]

    async def _holder(self, name: str) -> Worker | None:
        rows = await self._database.read(SQL["holder"](name=name, now=self._clock.now()))
        return Worker.parse(rows[0]["owner"]) if rows else None

    def _until(self, seconds: float) -> int:
        return self._clock.now() + int(seconds * 1000)


def _words(worker: Worker) -> str:
    return f"process {worker.pid} on {worker.host}"
