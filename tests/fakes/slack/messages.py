"""What messages and conversations look like in Slack's answers."""

import re
from typing import Any

from tests.fakes.slack.identity import APP_ID, BOT_NAME, Team
from tests.fakes.slack.world import Channel, Json, World

MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")
CHANNEL_TYPES = {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}


def rich_text(text: str, block_id: str) -> list[Json]:
    """The block that Slack makes of what a person typed."""
    elements: list[Json] = []
    for number, part in enumerate(MENTION.split(text)):
        if number % 2:
            elements.append({"type": "user", "user_id": part})
        elif part:
            elements.append({"type": "text", "text": part})
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": block_id, "elements": [section]}]


def user_message(world: World, user: str, text: str, files: list[Json]) -> Json:
    """A message as a person posts it, https://docs.slack.dev/reference/events/message."""
    ts = world.new_ts()
    message: Json = {"type": "message", "user": user, "text": text, "ts": ts, "team": world.users[user]["team_id"]}
    message["client_msg_id"] = f"00000000-0000-4000-8000-{ts.replace('.', '')[-12:]}"
    if text:
        message["blocks"] = rich_text(text, world.new_id("b"))
    if files:
        message |= {"subtype": "file_share", "files": files, "upload": False, "display_as_bot": False}
    return message


def bot_message(world: World, team: Team, text: str, **parts: Any) -> Json:
    """A message as the app posts it in a workspace; `parts` with no value are left out."""
    message: Json = {
        "type": "message",
        "user": team.bot_user,
        "bot_id": team.bot,
        "app_id": APP_ID,
        "team": team.id,
        "text": text,
        "ts": world.new_ts(),
        "bot_profile": {
            "id": team.bot,
            "app_id": APP_ID,
            "user_id": team.bot_user,
            "name": BOT_NAME,
            "deleted": False,
            "team_id": team.id,
        },
    }
    return message | {name: value for name, value in parts.items() if value}


def shown(channel: Channel, message: Json, *, metadata: bool = False) -> Json:
    """A stored message as the Web API shows it: with its thread's counts, and metadata only when asked for."""
    visible = message if metadata else {name: value for name, value in message.items() if name != "metadata"}
    replies = channel.threads.get(message["ts"])
    if not replies:
        return visible
    authors = list(dict.fromkeys(channel.messages[ts]["user"] for ts in replies))
    return visible | {
        "thread_ts": message["ts"],
        "reply_count": len(replies),
        "reply_users_count": len(authors),
        "reply_users": authors[:5],
        "latest_reply": replies[-1],
        "is_locked": False,
        "subscribed": False,
    }


def channel_object(channel: Channel, *, num_members: bool = False) -> Json:
    """A conversation, https://docs.slack.dev/reference/objects/conversation-object."""
    answer: Json = {
        "id": channel.id,
        "created": int(float(next(iter(channel.messages), "1700000000.0"))),
        "creator": channel.creator,
        "is_archived": channel.archived,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "public",
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "context_team_id": channel.team.id,
    }
    if channel.kind == "im":
        people = (user for user in channel.members if user != channel.team.bot_user)
        return answer | {"user": next(people, ""), "is_open": True}
    answer |= {"name": channel.name, "name_normalized": channel.name, "is_member": channel.has_bot, "is_general": False}
    answer |= {"topic": {"value": ""}, "purpose": {"value": ""}}
    return answer | {"num_members": len(channel.members)} if num_members else answer
