"""The app manifest has every command and what the adapter needs, and Slack would take it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from adapters.slack.manifest import EVENTS, SCOPES, manifest
from bot.domain.commands import COMMANDS
from tests.fakes.specs import specification

OWN_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "required": ["display_information", "features", "oauth_config", "settings"],
    "additionalProperties": False,
    "properties": {
        "_metadata": {"type": "object"},
        "display_information": {
            "type": "object",
            "required": ["name", "description"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 35},
                "description": {"type": "string", "minLength": 1, "maxLength": 140},
            },
        },
        "features": {
            "type": "object",
            "properties": {
                "agent_view": {
                    "type": "object",
                    "properties": {
                        "agent_description": {"type": "string", "maxLength": 300},
                        "suggested_prompts": {"type": "array", "maxItems": 4},
                    },
                },
                "slash_commands": {
                    "type": "array",
                    "maxItems": 50,
                    "items": {
                        "type": "object",
                        "required": ["command", "description"],
                        "properties": {
                            "command": {"type": "string", "pattern": "^/[a-z0-9_-]{1,31}$"},
                            "description": {"type": "string", "minLength": 1, "maxLength": 140},
                            "usage_hint": {"type": "string", "minLength": 1, "maxLength": 1000},
                            "url": {"type": "string", "pattern": "^https?://"},
                            "should_escape": {"type": "boolean"},
                        },
                        "additionalProperties": False,
                    },
                },
            },
        },
        "oauth_config": {"type": "object", "required": ["scopes"]},
        "settings": {"type": "object"},
    },
}
BY_HTTP = "https://mynah.example.com/slack/events"


@pytest.mark.parametrize("request_url", ["", BY_HTTP])
@pytest.mark.parametrize("schema", ["own", "slack-manifest.schema.1.json", "slack-manifest.schema.2.json"])
def test_the_manifest_is_valid(schema: str, request_url: str):
    errors = [error.message for error in validator(schema).iter_errors(manifest(request_url=request_url))]
    assert errors == []


@pytest.mark.parametrize("schema", ["own", "slack-manifest.schema.1.json", "slack-manifest.schema.2.json"])
def test_a_name_that_is_too_long_is_not_valid(schema: str):
    assert list(validator(schema).iter_errors(manifest(name="n" * 100)))


def validator(schema: str) -> Draft202012Validator:
    if schema == "own":
        return Draft202012Validator(OWN_SCHEMA)
    path = specification(schema)
    if path is None:
        pytest.skip(f"{schema} is not here")
    return Draft202012Validator(json.loads(Path(path).read_text()))


def test_every_command_of_the_table_is_there():
    commands = {each["command"]: each for each in manifest()["features"]["slash_commands"]}
    assert set(commands) == {f"/{name}" for name in COMMANDS}
    assert commands["/model"]["usage_hint"] == "[kind] [model]"
    assert "usage_hint" not in commands["/usage"]


def test_by_http_slack_is_told_where_to_send_and_by_socket_it_is_not():
    by_http, by_socket = manifest(request_url=BY_HTTP), manifest()
    assert by_http["settings"]["socket_mode_enabled"] is False
    assert by_http["settings"]["event_subscriptions"]["request_url"] == BY_HTTP
    assert all(each["url"] == BY_HTTP for each in by_http["features"]["slash_commands"])
    assert by_socket["settings"]["socket_mode_enabled"] is True
    assert BY_HTTP not in json.dumps(by_socket)


def test_each_kind_of_conversation_can_be_heard_and_read():
    assert {event.split(".")[1] for event in EVENTS if event.startswith("message.")} == {
        "channels",
        "groups",
        "im",
        "mpim",
    }
    assert {scope.split(":")[0] for scope in SCOPES if scope.endswith(":history")} == {
        "channels",
        "groups",
        "im",
        "mpim",
    }
    assert manifest()["oauth_config"]["scopes"]["bot"] == list(SCOPES)
