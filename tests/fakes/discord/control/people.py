"""Acts of users: they post, forward, edit, delete, react, type and start threads. Bots among them too."""

from typing import Any

from tests.fakes.discord import mentions, messaging, thread_starts, threads
from tests.fakes.discord.control.context import Context
from tests.fakes.discord.messaging import FORWARD, Draft
from tests.fakes.discord.model import DEFAULT, REPLY, VOICE, Channel, Message, Reference
from tests.fakes.discord.world import Event


def post(act: Context) -> dict[str, Any]:
    """Post as a user; `channel_id`, `user_id`, `content`, `reply_to`, `ping`, `voice`, `attachments`, and files."""
    channel = act.world.channel(act.text("channel_id"))
    reply_to = act.optional("reply_to")
    described = act.payload.get("attachments") or [{} for _ in act.uploads]
    files = [
        messaging.attach(act.world, channel.id, upload, described[number])
        for number, upload in sorted(act.uploads.items())
    ]
    draft = Draft(
        author_id=act.world.user(act.text("user_id")).id,
        content=act.payload.get("content", ""),
        attachments=files,
        flags=VOICE if act.payload.get("voice") else 0,
        type=DEFAULT if reply_to is None else REPLY,
        reference=None if reply_to is None else _to(channel, act.world.message(channel.id, reply_to), 0),
        allowed_mentions={"parse": ["users", "roles", "everyone"], "replied_user": act.payload.get("ping", True)},
    )
    return {"id": messaging.post(act.world, channel, draft).id}


def forward(act: Context) -> dict[str, Any]:
    """Forward a message; `message_id`, `channel_id` (where to), `user_id`."""
    original = act.world.find_message(act.text("message_id"))
    source = act.world.channel(original.channel_id)
    draft = Draft(author_id=act.world.user(act.text("user_id")).id, reference=_to(source, original, FORWARD))
    return {"id": messaging.post(act.world, act.world.channel(act.text("channel_id")), draft).id}


def _to(channel: Channel, message: Message, kind: int) -> Reference:
    return Reference(kind=kind, channel_id=channel.id, guild_id=channel.guild_id, message_id=message.id)


def edit(act: Context) -> None:
    """Edit a message's text, and with it whom it mentions; `message_id`, `content`."""
    message, content = act.world.find_message(act.text("message_id")), act.text("content")
    allowed = message.allowed_mentions or mentions.BY_DEFAULT
    before, named = mentions.mentioned(message.content, allowed), mentions.mentioned(content, allowed)
    replied_to = [who for who in message.mentions if who not in before.users]
    users = [who for who in named.users if who in act.world.users and who not in replied_to]
    changes = {"content": content, "mentions": [*replied_to, *users]}
    messaging.edit(act.world, message, {**changes, "mention_roles": named.roles})


def embed(act: Context) -> None:
    """Let Discord show the page that a message links to, which is no edit; `message_id`, `url`."""
    message = act.world.find_message(act.text("message_id"))
    message.embeds = [{"type": "article", "url": act.text("url"), "title": "A page"}]
    messaging.announce(act.world, "MESSAGE_UPDATE", message)


def announce_again(act: Context) -> None:
    """Send a message's creation once more, as the gateway may; `message_id`."""
    messaging.announce(act.world, "MESSAGE_CREATE", act.world.find_message(act.text("message_id")))


def delete(act: Context) -> None:
    """Delete a message; `message_id`, and `told` false to lose the event."""
    message = act.world.find_message(act.text("message_id"))
    messaging.delete(act.world, message, event=act.payload.get("told", True))


def delete_bulk(act: Context) -> None:
    """Delete several messages of one channel at once; `channel_id`, `message_ids`."""
    world = act.world
    channel = world.channel(act.text("channel_id"))
    for message_id in act.payload["message_ids"]:
        world.message(channel.id, message_id).deleted_at = world.clock.now()
    data = {"ids": act.payload["message_ids"], "channel_id": channel.id, "guild_id": channel.guild_id}
    world.publish(Event(name="MESSAGE_DELETE_BULK", data=data, guild_id=channel.guild_id))


def react(act: Context) -> None:
    """Add or remove a reaction; `message_id`, `user_id`, `emoji`, `added`."""
    message = act.world.find_message(act.text("message_id"))
    user = act.world.user(act.text("user_id"))
    messaging.react(act.world, message, user.id, act.text("emoji"), added=act.payload.get("added", True))


def start_typing(act: Context) -> None:
    """Type; `channel_id`, `user_id`."""
    user = act.world.user(act.text("user_id"))
    messaging.start_typing(act.world, act.world.channel(act.text("channel_id")), user.id)


def start_thread(act: Context) -> dict[str, Any]:
    """Start a thread; `user_id`, `name`, and `message_id` (it hangs from that) or `channel_id`."""
    user_id = act.world.user(act.text("user_id")).id
    message_id = act.optional("message_id")
    if message_id is not None:
        message = act.world.find_message(message_id)
        return {"id": thread_starts.from_message(act.world, message, user_id, act.text("name")).id}
    parent = act.world.channel(act.text("channel_id"))
    return {"id": thread_starts.alone(act.world, parent, user_id, act.text("name")).id}


def change_thread(act: Context) -> None:
    """Archive, open or lock a thread; `thread_id`, `archived`, `locked`."""
    thread = act.world.channel(act.text("thread_id"))
    threads.update(act.world, thread, archived=act.payload.get("archived"), locked=act.payload.get("locked"))


ACTS = {
    "messages": post,
    "forwards": forward,
    "edits": edit,
    "embeds": embed,
    "repeats": announce_again,
    "deletions": delete,
    "bulk_deletions": delete_bulk,
    "reactions": react,
    "typing": start_typing,
    "threads": start_thread,
    "thread_changes": change_thread,
}
