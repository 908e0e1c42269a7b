"""Small JSON Schemas of our own for every request that the fake accepts.

The limits are those of https://docs.slack.dev/reference/methods and https://docs.slack.dev/reference/block-kit.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NON_EMPTY: Schema = {"type": "string", "minLength": 1}
BOOLEAN: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 1}
SIZE: Schema = {"type": "integer", "minimum": 1}
TS: Schema = {"type": "string", "pattern": r"^\d{10}\.\d{6}$"}
TIME: Schema = {"type": "string", "pattern": r"^\d+(\.\d+)?$"}
CHANNEL: Schema = {"type": "string", "pattern": r"^([CDGUW][A-Z0-9]{8,}|#.+)$"}
CONVERSATION: Schema = {"type": "string", "pattern": r"^[CDG][A-Z0-9]{8,}$"}
USER: Schema = {"type": "string", "pattern": r"^[UW][A-Z0-9]{8,}$"}
FILE: Schema = {"type": "string", "pattern": r"^F[A-Z0-9]{8,}$"}
EMOJI: Schema = {"type": "string", "pattern": r"^[a-z0-9_+'-]+(::skin-tone-[2-6])?$"}
MARKDOWN: Schema = {"type": "string", "minLength": 1, "maxLength": 12_000}


def limited(length: int) -> Schema:
    """A text of at most that many characters."""
    return {"type": "string", "maxLength": length}


def accepts(required: str = "", /, **properties: Schema) -> Schema:
    """An object of these properties and no others; `required` holds names with blanks between."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _message(required: str, /, **properties: Schema) -> Schema:
    """The arguments of a method that writes a message: some content, and `markdown_text` only by itself."""
    content = ("text", "blocks", "attachments", "markdown_text", "file_ids", "metadata")
    return {
        **accepts(required, **properties),
        "anyOf": [{"required": [name]} for name in content],
        "not": {"required": ["markdown_text"], "anyOf": [{"required": ["text"]}, {"required": ["blocks"]}]},
    }


def _text_object(length: int) -> Schema:
    kinds = {"enum": ["plain_text", "mrkdwn"]}
    text = {"type": "string", "minLength": 1, "maxLength": length}
    return accepts("type text", type=kinds, text=text, emoji=BOOLEAN, verbatim=BOOLEAN)


def _when(kind: str, **properties: Schema) -> Schema:
    """A rule for the blocks or elements of one type."""
    return {"if": {"properties": {"type": {"const": kind}}}, "then": {"properties": properties}}


OPTION: Schema = accepts(
    "text value",
    text=_text_object(75),
    value={"type": "string", "minLength": 1, "maxLength": 150},
    description=_text_object(75),
)
"""https://docs.slack.dev/reference/block-kit/composition-objects/option-object"""
OPTIONS: Schema = {"type": "array", "maxItems": 100, "items": OPTION}
OFFER: Schema = accepts("options", options=OPTIONS)

