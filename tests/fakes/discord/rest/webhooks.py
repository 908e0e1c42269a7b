"""What follows an interaction's first answer, for fifteen minutes, without the bot's token.

https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

from typing import Any

from tests.fakes.discord import message_payloads, messaging, rules, schemas
from tests.fakes.discord.calls import Call, Operation
from tests.fakes.discord.model import COMPONENTS_V2, EPHEMERAL, LOADING, VOICE, Interaction, Message
from tests.fakes.discord.refusals import refusal
from tests.fakes.discord.rest.interactions import respond
from tests.fakes.discord.rest.messages import apply_edit

TOKEN_SECONDS = 15 * 60.0
FOLLOW_UP_FLAGS = (1 << 2) | EPHEMERAL | (1 << 12) | COMPONENTS_V2
DEFERRED = 5
MOST_FOLLOW_UPS = 5
"""Where only the user has the application: https://docs.discord.com/developers/interactions/receiving-and-responding."""


def follow_up(call: Call) -> dict[str, Any]:
    """Post another message; the first one after a deferral becomes the deferred answer itself."""
    interaction = _interaction(call)
    flags = rules.create_flags(call.payload, FOLLOW_UP_FLAGS)
    channel = call.world.channel(interaction.channel_id)
    rules.well_formed(call.world, channel, call.payload, call.body)
    if interaction.callback_type == DEFERRED and _original(call, interaction).flags & LOADING:
        message = _original(call, interaction)
        apply_edit(call.world, message, call.payload, call.body, drop_flags=LOADING)
    else:
        if not call.world.has_bot(channel) and len(interaction.follow_ups) >= MOST_FOLLOW_UPS:
            raise refusal(40094)
        message = respond(call, interaction, call.payload, flags)
        interaction.follow_ups.append(message.id)
    return message_payloads.message(call.world, message)


def get_original(call: Call) -> dict[str, Any]:
    """Answer with the first answer's message."""
    return message_payloads.message(call.world, _original(call, _interaction(call)))


def edit_original(call: Call) -> dict[str, Any]:
    """Edit the first answer's message, which ends a deferral."""
    return _edited(call, _original(call, _interaction(call)))


def delete_original(call: Call) -> None:
    """Delete the first answer's message."""
    messaging.delete(call.world, _original(call, _interaction(call)))


def get_follow_up(call: Call) -> dict[str, Any]:
    """Answer with a message posted with this token."""
    return message_payloads.message(call.world, _follow_up(call))


def edit_follow_up(call: Call) -> dict[str, Any]:
    """Edit a message posted with this token."""
    return _edited(call, _follow_up(call))


def delete_follow_up(call: Call) -> None:
    """Delete a message posted with this token."""
    messaging.delete(call.world, _follow_up(call))


def _edited(call: Call, message: Message) -> dict[str, Any]:
    if message.flags & VOICE:
        raise refusal(50162)
    rules.create_flags(call.payload, (1 << 2) | COMPONENTS_V2 | message.flags)
    apply_edit(call.world, message, call.payload, call.body, drop_flags=LOADING)
    return message_payloads.message(call.world, message)


def _interaction(call: Call) -> Interaction:
    token = call.path["webhook_token"]
    found = call.world.interactions.get(token.partition(".")[0])
    if (
        found is None
        or found.token != token
        or call.path["webhook_id"] != call.world.application_id
        or found.callback_type is None
    ):
        raise refusal(10015)
    if call.world.clock.now() - found.created_at > TOKEN_SECONDS:
        raise refusal(50027)
    return found


def _original(call: Call, interaction: Interaction) -> Message:
    return call.world.message(interaction.channel_id, interaction.original_id or "")


def _follow_up(call: Call) -> Message:
    interaction = _interaction(call)
    if call.path["message_id"] not in (interaction.original_id, *interaction.follow_ups):
        raise refusal(10008)
    return call.world.message(interaction.channel_id, call.path["message_id"])


_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = _WEBHOOK + "/messages/@original"
_MESSAGE = _WEBHOOK + "/messages/{message_id}"
OPERATIONS = (
    Operation("POST", _WEBHOOK, follow_up, body=schemas.FOLLOW_UP, query=schemas.WEBHOOK_QUERY, token=False),
    Operation("GET", _ORIGINAL, get_original, token=False),
    Operation("PATCH", _ORIGINAL, edit_original, body=schemas.MESSAGE_EDIT, query=schemas.MESSAGE_QUERY, token=False),
    Operation("DELETE", _ORIGINAL, delete_original, token=False),
    Operation("GET", _MESSAGE, get_follow_up, token=False),
    Operation("PATCH", _MESSAGE, edit_follow_up, body=schemas.MESSAGE_EDIT, query=schemas.MESSAGE_QUERY, token=False),
    Operation("DELETE", _MESSAGE, delete_follow_up, token=False),
)
