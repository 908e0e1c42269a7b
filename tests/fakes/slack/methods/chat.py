"""Posting, changing and deleting messages."""

import json

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.messages import bot_message
from tests.fakes.slack.world import Channel, Json, World, now

TEXT_LIMIT = 40_000
EDITED_TEXT_LIMIT = 4_000
MARKDOWN_LIMIT = 12_000
METADATA_LIMIT = 8_000
PERSONA = ("username", "icon_emoji", "icon_url")


def post_message(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postMessage."""
    channel = _destination(call)
    text, blocks = content(call)
    broadcast = "thread_broadcast" if call.get("reply_broadcast") else None
    message = bot_message(
        call.world,
        channel.team,
        text,
        blocks=blocks,
        attachments=call.get("attachments"),
        metadata=checked_metadata(call),
        thread_ts=thread_root(call, channel),
        subtype=broadcast,
        **persona(call),
    )
    call.fake.publish(channel, message)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def post_ephemeral(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postEphemeral."""
    channel = _destination(call)
    text, blocks = content(call)
    if call.arguments["user"] not in channel.members:
        raise SlackError("user_not_in_channel")
    shown = {"at": now(), "channel": channel.id, "user": call.arguments["user"], "text": text, "blocks": blocks}
    call.world.ephemerals.append(shown | {"thread_ts": call.get("thread_ts")})
    call.world.note("ephemeral", channel=channel.id, user=call.arguments["user"], text=text)
    return {"message_ts": call.world.new_ts()}


def update(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.update."""
    channel, message = call.own_message("cant_update_message")
    stream = call.world.streams.get((channel.id, message["ts"]))
    if stream and stream.state == "in_progress":
        raise SlackError("streaming_state_conflict")
    edited = dict(message) | {"edited": {"user": channel.team.bot_user, "ts": call.world.new_ts()}}
    if len(call.get("text", "")) > EDITED_TEXT_LIMIT:
        raise SlackError("msg_too_long")
    if call.arguments.keys() & {"text", "blocks", "attachments", "markdown_text"}:
        text, blocks = content(call)
        edited["text"] = text if call.arguments.keys() & {"text", "markdown_text"} else message["text"]
        edited["blocks"] = blocks
    if "metadata" in call.arguments:
        edited["metadata"] = call.arguments["metadata"]
    edited = {name: value for name, value in edited.items() if value or name == "text"}
    call.fake.change(channel, edited)
    return {"channel": channel.id, "ts": message["ts"], "text": edited["text"], "message": edited}


def delete(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.delete."""
    channel, message = call.own_message("cant_delete_message")
    call.fake.remove(channel, message["ts"])
    return {"channel": channel.id, "ts": message["ts"]}


def get_permalink(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.getPermalink."""
    channel = call.channel()
    message = channel.messages.get(call.arguments["message_ts"])
    if message is None:
        raise SlackError("message_not_found")
    link = f"{call.fake.base_url}/archives/{channel.id}/p{message['ts'].replace('.', '')}"
    root = message.get("thread_ts")
    query = f"?thread_ts={root}&cid={channel.id}" if root and root != message["ts"] else ""
    return {"channel": channel.id, "permalink": link + query}


def content(call: Call) -> tuple[str, list[Json] | None]:
    """The text and blocks of a call; Markdown becomes a block of its own. Raises `no_text` or a too-long error."""
    markdown = call.get("markdown_text")
    blocks = call.get("blocks") or ([{"type": "markdown", "text": markdown}] if markdown else None)
    text = markdown or call.get("text", "")
    if not text.strip() and not blocks and not call.get("attachments"):
        raise SlackError("no_text")
    written = sum(len(block["text"]) for block in blocks or [] if block["type"] == "markdown")
    if written > MARKDOWN_LIMIT:
        raise SlackError("msg_blocks_too_long")
    return _truncated(call.world, call.method, text), blocks


def checked_metadata(call: Call) -> Json | None:
    """The metadata of a call; raises `metadata_too_large`."""
    metadata: Json | None = call.get("metadata")
    if metadata and len(json.dumps(metadata)) > METADATA_LIMIT:
        raise SlackError("metadata_too_large")
    return metadata


def persona(call: Call) -> Json:
    """Another name or icon for a message, which needs a scope of its own."""
    chosen = {name: call.arguments[name] for name in PERSONA if name in call.arguments}
    if chosen:
        call.need_scope("chat:write.customize")
    return chosen


def thread_root(call: Call, channel: Channel) -> str | None:
    """The parent of the thread that a call writes to; naming a reply instead breaks the platform's rule."""
    thread_ts: str | None = call.get("thread_ts")
    if thread_ts is None:
        return None
    parent = channel.messages.get(thread_ts)
    if parent is None:
        raise SlackError("cannot_reply_to_message")
    root: str = parent.get("thread_ts") or thread_ts
    if root != thread_ts:
        call.world.violate(f"{call.method}: thread_ts {thread_ts} is a reply, its parent is {root}")
    return root


def writable(channel: Channel) -> Channel:
    """Return the conversation if the app may write to it; raises `is_archived` or `not_in_channel`."""
    if channel.archived:
        raise SlackError("is_archived")
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    return channel


def _destination(call: Call) -> Channel:
    """The conversation by id, by `#name`, or by the id of the person to write to."""
    name: str = call.arguments["channel"]
    if name in call.world.users and call.token.opens(call.world.team_of(name)):
        return call.world.direct_channel([name])
    if name.startswith("#"):
        named = [channel for channel in call.world.channels.values() if channel.name == name[1:]]
        if not named:
            raise SlackError("channel_not_found")
        return writable(named[0])
    return writable(call.channel())


def _truncated(world: World, method: str, text: str) -> str:
    if len(text) > TEXT_LIMIT:
        world.violate(f"{method}: a text of {len(text)} characters was cut at {TEXT_LIMIT}")
    return text[:TEXT_LIMIT]
