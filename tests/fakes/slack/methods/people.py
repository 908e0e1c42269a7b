"""Users and bots."""

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.identity import APP_ID, BOT_ID, BOT_NAME, BOT_USER_ID
from tests.fakes.slack.world import Json


def user_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.info."""
    user = call.world.users.get(call.arguments["user"])
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user}


def list_users(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.list."""
    return {"members": list(call.world.users.values()), "response_metadata": {"next_cursor": ""}}


def bot_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/bots.info."""
    if call.get("bot") != BOT_ID:
        raise SlackError("bot_not_found")
    bot = {"id": BOT_ID, "deleted": False, "name": BOT_NAME, "app_id": APP_ID, "user_id": BOT_USER_ID, "icons": {}}
    return {"bot": bot}
