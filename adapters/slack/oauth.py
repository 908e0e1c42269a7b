"""How a workspace lets the app in: the way to Slack and back, and what is stored of it.

bolt leads through it (https://docs.slack.dev/authentication/installing-with-oauth); here is what it keeps, and where.
"""

import logging
from urllib.parse import urljoin

import structlog
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import Bot, Installation as SlackInstallation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from adapters.slack.account import INSTALL_PATH, REDIRECT_PATH, OAuth
from adapters.slack.clients import QUIET
from adapters.slack.exchange import exchange
from adapters.slack.install_pages import failed, succeeded
from adapters.slack.manifest import SCOPES
from adapters.slack.outcomes import Answer, read
from bot.domain.errors import MynahError, PlatformProblem
from bot.domain.installations import Installation
from bot.ports import Installations

log = structlog.get_logger()

STATE_SECONDS = 600
"""How long somebody may think about the permissions."""

AUTHORIZE_PATH = "/oauth/v2/authorize"


class InstallationStore(AsyncInstallationStore):
    """What bolt and the SDK store and look up, in our storage. An app of ours has one bot for each installation."""

    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    @property
    @override
    def logger(self) -> logging.Logger:
        return QUIET

    @override
    async def async_save(self, installation: SlackInstallation) -> None:
        try:
            await self._installations.save(to_installation(installation))
        except MynahError as error:
            raise BoltError(str(error)) from error
        log.info("installed", installation=to_installation(installation).id)

    @override
    async def async_save_bot(self, bot: Bot) -> None:
        await self.async_save(SlackInstallation(**bot.to_dict_for_copying(), user_id=""))

    @override
    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> SlackInstallation | None:
        found = await self._installations.find(_id(enterprise_id, team_id, org_wide=bool(is_enterprise_install)))
        return None if found is None else to_slack(found)

    @override
    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        found = await self.async_find_installation(
            enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install
        )
        return None if found is None else found.to_bot()

    @override
    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        found = await self._installations.find(_id(enterprise_id, team_id, org_wide=False))
        if found is not None:
            await self._installations.delete(found.id, at=found.installed_at)

    @override
    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        await self.async_delete_bot(enterprise_id=enterprise_id, team_id=team_id)


class StateStore(AsyncOAuthStateStore):
    """The secrets by which somebody who comes back from Slack is known to have been sent there by us."""

    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    @property
    @override
    def logger(self) -> logging.Logger:
        return QUIET

    @override
    async def async_issue(self, *args: object, **kwargs: object) -> str:
        return await self._installations.issue_state(seconds=STATE_SECONDS)

    @override
    async def async_consume(self, state: str) -> bool:
        return await self._installations.take_state(state)


class Flow(AsyncOAuthFlow):
    """bolt's way to Slack and back; what Slack does not answer is a refusal like any other."""

    def __init__(self, oauth: OAuth, client: AsyncWebClient, settings: AsyncOAuthSettings) -> None:
        super().__init__(client=client, logger=QUIET, settings=settings)
        self._oauth = oauth

    @override
    async def run_installation(self, code: str) -> SlackInstallation | None:
        """Exchange a code for a token, and ask who we are there."""
        try:
            granted = await exchange(self.client, self._oauth, code=code, redirect_uri=self._oauth.redirect_url)
            me = await read(self.client.auth_test(token=granted["access_token"]))
        except PlatformProblem as error:
            log.warning("not installed", reason=error.reason)
            return None
        return to_granted(granted, me)


def oauth_flow(oauth: OAuth, installations: Installations, client: AsyncWebClient, api_url: str) -> Flow:
    """Return the way to Slack and back.

    Args:
        oauth: of the app.
        installations: where they are stored.
        client: without a token.
        api_url: of the Web API; Slack's page for permissions is on the same host.
    """
    settings = AsyncOAuthSettings(
        client_id=oauth.client_id,
        client_secret=oauth.client_secret,
        scopes=list(SCOPES),
        user_scopes=[],
        redirect_uri=oauth.redirect_url,
        install_path=INSTALL_PATH,
        install_page_rendering_enabled=False,
        redirect_uri_path=REDIRECT_PATH,
        authorization_url=urljoin(api_url, AUTHORIZE_PATH),
        callback_options=AsyncCallbackOptions(success=succeeded, failure=failed),
        installation_store=InstallationStore(installations),
        state_store=StateStore(installations),
        state_expiration_seconds=STATE_SECONDS,
        logger=QUIET,
    )
    return Flow(oauth, client, settings)


def to_granted(granted: Answer, me: Answer) -> SlackInstallation:
    """Return what a workspace granted, in the SDK's words.

    Args:
        granted: the answer of `oauth.v2.access`.
        me: the answer of `auth.test`, which alone names our bot's id.
    """
    team, organisation = granted.get("team") or {}, granted.get("enterprise") or {}
    org_wide = bool(granted.get("is_enterprise_install"))
    return SlackInstallation(
        app_id=granted.get("app_id"),
        enterprise_id=organisation.get("id"),
        enterprise_name=organisation.get("name"),
        enterprise_url=me.get("url") if org_wide else None,
        team_id=team.get("id"),
        team_name=team.get("name"),
        bot_token=granted["access_token"],
        bot_id=me.get("bot_id"),
        bot_user_id=granted.get("bot_user_id"),
        bot_scopes=str(granted.get("scope") or ""),
        bot_refresh_token=granted.get("refresh_token"),
        bot_token_expires_in=granted.get("expires_in"),
        user_id=str((granted.get("authed_user") or {}).get("id") or ""),
        is_enterprise_install=org_wide,
        token_type=granted.get("token_type"),
    )


def to_installation(slack: SlackInstallation) -> Installation:
    """Translate from the SDK's words."""
    org_wide = bool(slack.is_enterprise_install)
    ends = slack.bot_token_expires_at
    return Installation(
        id=_id(slack.enterprise_id, slack.team_id, org_wide=org_wide),
        name=str((slack.enterprise_name if org_wide else slack.team_name) or ""),
        organisation=slack.enterprise_id or "",
        org_wide=org_wide,
        bot_user=slack.bot_user_id or "",
        bot=slack.bot_id or "",
        scopes=tuple(slack.bot_scopes or ()),
        installed_by=slack.user_id,
        installed_at=int(slack.installed_at * 1000),
        token=slack.bot_token or "",
        refresh_token=slack.bot_refresh_token or "",
        expires_at=None if ends is None else ends * 1000,
    )


def to_slack(found: Installation) -> SlackInstallation:
    """Translate into the SDK's words."""
    return SlackInstallation(
        enterprise_id=found.organisation or None,
        enterprise_name=found.name if found.org_wide else None,
        team_id=None if found.org_wide else found.id,
        team_name=None if found.org_wide else found.name,
        bot_token=found.token,
        bot_id=found.bot,
        bot_user_id=found.bot_user,
        bot_scopes=list(found.scopes),
        bot_refresh_token=found.refresh_token or None,
        bot_token_expires_at=None if found.expires_at is None else found.expires_at // 1000,
        user_id=found.installed_by,
        is_enterprise_install=found.org_wide,
        installed_at=found.installed_at / 1000,
    )


def _id(organisation: str | None, workspace: str | None, *, org_wide: bool) -> str:
    return str((organisation if org_wide else workspace or organisation) or "")
