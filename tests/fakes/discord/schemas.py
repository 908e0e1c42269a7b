"""What the fake accepts, as JSON schemas: only what it understands, so that nothing is silently ignored."""

from typing import Any

Schema = dict[str, Any]

SNOWFLAKE: Schema = {"type": "string", "pattern": r"^[1-9]\d{0,19}$"}
MARK: Schema = {"type": "string", "pattern": r"^(0|[1-9]\d{0,19})$"}
TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}


def exactly(required: str = "", /, **properties: Schema) -> Schema:
    """Return the schema of an object with these properties and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def listing(items: Schema, most: int) -> Schema:
    """Return the schema of a list of at most so many items."""
    return {"type": "array", "items": items, "maxItems": most}


def text(most: int, least: int = 0) -> Schema:
    """Return the schema of a text within these lengths, in characters."""
    return {"type": "string", "minLength": least, "maxLength": most}


def nullable(schema: Schema) -> Schema:
    """Return the schema that also takes null."""
    return {"anyOf": [schema, {"type": "null"}]}


def whole(least: int, most: int) -> Schema:
    """Return the schema of an integer in this range, ends included."""
    return {"type": "integer", "minimum": least, "maximum": most}


EMBED: Schema = {
    "type": "object",
    "properties": {
        "type": TEXT,
        "title": text(256),
        "description": text(4096),
        "url": TEXT,
        "color": nullable(whole(0, 0xFFFFFF)),
        "timestamp": TEXT,
        "footer": exactly("text", text=text(2048), icon_url=TEXT),
        "author": exactly("name", name=text(256), url=TEXT, icon_url=TEXT),
        "fields": listing(exactly("name value", name=text(256, 1), value=text(1024, 1), inline=BOOLEAN), 25),
        "image": exactly("url", url=TEXT),
        "thumbnail": exactly("url", url=TEXT),
    },
    "additionalProperties": False,
}
COMPONENT: Schema = {
    "type": "object",
    "properties": {"type": whole(1, 23), "custom_id": text(100, 1)},
    "required": ["type"],
}
MENTIONS: Schema = exactly(
    parse={"type": "array", "items": {"enum": ["users", "roles", "everyone"]}, "uniqueItems": True},
    users=listing({"anyOf": [SNOWFLAKE, INTEGER]}, 100),
    roles=listing({"anyOf": [SNOWFLAKE, INTEGER]}, 100),
    replied_user=BOOLEAN,
)
# Client libraries number new files with an integer, although Discord's specification says text.
NEW_FILE: Schema = exactly(
    "id filename",
    id={"anyOf": [whole(0, 9), {"type": "string", "pattern": r"^\d$"}]},
    filename=text(1024, 1),
    title=text(1024),
    description=text(1024),
    duration_secs={"type": "number", "minimum": 0},
    waveform=text(400),
)
KEPT_FILE: Schema = {
    "type": "object",
    "properties": {"id": {"anyOf": [SNOWFLAKE, whole(10, 2**64)]}},
    "required": ["id"],
}
NONCE: Schema = {"anyOf": [text(25), whole(-(2**63), 2**63 - 1)]}
REFERENCE: Schema = exactly(
    "message_id",
    type={"const": 0},
    message_id={"anyOf": [SNOWFLAKE, INTEGER]},
    channel_id={"anyOf": [SNOWFLAKE, INTEGER]},
    guild_id={"anyOf": [SNOWFLAKE, INTEGER]},
    fail_if_not_exists=BOOLEAN,
)

_CONTENT: dict[str, Schema] = {
    "content": nullable(text(2000)),
    "embeds": listing(EMBED, 10),
    "components": listing(COMPONENT, 40),
    "allowed_mentions": nullable(MENTIONS),
    "flags": INTEGER,
    "tts": BOOLEAN,
}
MESSAGE_CREATE = exactly(
    **_CONTENT,
    attachments=listing(NEW_FILE, 10),
    nonce=NONCE,
    enforce_nonce=BOOLEAN,
    message_reference=REFERENCE,
)
MESSAGE_EDIT = exactly(**_CONTENT, attachments=listing({"anyOf": [NEW_FILE, KEPT_FILE]}, 10))
FOLLOW_UP = exactly(**_CONTENT, attachments=listing(NEW_FILE, 10))
MESSAGE_LIST: Schema = {
    **exactly(
        after=MARK,
        before=MARK,
        around=SNOWFLAKE,
        limit={"type": "string", "pattern": "^([1-9]|[1-9][0-9]|100)$"},
    ),
    "maxProperties": 2,
}

_THREAD: dict[str, Schema] = {
    "name": text(100, 1),
    "auto_archive_duration": {"enum": [60, 1440, 4320, 10080]},
    "rate_limit_per_user": nullable(whole(0, 21600)),
}
THREAD_FROM_MESSAGE = exactly("name", **_THREAD)
THREAD_ALONE = exactly("name", **_THREAD, type={"enum": [10, 11, 12]}, invitable=BOOLEAN)
CHANNEL_EDIT = exactly(**_THREAD, archived=BOOLEAN, locked=BOOLEAN)

DM_CREATE = exactly("recipient_id", recipient_id={"anyOf": [SNOWFLAKE, INTEGER]})

_LOCALISED: Schema = {"type": ["object", "null"], "additionalProperties": TEXT}
OPTION: Schema = {
    "type": "object",
    "properties": {
        "type": whole(1, 11),
        "name": {"type": "string", "pattern": r"^[-_'a-z0-9]{1,32}$"},
        "description": text(100, 1),
        "name_localizations": _LOCALISED,
        "description_localizations": _LOCALISED,
        "required": BOOLEAN,
        "choices": listing({"type": "object", "required": ["name", "value"]}, 25),
        "options": listing({"type": "object", "required": ["name", "type"]}, 25),
        "channel_types": {"type": "array", "items": INTEGER},
        "file_types": {"type": "array", "items": TEXT},
        "min_value": {"type": "number"},
        "max_value": {"type": "number"},
        "min_length": whole(0, 6000),
        "max_length": whole(1, 6000),
        "autocomplete": BOOLEAN,
    },
    "required": ["type", "name", "description"],
    "additionalProperties": False,
}
_COMMAND: dict[str, Schema] = {
    "type": {"enum": [1, 2, 3]},
    "name_localizations": _LOCALISED,
    "description_localizations": _LOCALISED,
    "options": listing(OPTION, 25),
    "default_member_permissions": {"type": ["integer", "string", "null"]},
    "dm_permission": BOOLEAN,
    "nsfw": BOOLEAN,
    "contexts": nullable(listing({"enum": [0, 1, 2]}, 3)),
    "integration_types": nullable(listing({"enum": [0, 1]}, 2)),
}
_SLASH: dict[str, Schema] = {"name": {"type": "string", "pattern": r"^[-_'a-z0-9]{1,32}$"}, "description": text(100, 1)}
COMMAND: Schema = {
    "if": {"properties": {"type": {"enum": [2, 3]}}, "required": ["type"]},
    "then": exactly("name type", **_COMMAND, name=text(32, 1), description=text(0)),
    "else": exactly("name description", **_COMMAND, **_SLASH),
}
COMMANDS = listing(COMMAND, 130)

_CHOICE = exactly("name value", name=text(100, 1), value={"type": ["string", "number"]}, name_localizations=_LOCALISED)
_MODAL = exactly(
    "custom_id title components", custom_id=text(100, 1), title=text(45, 1), components=listing(COMPONENT, 5)
)
CALLBACK: Schema = {
    "type": "object",
    "required": ["type"],
    "oneOf": [
        exactly("type data", type={"const": 4}, data=FOLLOW_UP),
        exactly("type", type={"const": 5}, data=nullable(exactly(flags={"enum": [0, 64]}))),
        exactly("type", type={"const": 6}, data={"type": "null"}),
        exactly("type data", type={"const": 7}, data=MESSAGE_EDIT),
        exactly("type data", type={"const": 8}, data=exactly("choices", choices=listing(_CHOICE, 25))),
        exactly("type data", type={"const": 9}, data=_MODAL),
    ],
}
CALLBACK_QUERY = exactly(with_response={"enum": ["true", "True", "1", "0", "false"]})
WEBHOOK_QUERY = exactly(wait=TEXT, with_components=TEXT)
MESSAGE_QUERY = exactly(with_components=TEXT)
REACTORS = exactly(limit=TEXT, after=MARK, type={"enum": ["0", "1"]})
ARCHIVED = exactly(before=TEXT, limit=TEXT)
WITH_COUNTS = exactly(with_counts=TEXT)
MEMBERS = exactly(limit=TEXT, after=TEXT)
LOCALISED_COMMANDS = exactly(with_localizations=TEXT)
GUILDS = exactly(limit=TEXT, before=MARK, after=TEXT, with_counts=TEXT)

IDENTIFY = exactly(
    "token properties intents",
    token=TEXT,
    properties={"type": "object"},
    intents=whole(0, 2**53),
    compress=BOOLEAN,
    large_threshold=whole(50, 250),
    shard={"type": "array", "items": INTEGER, "minItems": 2, "maxItems": 2},
    presence={"type": "object"},
)
RESUME = exactly("token session_id seq", token=TEXT, session_id=TEXT, seq={"type": "integer"})
HEARTBEAT: Schema = {"type": ["integer", "null"]}
REQUEST_MEMBERS = exactly(
    "guild_id limit",
    guild_id={"anyOf": [SNOWFLAKE, INTEGER]},
    query=TEXT,
    limit=INTEGER,
    presences=BOOLEAN,
    user_ids={},
    nonce=text(32),
)
ANYTHING: Schema = {}
