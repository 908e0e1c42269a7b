"""The control API, third part: workspaces, and the ends of tokens and installations."""

from dataclasses import replace

from aiohttp import web

from tests.fakes.slack import events
from tests.fakes.slack.control import controlled
from tests.fakes.slack.fake import Fake
from tests.fakes.slack.identity import Team
from tests.fakes.slack.oauth import revoke
from tests.fakes.slack.world import Json


async def create_team(fake: Fake, body: Json) -> Json:
    """Add a workspace, perhaps one of an organisation, in all of which the app has the same user."""
    organisation = body.get("organisation", "")
    siblings = [team for team in fake.world.teams.values() if organisation and team.organisation == organisation]
    bot_user = siblings[0].bot_user if siblings else ""
    team = fake.world.add_team(body["name"], organisation=organisation, bot_user=bot_user)
    return {"id": team.id, "bot_user": team.bot_user, "bot": team.bot, "organisation": team.organisation}


async def expire_tokens(fake: Fake, body: Json) -> Json:
    """Let all tokens that can end do so now."""
    ended = {name: token for name, token in fake.world.tokens.items() if token.expires_at is not None}
    fake.world.tokens |= {name: replace(token, expires_at=0.0) for name, token in ended.items()}
    return {"ended": len(ended)}


async def uninstall(fake: Fake, body: Json) -> Json:
    """Let a workspace or an organisation remove the app, which is told so twice, as Slack does.

    Its documents show the bodies without `authorizations`: `unnamed` sends them so.
    """
    team_id, organisation = body.get("team", ""), body.get("organisation", "")
    team = next(
        one
        for one in fake.world.teams.values()
        if (organisation and one.organisation == organisation) or one.id == team_id
    )
    events_of_it: list[Json] = [
        {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [team.bot_user]}},
        {"type": "app_uninstalled"},
    ]
    bodies = [_ended(fake, team, event, organisation) for event in events_of_it]
    if body.get("unnamed"):
        bodies = [_unnamed(one, team) for one in bodies]
    revoke(fake.world, team_id, organisation)
    wanted = [one for one in bodies if one["event"]["type"] in fake.options.subscriptions]
    return {"deliveries": [fake.send("events_api", one).id for one in wanted]}


async def withdraw(fake: Fake, body: Json) -> Json:
    """Let an organisation take a workspace from the app, https://docs.slack.dev/reference/events/team_access_revoked."""
    team = fake.world.teams[body["team"]]
    for channel in fake.world.channels.values():
        if channel.team == team and channel.has_bot:
            channel.members.remove(team.bot_user)
    told = _ended(fake, team, {"type": "team_access_revoked", "team_ids": [team.id]}, team.organisation)
    told["authorizations"][0]["team_id"] = None
    told |= {"team_id": None, "enterprise_id": team.organisation}
    return {"deliveries": [fake.send("events_api", told).id]}


def _ended(fake: Fake, team: Team, event: Json, organisation: str) -> Json:
    told = events.event_body(fake.world, event | {"event_ts": fake.world.new_ts()}, team)
    told["authorizations"][0]["is_enterprise_install"] = bool(organisation)
    return told


def _unnamed(told: Json, team: Team) -> Json:
    kept = ("token", "team_id", "api_app_id", "event", "type", "event_id", "event_time")
    return {name: told[name] for name in kept} | ({"enterprise_id": team.organisation} if team.organisation else {})


ROUTES = [
    web.post("/_fake/teams", controlled(create_team)),
    web.post("/_fake/tokens/expire", controlled(expire_tokens)),
    web.post("/_fake/uninstall", controlled(uninstall)),
    web.post("/_fake/withdraw", controlled(withdraw)),
]
