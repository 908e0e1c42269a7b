"""What the doctor asks of Slack: each finding says what is wrong, why, and how to mend it."""

from collections.abc import Mapping, Sequence

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.account import OAuth, SlackAccount
from adapters.slack.clients import Clients, WorkspaceClient
from adapters.slack.manifest import SCOPES
from adapters.slack.outcomes import SlackRefusal, answered
from bot.domain.errors import PlatformProblem, PostRefused
from bot.domain.health import Finding
from bot.domain.installations import Installation
from bot.ports import Installations

APPS = "https://api.slack.com/apps"


MOST_ASKED = 50
"""Workspaces whose tokens are tried; of more, only how many there are is told."""


async def findings(
    account: SlackAccount, client: AsyncWebClient, clients: Clients, installations: Installations | None
) -> Sequence[Finding]:
    """Look at the tokens, their scopes, and the way in which events come.

    Args:
        account: what is configured.
        client: with the bot token of the settings, if there is one.
        clients: of all workspaces.
        installations: of an app that workspaces let in by OAuth; None for one workspace by its token.
    """
    if account.oauth is None or installations is None:
        return (*await _bot_token(account, client), await _way_in(account, client))
    known = await installations.all()
    tried = [each for found in known[:MOST_ASKED] for each in await _installed(found, clients.of(found.id))]
    return (_install_page(account.oauth, len(known)), *tried, await _way_in(account, client))


def _install_page(oauth: OAuth, count: int) -> Finding:
    where = f"Workspaces install Mynah at {oauth.install_url}"
    if not count:
        return Finding(ok=True, what=f"{where}; none has yet.")
    more = f" Only the first {MOST_ASKED} are asked." if count > MOST_ASKED else ""
    return Finding(ok=True, what=f"{where}; {count} {'has' if count == 1 else 'have'}.{more}")


async def _installed(found: Installation, client: WorkspaceClient) -> Sequence[Finding]:
    """Look at one workspace or organisation."""
    kind = "organisation" if found.org_wide else "workspace"
    try:
        response = await answered(client.auth_test())
    except PlatformProblem as error:
        fix = "" if isinstance(error, PostRefused) else "Check the network, and https://slack-status.com."
        what = f"The token for the Slack {kind} {found.name} ({found.id}) does not work. {error.reason}"
        return [Finding(ok=False, what=what, fix=fix or "Let an admin of it install Mynah again.")]
    what = f"Mynah is installed in the Slack {kind} {found.name} ({found.id})."
    lacking = _missing(response.headers)
    if not lacking:
        return [Finding(ok=True, what=what)]
    fix = "Let an admin of it install Mynah again, which grants them."
    return [Finding(ok=False, what=f"{what} It lacks the scopes {', '.join(lacking)}.", fix=fix)]


async def _bot_token(account: SlackAccount, client: AsyncWebClient) -> Sequence[Finding]:
    """Look at the bot token, https://docs.slack.dev/reference/methods/auth.test."""
    if not account.bot_token.startswith("xoxb-"):
        return [
            Finding(
                ok=False,
                what="The Slack bot token does not begin with xoxb-, so it is none.",
                fix=f"Copy the Bot User OAuth Token from OAuth & Permissions at {APPS}.",
            )
        ]
    try:
        response = await answered(client.auth_test())
    except PlatformProblem as error:
        return [_failed("The Slack bot token was not accepted", error)]
    who = Finding(ok=True, what=f"The Slack bot token is that of {response.get('user')} in {response.get('team')}.")
    return [who, _scopes(response.headers)]


def _scopes(headers: Mapping[str, str]) -> Finding:
    """Compare the granted scopes, which Slack names in a header of every answer."""
    missing = _missing(headers)
    if not missing:
        return Finding(ok=True, what="The Slack app has all scopes that it needs.")
    return Finding(
        ok=False,
        what=f"The Slack app lacks the scopes {', '.join(missing)}.",
        fix=f"Add them under OAuth & Permissions at {APPS}, or paste the manifest, and install the app again.",
    )


def _missing(headers: Mapping[str, str]) -> Sequence[str]:
    """Return the scopes that were not granted, each with what it is for."""
    names = {name.lower(): value for name, value in headers.items()}
    granted = {scope.strip() for scope in names.get("x-oauth-scopes", "").split(",")}
    return [f"{scope} ({use})" for scope, use in SCOPES.items() if scope not in granted]


async def _way_in(account: SlackAccount, client: AsyncWebClient) -> Finding:
    """Look at how events come: asking for a socket's address opens none."""
    if not account.uses_sockets:
        return _http(account)
    try:
        await answered(client.apps_connections_open(app_token=account.app_token))
    except PlatformProblem as error:
        return _failed("The Slack app token opens no socket", error, APP_TOKEN_FIX)
    return Finding(ok=True, what="The Slack app token opens sockets.")


APP_TOKEN_FIX = (
    f"Make an App-Level Token with the scope connections:write under Basic Information at {APPS}, "
    "and switch Socket Mode on."
)


def _http(account: SlackAccount) -> Finding:
    if not account.signing_secret:
        return Finding(
            ok=False,
            what="There is neither a Slack app token nor a signing secret, so no event can come in.",
            fix=f"Set the app token for Socket Mode, or copy the Signing Secret from Basic Information at {APPS}.",
        )
    where = f"{account.http_host}:{account.http_port}{account.http_path}"
    return Finding(ok=True, what=f"Slack's events are taken by HTTP at {where}.")


def _failed(what: str, error: PlatformProblem, fix: str = "") -> Finding:
    """Say that something did not work, and what to do: about Slack's refusal, or about the way to Slack."""
    if isinstance(error, SlackRefusal):
        return Finding(ok=False, what=f"{what}. {error.reason}", fix=fix or f"Mend it at {APPS}.")
    return Finding(ok=False, what=f"{what}: {error.reason}.", fix="Check the network, and https://slack-status.com.")
