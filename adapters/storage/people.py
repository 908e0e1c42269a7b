"""What people wish for themselves, in SQL."""

from typing_extensions import override

from adapters.storage.database import Database
from adapters.storage.sql import load
from bot.domain.people import Person, Voice, Wish
from bot.ports import Clock, People

SQL = load("people")


class SqlPeople(People):
    """The people of a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @override
    async def known(self, person: str) -> Person:
        rows = await self._database.read(SQL["known"](person=person))
        if not rows:
            return Person()
        (row,) = rows
        return Person(
            voice=Voice(row["voice"]), language=row["language"], locale=row["locale"], locale_at=row["locale_at"]
        )

    @override
    async def wish(self, person: str, wish: Wish) -> None:
        await self._database.write(SQL["wish"](person=person, voice=wish.voice, language=wish.language))

    @override
    async def met(self, person: str, locale: str) -> None:
        await self._database.write(SQL["met"](person=person, locale=locale, now=self._clock.now()))

    @override
    async def erase(self, scope: str) -> bool:
        return bool(await self._database.write(SQL["erase"](scope=scope)))
