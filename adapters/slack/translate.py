"""Slack's words and ours: event -> Message, Markdown -> what is posted, key -> what a post carries. No I/O.

One rule for threads, in channels and in direct messages: a message belongs to the thread that it is in, and one outside
of any thread is the root of its own. So a reply stands under what it answers, and a conversation is a thread, as in the
Messages tab of an agent (https://docs.slack.dev/ai/migrating-to-agent-messaging).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from bot.domain.messages import Addressed, Attachment, Author, Message, Place, PostId, Quoted
from bot.domain.text import slices

PLATFORM = "slack"
Event = Mapping[str, Any]

INPUT_SUBTYPES = frozenset({"", "file_share", "thread_broadcast", "me_message", "bot_message"})
"""Message events that say something; all others tell of changes. A voice clip comes as `file_share`."""

NO_BYTES = frozenset({"tombstone", "hidden_by_limit"})
"""Modes of files that are gone, https://docs.slack.dev/reference/objects/file-object."""

METADATA_TYPE = "mynah_reply"
NAME_LIMIT = 255
MARKDOWN_LIMIT = 12_000
"""Characters of all `markdown` blocks of a message, https://docs.slack.dev/reference/block-kit/blocks/markdown-block."""

PLAIN_LIMIT = 3_000
"""Characters of a `section` block, https://docs.slack.dev/reference/block-kit/blocks/section-block."""

SUMMARY_LIMIT = 3_900
"""Characters of the text beside the blocks, what notifications and screen readers get: an edit takes 4,000, entities counted.
https://docs.slack.dev/reference/methods/chat.update"""

MOST_LINKED = 3
"""Messages that one message brings along by links to them."""