ELEMENT: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": NON_EMPTY, "action_id": limited(255)},
    "allOf": [
        _when("button", text=_text_object(75), value=limited(2000), url=limited(3000)),
        _when("static_select", options={**OPTIONS, "minItems": 1}, initial_option=OPTION),
        _when("external_select", initial_option=OPTION),
        _when("multi_external_select", initial_options=OPTIONS),
    ],
}
BLOCK: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": NON_EMPTY, "block_id": limited(255), "accessory": ELEMENT},
    "allOf": [
        _when(
            "section",
            text=_text_object(3000),
            fields={"type": "array", "minItems": 1, "maxItems": 10, "items": _text_object(2000)},
        ),
        _when("header", text=_text_object(150)),
        _when("markdown", text=MARKDOWN),
        _when("context", elements={"type": "array", "minItems": 1, "maxItems": 10}),
        _when("actions", elements={"type": "array", "minItems": 1, "maxItems": 25, "items": ELEMENT}),
        _when("context_actions", elements={"type": "array", "minItems": 1, "maxItems": 5, "items": ELEMENT}),
        _when("input", label=_text_object(2000), element=ELEMENT),
    ],
}
BLOCKS: Schema = {"type": "array", "maxItems": 50, "items": BLOCK}
ATTACHMENTS: Schema = {"type": "array", "maxItems": 100, "items": {"type": "object"}}
METADATA: Schema = accepts("event_type event_payload", event_type=NON_EMPTY, event_payload={"type": "object"})
CLEARED_METADATA: Schema = {"anyOf": [METADATA, {"type": "object", "maxProperties": 0}]}
CHUNK: Schema = {
    "oneOf": [
        accepts("type text", type={"const": "markdown_text"}, text=TEXT),
        accepts("type title", type={"const": "plan_update"}, title=NON_EMPTY),
        accepts("type blocks", type={"const": "blocks"}, blocks=BLOCKS),
        accepts(
            "type id title status",
            type={"const": "task_update"},
            id=NON_EMPTY,
            title=NON_EMPTY,
            status={"enum": ["pending", "in_progress", "complete", "error"]},
            details=TEXT,
            output=TEXT,
            sources={"type": "array"},
        ),
    ]
}
CHUNKS: Schema = {"type": "array", "items": CHUNK}
VIEW: Schema = {
    "type": "object",
    "required": ["type", "blocks"],
    "properties": {
        "type": {"enum": ["modal", "home"]},
        "title": _text_object(24),
        "submit": _text_object(24),
        "close": _text_object(24),
        "blocks": {"type": "array", "maxItems": 100, "items": BLOCK},
        "private_metadata": limited(3000),
        "callback_id": limited(255),
        "external_id": limited(255),
        "clear_on_close": BOOLEAN,
        "notify_on_close": BOOLEAN,
    },
    "additionalProperties": False,
}
PROMPTS: Schema = {
    "type": "array",
    "maxItems": 4,
    "items": accepts("title message", title=NON_EMPTY, message=NON_EMPTY),
}
UPLOADS: Schema = {
    "type": "array",
    "minItems": 1,
    "items": accepts("id", id=FILE, title=NON_EMPTY, highlight_type=TEXT),
}
PERSONA: dict[str, Schema] = {"icon_emoji": TEXT, "icon_url": TEXT, "username": limited(80)}
SESSION_STATUS: Schema = {"enum": ["active", "processing", "suspended", "closed"]}
ACK: Schema = accepts("envelope_id", envelope_id=NON_EMPTY, payload={"type": "object"})

RESPONSE: Schema = accepts(
    text=limited(40_000),
    blocks=BLOCKS,
    attachments=ATTACHMENTS,
    response_type={"enum": ["ephemeral", "in_channel"]},
    replace_original=BOOLEAN,
    delete_original=BOOLEAN,
    thread_ts=TS,
    metadata=METADATA,
    mrkdwn=BOOLEAN,
    unfurl_links=BOOLEAN,
    unfurl_media=BOOLEAN,
)
"""The body for a `response_url`, https://docs.slack.dev/interactivity/handling-user-interaction."""

_MESSAGE: dict[str, Schema] = {
    "text": TEXT,
    "blocks": BLOCKS,
    "attachments": ATTACHMENTS,
    "markdown_text": MARKDOWN,
    "link_names": BOOLEAN,
    "parse": {"enum": ["full", "none"]},
    "as_user": BOOLEAN,
}
_PAGE: dict[str, Schema] = {"cursor": TEXT, "limit": COUNT}
_TIMELINE: dict[str, Schema] = {
    **_PAGE,
    "latest": TIME,
    "oldest": TIME,
    "inclusive": BOOLEAN,
    "include_all_metadata": BOOLEAN,
}
_STREAMED: dict[str, Schema] = {"markdown_text": MARKDOWN, "chunks": CHUNKS}

