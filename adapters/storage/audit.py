"""Who changed what, in SQL: the rows that settings and budgets write together with their changes."""

from collections.abc import Sequence

from typing_extensions import override

from adapters.storage.database import Database
from adapters.storage.sql import Row, load
from bot.domain.records import Change
from bot.ports import Audit, Clock

SQL = load("audit")


class SqlAudit(Audit):
    """The history of a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @override
    async def note(self, scope: str, name: str, value: str, *, by: str) -> None:
        await self._database.write(SQL["note"](now=self._clock.now(), author=by, scope=scope, name=name, value=value))

    @override
    async def newest(self, limit: int, within: str = "", *, name: str | None = None) -> Sequence[Change]:
        query = SQL["newest"](limit=limit, within=within or None, name=name)
        return [_change(row) for row in await self._database.read(query)]


def _change(row: Row) -> Change:
    return Change(
        at=row["at"],
        by=row["author"],
        scope=row["scope"],
        name=row["name"],
        old=row["old_value"],
        new=row["new_value"],
    )
