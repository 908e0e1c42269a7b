"""The first answer to an interaction, within three seconds.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback
"""

from typing import Any

from tests.fakes.discord import message_payloads, messaging, rules, schemas
from tests.fakes.discord.calls import Call, Operation
from tests.fakes.discord.messaging import Draft
from tests.fakes.discord.model import (
    COMMAND_RESPONSE,
    CONTEXT_MENU_RESPONSE,
    DEFAULT,
    EPHEMERAL,
    LOADING,
    REPLY,
    VOICE,
    Interaction,
    Message,
    Reference,
)
from tests.fakes.discord.permissions import Permission
from tests.fakes.discord.refusals import invalid_form, refusal
from tests.fakes.discord.rest.messages import apply_edit, attachments
from tests.fakes.discord.world import World

FIRST_ANSWER_SECONDS = 3.0
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
CALLBACK_FLAGS = rules.CREATE_FLAGS | EPHEMERAL
ALLOWED = {
    4: {COMMAND, COMPONENT, MODAL_SUBMIT},
    5: {COMMAND, COMPONENT, MODAL_SUBMIT},
    6: {COMPONENT, MODAL_SUBMIT},
    7: {COMPONENT, MODAL_SUBMIT},
    8: {AUTOCOMPLETE},
    9: {COMMAND, COMPONENT},
}
"""Which interactions take a callback of each type."""


def callback(call: Call) -> dict[str, Any] | None:
    """Take the first answer: a message, a deferral, an edit, choices or a modal."""
    interaction = _awaiting_answer(call)
    kind = call.payload["type"]
    if interaction.type not in ALLOWED[kind]:
        raise invalid_form(["type"], f"callback {kind} cannot answer interaction {interaction.type}")
    ANSWERS[kind](call, interaction)
    interaction.callback_type = kind
    interaction.answered_at = call.world.clock.now()
    call.world.touch()
    if call.query.get("with_response", "").lower() in {"true", "1"}:
        return _response(call.world, interaction)
    return None


def _awaiting_answer(call: Call) -> Interaction:
    found = call.world.interactions.get(call.path["interaction_id"])
    if found is None or found.token != call.path["interaction_token"]:
        raise refusal(10062)
    if found.callback_type is not None:
        raise refusal(40060)
    if call.world.clock.now() - found.created_at > FIRST_ANSWER_SECONDS:
        raise refusal(10062, "later than three seconds")
    return found


def _reply(call: Call, interaction: Interaction) -> None:
    payload = call.payload["data"]
    flags = rules.create_flags(payload, CALLBACK_FLAGS)
    channel = call.world.channel(interaction.channel_id)
    if flags & VOICE and not rules.may_view(call.world, channel) & Permission.SEND_VOICE_MESSAGES:
        raise refusal(50173)
    rules.well_formed(call.world, channel, payload, call.body)
    interaction.original_id = respond(call, interaction, payload, flags).id
    interaction.ephemeral = bool(flags & EPHEMERAL)


def _defer(call: Call, interaction: Interaction) -> None:
    flags = ((call.payload.get("data") or {}).get("flags") or 0) | LOADING
    interaction.original_id = respond(call, interaction, {}, flags).id
    interaction.ephemeral = bool(flags & EPHEMERAL)


def _defer_update(_call: Call, interaction: Interaction) -> None:
    interaction.original_id = interaction.message_id


def _update(call: Call, interaction: Interaction) -> None:
    message = call.world.message(interaction.channel_id, interaction.message_id or "")
    rules.components(call.payload["data"])
    interaction.original_id = message.id
    apply_edit(call.world, message, call.payload["data"], call.body)


def _choices(call: Call, interaction: Interaction) -> None:
    interaction.choices = call.payload["data"]["choices"]


def _modal(call: Call, interaction: Interaction) -> None:
    interaction.modal = call.payload["data"]


ANSWERS = {4: _reply, 5: _defer, 6: _defer_update, 7: _update, 8: _choices, 9: _modal}


def respond(call: Call, interaction: Interaction, payload: dict[str, Any], flags: int) -> Message:
    """Post a message that answers an interaction."""
    world = call.world
    reference = None
    kind = {COMMAND: COMMAND_RESPONSE}.get(interaction.type, DEFAULT)
    if interaction.type == COMMAND and interaction.data.get("type", 1) != 1:
        kind = CONTEXT_MENU_RESPONSE
    if interaction.original_id is not None:
        kind = REPLY
        reference = Reference(kind=0, channel_id=interaction.channel_id, message_id=interaction.original_id)
    draft = Draft(
        author_id=world.bot_id,
        content=payload.get("content") or "",
        attachments=attachments(world, interaction.channel_id, payload, call.body),
        embeds=payload.get("embeds") or (),
        components=payload.get("components") or (),
        flags=flags,
        type=kind,
        reference=reference,
        allowed_mentions=payload.get("allowed_mentions"),
        tts=payload.get("tts") or False,
        interaction_id=interaction.id,
    )
    return messaging.post(world, world.channel(interaction.channel_id), draft)


def _response(world: World, interaction: Interaction) -> dict[str, Any]:
    made: dict[str, Any] = {"id": interaction.id, "type": interaction.type}
    if interaction.original_id is None:
        return {"interaction": made}
    made["response_message_id"] = interaction.original_id
    made["response_message_loading"] = interaction.callback_type == 5
    made["response_message_ephemeral"] = interaction.ephemeral
    if interaction.callback_type not in {4, 7}:
        return {"interaction": made}
    message = world.message(interaction.channel_id, interaction.original_id)
    shown = message_payloads.message(world, message)
    return {"interaction": made, "resource": {"type": interaction.callback_type, "message": shown}}


OPERATIONS = (
    Operation(
        "POST",
        "/interactions/{interaction_id}/{interaction_token}/callback",
        callback,
        body=schemas.CALLBACK,
        query=schemas.CALLBACK_QUERY,
        token=False,
    ),
)
