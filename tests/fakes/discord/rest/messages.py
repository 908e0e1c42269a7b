"""Messages: https://docs.discord.com/developers/resources/message."""

from collections.abc import Mapping
from typing import Any

from tests.fakes.discord import message_payloads, messaging, rules, schemas
from tests.fakes.discord.bodies import Body
from tests.fakes.discord.calls import Call, Operation
from tests.fakes.discord.messaging import Draft
from tests.fakes.discord.model import DEFAULT, DM, REPLY, Attachment, Channel, Message, Reference
from tests.fakes.discord.permissions import Permission
from tests.fakes.discord.refusals import invalid_form, refusal
from tests.fakes.discord.world import World

NONCE_SECONDS = 300.0
EDITABLE_FLAGS = 1 << 2


def list_messages(call: Call) -> list[dict[str, Any]]:
    """Answer with a page of messages, newest first."""
    granted = rules.may_view(call.world, call.channel)
    if not granted & Permission.READ_MESSAGE_HISTORY:
        return []
    kept = [each for each in call.world.messages.get(call.channel.id, {}).values() if _listed(each)]
    page = _page(kept, call.query, int(call.query.get("limit", 50)))
    return [shown(call.world, each) for each in reversed(page)]


def _listed(message: Message) -> bool:
    return message.deleted_at is None and not message_payloads.is_ephemeral(message)


