"""The verbs of messages: post, edit, delete, react, type. Each changes the world and tells the gateway.

No rule is checked here: humans and the bot share these, the bot's limits are in `rules.py`.
"""

import copy
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord import mentions, message_payloads, payloads, threads
from tests.fakes.discord.model import (
    DEFAULT,
    REPLY,
    SNAPSHOT,
    Attachment,
    Channel,
    Edit,
    Message,
    Reference,
    Upload,
)
from tests.fakes.discord.world import Event, World

FORWARD = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A message about to be posted."""

    author_id: str
    content: str = ""
    attachments: Sequence[Attachment] = ()
    embeds: Sequence[dict[str, Any]] = ()
    components: Sequence[dict[str, Any]] = ()
    flags: int = 0
    type: int = DEFAULT
    reference: Reference | None = None
    allowed_mentions: Mapping[str, Any] | None = None
    nonce: str | int | None = None
    tts: bool = False
    interaction_id: str | None = None


def attach(world: World, folder: str, upload: Upload, meta: Mapping[str, Any]) -> Attachment:
    """Store a file's bytes and return its attachment.

    Args:
        world: where it is stored.
        folder: the channel's id, or the application's for a file given to a command.
        upload: the file.
        meta: what the sender says about it: `duration_secs`, `waveform`, `description`, `title`, `content_type`.
    """
    stored = Attachment(
        id=world.ids.next(),
        folder=folder,
        filename=meta.get("filename") or upload.filename,
        size=len(upload.data),
        content_type=meta.get("content_type") or _content_type(upload),
        duration_secs=meta.get("duration_secs"),
        waveform=meta.get("waveform"),
        description=meta.get("description"),
        title=meta.get("title"),
    )
    world.files[stored.id] = upload.data
    world.file_types[stored.id] = stored.content_type
    return stored


def _content_type(upload: Upload) -> str:
    if upload.content_type != "application/octet-stream":
        return upload.content_type
    return mimetypes.guess_type(upload.filename)[0] or upload.content_type


def post(world: World, channel: Channel, draft: Draft) -> Message:
    """Put a message into a channel or thread and announce it; an ephemeral one is announced to nobody."""
    message = _message(world, channel, draft)
    world.messages.setdefault(channel.id, {})[message.id] = message
    if message_payloads.is_ephemeral(message):
        world.touch()
        return message
    channel.last_message_id = message.id
    if channel.thread is not None:
        threads.received(world, channel, message)
    announce(world, "MESSAGE_CREATE", message)
    return message


def _message(world: World, channel: Channel, draft: Draft) -> Message:
    original = _original(world, draft.reference)
    forwarded = draft.reference is not None and draft.reference.kind == FORWARD
    replied_to = original.author_id if original is not None and draft.type == REPLY else None
    usual = mentions.BY_DEFAULT if draft.interaction_id is None else mentions.IN_INTERACTIONS
    allowed = usual if draft.allowed_mentions is None else draft.allowed_mentions
    notified = mentions.mentioned(draft.content, allowed, replied_to=replied_to)
    return Message(
        id=world.ids.next(),
        channel_id=channel.id,
        author_id=draft.author_id,
        created_at=world.clock.now(),
        type=draft.type,
        flags=draft.flags | (SNAPSHOT if forwarded else 0),
        content=draft.content,
        attachments=list(draft.attachments),
        embeds=[{"type": "rich", **embed} for embed in draft.embeds],
        components=list(draft.components),
        mentions=[who for who in notified.users if who in world.users],
        mention_roles=notified.roles,
        mention_everyone=notified.everyone,
        tts=draft.tts,
        nonce=draft.nonce,
        reference=draft.reference,
        snapshots=[copy.copy(original)] if forwarded and original is not None else [],
        interaction_id=draft.interaction_id,
        allowed_mentions=None if draft.allowed_mentions is None else dict(draft.allowed_mentions),
    )


def _original(world: World, reference: Reference | None) -> Message | None:
    if reference is None or reference.message_id is None:
        return None
    return world.messages.get(reference.channel_id, {}).get(reference.message_id)


def edit(world: World, message: Message, changes: Mapping[str, Any], *, event: bool = True) -> None:
    """Change a message's text, embeds, components, flags or attachments, and announce it.

    Args:
        world: where it is.
        message: what to change.
        changes: values by the names of `Message`'s fields.
        event: whether the gateway hears of it.
    """
    for name, value in changes.items():
        setattr(message, name, value)
    message.edited_at = world.clock.now()
    message.edits.append(Edit(at=message.edited_at, content=message.content))
    if event and not message_payloads.is_ephemeral(message):
        announce(world, "MESSAGE_UPDATE", message)
    else:
        world.touch()


def delete(world: World, message: Message, *, event: bool = True) -> None:
    """Delete a message and announce it, unless that event was lost."""
    message.deleted_at = world.clock.now()
    channel = world.channels[message.channel_id]
    data = {"id": message.id, "channel_id": message.channel_id}
    if channel.guild_id is not None:
        data["guild_id"] = channel.guild_id
    if event and not message_payloads.is_ephemeral(message):
        world.publish(Event(name="MESSAGE_DELETE", data=data, guild_id=channel.guild_id))
    world.touch()


def react(world: World, message: Message, user_id: str, emoji: str, *, added: bool) -> None:
    """Add or remove somebody's reaction and announce it; doing so twice changes nothing."""
    users = message.reactions.setdefault(emoji, [])
    if (user_id in users) == added:
        return
    (users.append if added else users.remove)(user_id)
    if not users:
        del message.reactions[emoji]
    channel = world.channels[message.channel_id]
    data: dict[str, Any] = {
        "user_id": user_id,
        "channel_id": channel.id,
        "message_id": message.id,
        "emoji": {"id": None, "name": emoji},
        "burst": False,
        "type": 0,
    }
    if added:
        data["message_author_id"] = message.author_id
    if channel.guild_id is not None:
        data["guild_id"] = channel.guild_id
        if added:
            data["member"] = payloads.member(world, world.guilds[channel.guild_id].members[user_id])
    world.records.reactions.append(
        {"at": world.clock.now(), "user_id": user_id, "message_id": message.id, "emoji": emoji, "added": added}
    )
    name = "MESSAGE_REACTION_ADD" if added else "MESSAGE_REACTION_REMOVE"
    world.publish(Event(name=name, data=data, guild_id=channel.guild_id))
    world.touch()


def start_typing(world: World, channel: Channel, user_id: str) -> None:
    """Show somebody as typing for ten seconds."""
    now = world.clock.now()
    world.records.typing.append({"at": now, "channel_id": channel.id, "user_id": user_id})
    data: dict[str, Any] = {"channel_id": channel.id, "user_id": user_id, "timestamp": int(now)}
    if channel.guild_id is not None:
        data["guild_id"] = channel.guild_id
        data["member"] = payloads.member(world, world.guilds[channel.guild_id].members[user_id])
    world.publish(Event(name="TYPING_START", data=data, guild_id=channel.guild_id))
    world.touch()


def announce(world: World, name: str, message: Message) -> None:
    """Tell the gateway about a message."""
    data = message_payloads.message_event(world, message, created=name == "MESSAGE_CREATE")
    world.publish(Event(name=name, data=data, guild_id=world.channels[message.channel_id].guild_id))
    world.touch()
