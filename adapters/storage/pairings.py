"""Who asked to be let in to direct messages, and who was, in SQL."""

import secrets
from collections.abc import Sequence

from typing_extensions import override

from adapters.storage.database import Database
from adapters.storage.sql import Row, load
from bot.domain.messages import JobId
from bot.domain.pairing import CODE_MS, MOST_WAITING, Pairing, new_code
from bot.ports import Clock, Pairings

SQL = load("pairings")


class SqlPairings(Pairings):
    """The pairings of a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @override
    async def knock(self, person: str, message: JobId) -> str:
        knock = SQL["knock"](
            person=person,
            workspace=person.rpartition(":@")[0],
            code=new_code(secrets.choice),
            message=message,
            now=self._clock.now(),
            most=MOST_WAITING,
        )
        await self._database.write(SQL["forget_expired"](expired=self._expired), knock)
        told = await self._database.read(SQL["told"](person=person, message=message))
        return str(told[0]["code"]) if told else ""

    @override
    async def asked(self, code: str) -> Pairing | None:
        rows = await self._database.read(SQL["asked"](code=code, expired=self._expired))
        return _pairing(rows[0]) if rows and code else None

    @override
    async def let_in(self, person: str, *, by: str) -> bool:
        let_in = SQL["let_in"](person=person, by=by, now=self._clock.now(), expired=self._expired)
        return bool(await self._database.write(let_in))

    @override
    async def is_paired(self, person: str) -> bool:
        return bool(await self._database.read(SQL["is_paired"](person=person)))

    @override
    async def all(self) -> Sequence[Pairing]:
        return [_pairing(row) for row in await self._database.read(SQL["all"](expired=self._expired))]

    @override
    async def revoke(self, scope: str) -> bool:
        expired = SQL["forget_expired"](expired=self._expired)  # they go, too, and had nothing to be taken back
        return bool(await self._database.write(expired, SQL["revoke"](scope=scope)))

    @property
    def _expired(self) -> int:
        """When those asked whose code is just over."""
        return self._clock.now() - CODE_MS


def _pairing(row: Row) -> Pairing:
    return Pairing(
        person=row["person"],
        code=row["code"],
        asked_at=row["asked_at"],
        paired_at=row["paired_at"],
        paired_by=row["paired_by"],
    )
