"""Who changed what, in memory: the doubles that change something write here."""

from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import override

from bot.domain.records import Change
from bot.ports import Audit, Clock


class MemoryAudit(Audit):
    """The changes, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changes: list[Change] = []

    def add(self, scope: str, name: str, old: str | None, new: str | None, *, by: str) -> None:
        self._changes.append(Change(at=self._clock.now(), by=by, scope=scope, name=name, old=old, new=new))

    def erase(self, workspace: str) -> None:
        """Empty the values of settings in a workspace."""
        for index, one in enumerate(self._changes):
            is_setting = not one.name.startswith("budget ") and one.name not in {"forget", "cost written off"}
            if is_setting and f"{one.scope}:".startswith(f"{workspace}:"):
                self._changes[index] = replace(one, old=None, new=None)

    @override
    async def note(self, scope: str, name: str, value: str, *, by: str) -> None:
        self.add(scope, name, None, value, by=by)

    @override
    async def newest(self, limit: int, within: str = "", *, name: str | None = None) -> Sequence[Change]:
        found = [one for one in self._changes if not within or f"{one.scope}:".startswith(f"{within}:")]
        return [one for one in reversed(found) if name in {None, one.name}][:limit]
