"""How workspaces let the app in: the page for permissions, and `oauth.v2.access`.

https://docs.slack.dev/authentication/installing-with-oauth, https://docs.slack.dev/authentication/using-token-rotation
"""

import base64
import binascii
import secrets
from html import escape
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.fake import FAKE, Fake
from tests.fakes.slack.identity import APP_ID, BOT_SCOPES, CLIENT_ID, CLIENT_SECRET, Token
from tests.fakes.slack.world import Json, World, now

AUTHORIZE_PATH = "/oauth/v2/authorize"
ALLOW_PATH = "/oauth/v2/allow"
CODE_SECONDS = 600


async def authorize(request: web.Request) -> web.Response:
    """Show the page for permissions: a link for each workspace and organisation, and one to refuse."""
    fake = request.app[FAKE]
    if problem := _problem(fake, dict(request.query)):
        fake.world.violate(f"oauth: {problem}")
        return web.Response(status=400, text=problem)
    organisations = {team.organisation for team in fake.world.teams.values() if team.organisation}
    choices = [{"team": team} for team in fake.world.teams] + [{"organisation": one} for one in sorted(organisations)]
    links = [_link(request, {**choice, "allow": "1"}, f"Allow {choice}") for choice in choices]
    page = "<br>".join([*links, _link(request, {"allow": "0"}, "Cancel")])
    return web.Response(text=f"<!doctype html><title>Loopback</title>{page}", content_type="text/html")


async def allow(request: web.Request) -> web.Response:
    """Send somebody back to the app, with a code or with a refusal."""
    fake, query = request.app[FAKE], dict(request.query)
    if query["allow"] != "1":
        return _back(query, error="access_denied")
    code = secrets.token_hex(16)
    about = {name: query.get(name, "") for name in ("team", "organisation", "scope", "redirect_uri", "user")}
    fake.world.grants.codes[code] = about | {"until": now() + CODE_SECONDS}
    return _back(query, code=code)


def access(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/oauth.v2.access: a token for a code, or for a token that renews."""
    _check_client(call)
    if call.get("grant_type", "authorization_code") == "refresh_token":
        return _renewed(call)
    if call.get("grant_type", "authorization_code") != "authorization_code":
        raise SlackError("invalid_grant_type")
    return _granted(call)


def _granted(call: Call) -> Json:
    world, about = call.world, call.world.grants.codes.pop(call.get("code", ""), None)
    if about is None or now() > about["until"]:
        raise SlackError("invalid_code")
    if call.get("redirect_uri") != about["redirect_uri"]:
        raise SlackError("bad_redirect_uri")
    scopes = frozenset(about["scope"].split(","))
    token = _new_token(call.fake, Token(value="", kind="bot", scopes=scopes, **_opened(about)))
    team = next(team for team in world.teams.values() if token.opens(team))
    enterprise = {"id": team.organisation, "name": f"Organisation {team.organisation}"} if team.organisation else None
    world.note("installed", team=about["team"], organisation=about["organisation"])
    return {
        **_shown(call.fake, token),
        "bot_user_id": team.bot_user,
        "app_id": APP_ID,
        "team": None if token.organisation else {"id": team.id, "name": team.name},
        "enterprise": enterprise,
        "is_enterprise_install": bool(token.organisation),
        "authed_user": {"id": about["user"]},
    }


def _renewed(call: Call) -> Json:
    """Spend a token that renews; the token that it came with holds until its end."""
    former = call.world.grants.refresh_tokens.pop(call.get("refresh_token", ""), None)
    if former is None:
        raise SlackError("invalid_refresh_token")
    about = {"kind": "bot", "scopes": former.scopes, "team": former.team, "organisation": former.organisation}
    token = _new_token(call.fake, Token(value="", **about))
    call.world.note("token.renewed", team=former.team, organisation=former.organisation)
    team = next(team for team in call.world.teams.values() if token.opens(team))
    return {
        **_shown(call.fake, token),
        "bot_user_id": team.bot_user,
        "app_id": APP_ID,
        "team": None if token.organisation else {"id": team.id, "name": team.name},
    }


def _new_token(fake: Fake, like: Token) -> Token:
    """Enter a token like another one; with rotation it ends, and one is entered that renews it."""
    seconds = fake.options.token_seconds
    prefix = "xoxe.xoxb-1-" if seconds else "xoxb-"
    token = Token(
        value=f"{prefix}{secrets.token_hex(24)}",
        kind="bot",
        scopes=like.scopes,
        team=like.team,
        organisation=like.organisation,
        expires_at=now() + seconds if seconds else None,
    )
    fake.world.tokens[token.value] = token
    return token


def _shown(fake: Fake, token: Token) -> Json:
    shown: Json = {"access_token": token.value, "token_type": "bot", "scope": ",".join(sorted(token.scopes))}
    if token.expires_at is None:
        return shown
    renewing = f"xoxe-1-{secrets.token_hex(24)}"
    fake.world.grants.refresh_tokens[renewing] = token
    return shown | {"refresh_token": renewing, "expires_in": fake.options.token_seconds}


def _opened(about: Json) -> dict[str, Any]:
    organisation = about["organisation"]
    return {"team": "", "organisation": organisation} if organisation else {"team": about["team"]}


def _check_client(call: Call) -> None:
    """Look at the app's own name and secret, which come in the header or as arguments."""
    name, secret = call.get("client_id", ""), call.get("client_secret", "")
    header = call.token.value
    if header.startswith("Basic "):
        try:
            name, _, secret = base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = ""
    if name != CLIENT_ID:
        raise SlackError("invalid_client_id")
    if secret != CLIENT_SECRET:
        raise SlackError("bad_client_secret")


def _problem(fake: Fake, query: Json) -> str:
    """What Slack's page would complain of; empty when all is well."""
    scopes = set(query.get("scope", "").split(","))
    if query.get("client_id") != CLIENT_ID:
        return "invalid_client_id"
    if not scopes or not scopes <= BOT_SCOPES:
        return f"invalid_scope: {sorted(scopes - BOT_SCOPES)}"
    if not any(query.get("redirect_uri", "").startswith(url) for url in fake.options.redirect_urls):
        return f"bad_redirect_uri: {query.get('redirect_uri')}"
    return "" if query.get("state") else "no state"


def _link(request: web.Request, about: Json, label: str) -> str:
    address = f"{ALLOW_PATH}?{urlencode({**request.query, **about})}"
    return f'<a href="{escape(address)}">{escape(label)}</a>'


def _back(query: Json, **answer: str) -> web.Response:
    address = f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"
    return web.Response(status=302, headers={"Location": address})


def revoke(world: World, team: str, organisation: str) -> list[str]:
    """Take all tokens of a workspace or organisation back, and the app out of its conversations; returns its users."""
    gone = [name for name, token in world.tokens.items() if _is_of(token, team, organisation)]
    for name in gone:
        del world.tokens[name]
    world.grants.refresh_tokens = {
        name: token for name, token in world.grants.refresh_tokens.items() if not _is_of(token, team, organisation)
    }
    left = [
        one for one in world.teams.values() if one.id == team or (organisation and one.organisation == organisation)
    ]
    for channel in world.channels.values():
        if channel.team in left and channel.has_bot:
            channel.members.remove(channel.team.bot_user)
    return [one.bot_user for one in left]


def _is_of(token: Token, team: str, organisation: str) -> bool:
    if token.kind != "bot":
        return False
    return token.organisation == organisation if organisation else token.team == team and not token.organisation


ROUTES = [web.get(AUTHORIZE_PATH, authorize), web.get(ALLOW_PATH, allow)]
