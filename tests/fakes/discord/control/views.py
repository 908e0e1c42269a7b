"""What tests see of the fake's memory."""

from dataclasses import asdict
from typing import Any

from tests.fakes.discord import message_payloads, payloads
from tests.fakes.discord.control.context import Control
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.model import Message
from tests.fakes.discord.world import World


def state(control: Control) -> dict[str, Any]:
    """Return everything that happened."""
    world = control.world
    return {
        "revision": world.revision,
        "application": {"id": world.application_id, "bot_id": world.bot_id},
        **records(world),
        "channels": {key: payloads.channel(world, each) for key, each in world.channels.items()},
        "messages": {key: messages(world, key) for key in world.messages},
        "commands": {scope or "global": list(found.values()) for scope, found in world.commands.items()},
        "interactions": [interaction(world, key) for key in world.interactions],
        "gateway": gateway(control.gateway),
        "faults": [asdict(each) for each in control.faults.planned],
    }


def records(world: World) -> dict[str, Any]:
    """Return the requests and what was wrong with them, typing and reactions."""
    return asdict(world.records)


def channel(world: World, channel_id: str) -> dict[str, Any]:
    """Return a channel's object, empty where there is none."""
    return payloads.channel(world, world.channels[channel_id]) if channel_id in world.channels else {}


def messages(world: World, channel_id: str) -> list[dict[str, Any]]:
    """Return a channel's messages, the oldest first, with what the API does not show."""
    return [_message(world, each) for each in world.messages.get(channel_id, {}).values()]


def _message(world: World, message: Message) -> dict[str, Any]:
    return {
        **message_payloads.message(world, message, nonce=True),
        "posted_at": message.created_at,
        "deleted_at": message.deleted_at,
        "edits": [asdict(each) for each in message.edits],
        "allowed_mentions": message.allowed_mentions,
        "interaction_id": message.interaction_id,
    }


def interaction(world: World, interaction_id: str) -> dict[str, Any]:
    """Return an interaction and the messages that answer it."""
    found = world.interactions[interaction_id]
    answers = [found.original_id, *found.follow_ups]
    held = world.messages.get(found.channel_id, {})
    return {**asdict(found), "messages": [_message(world, held[each]) for each in answers if each in held]}


def gateway(it: Gateway) -> dict[str, Any]:
    """Return the gateway's connections and sessions."""
    return {
        "connections": len(it.connections),
        "identifies": it.identifies,
        "resumes": it.resumes,
        "sessions": [
            {
                "id": each.id,
                "intents": each.intents,
                "shard": list(each.shard),
                "sequence": each.sequence,
                "connected": each.connection is not None,
            }
            for each in it.sessions.values()
        ],
    }
