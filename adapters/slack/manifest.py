"""The app manifest, made from the command table: what an admin pastes at https://api.slack.com/apps to create the app.

See https://docs.slack.dev/reference/app-manifest.
"""

from collections.abc import Mapping
from typing import Any

from bot.domain.commands import COMMANDS, Command

SCOPES: Mapping[str, str] = {
    "app_mentions:read": "to hear when somebody mentions it",
    "assistant:write": "to be found among the agents",
    "channels:history": "to hear voice notes and threads in public channels, also those that it missed",
    "channels:read": "to know who created a channel, and so may change its settings",
    "chat:write": "to reply",
    "commands": "to take slash commands",
    "files:read": "to fetch voice notes and videos",
    "files:write": "to reply with voice clips",
    "groups:history": "to hear voice notes and threads in private channels",
    "groups:read": "to know who created a private channel",
    "im:history": "to hear direct messages",
    "im:read": "to know its direct messages",
    "im:write": "to tell whoever answers for a budget that it is nearly spent",
    "mpim:history": "to hear messages in groups",
    "mpim:read": "to know who created a group",
    "reactions:write": "to show that it is at work",
    "users:read": "to know who is an admin, and so may change settings",
}
"""The bot's scopes, each with what it is for. https://docs.slack.dev/reference/scopes"""

APP_SCOPES: Mapping[str, str] = {"connections:write": "to connect by Socket Mode"}
"""The app token's scopes."""

EVENTS = ("app_mention", "message.channels", "message.groups", "message.im", "message.mpim")
"""What Slack tells the bot of. https://docs.slack.dev/reference/events"""

DESCRIPTION = "Hears voice notes and videos, writes down what was said, answers, and talks back."
PROMPTS = (
    {"title": "Ask a question", "message": "What can you do with a voice note?"},
    {"title": "Record a voice note", "message": "Write down the voice note that I record next."},
)


def manifest(*, request_url: str = "", name: str = "Mynah") -> dict[str, Any]:
    """Return the manifest.

    Args:
        request_url: where Slack sends HTTP requests, for example `https://mynah.example.com/slack/events`; empty for
            Socket Mode.
        name: the app's name in the workspace, at most 35 characters.
    """
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {"name": name, "description": DESCRIPTION},
        "features": _features(name, request_url),
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": _settings(request_url),
    }


def _features(name: str, request_url: str) -> dict[str, Any]:
    return {
        "app_home": {
            "home_tab_enabled": False,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": name.lower(), "always_online": True},
        "agent_view": {"agent_description": DESCRIPTION, "suggested_prompts": [dict(prompt) for prompt in PROMPTS]},
        "slash_commands": [_slash_command(command, request_url) for command in COMMANDS.values()],
    }


def _slash_command(command: Command, request_url: str) -> dict[str, Any]:
    hint = command.usage.removeprefix(f"/{command.name}").strip()
    return {
        "command": f"/{command.name}",
        "description": command.description,
        "should_escape": True,
        **({"usage_hint": hint} if hint else {}),
        **({"url": request_url} if request_url else {}),
    }


def _settings(request_url: str) -> dict[str, Any]:
    url = {"request_url": request_url} if request_url else {}
    return {
        "event_subscriptions": {"bot_events": list(EVENTS), **url},
        "org_deploy_enabled": False,
        "socket_mode_enabled": not request_url,
        "token_rotation_enabled": False,
    }
