"""Rights that one process has at a time, in memory: doubles with one store are processes of one storage."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from bot.domain.records import Dispute
from bot.ports import Clock, Locks


@dataclass(kw_only=True)
class Held:
    """One right."""

    owner: str
    until: int
    rival: str = ""
    rival_until: int = 0


class MemoryLocks(Locks):
    """The rights of a store, and one process that has some of them."""

    def __init__(self, clock: Clock, stored: dict[str, Held] | None = None, owner: str = "process 2 on here") -> None:
        self._clock = clock
        self.stored = {} if stored is None else stored
        self._owner = owner

    @override
    async def take(self, name: str, *, seconds: float) -> str | None:
        held = self.stored.setdefault(name, Held(owner=self._owner, until=0))
        if held.owner != self._owner and held.until > self._clock.now():
            return held.owner
        held.owner, held.until = self._owner, self._until(seconds)
        return None

    @override
    async def release(self, name: str) -> None:
        if name in self.stored and self.stored[name].owner == self._owner:
            del self.stored[name]

    @override
    async def dispute(self, name: str, rival: str, *, seconds: float) -> None:
        if name in self.stored:
            self.stored[name].rival, self.stored[name].rival_until = rival, self._until(seconds)

    @override
    async def disputes(self) -> Sequence[Dispute]:
        now = self._clock.now()
        return [
            Dispute(name=name, holder=held.owner, rival=held.rival)
            for name, held in sorted(self.stored.items())
            if held.until > now and held.rival_until > now
        ]

    def _until(self, seconds: float) -> int:
        return self._clock.now() + int(seconds * 1000)
