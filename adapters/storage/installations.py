"""Who let our app in, in SQL. Tokens are encrypted before they reach the database."""

import hashlib
import secrets
from collections.abc import Sequence

from typing_extensions import override

from adapters.storage.cipher import Cipher
from adapters.storage.database import Database
from adapters.storage.sql import Row, Statement, load
from bot.domain.installations import Installation
from bot.ports import Clock, Installations

SQL = load("installations")
STATE_BYTES = 32


class SqlInstallations(Installations):
    """The installations of a database."""

    def __init__(self, database: Database, clock: Clock, keys: Sequence[str]) -> None:
        """Prepare.

        Args:
            database: where they are.
            clock: tells what has ended.
            keys: what tokens are encrypted with; the first for new ones.

        Raises:
            SettingInvalid: there is no key, or one is none.
        """
        self._database = database
        self._clock = clock
        self._cipher = Cipher(keys)

    @override
    async def save(self, installation: Installation) -> None:
        stored = SQL["save"](
            id=installation.id,
            name=installation.name,
            organisation=installation.organisation,
            org_wide=int(installation.org_wide),
            bot_user=installation.bot_user,
            bot=installation.bot,
            scopes=",".join(installation.scopes),
            installed_by=installation.installed_by,
            installed_at=installation.installed_at,
            secrets=self._locked(installation),
            expires_at=installation.expires_at,
        )
        await self._database.write(SQL["serve_itself"](id=installation.id), stored)

    @override
    async def find(self, workspace: str) -> Installation | None:
        rows = await self._database.read(SQL["find"](workspace=workspace))
        return self._installation(rows[0]) if rows else None

    @override
    async def all(self) -> Sequence[Installation]:
        return [self._installation(row) for row in await self._database.read(SQL["all"]())]

    @override
    async def serves(self, installation: str, workspace: str) -> None:
        await self._database.write(SQL["serves"](installation=installation, workspace=workspace))

    @override
    async def serves_no_more(self, workspace: str) -> None:
        await self._database.write(SQL["serve_itself"](id=workspace))

    @override
    async def workspaces(self, installation: str = "") -> Sequence[str]:
        rows = await self._database.read(SQL["workspaces"](installation=installation or None))
        return [row["workspace"] for row in rows]

    @override
    async def claim_renewal(self, installation: Installation, *, seconds: float) -> bool:
        now = self._clock.now()
        until = now + int(seconds * 1000)
        claim = SQL["claim"](id=installation.id, version=installation.version, now=now, until=until)
        return bool(await self._database.write(claim))

    @override
    async def release_renewal(self, installation: Installation) -> None:
        await self._database.write(SQL["release"](id=installation.id, version=installation.version))

    @override
    async def renewed(self, installation: Installation) -> bool:
        renewal = SQL["renew"](
            id=installation.id,
            version=installation.version,
            secrets=self._locked(installation),
            expires_at=installation.expires_at,
        )
        return bool(await self._database.write(renewal))

    @override
    async def delete(self, installation: str, *, at: int) -> bool:
        served = SQL["forget_served"](id=installation, at=at)
        return bool(await self._database.write(served, SQL["delete"](id=installation, at=at)))

    @override
    async def lock_anew(self) -> int:
        rows = await self._database.read(SQL["all"]())
        if rows:
            await self._database.write(*map(self._locked_anew, rows))
        return len(rows)

    @override
    async def issue_state(self, *, seconds: float) -> str:
        state, now = secrets.token_urlsafe(STATE_BYTES), self._clock.now()
        issued = SQL["issue_state"](digest=_digest(state), expires_at=now + int(seconds * 1000))
        await self._database.write(SQL["drop_states"](now=now), issued)
        return state

    @override
    async def take_state(self, state: str) -> bool:
        return bool(await self._database.write(SQL["take_state"](digest=_digest(state), now=self._clock.now())))

    def _locked(self, installation: Installation) -> str:
        return self._cipher.lock({"token": installation.token, "refresh_token": installation.refresh_token})

    def _locked_anew(self, row: Row) -> Statement:
        old = row["secrets"]
        return SQL["lock_anew"](id=row["id"], old=old, secrets=self._cipher.lock_anew(old))

    def _installation(self, row: Row) -> Installation:
        opened = self._cipher.unlock(row["secrets"])
        return Installation(
            id=row["id"],
            name=row["name"],
            organisation=row["organisation"],
            org_wide=bool(row["org_wide"]),
            bot_user=row["bot_user"],
            bot=row["bot"],
            scopes=tuple(filter(None, row["scopes"].split(","))),
            installed_by=row["installed_by"],
            installed_at=row["installed_at"],
            token=opened["token"],
            refresh_token=opened["refresh_token"],
            expires_at=row["expires_at"],
            version=row["version"],
        )


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest()
