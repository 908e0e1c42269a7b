"""Settings of places in memory."""

from collections.abc import Mapping

from typing_extensions import override

from bot.domain.channels import SERVICE_ORIGIN, ConfigLayer, SettledConfig, check_setting, parse_setting, settle
from bot.domain.messages import Place
from bot.ports import Channels
from tests.doubles.audit import MemoryAudit
from tests.doubles.clock import ManualClock


class MemoryChannels(Channels):
    """Several with the same `stored` are several processes on one database."""

    def __init__(
        self,
        service: Mapping[str, str] | None = None,
        stored: dict[str, dict[str, str]] | None = None,
        audit: MemoryAudit | None = None,
    ) -> None:
        self._service = dict(service or {})
        for name, value in self._service.items():
            parse_setting(name, value)
        self._stored: dict[str, dict[str, str]] = {} if stored is None else stored
        self._audit = audit or MemoryAudit(ManualClock())

    @override
    async def config(self, place: Place) -> SettledConfig:
        layers = {SERVICE_ORIGIN: self._service, **{scope: self._stored.get(scope, {}) for scope in place.scopes}}
        return settle(ConfigLayer(scope=scope, values=values) for scope, values in layers.items())

    @override
    async def set(self, scope: str, name: str, value: str, *, by: str) -> None:
        check_setting(scope, name, value)
        values = self._stored.setdefault(scope, {})
        self._audit.add(scope, name, values.get(name), value, by=by)
        values[name] = value

    @override
    async def unset(self, scope: str, name: str, *, by: str) -> bool:
        old = self._stored.get(scope, {}).pop(name, None)
        if old is not None:
            self._audit.add(scope, name, old, None, by=by)
        return old is not None

    @override
    async def change(self, scope: str, values: Mapping[str, str | None], *, by: str) -> None:
        for name, value in values.items():
            if value is not None:
                check_setting(scope, name, value)
        for name, value in values.items():
            if value is None:
                await self.unset(scope, name, by=by)
            else:
                await self.set(scope, name, value, by=by)

    @override
    async def erase(self, workspace: str, *, by: str) -> None:
        for scope in [scope for scope in self._stored if f"{scope}:".startswith(f"{workspace}:")]:
            del self._stored[scope]
        self._audit.erase(workspace)
        self._audit.add(workspace, "settings erased", None, None, by=by)
