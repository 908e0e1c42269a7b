"""The app manifest has every command and what the adapter needs, and Slack would take it."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from jsonschema import Draft202012Validator

from adapters.slack.manifest import EVENTS, SCOPES, manifest, manifest_link
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
                "shortcuts": {
                    "type": "array",
                    "maxItems": 10,
                    "items": {
                        "type": "object",
                        "required": ["name", "type", "callback_id", "description"],
                        "properties": {
                            "name": {"type": "string", "minLength": 1, "maxLength": 24},
                            "type": {"enum": ["message", "global"]},
                            "callback_id": {"type": "string", "minLength": 1, "maxLength": 255},
                            "description": {"type": "string", "minLength": 1, "maxLength": 150},
                        },
                        "additionalProperties": False,
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
PUBLIC = "https://mynah.example.com"


@pytest.mark.parametrize("request_url", ["", BY_HTTP])
@pytest.mark.parametrize("schema", ["own", "slack-manifest.schema.1.json", "slack-manifest.schema.2.json"])
def test_the_manifest_is_valid(schema: str, request_url: str):
    errors = [error.message for error in validator(schema).iter_errors(manifest(request_url=request_url))]
    assert errors == []


@pytest.mark.parametrize("schema", ["own", "slack-manifest.schema.1.json", "slack-manifest.schema.2.json"])
def test_a_name_that_is_too_long_is_not_valid(schema: str):
    assert list(validator(schema).iter_errors(manifest(name="n" * 100)))


@pytest.mark.parametrize("org_wide", [False, True])
@pytest.mark.parametrize("request_url", ["", BY_HTTP])
@pytest.mark.parametrize("schema", ["own", "slack-manifest.schema.1.json", "slack-manifest.schema.2.json"])
def test_the_manifest_for_many_workspaces_is_valid(schema: str, request_url: str, *, org_wide: bool):
    made = manifest(request_url=request_url, public_url=PUBLIC, org_wide=org_wide)
    assert [error.message for error in validator(schema).iter_errors(made)] == []


def test_for_many_workspaces_slack_knows_the_way_back_and_renews_tokens():
    many, one = manifest(public_url=f"{PUBLIC}/", org_wide=True), manifest()
    assert many["oauth_config"]["redirect_urls"] == [f"{PUBLIC}/slack/oauth_redirect"]
    assert many["settings"]["token_rotation_enabled"] is True
    assert many["settings"]["org_deploy_enabled"] is True
    assert "redirect_urls" not in one["oauth_config"]
    assert one["settings"]["token_rotation_enabled"] is False
    assert one["settings"]["org_deploy_enabled"] is False
    heard, heard_by_one = (set(each["settings"]["event_subscriptions"]["bot_events"]) for each in (many, one))
    assert {"app_uninstalled", "tokens_revoked"} <= heard_by_one
    assert heard - heard_by_one == {"team_access_revoked"}


@pytest.mark.parametrize("schema", ["own", "slack-manifest.schema.1.json", "slack-manifest.schema.2.json"])
def test_the_link_carries_the_whole_manifest(schema: str):
    made = manifest(public_url=PUBLIC)
    link = urlsplit(manifest_link(made))
    query = parse_qs(link.query, strict_parsing=True)
    carried = json.loads(query["manifest_json"][0])
    assert (link.scheme, link.netloc, link.path, query["new_app"]) == ("https", "api.slack.com", "/apps", ["1"])
    assert carried == made
    assert list(validator(schema).iter_errors(carried)) == []


def validator(schema: str) -> Draft202012Validator:
    if schema == "own":
        return Draft202012Validator(OWN_SCHEMA)
    path = specification(schema)
    if path is None:
        pytest.skip(f"{schema} is not here")
    return Draft202012Validator(json.loads(Path(path).read_text()))


def test_every_command_of_the_table_is_there():
    commands = {each["command"]: each for each in manifest()["features"]["slash_commands"]}
    assert set(commands) == {"/ask", "/transcribe", "/say", "/mynah"}
    assert commands["/ask"]["usage_hint"] == "<question> [recording]"
    assert commands["/mynah"]["usage_hint"].split(" | ") == list(COMMANDS)


def test_what_is_done_with_messages_stands_in_their_menu():
    made = manifest(request_url=BY_HTTP)
    named = {each["callback_id"]: each["name"] for each in made["features"]["shortcuts"]}
    assert named == {
        "transcribe": "Transcribe",
        "say": "Read aloud",
        "summarise": "Summarise thread",
        "translate": "Translate",
    }
    assert {each["type"] for each in made["features"]["shortcuts"]} == {"message"}
    assert made["settings"]["interactivity"] == {
        "is_enabled": True,
        "request_url": BY_HTTP,
        "message_menu_options_url": BY_HTTP,
    }


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
