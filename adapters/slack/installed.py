"""The tokens of an app that many workspaces let in by OAuth, renewed before they end.

With token rotation a token ends after twelve hours, and is renewed with a second one that can be spent once: who spends
it and does not store what came of it has lost the installation. So whoever renews first claims the only right to it, in
the database, for all tasks and processes; the others go on with the old token, which holds for two hours more, or wait.
And a renewal that has begun goes on when the call that wanted it is cancelled.
https://docs.slack.dev/authentication/using-token-rotation
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from adapters.slack.account import OAuth
from adapters.slack.exchange import exchange
from adapters.slack.origin import Origin
from adapters.slack.outcomes import SlackRefusal, read
from adapters.slack.tokens import Farewell, Tokens
from adapters.slack.translate import Identity
from bot.domain.errors import (
    PlatformProblem,
    PostInDoubt,
    PostNotDone,
    PostRefused,
    SettingInvalid,
    StorageUnavailable,
)
from bot.domain.installations import Installation
from bot.ports import Clock, Installations
from bot.words import phrase

log = structlog.get_logger()

AHEAD_MS = 2 * 3_600_000
"""How long before its end a token is renewed."""

CLAIM_SECONDS = 30.0
"""How long one may take to renew a token; also the pause after it failed while the old one still holds."""

LOOK_SECONDS = 0.2
MOST_LOOKS = 200
"""How often one looks whether somebody else has renewed the token: somewhat longer than a claim holds."""

STORE_PAUSE_SECONDS = 0.5
MOST_STORES = 20
"""How often storing a new token is tried: the old one is spent, so it must not be lost."""


class InstalledTokens(Tokens):
    """The tokens that were stored when the app was installed."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        installations: Installations,
        client: AsyncWebClient,
        oauth: OAuth,
        clock: Clock,
    ) -> None:
        """Prepare.

        Args:
            group: outlives every call; renewals run in it.
            installations: where they are stored.
            client: without a token, to renew them.
            oauth: of the app.
            clock: tells when a token ends.
        """
        self._group = group
        self._installations = installations
        self._client = client
        self._oauth = oauth
        self._clock = clock

    @override
    async def token(self, workspace: str, *, spent: str = "") -> str:
        for _ in range(MOST_LOOKS):
            found = await self._found(workspace)
            if not self._is_due(found, spent):
                return found.token
            renewed = await self._renewed(found, spent)
            if renewed is not None:
                return renewed
            await self._clock.sleep(LOOK_SECONDS)
        raise PostNotDone(phrase("the token for Slack is being renewed, and that takes too long"))

    @override
    async def identity(self, workspace: str) -> Identity:
        found = await self._found(workspace)
        return Identity(team=workspace, user=found.bot_user, bot=found.bot)

    @override
    async def workspaces(self) -> Sequence[str]:
        return await self._installations.workspaces()

    @override
    async def seen(self, origin: Origin) -> None:
        if not origin.org_wide or origin.workspace == origin.organisation:
            return
        found = await self._look_up(origin.workspace)
        if found is None or found.id != origin.installation:
            await self._installations.serves(origin.installation, origin.workspace)

    @override
    async def farewell(self, origin: Origin, *, at: int) -> Farewell:
        ended = origin.installation if origin.named else await self._ended_in(origin.workspace)
        found = await self._look_up(ended)
        if found is not None and found.id == ended and found.installed_at > at:
            return Farewell(installation=ended, left=[])
        served = sorted({origin.workspace, *await self._installations.workspaces(ended)})
        return Farewell(installation=ended, left=[each for each in served if not await self._is_served(each, ended)])

    @override
    async def ended(self, installation: str, *, at: int) -> None:
        if await self._installations.delete(installation, at=at):
            log.info("uninstalled", installation=installation)

    @override
    async def has_own(self, workspace: str) -> bool:
        return bool(await self._installations.workspaces(workspace))

    @override
    async def withdrawn(self, workspace: str) -> None:
        await self._installations.serves_no_more(workspace)

    async def _ended_in(self, workspace: str) -> str:
        """Return whose installation ended in a workspace, of its own and its organisation's: Slack takes its token no more."""
        found = await self._look_up(workspace)
        if found is None or not found.organisation:
            return workspace
        try:
            await read(self._client.auth_test(token=await self.token(workspace)))
        except PostRefused:
            return found.id
        return workspace if found.org_wide else found.organisation

    async def _is_served(self, workspace: str, ended: str) -> bool:
        """Whether a workspace is served without an installation, by its organisation's or by its own."""
        found = await self._look_up(workspace)
        by_another = found is not None and found.id != ended
        return by_another or (workspace != ended and await self.has_own(workspace))

    async def _look_up(self, workspace: str) -> Installation | None:
        """Return the installation that serves a workspace; what keeps it from being read may be over the next time."""
        try:
            return await self._installations.find(workspace)
        except (SettingInvalid, StorageUnavailable) as error:
            raise PostNotDone(str(error)) from error

    async def _found(self, workspace: str) -> Installation:
        found = await self._look_up(workspace)
        if found is None:
            advice = phrase("It can be installed again at {url}.", url=self._oauth.install_url)
            raise PostRefused(
                phrase(
                    "Mynah is not installed in the workspace {workspace} (any more). {advice}",
                    workspace=workspace,
                    advice=advice,
                )
            )
        return found

    def _is_due(self, found: Installation, spent: str) -> bool:
        if not found.refresh_token:
            return False
        return found.token == spent or found.is_due(self._clock.now(), AHEAD_MS)

    def _holds(self, found: Installation, spent: str) -> bool:
        """Whether a token that should be renewed can still be used."""
        return found.token != spent and not found.is_due(self._clock.now(), 0)

    async def _renewed(self, found: Installation, spent: str) -> str | None:
        """Return the token to use now; None while somebody else renews it."""
        holds = self._holds(found, spent)
        if not await self._installations.claim_renewal(found, seconds=CLAIM_SECONDS):
            return found.token if holds else None
        outcome = await asyncio.shield(self._group.create_task(self._renew(found)))
        if isinstance(outcome, str):
            return outcome
        log.warning("token not renewed", installation=found.id, reason=str(outcome))
        if holds:
            return found.token
        await self._installations.release_renewal(found)
        raise self._problem(found, outcome) from outcome

    async def _renew(self, found: Installation) -> str | PlatformProblem:
        """Return a new token that is stored, or why there is none; raises nothing, for it runs by itself."""
        try:
            renewed = to_renewed(found, await self._spend(found), self._clock.now())
        except PlatformProblem as error:
            return error
        for _ in range(MOST_STORES):
            try:
                is_stored = await self._installations.renewed(renewed)
            except StorageUnavailable as error:
                log.warning("new token not stored", installation=found.id, reason=str(error))
                await self._clock.sleep(STORE_PAUSE_SECONDS)
            else:
                log.info("token renewed", installation=found.id, replaced_meanwhile=not is_stored)
                return renewed.token
        return PlatformProblem(phrase("the new token could not be stored"))

    async def _spend(self, found: Installation) -> Mapping[str, Any]:
        """Spend the second token; raises as `exchange` does."""
        grant = {"grant_type": "refresh_token", "refresh_token": found.refresh_token}
        return await exchange(self._client, self._oauth, **grant)

    def _problem(self, found: Installation, error: PlatformProblem) -> PlatformProblem:
        """Return what it means for a job that the token cannot be renewed."""
        if isinstance(error, SlackRefusal):
            advice = phrase("An admin has to install Mynah again, at {url}.", url=self._oauth.install_url)
            return PostRefused(
                phrase(
                    "Slack does not renew Mynah's access to {workspace} ({error}). {advice}",
                    workspace=found.name,
                    error=error.error,
                    advice=advice,
                )
            )
        # The call that the token was for was not made, whatever became of the renewal.
        return PostNotDone(error.reason) if isinstance(error, PostInDoubt) else error


def to_renewed(found: Installation, answer: Mapping[str, Any], now: int) -> Installation:
    """Return an installation with the tokens of an answer.

    Args:
        found: with the tokens that were spent.
        answer: of `oauth.v2.access`.
        now: in milliseconds since 1970.
    """
    seconds = answer.get("expires_in")
    return replace(
        found,
        token=str(answer["access_token"]),
        refresh_token=str(answer.get("refresh_token") or ""),
        expires_at=now + int(seconds) * 1000 if seconds else None,
    )
