"""Users and bots."""

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.identity import APP_ID, BOT_NAME
from tests.fakes.slack.world import Json


def user_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.info."""
    user = call.world.users.get(call.arguments["user"])
    if user is None:
        raise SlackError("user_not_found")
    if not call.token.opens(call.world.team_of(user["id"])):
        return {"user": _shown_from_outside(call, user)}
    return {"user": _shown(user, locale=bool(call.get("include_locale")))}


def _shown_from_outside(call: Call, user: Json) -> Json:
    """A person of another workspace, whom the app sees in the channels that it shares with theirs.

    See https://docs.slack.dev/reference/objects/user-object.
    """
    ours = [channel for channel in call.world.channels.values() if call.token.opens(channel.team)]
    if not any(user["id"] in channel.members for channel in ours):
        raise SlackError("user_not_found")
    return {**_shown(user), "is_stranger": False}


def _shown(user: Json, *, locale: bool = False) -> Json:
    """A person as the Web API shows them: in which language they read Slack only when that is asked for."""
    return user if locale else {name: value for name, value in user.items() if name != "locale"}


def list_users(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.list."""
    members = [_shown(user) for user in call.world.users.values() if user["team_id"] == call.team.id]
    return {"members": members, "response_metadata": {"next_cursor": ""}}


def list_group_members(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.users.list."""
    members = call.world.usergroups.get(call.arguments["usergroup"])
    if members is None:
        raise SlackError("no_such_subteam")
    return {"users": members}


def bot_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/bots.info."""
    team = next((team for team in call.teams if team.bot == call.get("bot")), None)
    if team is None:
        raise SlackError("bot_not_found")
    about = {"name": BOT_NAME, "app_id": APP_ID, "user_id": team.bot_user, "icons": {}}
    return {"bot": {"id": team.bot, "deleted": False, **about}}
