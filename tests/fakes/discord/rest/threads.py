"""Threads: https://docs.discord.com/developers/topics/threads."""

from typing import Any

from tests.fakes.discord import payloads, rules, schemas, thread_starts, threads
from tests.fakes.discord.calls import Call, Operation
from tests.fakes.discord.model import PRIVATE_THREAD, PUBLIC_THREAD, Channel
from tests.fakes.discord.permissions import Permission
from tests.fakes.discord.refusals import invalid_form, refusal
from tests.fakes.discord.world import World


def start_from_message(call: Call) -> dict[str, Any]:
    """Start the one thread that a message can have."""
    world, message = call.world, call.message
    rules.may_start_thread(world, call.channel, PUBLIC_THREAD)
    rules.need(world, call.channel, Permission.READ_MESSAGE_HISTORY)
    if message.id in world.channels:
        raise refusal(160004)
    thread = thread_starts.from_message(
        world, message, world.bot_id, call.payload["name"], minutes=_minutes(call.payload)
    )
    return payloads.thread(world, thread)


def start_alone(call: Call) -> dict[str, Any]:
    """Start a thread without a message: private unless the request says otherwise."""
    kind = call.payload.get("type", PRIVATE_THREAD)
    rules.may_start_thread(call.world, call.channel, kind)
    thread = thread_starts.alone(
        call.world, call.channel, call.world.bot_id, call.payload["name"], minutes=_minutes(call.payload), kind=kind
    )
    return payloads.thread(call.world, thread)


def _minutes(payload: dict[str, Any]) -> int:
    minutes: int = payload.get("auto_archive_duration") or thread_starts.ONE_DAY_MINUTES
    return minutes


def get_channel(call: Call) -> dict[str, Any]:
    """Answer with a channel, a thread or a direct message."""
    rules.may_view(call.world, call.channel)
    return payloads.channel(call.world, call.channel)


def edit_channel(call: Call) -> dict[str, Any]:
    """Archive, open, lock or rename a thread; the fake edits no other channel."""
    world, thread, changes = call.world, call.channel, call.payload
    if thread.thread is None:
        raise invalid_form([], "this fake edits threads only")
    if thread.thread.owner_id != world.bot_id or "locked" in changes:
        rules.need(world, thread, Permission.MANAGE_THREADS)
    threads.update(
        world,
        thread,
        archived=changes.get("archived"),
        locked=changes.get("locked"),
        name=changes.get("name"),
        minutes=changes.get("auto_archive_duration"),
    )
    return payloads.thread(world, thread)


def join(call: Call) -> None:
    """Join a thread."""
    rules.may_view(call.world, call.channel)
    threads.join(call.world, _thread(call), call.world.bot_id)


def leave(call: Call) -> None:
    """Leave a thread."""
    threads.leave(call.world, _thread(call), call.world.bot_id)


def _thread(call: Call) -> Channel:
    if call.channel.thread is None:
        raise refusal(50024)
    if call.channel.thread.archived:
        raise refusal(50083)
    return call.channel


def list_active(call: Call) -> dict[str, Any]:
    """Answer with a guild's active threads."""
    world = call.world
    guild = world.guild(call.path["guild_id"])
    active = [each for each in world.channels.values() if each.guild_id == guild.id and _is(each, archived=False)]
    return _listed(world, active)


def list_archived(call: Call) -> dict[str, Any]:
    """Answer with a channel's archived public threads."""
    rules.need(call.world, call.channel, Permission.READ_MESSAGE_HISTORY)
    mine = [each for each in call.world.channels.values() if each.parent_id == call.channel.id]
    archived = [each for each in mine if _is(each, archived=True) and each.type != PRIVATE_THREAD]
    return _listed(call.world, archived)


def _is(channel: Channel, *, archived: bool) -> bool:
    return channel.thread is not None and channel.thread.archived == archived


def _listed(world: World, found: list[Channel]) -> dict[str, Any]:
    joined = [each for each in found if each.thread and world.bot_id in each.thread.members]
    return {
        "threads": [payloads.thread(world, each) for each in found],
        "members": [payloads.thread_member(each, world.bot_id) for each in joined],
        "has_more": False,
    }


_CHANNEL = "/channels/{channel_id}"
OPERATIONS = (
    Operation("GET", _CHANNEL, get_channel),
    Operation("PATCH", _CHANNEL, edit_channel, body=schemas.CHANNEL_EDIT),
    Operation(
        "POST",
        _CHANNEL + "/messages/{message_id}/threads",
        start_from_message,
        body=schemas.THREAD_FROM_MESSAGE,
        status=201,
    ),
    Operation("POST", _CHANNEL + "/threads", start_alone, body=schemas.THREAD_ALONE, status=201),
    Operation("PUT", _CHANNEL + "/thread-members/@me", join),
    Operation("DELETE", _CHANNEL + "/thread-members/@me", leave),
    Operation("GET", _CHANNEL + "/threads/archived/public", list_archived, query=schemas.ARCHIVED),
    Operation("GET", "/guilds/{guild_id}/threads/active", list_active),
)
