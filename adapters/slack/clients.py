"""The Web API's clients: one for each workspace, none of which repeats a call by itself.

A client asks for its token before each call, so it may be held for as long as one likes, also while the token is renewed.
"""

import logging
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from typing_extensions import override

from adapters.slack.account import LOOPBACK_HOSTS, SlackAccount
from adapters.slack.outcomes import name_of
from adapters.slack.pace import Pace
from adapters.slack.paced import PacedClient
from adapters.slack.tokens import OneToken, Tokens
from adapters.slack.translate import Identity
from bot.ports import Clock

QUIET = logging.getLogger("adapters.slack.vendor")
"""For the SDK and bolt, whose own log lines hold what people said: only what is broken beyond that is let through."""
QUIET.setLevel(logging.CRITICAL)

EXPIRED = "token_expired"
"""What Slack says of a token that was not renewed in time, or was renewed by somebody else: nothing was done."""

OF_A_WORKSPACE = frozenset(
    {"conversations.list", "usergroups.list", "usergroups.users.list", "users.conversations", "users.list"}
)
"""Methods that must be told the workspace where the token is an organisation's; others do not mind.

https://api.slack.com/enterprise/apps/changes-apis
"""

TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)
CONNECTIONS = 200


class WorkspaceClient(PacedClient):
    """The Web API in one workspace."""

    def __init__(
        self, workspace: str, tokens: Tokens, account: SlackAccount, session: aiohttp.ClientSession, pace: Pace
    ) -> None:
        """Prepare.

        Args:
            workspace: its id.
            tokens: where the token is asked for.
            account: where the Web API is.
            session: the shared one.
            pace: the shared one.
        """
        super().__init__(workspace, pace, base_url=account.api_url, session=session, retry_handlers=[], logger=QUIET)
        self.proxy = None  # the session has it; the SDK takes it from the environment also for hosts that need none
        self._tokens = tokens

    async def fresh_token(self) -> str:
        """Return the token, for what is fetched without the Web API; raises as `Tokens.token` does."""
        return await self._tokens.token(self._workspace)

    @override
    async def api_call(self, api_method: str, **request: Any) -> AsyncSlackResponse:
        if api_method in OF_A_WORKSPACE:
            request["params"] = {"team_id": self._workspace, **(request.get("params") or {})}
        self.token = await self._tokens.token(self._workspace)
        spent = self.token
        try:
            return await super().api_call(api_method, **request)
        except SlackApiError as error:
            if name_of(error) != EXPIRED:
                raise
            expired = error
        self.token = await self._tokens.token(self._workspace, spent=spent)
        if self.token == spent:
            raise expired
        return await super().api_call(api_method, **request)


class Clients:
    """All clients of one app."""

    def __init__(
        self, account: SlackAccount, session: aiohttp.ClientSession, clock: Clock, tokens: Tokens | None = None
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            account: what is configured.
            session: the shared one.
            clock: for calls to wait for their moment.
            tokens: of many workspaces; None where one token stands in the settings.
        """
        self._account = account
        self._session = session
        self._pace = Pace(clock, pace=account.pace)
        self.tokens: Tokens = tokens or OneToken(plain_client(account, session, account.bot_token))
        """Whose token a call is made with."""
        self._clients: dict[str, WorkspaceClient] = {}

    def of(self, workspace: str) -> WorkspaceClient:
        """Return the client of a workspace (`T…`); whether we are in there is asked at the first call."""
        if workspace not in self._clients:
            self._clients[workspace] = WorkspaceClient(workspace, self.tokens, self._account, self._session, self._pace)
        return self._clients[workspace]

    def has_room(self, workspace: str, method: str, calls: int = 1) -> bool:
        """Return whether a method may be called so often at once in a workspace, now."""
        return self._pace.has_room(workspace, method, calls)

    async def identity(self, workspace: str) -> Identity:
        """Return who we are in a workspace; raises as `Tokens.token` does."""
        return await self.tokens.identity(workspace)


def plain_client(account: SlackAccount, session: aiohttp.ClientSession, token: str = "") -> AsyncWebClient:
    """Return a client with one token for ever, or with none."""
    client = AsyncWebClient(
        token=token or None, base_url=account.api_url, session=session, retry_handlers=[], logger=QUIET
    )
    client.proxy = None  # see WorkspaceClient
    return client


def open_session(account: SlackAccount) -> aiohttp.ClientSession:
    """Return the session that all clients share; to be closed."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    return aiohttp.ClientSession(timeout=TIMEOUT, connector=connector, proxy=proxy_for(account.api_url))


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for an address (`HTTPS_PROXY`, `NO_PROXY`); None for this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return None if host in LOOPBACK_HOSTS or proxy_bypass(host) else getproxies().get(parts.scheme)
