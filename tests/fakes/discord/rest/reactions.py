"""Reactions: https://docs.discord.com/developers/resources/message#create-reaction."""

from typing import Any

from tests.fakes.discord import messaging, payloads, rules, schemas
from tests.fakes.discord.calls import Call, Operation
from tests.fakes.discord.permissions import Permission
from tests.fakes.discord.refusals import refusal


def add(call: Call) -> None:
    """React as the bot."""
    emoji = _emoji(call)
    rules.need(call.world, call.channel, Permission.READ_MESSAGE_HISTORY)
    if emoji not in call.message.reactions:
        rules.need(call.world, call.channel, Permission.ADD_REACTIONS)
    if call.channel.thread and call.channel.thread.archived:
        raise refusal(50083)
    messaging.react(call.world, call.message, call.world.bot_id, emoji, added=True)


def remove_own(call: Call) -> None:
    """Take the bot's reaction back."""
    rules.may_view(call.world, call.channel)
    messaging.react(call.world, call.message, call.world.bot_id, _emoji(call), added=False)


def list_users(call: Call) -> list[dict[str, Any]]:
    """Answer with those who reacted."""
    rules.may_view(call.world, call.channel)
    return [payloads.user(call.world.users[who]) for who in call.message.reactions.get(_emoji(call), [])]


def _emoji(call: Call) -> str:
    emoji = call.path["emoji_name"]
    if emoji.isascii():  # the fake has no custom emoji, and plain text is none
        raise refusal(10014, emoji)
    return emoji


_EMOJI = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"
OPERATIONS = (
    Operation("PUT", _EMOJI + "/@me", add),
    Operation("DELETE", _EMOJI + "/@me", remove_own),
    Operation("GET", _EMOJI, list_users, query=schemas.REACTORS),
)
