"""Whose token a call is made with. One app has a token for each workspace, or for each organisation, that let it in."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from adapters.slack.origin import Origin
from adapters.slack.outcomes import read
from adapters.slack.translate import Identity


@dataclass(frozen=True, kw_only=True, slots=True)
class Farewell:
    """The end of an installation."""

    installation: str
    """Its id."""
    left: Sequence[str]
    """The workspaces that nobody lets us into any more."""


class Tokens(Protocol):
    """The tokens of one app."""

    async def token(self, workspace: str, *, spent: str = "") -> str:
        """Return the token for a workspace, renewed where it must be.

        Args:
            workspace: its id, `T…`.
            spent: a token that Slack says has expired; another one is wanted.

        Raises:
            PostRefused: the app is not installed there (any more); says what to do.
            PostNotDone: the token could not be read or renewed now.
        """
        ...

    async def identity(self, workspace: str) -> Identity:
        """Return who we are in a workspace; raises as `token` does."""
        ...

    async def workspaces(self) -> Sequence[str]:
        """Return the workspaces that we know to be in.

        Raises:
            PostNotDone: Slack could not be asked now.
        """
        ...

    async def seen(self, origin: Origin) -> None:
        """Note by whose installation something came."""
        ...

    async def farewell(self, origin: Origin, *, at: int) -> Farewell:
        """Return what ended at a time (ms since 1970); nothing is left when the app was installed again since.

        Raises:
            PostNotDone: Slack could not be asked now whose installation it was.
        """
        ...

    async def ended(self, installation: str, *, at: int) -> None:
        """Forget the tokens of an installation that ended at a time (ms since 1970)."""
        ...

    async def has_own(self, workspace: str) -> bool:
        """Return whether a workspace let us in by itself, whatever its organisation does."""
        ...

    async def withdrawn(self, workspace: str) -> None:
        """Forget that the installation of an organisation serves a workspace."""
        ...


class OneToken(Tokens):
    """The simple case: one workspace, whose token stands in the settings."""

    def __init__(self, client: AsyncWebClient) -> None:
        """Prepare.

        Args:
            client: with the token.
        """
        self._client = client
        self._me: Identity | None = None
        self._asking = asyncio.Lock()

    @override
    async def token(self, workspace: str, *, spent: str = "") -> str:
        return self._client.token or ""

    @override
    async def identity(self, workspace: str) -> Identity:
        """Ask Slack once who we are, https://docs.slack.dev/reference/methods/auth.test."""
        async with self._asking:
            if self._me is None:
                answer = await read(self._client.auth_test())
                self._me = Identity(
                    team=str(answer["team_id"]), user=str(answer["user_id"]), bot=str(answer.get("bot_id") or "")
                )
            return self._me

    @override
    async def workspaces(self) -> Sequence[str]:
        return [(await self.identity("")).team]

    @override
    async def seen(self, origin: Origin) -> None:
        pass

    @override
    async def farewell(self, origin: Origin, *, at: int) -> Farewell:
        return Farewell(installation=origin.installation, left=[origin.workspace])

    @override
    async def ended(self, installation: str, *, at: int) -> None:
        pass

    @override
    async def has_own(self, workspace: str) -> bool:
        return False

    @override
    async def withdrawn(self, workspace: str) -> None:
        pass
