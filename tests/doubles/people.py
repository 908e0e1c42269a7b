"""What people wish for themselves, and who was let in, in memory."""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import override

from bot.domain.messages import JobId
from bot.domain.pairing import CODE_MS, MOST_WAITING, Pairing, new_code
from bot.domain.people import Person, Wish
from bot.ports import Clock, Pairings, People


class MemoryPeople(People):
    """People, by their scope."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._people: dict[str, Person] = {}

    @override
    async def known(self, person: str) -> Person:
        return self._people.get(person, Person())

    @override
    async def wish(self, person: str, wish: Wish) -> None:
        changes = {
            name: value for name, value in (("voice", wish.voice), ("language", wish.language)) if value is not None
        }
        self._people[person] = replace(await self.known(person), **changes)  # type: ignore[arg-type]

    @override
    async def met(self, person: str, locale: str) -> None:
        self._people[person] = replace(await self.known(person), locale=locale, locale_at=self._clock.now())

    @override
    async def erase(self, scope: str) -> bool:
        gone = [who for who in self._people if scope in {who, who.rpartition(":@")[0]}]
        for who in gone:
            del self._people[who]
        return bool(gone)


class MemoryPairings(Pairings):
    """Pairings, by the person, in the order in which they asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Pairing] = {}
        self._told: dict[str, JobId] = {}

    def _current(self) -> dict[str, Pairing]:
        fresh = {who: each for who, each in self._known.items() if each.paired_at or self._holds(each)}
        self._known = fresh
        return fresh

    def _holds(self, pairing: Pairing) -> bool:
        return pairing.asked_at > self._clock.now() - CODE_MS

    @override
    async def knock(self, person: str, message: JobId) -> str:
        known, workspace = self._current(), person.rpartition(":@")[0]
        waiting = [each for each in known.values() if each.paired_at is None and each.workspace == workspace]
        if person not in known and len(waiting) < MOST_WAITING:
            known[person] = Pairing(person=person, code=new_code(secrets.choice), asked_at=self._clock.now())
            self._told[person] = message
        return known[person].code if person in known and self._told.get(person) == message else ""

    @override
    async def asked(self, code: str) -> Pairing | None:
        return next((each for each in self._current().values() if code and each.code == code), None)

    @override
    async def let_in(self, person: str, *, by: str) -> bool:
        known = self._current()
        if person not in known or known[person].paired_at is not None:
            return False
        known[person] = replace(known[person], code="", paired_at=self._clock.now(), paired_by=by)
        return True

    @override
    async def is_paired(self, person: str) -> bool:
        return person in self._known and self._known[person].paired_at is not None

    @override
    async def all(self) -> Sequence[Pairing]:
        return sorted(self._current().values(), key=lambda each: (each.asked_at, each.person))

    @override
    async def revoke(self, scope: str) -> bool:
        known = self._current()
        gone = [who for who, each in known.items() if scope in {who, each.workspace}]
        for who in gone:
            del known[who]
        return bool(gone)
