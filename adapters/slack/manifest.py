"""The app manifest, made from the command table: what an admin pastes at https://api.slack.com/apps to create the app.

See https://docs.slack.dev/reference/app-manifest.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from adapters.slack.account import REDIRECT_PATH
from bot.domain.commands import COMMANDS, DOOR, DOOR_DESCRIPTION, SHORTCUTS, Command
from bot.words import phrase

SCOPES: Mapping[str, str] = {
    "app_mentions:read": "to hear when somebody mentions it",
    "assistant:write": "to be found among the agents, and to suggest what could be asked",
    "channels:history": "to hear voice notes and threads in public channels, also those that it missed",
    "channels:read": "to know who created a channel, and so may change its settings, whether it is in a channel, and that one was deleted",
    "chat:write": "to reply",
    "commands": "to take slash commands, and to stand in the menu of messages",
    "files:read": "to fetch voice notes and videos",
    "files:write": "to reply with voice clips",
    "groups:history": "to hear voice notes and threads in private channels",
    "groups:read": "to know who created a private channel, and that one was deleted",
    "im:history": "to hear direct messages",
    "im:read": "to know its direct messages",
    "im:write": "to tell whoever answers for a budget that it is nearly spent",
    "mpim:history": "to hear messages in groups",
    "mpim:read": "to know who created a group",
    "reactions:write": "to show that it is at work",
    "usergroups:read": "to know who is in the user groups that `allow` and `deny` name",
    "users:read": "to know who is an admin, and so may change settings; who said what; and what language to speak",
}
"""The bot's scopes, each with what it is for. https://docs.slack.dev/reference/scopes"""

APP_SCOPES: Mapping[str, str] = {"connections:write": "to connect by Socket Mode"}
"""The app token's scopes."""

EVENTS = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_deleted",
    "file_deleted",
    "group_deleted",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)
"""What Slack tells the bot of. https://docs.slack.dev/reference/events"""

EVENTS_OF_ORGANISATIONS = ("team_access_revoked",)
"""What it tells beside that where a whole organisation may install the app."""

DESCRIPTION = "Hears voice notes and videos, writes down what was said, answers, and talks back."
PROMPTS = (
    {"title": phrase("Ask a question"), "message": phrase("What can you do with a voice note?")},
    {"title": phrase("Record a voice note"), "message": phrase("Write down the voice note that I record next.")},
)


NEW_APP = "https://api.slack.com/apps?new_app=1&manifest_json="
"""Makes an app: https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests#sharing."""


def manifest(
    *, request_url: str = "", name: str = "Mynah", public_url: str = "", org_wide: bool = False
) -> dict[str, Any]:
    """Return the manifest.

    Args:
        request_url: where Slack sends HTTP requests, for example `https://mynah.example.com/slack/events`; empty for
            Socket Mode.
        name: the app's name in the workspace, at most 35 characters.
        public_url: where the HTTP server is reached, for example `https://mynah.example.com`, when many workspaces
            install the app by OAuth; their tokens are then renewed every twelve hours. Empty for one workspace.
        org_wide: whether a whole organisation may install it.
    """
    oauth = {"redirect_urls": [f"{public_url.rstrip('/')}{REDIRECT_PATH}"]} if public_url else {}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {"name": name, "description": DESCRIPTION},
        "features": _features(name, request_url),
        "oauth_config": {**oauth, "scopes": {"bot": list(SCOPES)}},
        "settings": _settings(request_url, (*EVENTS, *EVENTS_OF_ORGANISATIONS) if org_wide else EVENTS)
        | {"org_deploy_enabled": org_wide, "token_rotation_enabled": bool(public_url)},
    }


def manifest_link(made: Mapping[str, Any]) -> str:
    """Return the address at which an app is made from a manifest by one click."""
    return NEW_APP + quote(json.dumps(made, separators=(",", ":")), safe="")


def _features(name: str, request_url: str) -> dict[str, Any]:
    return {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": name.lower(), "always_online": True},
        "agent_view": {"agent_description": DESCRIPTION, "suggested_prompts": [dict(prompt) for prompt in PROMPTS]},
        "shortcuts": [_shortcut(command) for command in SHORTCUTS.values()],
        "slash_commands": [
            *(_slash_command(c.name, c.description, c.hint, request_url) for c in COMMANDS.values() if c.short),
            _slash_command(DOOR, DOOR_DESCRIPTION, " | ".join(COMMANDS), request_url),
        ],
    }


def _shortcut(command: Command) -> dict[str, Any]:
    title = command.shortcut.titled(in_threads=True) if command.shortcut else ""
    return {"name": title, "type": "message", "callback_id": command.name, "description": command.description}


def _slash_command(name: str, description: str, hint: str, request_url: str) -> dict[str, Any]:
    return {
        "command": f"/{name}",
        "description": description,
        "should_escape": True,
        **({"usage_hint": hint} if hint else {}),
        **({"url": request_url} if request_url else {}),
    }


def _settings(request_url: str, events: Sequence[str]) -> dict[str, Any]:
    url = {"request_url": request_url} if request_url else {}
    menus = {"message_menu_options_url": request_url} if request_url else {}
    return {
        "event_subscriptions": {"bot_events": list(events), **url},
        "interactivity": {"is_enabled": True, **url, **menus},
        "socket_mode_enabled": not request_url,
    }
