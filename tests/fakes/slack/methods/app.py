"""The app itself: who it is, and how it connects."""

import uuid

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.identity import APP_ID, BOT_NAME
from tests.fakes.slack.world import Json


def api_test(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/api.test."""
    if error := call.get("error"):
        raise SlackError(error, args=call.arguments)
    return {"args": call.arguments}


def auth_test(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/auth.test."""
    team, organisation = call.teams[0], call.token.organisation
    enterprise = {"enterprise_id": team.organisation} if team.organisation else {}
    return {
        "url": "https://loopback.enterprise.slack.com/" if organisation else "https://loopback.slack.com/",
        "team": organisation or team.name,
        "user": BOT_NAME,
        "team_id": organisation or team.id,
        "user_id": team.bot_user,
        "bot_id": team.bot,
        "is_enterprise_install": bool(organisation),
        **enterprise,
    }


def open_connection(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/apps.connections.open."""
    ticket = str(uuid.uuid4())
    call.world.tickets.add(ticket)
    address = call.fake.base_url.replace("http://", "ws://", 1)
    return {"url": f"{address}/link/?ticket={ticket}&app_id={APP_ID}"}


def team_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/team.info."""
    return {"team": {"id": call.team.id, "name": call.team.name, "domain": "loopback"}}