METHODS: dict[str, Schema] = {
    "api.test": {"type": "object"},
    "auth.test": accepts(),
    "apps.connections.open": accepts(),
    "chat.postMessage": _message(
        "channel",
        channel=CHANNEL,
        thread_ts=TS,
        reply_broadcast=BOOLEAN,
        unfurl_links=BOOLEAN,
        unfurl_media=BOOLEAN,
        mrkdwn=BOOLEAN,
        metadata=METADATA,
        **_MESSAGE,
        **PERSONA,
    ),
    "chat.postEphemeral": _message("channel user", channel=CHANNEL, user=USER, thread_ts=TS, **_MESSAGE, **PERSONA),
    "chat.update": _message(
        "channel ts",
        channel=CONVERSATION,
        ts=TS,
        reply_broadcast=BOOLEAN,
        file_ids={"type": "array", "items": FILE},
        metadata=CLEARED_METADATA,
        **_MESSAGE,
    ),
    "chat.delete": accepts("channel ts", channel=CONVERSATION, ts=TS, as_user=BOOLEAN),
    "chat.getPermalink": accepts("channel message_ts", channel=CONVERSATION, message_ts=TS),
    "chat.startStream": accepts(
        "channel thread_ts",
        channel=CONVERSATION,
        thread_ts=TS,
        recipient_user_id=USER,
        recipient_team_id=NON_EMPTY,
        task_display_mode={"enum": ["timeline", "plan", "dense"]},
        **_STREAMED,
        **PERSONA,
    ),
    "chat.appendStream": accepts("channel ts", channel=CONVERSATION, ts=TS, **_STREAMED),
    "chat.stopStream": accepts(
        "channel ts",
        channel=CONVERSATION,
        ts=TS,
        blocks=BLOCKS,
        metadata=METADATA,
        session_status=SESSION_STATUS,
        **_STREAMED,
    ),
    "conversations.info": accepts("channel", channel=CONVERSATION, include_locale=BOOLEAN, include_num_members=BOOLEAN),
    "conversations.history": accepts("channel", channel=CONVERSATION, **_TIMELINE),
    "conversations.replies": accepts("channel ts", channel=CONVERSATION, ts=TS, **_TIMELINE),
    "oauth.v2.access": accepts(
        client_id=NON_EMPTY,
        client_secret=NON_EMPTY,
        code=NON_EMPTY,
        code_verifier=NON_EMPTY,
        grant_type={"enum": ["authorization_code", "refresh_token"]},
        redirect_uri=NON_EMPTY,
        refresh_token=NON_EMPTY,
    ),
    "conversations.list": accepts(types=TEXT, exclude_archived=BOOLEAN, team_id=TEXT, **_PAGE),
    "users.conversations": accepts(user=USER, types=TEXT, exclude_archived=BOOLEAN, team_id=TEXT, **_PAGE),
    "conversations.members": accepts("channel", channel=CONVERSATION, **_PAGE),
    "conversations.open": accepts(channel=CONVERSATION, users=TEXT, return_im=BOOLEAN, prevent_creation=BOOLEAN),
    "conversations.join": accepts("channel", channel=CONVERSATION),
    "users.info": accepts("user", user=USER, include_locale=BOOLEAN),
    "users.list": accepts(include_locale=BOOLEAN, team_id=TEXT, **_PAGE),
    "usergroups.users.list": accepts(
        "usergroup", usergroup={"type": "string", "pattern": "^S[A-Z0-9]+$"}, include_disabled=BOOLEAN, team_id=TEXT
    ),
    "bots.info": accepts(bot=TEXT, team_id=TEXT),
    "team.info": accepts(team=TEXT, domain=TEXT),
    "files.info": accepts("file", file=FILE, cursor=TEXT, count=COUNT, page=COUNT, limit=COUNT),
    "files.getUploadURLExternal": accepts(
        "filename length", filename=NON_EMPTY, length=SIZE, alt_txt=limited(1000), snippet_type=TEXT
    ),
    "files.completeUploadExternal": accepts(
        "files",
        files=UPLOADS,
        channel_id=CONVERSATION,
        channels=TEXT,
        thread_ts=TS,
        initial_comment=limited(40_000),
        blocks=BLOCKS,
    ),
    "files.delete": accepts("file", file=FILE),
    "reactions.add": accepts("channel timestamp name", channel=CONVERSATION, timestamp=TS, name=EMOJI),
    "reactions.remove": accepts("channel timestamp name", channel=CONVERSATION, timestamp=TS, name=EMOJI),
    "assistant.threads.setStatus": accepts(
        "channel_id thread_ts status",
        channel_id=CONVERSATION,
        thread_ts=TS,
        status=TEXT,
        loading_messages={"type": "array", "maxItems": 10, "items": NON_EMPTY},
        **PERSONA,
    ),
    "assistant.threads.setTitle": accepts(
        "channel_id thread_ts title", channel_id=CONVERSATION, thread_ts=TS, title=NON_EMPTY
    ),
    "assistant.threads.setSuggestedPrompts": accepts(
        "channel_id prompts", channel_id=CONVERSATION, thread_ts=TS, title=NON_EMPTY, prompts=PROMPTS
    ),
    "agents.sessions.setStatus": accepts(
        "channel_id status",
        channel_id=CONVERSATION,
        status=SESSION_STATUS,
        thread_ts=TS,
        title=limited(200),
        initiator_user_id=USER,
        **PERSONA,
    ),
    "agents.sessions.rename": accepts("channel_id title", channel_id=CONVERSATION, title=limited(200), thread_ts=TS),
    "views.open": accepts("view", view=VIEW, trigger_id=NON_EMPTY, interactivity_pointer=NON_EMPTY),
    "views.push": accepts("view", view=VIEW, trigger_id=NON_EMPTY, interactivity_pointer=NON_EMPTY),
    "views.update": accepts("view", view=VIEW, view_id=NON_EMPTY, external_id=limited(255), hash=NON_EMPTY),
    "views.publish": accepts("user_id view", user_id=USER, view=VIEW, hash=NON_EMPTY),
}
"""The arguments of each Web API method, after query, form and JSON were merged."""