def _page(messages: list[Message], query: Mapping[str, str], limit: int) -> list[Message]:
    if "after" in query:
        return [each for each in messages if int(each.id) > int(query["after"])][:limit]
    if "around" in query:
        middle = int(query["around"])
        older = [each for each in messages if int(each.id) < middle][-(limit // 2) or len(messages) :]
        return older + [each for each in messages if int(each.id) >= middle][: limit - len(older)]
    if "before" in query:
        messages = [each for each in messages if int(each.id) < int(query["before"])]
    return messages[-limit:]


def shown(world: World, message: Message) -> dict[str, Any]:
    """Return a message as REST shows it: without its content where the application may not read it."""
    found = message_payloads.message(world, message)
    is_dm = world.channels[message.channel_id].type == DM
    if "message_content" in world.privileged_intents or is_dm:
        return found
    return message_payloads.censored(found, world.bot_id)


def get_message(call: Call) -> dict[str, Any]:
    """Answer with one message."""
    rules.need(call.world, call.channel, Permission.READ_MESSAGE_HISTORY)
    if not _listed(call.message):
        raise refusal(10008)
    return shown(call.world, call.message)


def create_message(call: Call) -> dict[str, Any]:
    """Post a message, or answer with the one that already has this nonce."""
    world, channel, payload = call.world, call.channel, call.payload
    rules.may_send(world, channel, payload, call.body)
    earlier = _same_nonce(world, payload)
    if earlier is not None:
        return message_payloads.message(world, earlier, nonce=True)
    flags = rules.create_flags(payload)
    rules.well_formed(world, channel, payload, call.body)
    reference = _reference(world, channel, payload.get("message_reference"))
    draft = Draft(
        author_id=world.bot_id,
        content=payload.get("content") or "",
        attachments=attachments(world, channel.id, payload, call.body),
        embeds=payload.get("embeds") or (),
        components=payload.get("components") or (),
        flags=flags,
        type=DEFAULT if reference is None else REPLY,
        reference=reference,
        allowed_mentions=_allowed_mentions(payload),
        nonce=payload.get("nonce"),
        tts=payload.get("tts") or False,
    )
    message = messaging.post(world, channel, draft)
    if draft.nonce is not None:
        world.nonces[world.bot_id, str(draft.nonce)] = (world.clock.now(), message)
    return message_payloads.message(world, message, nonce=True)


def _same_nonce(world: World, payload: Mapping[str, Any]) -> Message | None:
    if not payload.get("enforce_nonce") or payload.get("nonce") is None:
        return None
    at, message = world.nonces.get((world.bot_id, str(payload["nonce"])), (0.0, None))
    return message if world.clock.now() - at < NONCE_SECONDS else None


def _allowed_mentions(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = payload.get("allowed_mentions")
    return found


def attachments(world: World, folder: str, payload: Mapping[str, Any], body: Body) -> list[Attachment]:
    """Store a request's files and return their attachments in order."""
    return [
        messaging.attach(world, folder, upload, rules.metadata(payload, number, upload))
        for number, upload in sorted(body.uploads.items())
    ]


def _reference(world: World, channel: Channel, asked: Mapping[str, Any] | None) -> Reference | None:
    if asked is None:
        return None
    if str(asked.get("channel_id") or channel.id) != channel.id:
        raise invalid_form(["message_reference"], "Cannot reply to a message in another channel")
    known = world.messages.get(channel.id, {}).get(str(asked["message_id"]))
    if known is None or known.deleted_at is not None:
        if asked.get("fail_if_not_exists", True):
            kind = "REPLIES_UNKNOWN_MESSAGE"
            raise invalid_form(["message_reference"], "Unknown message", kind=kind, violation=False)
        return None
    return Reference(kind=0, channel_id=channel.id, guild_id=channel.guild_id, message_id=known.id)


def edit_message(call: Call) -> dict[str, Any]:
    """Change the bot's own message."""
    rules.may_view(call.world, call.channel)
    rules.may_edit(call.world, call.message)
    rules.create_flags(call.payload, EDITABLE_FLAGS | call.message.flags)
    apply_edit(call.world, call.message, call.payload, call.body)
    return message_payloads.message(call.world, call.message)


def apply_edit(world: World, message: Message, payload: Mapping[str, Any], body: Body, *, drop_flags: int = 0) -> None:
    """Make an edit as its request says, leaving what the request does not name.

    Args:
        world: where the message is.
        message: what to change.
        payload: the request's object.
        body: the request, for its files.
        drop_flags: flags that the edit ends, such as the loading state of a deferred answer.
    """
    changes: dict[str, Any] = {}
    for name, nothing in (("content", ""), ("embeds", []), ("components", [])):
        if name in payload:
            changes[name] = payload[name] or nothing
    if payload.get("flags") is not None:
        kept = message.flags & ~EDITABLE_FLAGS
        changes["flags"] = kept | payload["flags"]
    changes["flags"] = changes.get("flags", message.flags) & ~drop_flags
    if payload.get("allowed_mentions") is not None:
        changes["allowed_mentions"] = dict(payload["allowed_mentions"])
    changes["attachments"] = _edited_files(world, message, payload, body)
    if not any(
        changes.get(name, getattr(message, name)) for name in ("content", "embeds", "components", "attachments")
    ):
        raise refusal(50006)
    messaging.edit(world, message, changes)


def _edited_files(world: World, message: Message, payload: Mapping[str, Any], body: Body) -> list[Attachment]:
    kept = message.attachments
    if payload.get("attachments") is not None:
        ids = {str(each["id"]) for each in payload["attachments"]}
        kept = [each for each in kept if each.id in ids]
    rules.sizes(world, world.channels[message.channel_id], body)
    return kept + attachments(world, message.channel_id, payload, body)


def delete_message(call: Call) -> None:
    """Delete a message."""
    rules.may_view(call.world, call.channel)
    if call.message.author_id != call.world.bot_id:
        if call.channel.type == DM:
            raise refusal(50003)
        rules.need(call.world, call.channel, Permission.MANAGE_MESSAGES)
    messaging.delete(call.world, call.message)


def start_typing(call: Call) -> None:
    """Show the bot as typing."""
    rules.may_send(call.world, call.channel, {}, Body())
    messaging.start_typing(call.world, call.channel, call.world.bot_id)


_MESSAGES = "/channels/{channel_id}/messages"
OPERATIONS = (
    Operation("GET", _MESSAGES, list_messages, query=schemas.MESSAGE_LIST),
    Operation("POST", _MESSAGES, create_message, body=schemas.MESSAGE_CREATE),
    Operation("GET", _MESSAGES + "/{message_id}", get_message),
    Operation("PATCH", _MESSAGES + "/{message_id}", edit_message, body=schemas.MESSAGE_EDIT),
    Operation("DELETE", _MESSAGES + "/{message_id}", delete_message),
    Operation("POST", "/channels/{channel_id}/typing", start_typing),
)
