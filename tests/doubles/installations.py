"""Who let our app in, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import override

from bot.domain.installations import Installation
from bot.ports import Clock, Installations


class Stored:
    """What several processes share."""

    def __init__(self) -> None:
        self.installations: dict[str, Installation] = {}
        self.served: dict[str, str] = {}
        self.claims: dict[tuple[str, int], int] = {}
        self.states: dict[str, int] = {}


class MemoryInstallations(Installations):
    """The installations of a test."""

    def __init__(self, clock: Clock, stored: Stored | None = None) -> None:
        self._clock = clock
        self.stored = stored or Stored()

    @override
    async def save(self, installation: Installation) -> None:
        known = self.stored.installations.get(installation.id)
        version = known.version + 1 if known else 0
        self.stored.installations[installation.id] = replace(installation, version=version)
        self.stored.served.pop(installation.id, None)

    @override
    async def find(self, workspace: str) -> Installation | None:
        return self.stored.installations.get(self.stored.served.get(workspace, workspace))

    @override
    async def all(self) -> Sequence[Installation]:
        return [one for _, one in sorted(self.stored.installations.items())]

    @override
    async def serves(self, installation: str, workspace: str) -> None:
        if installation in self.stored.installations:
            self.stored.served[workspace] = installation

    @override
    async def serves_no_more(self, workspace: str) -> None:
        self.stored.served.pop(workspace, None)

    @override
    async def workspaces(self, installation: str = "") -> Sequence[str]:
        by = {one.id: one.id for one in self.stored.installations.values() if not one.org_wide} | self.stored.served
        return sorted(workspace for workspace, whose in by.items() if not installation or whose == installation)

    @override
    async def claim_renewal(self, installation: Installation, *, seconds: float) -> bool:
        now, claim = self._clock.now(), (installation.id, installation.version)
        known = self.stored.installations.get(installation.id)
        if known is None or known.version != installation.version or self.stored.claims.get(claim, 0) > now:
            return False
        self.stored.claims[claim] = now + int(seconds * 1000)
        return True

    @override
    async def release_renewal(self, installation: Installation) -> None:
        self.stored.claims.pop((installation.id, installation.version), None)

    @override
    async def renewed(self, installation: Installation) -> bool:
        known = self.stored.installations.get(installation.id)
        if known is None or known.version != installation.version:
            return False
        self.stored.installations[installation.id] = replace(
            known,
            token=installation.token,
            refresh_token=installation.refresh_token,
            expires_at=installation.expires_at,
            version=known.version + 1,
        )
        return True

    @override
    async def delete(self, installation: str, *, at: int) -> bool:
        known = self.stored.installations.get(installation)
        if known is None or known.installed_at > at:
            return False
        del self.stored.installations[installation]
        self.stored.served = {key: value for key, value in self.stored.served.items() if value != installation}
        return True

    @override
    async def lock_anew(self) -> int:
        return len(self.stored.installations)

    @override
    async def issue_state(self, *, seconds: float) -> str:
        state = f"state-{len(self.stored.states)}"
        self.stored.states[state] = self._clock.now() + int(seconds * 1000)
        return state

    @override
    async def take_state(self, state: str) -> bool:
        return self.stored.states.pop(state, 0) > self._clock.now()
