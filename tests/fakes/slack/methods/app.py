"""The app itself: who it is, and how it connects."""

import uuid

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.identity import APP_ID, BOT_ID, BOT_NAME, BOT_USER_ID, TEAM_ID, TEAM_NAME
from tests.fakes.slack.world import Json


def api_test(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/api.test."""
    if error := call.get("error"):
        raise SlackError(error, args=call.arguments)
    return {"args": call.arguments}


def auth_test(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/auth.test."""
    return {
        "url": "https://loopback.slack.com/",
        "team": TEAM_NAME,
        "user": BOT_NAME,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def open_connection(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/apps.connections.open."""
    ticket = str(uuid.uuid4())
    call.world.tickets.add(ticket)
    address = call.fake.base_url.replace("http://", "ws://", 1)
    return {"url": f"{address}/link/?ticket={ticket}&app_id={APP_ID}"}


def team_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/team.info."""
    return {"team": {"id": TEAM_ID, "name": TEAM_NAME, "domain": "loopback"}}
