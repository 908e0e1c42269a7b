"""The JSON of messages, attachments and reactions: https://docs.discord.com/developers/resources/message."""

from typing import Any

from tests.fakes.discord import payloads
from tests.fakes.discord.clock import iso
from tests.fakes.discord.model import (
    CONTEXT_MENU_RESPONSE,
    EPHEMERAL,
    REPLY,
    THREAD_STARTER,
    Attachment,
    Channel,
    Message,
    Reference,
)
from tests.fakes.discord.signatures import signed_url
from tests.fakes.discord.world import World


def attachment(world: World, it: Attachment) -> dict[str, Any]:
    """Return an attachment object with a freshly signed address."""
    url = signed_url(world, it)
    found: dict[str, Any] = {
        "id": it.id,
        "filename": it.filename,
        "size": it.size,
        "url": url,
        "proxy_url": url,
        "content_type": it.content_type,
        "flags": 0,
    }
    optional = {
        "duration_secs": it.duration_secs,
        "waveform": it.waveform,
        "description": it.description,
        "title": it.title,
        "ephemeral": it.ephemeral or None,
    }
    return found | {name: value for name, value in optional.items() if value is not None}


def message(world: World, it: Message, *, nonce: bool = False) -> dict[str, Any]:
    """Return a message object.

    Args:
        world: where it was posted.
        it: the message.
        nonce: whether this is the answer or event of its creation, which alone shows the nonce.
    """
    found = _alone(world, it)
    if it.type in {REPLY, THREAD_STARTER} and it.reference and it.reference.message_id:
        original = world.messages.get(it.reference.channel_id, {}).get(it.reference.message_id)
        found["referenced_message"] = None if original is None or original.deleted_at else _alone(world, original)
    if nonce and it.nonce is not None:
        found["nonce"] = it.nonce
    if it.reactions:
        found["reactions"] = [_reaction(world, emoji, users) for emoji, users in it.reactions.items()]
    return found


def message_event(world: World, it: Message, *, created: bool = False) -> dict[str, Any]:
    """Return a message as MESSAGE_CREATE or MESSAGE_UPDATE carries it: with its guild and its author's membership."""
    found = message(world, it, nonce=created)
    channel = world.channels[it.channel_id]
    found["channel_type"] = channel.type
    if channel.guild_id is None:
        return found
    members = world.guilds[channel.guild_id].members
    found["guild_id"] = channel.guild_id
    if it.author_id in members:
        found["member"] = payloads.bare_member(members[it.author_id])
    for mentioned in found["mentions"]:
        if mentioned["id"] in members:
            mentioned["member"] = payloads.bare_member(members[mentioned["id"]])
    return found


def snapshot(world: World, it: Message) -> dict[str, Any]:
    """Return the copy of a message that a forward carries: https://docs.discord.com/developers/resources/message."""
    whole = _alone(world, it)
    kept = "type content mentions mention_roles attachments embeds timestamp edited_timestamp flags components"
    return {"message": {name: whole[name] for name in kept.split()}}


def _alone(world: World, it: Message) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": it.id,
        "type": it.type,
        "channel_id": it.channel_id,
        "author": payloads.user(world.users[it.author_id]),
        "content": it.content,
        "timestamp": iso(it.created_at),
        "edited_timestamp": None if it.edited_at is None else iso(it.edited_at),
        "tts": it.tts,
        "mention_everyone": it.mention_everyone,
        "mentions": [payloads.user(world.users[who]) for who in it.mentions],
        "mention_roles": list(it.mention_roles),
        "attachments": [attachment(world, each) for each in it.attachments],
        "embeds": it.embeds,
        "components": it.components,
        "flags": it.flags,
        "pinned": False,
    }
    if it.reference is not None:
        found["message_reference"] = reference(it.reference)
    if it.snapshots:
        found["message_snapshots"] = [snapshot(world, each) for each in it.snapshots]
    if it.id in world.channels and world.channels[it.id].parent_id == it.channel_id:
        found["thread"] = payloads.thread(world, world.channels[it.id])
    if it.interaction_id is not None:
        found |= _from_interaction(world, it)
    return found


def reference(it: Reference) -> dict[str, Any]:
    """Return a message reference object."""
    found: dict[str, Any] = {"type": it.kind, "channel_id": it.channel_id}
    if it.message_id is not None:
        found["message_id"] = it.message_id
    if it.guild_id is not None:
        found["guild_id"] = it.guild_id
    return found


def integration_owners(world: World, channel: Channel, user_id: str) -> dict[str, str]:
    """Return who installed the application that a command belongs to: the guild or the bot's direct message, or the user.

    https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-authorizing-integration-owners-object
    """
    return {"0": channel.guild_id or "0"} if world.has_bot(channel) else {"1": user_id}


def _from_interaction(world: World, it: Message) -> dict[str, Any]:
    source = world.interactions[it.interaction_id or ""]
    metadata: dict[str, Any] = {
        "id": source.id,
        "type": source.type,
        "user": payloads.user(world.users[source.user_id]),
        "authorizing_integration_owners": integration_owners(world, world.channels[source.channel_id], source.user_id),
    }
    if it.type == CONTEXT_MENU_RESPONSE and "target_id" in source.data:
        metadata["target_message_id"] = source.data["target_id"]
    if source.type == 3 and source.message_id:
        metadata["interacted_message_id"] = source.message_id
    found: dict[str, Any] = {"application_id": world.application_id, "webhook_id": world.application_id}
    # A modal's metadata nests that of the command which opened it; none is sent rather than a wrong one.
    return found if source.type == 5 else {**found, "interaction_metadata": metadata}


def _reaction(world: World, emoji: str, users: list[str]) -> dict[str, Any]:
    return {
        "emoji": {"id": None, "name": emoji},
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me_burst": False,
        "me": world.bot_id in users,
    }


def is_ephemeral(it: Message) -> bool:
    """Tell whether only the user of an interaction sees the message."""
    return bool(it.flags & EPHEMERAL)


def censored(found: dict[str, Any], bot_id: str) -> dict[str, Any]:
    """Return a message of a guild as an application sees it that may not read everybody's content.

    https://docs.discord.com/developers/events/gateway#message-content-intent
    """
    if found["author"]["id"] == bot_id or any(each["id"] == bot_id for each in found["mentions"]):
        return found
    hidden = {**found, "content": "", "embeds": [], "attachments": [], "components": []}
    if "message_snapshots" in found:
        blank = {"content": "", "embeds": [], "attachments": [], "components": []}
        hidden["message_snapshots"] = [{"message": {**each["message"], **blank}} for each in found["message_snapshots"]]
    return hidden