_PERMALINK = re.compile(
    r"https://[\w.-]+\.slack\.com/archives/([A-Z0-9]{3,20})/p(\d{10})(\d{6})"
    r"(?:\?(?:[^\s<>|]*[&;])?thread_ts=(\d{10}\.\d{6}))?"
)
_ENTITY = re.compile(r"&(?=#?\w+;)")
_TOKEN = re.compile(r"<([^<>\n]+)>")
_PERSON = re.compile(r"&lt;@([UW][A-Z0-9]{2,20})(?:>|&gt;)")
_CUT_ENTITY = re.compile(r"&[a-z]{0,3}$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who we are in a workspace, as `auth.test` says."""

    team: str
    """The workspace's id, `T…`."""
    user: str
    """Our bot user's id, `U…`: what people mention."""
    bot: str
    """Our bot's id, `B…`: what our own messages carry."""


# --- what comes in -----------------------------------------------------------


def to_message(event: Event, me: Identity) -> Message | None:
    """Translate a message event, or a message from a channel's history with its `channel` added.

    `message` and `app_mention`, by which Slack tells of one mention twice, give the same job.

    Args:
        event: see https://docs.slack.dev/reference/events/message.
        me: who is spoken to.

    Returns:
        None for what says nothing: edits, deletions, joins.
    """
    ts, channel = event.get("ts"), event.get("channel")
    if not ts or not channel or event.get("hidden") or event.get("subtype", "") not in INPUT_SUBTYPES:
        return None
    text = str(event.get("text") or "")
    direct = str(channel).startswith("D")
    return Message(
        key=str(ts),
        place=Place(
            platform=PLATFORM,
            workspace=me.team,
            channel=str(channel),
            thread=str(event.get("thread_ts") or ts),
            direct=direct,
        ),
        author=_author(event, me),
        text=readable(text, me),
        attachments=tuple(filter(None, (to_attachment(file) for file in event.get("files") or ()))),
        addressed=_addressed(event, text, me, direct=direct),
        quoted=(*_head(event), *_linked(text)),
        edited=str((event.get("edited") or {}).get("ts") or ""),
        said_at=int(float(ts) * 1000),
    )


def to_edited(event: Event, me: Identity) -> Message | None:
    """Return a message as it reads after an edit, https://docs.slack.dev/reference/events/message/message_changed.

    Slack tells of every change: of links that it unfolds, of replies that are counted, of our own edits.

    Returns:
        None where neither words nor files were changed by somebody, and for what `to_message` passes over.
    """
    after, before = event.get("message") or {}, event.get("previous_message") or {}
    is_same = after.get("text") == before.get("text") and _file_ids(after) == _file_ids(before)
    message = None if is_same else to_message({**after, "channel": event.get("channel")}, me)
    return message if message is not None and message.edited else None


def _file_ids(item: Event) -> list[str]:
    return [str(file.get("id")) for file in item.get("files") or () if file.get("mode") not in NO_BYTES]


def to_deleted(event: Event, me: Identity) -> tuple[Place, str] | None:
    """Return where a message was deleted, and its key; None for other events.

    One with replies is not deleted but becomes a tombstone, https://docs.slack.dev/messaging/modifying-messages.
    """
    after = event.get("message") or {}
    is_grave = event.get("subtype") == "message_changed" and after.get("subtype") == "tombstone"
    ts = event.get("deleted_ts") if event.get("subtype") == "message_deleted" else after.get("ts") if is_grave else None
    channel = str(event.get("channel") or "")
    return (Place(platform=PLATFORM, workspace=me.team, channel=channel), str(ts)) if ts and channel else None


def said_at(message: Message) -> int:
    """Return when a message was said first, in milliseconds since 1970: its `ts` is its time in seconds."""
    return int(float(message.key) * 1000)


def to_stopped(event: Event, me: Identity) -> Place | None:
    """Return the conversation that somebody stopped, https://docs.slack.dev/reference/events/agent_session_stopped."""
    channel, thread = event.get("channel") or event.get("channel_id"), event.get("thread_ts")
    if not channel or not thread:
        return None
    direct = str(channel).startswith("D")
    return Place(platform=PLATFORM, workspace=me.team, channel=str(channel), thread=str(thread), direct=direct)


def _head(event: Event) -> tuple[Quoted, ...]:
    """Return what the thread of a message began with; nothing for what began it."""
    thread = str(event.get("thread_ts") or event["ts"])
    return () if thread == event["ts"] else (Quoted(channel=str(event["channel"]), key=thread, head=True),)


def _linked(text: str) -> tuple[Quoted, ...]:
    """Return the messages that a text links to, https://docs.slack.dev/reference/methods/chat.getPermalink."""
    links = dict.fromkeys(link.groups(default="") for link in _PERMALINK.finditer(text))
    return tuple(
        Quoted(channel=channel, key=f"{seconds}.{micros}", handle={"thread": thread} if thread else {})
        for channel, seconds, micros, thread in list(links)[:MOST_LINKED]
    )


def to_link(text: str) -> Quoted | None:
    """Return the message that a text is the link to; None for a text that is anything else, or says more."""
    link = _PERMALINK.match(text)
    return None if link is None or text.split() != [text] else _linked(text)[0]


def to_quoted(item: Event, quoted: Quoted, me: Identity) -> Quoted | None:
    """Return a message that another one refers to, as the history shows it; None for what says nothing.

    Args:
        item: a message of `conversations.replies`.
        quoted: where it stands.
        me: who we are; of our own posts the words alone are given, since their sound says the same.
    """
    message = to_message({**item, "channel": quoted.channel}, me)
    if message is None:
        return None
    ours = item.get("user") == me.user or item.get("bot_id") == me.bot
    files = () if ours else message.attachments
    return replace(quoted, author=message.author, text=message.text, attachments=files)


def _author(event: Event, me: Identity) -> Author:
    user, bot = str(event.get("user") or ""), str(event.get("bot_id") or "")
    is_bot = bool(bot) or event.get("subtype") == "bot_message" or user == me.user
    return Author(id=user or bot, name=str(event.get("username") or ""), is_bot=is_bot)


def _addressed(event: Event, text: str, me: Identity, *, direct: bool) -> Addressed:
    if direct:
        return Addressed.DIRECT
    mentioned = event.get("type") == "app_mention" or f"<@{me.user}>" in text or f"<@{me.user}|" in text
    return Addressed.MENTION if mentioned else Addressed.OVERHEARD


def readable(text: str, me: Identity) -> str:
    """Return a text as a person reads it: our own mention gone, links and other mentions spelt out.

    See https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages.
    """
    spelt = _TOKEN.sub(lambda token: _spelt(token[1], me), text)
    return _decoded(spelt).strip().removeprefix(":").removeprefix(",").strip()


def _spelt(token: str, me: Identity) -> str:
    target, _, label = token.partition("|")
    if target == f"@{me.user}":
        return ""
    if target.startswith("@"):
        return label or target
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:]}"
    address = target.removeprefix("mailto:").removeprefix("tel:")
    return f"{label} ({address})" if label and label != address else address


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def to_attachment(file: Event) -> Attachment | None:
    """Translate a file object, https://docs.slack.dev/reference/objects/file-object.

    A stub from another workspace (Slack Connect) has no address yet; it is asked for when the bytes are fetched.

    Returns:
        None for what holds no bytes: a deleted file, a document that is kept elsewhere.
    """
    declared = str(file.get("mimetype") or "")
    elsewhere = bool(file.get("is_external")) and not declared.startswith(("audio/", "video/"))
    if not file.get("id") or file.get("mode") in NO_BYTES or elsewhere:
        return None
    url = address_of(file)
    size, length = file.get("size"), file.get("duration_ms")
    return Attachment(
        id=str(file["id"]),
        name=str(file.get("name") or "")[:NAME_LIMIT],
        declared_type=declared,
        declared_bytes=int(size) if size else None,
        declared_seconds=float(length) / 1000 if length else None,
        voice_note=file.get("subtype") == "slack_audio",
        handle={"url": url} if url else {},
    )


