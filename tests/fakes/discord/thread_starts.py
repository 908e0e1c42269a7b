"""Starting a thread with the messages that come with it.

A thread from a message opens with a THREAD_STARTER_MESSAGE that points back at it; one without a message leaves a
THREAD_CREATED line in the channel. https://docs.discord.com/developers/resources/message#message-object-message-types
"""

from tests.fakes.discord import messaging, threads
from tests.fakes.discord.messaging import Draft
from tests.fakes.discord.model import PUBLIC_THREAD, THREAD_CREATED, THREAD_STARTER, Channel, Message, Reference
from tests.fakes.discord.world import World

ONE_DAY_MINUTES = 1440


def from_message(
    world: World, message: Message, owner_id: str, name: str, *, minutes: int = ONE_DAY_MINUTES
) -> Channel:
    """Start a public thread that hangs from a message."""
    parent = world.channels[message.channel_id]
    thread = threads.start(world, parent, owner_id, name, minutes=minutes, message=message, kind=PUBLIC_THREAD)
    messaging.announce(world, "MESSAGE_UPDATE", message)
    reference = Reference(kind=0, channel_id=parent.id, guild_id=parent.guild_id, message_id=message.id)
    messaging.post(world, thread, Draft(author_id=owner_id, type=THREAD_STARTER, reference=reference))
    return thread


def alone(
    world: World,
    parent: Channel,
    owner_id: str,
    name: str,
    *,
    minutes: int = ONE_DAY_MINUTES,
    kind: int = PUBLIC_THREAD,
) -> Channel:
    """Start a thread that hangs from no message."""
    thread = threads.start(world, parent, owner_id, name, minutes=minutes, message=None, kind=kind)
    if kind == PUBLIC_THREAD:
        reference = Reference(kind=0, channel_id=thread.id, guild_id=thread.guild_id)
        draft = Draft(author_id=owner_id, content=name, type=THREAD_CREATED, reference=reference)
        messaging.post(world, parent, draft)
    return thread
