"""The verbs of threads: start, join, archive, and what a message does to one.

https://docs.discord.com/developers/topics/threads
"""

from tests.fakes.discord import payloads
from tests.fakes.discord.model import (
    ANNOUNCEMENT_THREAD,
    GUILD_ANNOUNCEMENT,
    HAS_THREAD,
    THREAD_STARTER,
    Channel,
    Message,
    Thread,
)
from tests.fakes.discord.world import Event, World


def start(
    world: World, parent: Channel, owner_id: str, name: str, *, minutes: int, message: Message | None, kind: int
) -> Channel:
    """Make a thread and announce it.

    Args:
        world: where it begins.
        parent: the channel that it belongs to.
        owner_id: who starts it, and is its first member.
        name: its title.
        minutes: how long it may be silent before it is archived.
        message: the message that it hangs from, whose id it takes, or None.
        kind: its channel type; a thread in an announcement channel gets that kind by itself.
    """
    now = world.clock.now()
    thread = Channel(
        id=world.ids.next() if message is None else message.id,
        type=ANNOUNCEMENT_THREAD if parent.type == GUILD_ANNOUNCEMENT else kind,
        name=name,
        guild_id=parent.guild_id,
        parent_id=parent.id,
        thread=Thread(
            owner_id=owner_id,
            created_at=now,
            archived_at=now,
            auto_archive_minutes=minutes,
            members={owner_id: now},
        ),
    )
    world.channels[thread.id] = thread
    if message is not None:
        message.flags |= HAS_THREAD
    data = {**payloads.thread(world, thread), "newly_created": True}
    world.publish(Event(name="THREAD_CREATE", data=data, guild_id=thread.guild_id))
    world.touch()
    return thread


def join(world: World, thread: Channel, user_id: str) -> None:
    """Make a user a member of a thread."""
    state = _state(thread)
    if user_id in state.members:
        return
    state.members[user_id] = world.clock.now()
    data = {
        "id": thread.id,
        "guild_id": thread.guild_id,
        "member_count": len(state.members),
        "added_members": [payloads.thread_member(thread, user_id)],
    }
    if user_id == world.bot_id:
        world.publish(Event(name="THREAD_MEMBERS_UPDATE", data=data, guild_id=thread.guild_id))


def leave(world: World, thread: Channel, user_id: str) -> None:
    """Remove a user from a thread."""
    state = _state(thread)
    state.members.pop(user_id, None)
    data = {
        "id": thread.id,
        "guild_id": thread.guild_id,
        "member_count": len(state.members),
        "removed_member_ids": [user_id],
    }
    if user_id == world.bot_id:
        world.publish(Event(name="THREAD_MEMBERS_UPDATE", data=data, guild_id=thread.guild_id))


def received(world: World, thread: Channel, message: Message) -> None:
    """Let a thread take in a message: it counts, its author joins, an archived thread opens again."""
    state = _state(thread)
    if message.type != THREAD_STARTER:
        state.sent += 1
    join(world, thread, message.author_id)
    if state.archived:
        update(world, thread, archived=False)


def update(
    world: World,
    thread: Channel,
    *,
    archived: bool | None = None,
    locked: bool | None = None,
    name: str | None = None,
    minutes: int | None = None,
) -> None:
    """Archive, open, lock or rename a thread and announce it; None leaves a value as it is."""
    state = _state(thread)
    if archived is not None:
        state.archived, state.archived_at = archived, world.clock.now()
    if locked is not None:
        state.locked = locked
    if minutes is not None:
        state.auto_archive_minutes = minutes
    thread.name = name or thread.name
    world.publish(Event(name="THREAD_UPDATE", data=payloads.thread(world, thread), guild_id=thread.guild_id))
    world.touch()


def _state(thread: Channel) -> Thread:
    if thread.thread is None:
        raise ValueError("not a thread")
    return thread.thread