def address_of(file: Event) -> str:
    """Return where the bytes of a file are; empty when the file object does not say."""
    if file.get("mode") == "external":
        return ""
    return str(file.get("url_private_download") or file.get("url_private") or "")


# --- what goes out -----------------------------------------------------------


def to_post(markdown: str) -> dict[str, Any]:
    """Return the arguments of a message that shows Markdown and calls nobody.

    The Markdown goes into a block, and a text beside it for notifications. Slack reads its `<@…>`, `<!…>` and `<#…>`
    also inside of the block, so no `<` of the text is left bare in either. A text that grows beyond a block by this is
    shown plain, where Slack reads nothing, which only one that is full of `<` and `&` can do.
    """
    block = harmless_markdown(markdown)
    blocks = [{"type": "markdown", "text": block}] if len(block) <= MARKDOWN_LIMIT else _plain_blocks(markdown)
    return {"text": _summary(markdown), "blocks": blocks, "parse": "none", "link_names": False}


def _plain_blocks(text: str) -> list[dict[str, Any]]:
    pieces = [piece.text for piece in slices(text, PLAIN_LIMIT) if piece.text.strip()]
    return [{"type": "section", "text": {"type": "plain_text", "text": piece, "emoji": True}} for piece in pieces]


def to_answer(markdown: str) -> dict[str, Any]:
    """Return the arguments of an answer that one person alone sees: `<@U…>` shows a name there, and notifies nobody."""
    post = to_post(markdown)
    blocks = [
        {**block, "text": _named(block["text"])} if block["type"] == "markdown" else block for block in post["blocks"]
    ]
    return {"text": _named(post["text"]), "blocks": blocks}


def _named(text: str) -> str:
    return _PERSON.sub(r"<@\1>", text)


def harmless_markdown(markdown: str) -> str:
    """Escape what Slack would read as its own in a `markdown` block, so that it shows what was written.

    `>` is left, since it makes quotes and closes nothing that was not opened; so is `&` where it begins no entity,
    since Slack leaves entities as they are within the address of a link.
    """
    return _ENTITY.sub("&amp;", markdown).replace("<", "&lt;")


def escaped(text: str) -> str:
    """Escape a text for Slack's own markup, https://docs.slack.dev/messaging/formatting-message-text#escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _summary(markdown: str) -> str:
    text = escaped(markdown[:SUMMARY_LIMIT])
    return text if len(text) <= SUMMARY_LIMIT else _CUT_ENTITY.sub("", text[:SUMMARY_LIMIT])


# --- how a post is found again -----------------------------------------------


def to_metadata(key: str) -> dict[str, Any]:
    """Return what a post carries, readable to all apps of the workspace: https://docs.slack.dev/messaging/message-metadata."""
    return {"event_type": METADATA_TYPE, "event_payload": {"key": key}}


def upload_name(key: str, filename: str) -> str:
    """Name an uploaded file after its key too: messages with files carry no metadata. Its title is what people see.

    The extension stays, because it chooses the player.
    """
    path = PurePosixPath(filename)
    return f"{path.stem}-{_digest(key)}{path.suffix}"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:10]


def carried_post(item: Event, channel: str, key: str, me: Identity) -> PostId | None:
    """Return the post that a message from the history is, if it is ours and carries the key."""
    if item.get("user") != me.user and item.get("bot_id") != me.bot:
        return None
    metadata = item.get("metadata") or {}
    if metadata.get("event_type") == METADATA_TYPE and (metadata.get("event_payload") or {}).get("key") == key:
        return to_post_id(channel, str(item["ts"]))
    files = item.get("files") or ()
    if not any(f"-{_digest(key)}." in str(file.get("name")) for file in files):
        return None
    return to_post_id(channel, str(item["ts"]), *(str(file["id"]) for file in files))


def to_post_id(channel: str, ts: str, *files: str) -> PostId:
    """Name a post: its channel, its time, and its files if it has any."""
    return PostId(":".join((channel, ts, *files)))


def from_post_id(post: PostId) -> tuple[str, str, tuple[str, ...]]:
    """Return channel, time and files of a post."""
    channel, ts, *files = post.split(":")
    return channel, ts, tuple(files)
