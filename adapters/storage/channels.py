"""Settings of places in SQL, with the history of who changed what, and a copy in memory for the hot path."""

from collections.abc import Mapping

import structlog
from typing_extensions import override

from adapters.storage.database import Database
from adapters.storage.sql import Statement, load
from bot.domain.channels import SERVICE_ORIGIN, ConfigLayer, SettledConfig, check_setting, parse_setting, settle
from bot.domain.errors import SettingInvalid
from bot.domain.messages import Place
from bot.ports import Channels, Clock

STALE_MS = 1000
"""How soon is noticed what another process changed."""

SQL = load("channels")

log = structlog.get_logger()


class SqlChannels(Channels):
    """The settings of a database, over those of the settings file."""

    def __init__(self, database: Database, clock: Clock, service: Mapping[str, str]) -> None:
        """Prepare.

        Args:
            database: where they are.
            clock: tells when the copy in memory is too old.
            service: what the settings file sets for every channel, as text by the setting's name.

        Raises:
            SettingInvalid: one of the service's settings.
        """
        for name, value in service.items():
            parse_setting(name, value)
        self._database = database
        self._clock = clock
        self._service = ConfigLayer(scope=SERVICE_ORIGIN, values=service)
        self._layers: Mapping[str, ConfigLayer] = {}
        self._version = -1
        self._checked_at: int | None = None

    @override
    async def config(self, place: Place) -> SettledConfig:
        if self._is_stale():
            await self._refresh()
        return settle((self._service, *(self._layers[scope] for scope in place.scopes if scope in self._layers)))

    @override
    async def set(self, scope: str, name: str, value: str, *, by: str) -> None:
        await self.change(scope, {name: value}, by=by)

    @override
    async def unset(self, scope: str, name: str, *, by: str) -> bool:
        removed = await self._database.write(
            SQL["note_unset"](scope=scope, name=name, author=by, now=self._clock.now()),
            SQL["unset"](scope=scope, name=name),
        )
        await self._refresh()
        return bool(removed)

    @override
    async def change(self, scope: str, values: Mapping[str, str | None], *, by: str) -> None:
        statements: list[Statement] = []
        for name, value in values.items():
            now = self._clock.now()
            if value is None:
                statements.append(SQL["note_unset"](scope=scope, name=name, author=by, now=now))
                statements.append(SQL["unset"](scope=scope, name=name))
            else:
                check_setting(scope, name, value)
                statements.append(SQL["note_set"](scope=scope, name=name, value=value, author=by, now=now))
                statements.append(SQL["set"](scope=scope, name=name, value=value))
        if statements:
            await self._database.write(*statements)
            await self._refresh()

    @override
    async def erase(self, workspace: str, *, by: str) -> None:
        await self._database.write(
            SQL["erase_history"](workspace=workspace),
            SQL["note_erased"](workspace=workspace, author=by, now=self._clock.now()),
            SQL["erase"](workspace=workspace),
        )
        await self._refresh()

    def _is_stale(self) -> bool:
        return self._checked_at is None or abs(self._clock.now() - self._checked_at) >= STALE_MS

    async def _refresh(self) -> None:
        """Read everything again if anything changed."""
        checked_at = self._clock.now()
        (row,) = await self._database.read(SQL["version"]())
        # The version is read first: what changes meanwhile is newer than it says, and is read once more the next time.
        if row["version"] > self._version:
            layers = await self._read_layers()
            if row["version"] > self._version:
                self._layers, self._version = layers, row["version"]
        self._checked_at = checked_at

    async def _read_layers(self) -> Mapping[str, ConfigLayer]:
        values: dict[str, dict[str, str]] = {}
        for row in await self._database.read(SQL["layers"]()):
            if _is_valid(row["scope"], row["name"], row["value"]):
                values.setdefault(row["scope"], {})[row["name"]] = row["value"]
        return {scope: ConfigLayer(scope=scope, values=settings) for scope, settings in values.items()}


def _is_valid(scope: str, name: str, value: str) -> bool:
    """Return whether a stored setting still is one: a later version of this program may know it no longer."""
    try:
        parse_setting(name, value)
    except SettingInvalid as error:
        log.warning("a stored setting is left out", scope=scope, reason=str(error))
        return False
    return True
