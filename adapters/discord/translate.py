"""Discord's words and ours: message -> Message, Markdown -> what is posted, key -> what a post carries. No I/O.

One rule for threads in servers: a message belongs to the thread that it is in, and one at the top of a channel to the
thread that will be made from it, which has the message's id. In direct messages there are no threads.
https://docs.discord.com/developers/topics/threads
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import discord

from bot.domain.messages import Addressed, Attachment, Author, Message, Place, PostId, Quoted
from bot.words import phrase, say

PLATFORM = "discord"

INPUT_TYPES = frozenset({discord.MessageType.default, discord.MessageType.reply})
"""Messages that somebody wrote; all others are lines that Discord leaves, or answers to commands."""

NAME_LIMIT = 255
THREAD_NAME_LIMIT = 80
"""Characters; Discord takes a hundred."""

NONCE_LENGTH = 25
FILE_DIGEST_LENGTH = 10

TEXT_LIMIT = 2_000

PRIVATE = "private"
"""In a message's handle: it is answered to its author alone."""

LINKED = "linked"
"""In the handle of what a message refers to: it does so by a link, which may lead anywhere."""

_LINK = re.compile(r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/channels/(@me|\d{1,20})/(\d{1,20})/(\d{1,20})/?")

_FOR = "@"
"""In the channel of a place where the bot is not: between the channel and who has the app there."""

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")
_TOKEN = re.compile(r"<(@[!&]?|#)(\d{1,20})>|<a?:(\w{2,32}):\d{1,20}>")


# --- what comes in -----------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """Where in Discord something is said. A thread is a channel of its own there, below the channel it was made in."""

    guild: int | None
    """The server; None in a direct message."""
    channel: int
    """The channel; for a thread, the one that it was made in."""
    thread: int | None = None
    """The thread."""
    person: int | None = None
    """Who has the app for themselves, where the bot is not: what others use there is none of their conversation."""

    @property
    def posts_to(self) -> int:
        """What Discord calls the channel of a message that is posted here."""
        return self.channel if self.thread is None else self.thread

    def place(self, thread: int | None = None) -> Place:
        """Return the place, in a thread that may not exist yet."""
        inside = self.thread or thread
        return Place(
            platform=PLATFORM,
            workspace="" if self.guild is None else str(self.guild),
            channel=str(self.channel) if self.person is None else f"{self.channel}{_FOR}{self.person}",
            thread=None if self.guild is None or inside is None else str(inside),
            direct=self.guild is None,
        )


def channel_of(place: Place) -> int:
    """Return what Discord calls the channel of a place."""
    return int(place.channel.partition(_FOR)[0])


def spot_of(channel: object, guild: int | None) -> Spot | None:
    """Return where a channel of discord.py is; None when it does not know whether that is a thread."""
    if isinstance(channel, discord.Thread):
        return Spot(guild=guild, channel=channel.parent_id, thread=channel.id)
    if isinstance(channel, discord.PartialMessageable) and guild is not None:
        return None
    return Spot(guild=guild, channel=channel.id) if isinstance(channel, discord.abc.Snowflake) else None


def to_message(message: discord.Message, spot: Spot, me: int) -> Message | None:
    """Translate a message, https://docs.discord.com/developers/resources/message#message-object.

    Args:
        message: as an event or the history brings it.
        spot: where it was said.
        me: our user's id.

    Returns:
        None for what nobody wrote: joins, pins, the beginning of a thread.
    """
    if message.type not in INPUT_TYPES:
        return None
    return Message(
        key=str(message.id),
        place=spot.place(message.id),
        author=_author(message, me),
        text=readable(_content(message), _names(message, me)),
        attachments=to_attachments(message, spot.posts_to),
        addressed=_addressed(message, spot, me),
        quoted=(*_head(spot), *_replied_to(message, spot, me)),
        handle={"channel": str(spot.posts_to)},
        edited=message.edited_at.isoformat() if message.edited_at else "",
        said_at=from_snowflake(message.id),
    )


def _author(message: discord.Message, me: int) -> Author:
    """Return who said it. Messages tell nobody's own language, only what the server prefers."""
    return Author(
        id=str(message.author.id),
        name=message.author.display_name,
        is_bot=_is_bot(message, me),
        groups=roles_of(message.author),
        locale_here=str(message.guild.preferred_locale) if message.guild else "",
    )


def roles_of(user: discord.abc.User) -> tuple[str, ...]:
    """Return somebody's roles in a server, the one that everybody has included; none where they are not told."""
    return tuple(str(role.id) for role in user.roles) if isinstance(user, discord.Member) else ()


def _head(spot: Spot) -> tuple[Quoted, ...]:
    """Return the message that a thread was made from, which has the thread's id and stands in the channel above it."""
    if spot.thread is None:
        return ()
    channel = str(spot.channel)
    return (Quoted(channel=channel, key=str(spot.thread), head=True, handle={"channel": channel}),)


def _replied_to(message: discord.Message, spot: Spot, me: int) -> tuple[Quoted, ...]:
    """Return what a message replies to: https://docs.discord.com/developers/resources/message#message-object.

    Discord sends it along; where it does not, it is looked up later.
    """
    reference = message.reference if message.type is discord.MessageType.reply else None
    if reference is None or reference.message_id is None:
        return ()
    handle = {"channel": str(reference.channel_id)}
    quoted = Quoted(channel=str(spot.channel), key=str(reference.message_id), handle=handle)
    found = reference.resolved
    if isinstance(found, discord.DeletedReferencedMessage):
        return ()
    return ((found and to_quoted(found, quoted, me)) or quoted,)


def to_link(text: str) -> Quoted | None:
    """Return the message that a text is the link to; None for a text that is anything else, or says more."""
    link = _LINK.fullmatch(text)
    if link is None:
        return None
    server, channel, message = link.groups()
    return Quoted(channel=channel, key=message, handle={"channel": channel, LINKED: server})


def is_private(message: Message) -> bool:
    """Return whether a message is answered to its author alone."""
    return PRIVATE in message.handle


def to_quoted(message: discord.Message, quoted: Quoted, me: int) -> Quoted | None:
    """Return a message that another one refers to; None where nothing of it is told.

    Args:
        message: as it came along, or was looked up.
        quoted: where it stands.
        me: our user's id; of our own posts the words alone are given, since their sound says the same.
    """
    text = readable(_content(message), _names(message, me))
    files = () if message.author.id == me else to_attachments(message, message.channel.id)
    if not (text or files):
        return None
    author = Author(id=str(message.author.id), name=message.author.display_name, is_bot=_is_bot(message, me))
    return replace(quoted, author=author, text=text, attachments=files)


def _is_bot(message: discord.Message, me: int) -> bool:
    return message.author.bot or message.webhook_id is not None or message.author.id == me


def _content(message: discord.Message) -> str:
    """Return what is written; a forwarded message stands in a snapshot, and the message itself is empty."""
    return "\n".join(filter(None, (message.content, *(snapshot.content for snapshot in message.message_snapshots))))


def _addressed(message: discord.Message, spot: Spot, me: int) -> Addressed:
    if spot.guild is None:
        return Addressed.DIRECT
    if not (message.content or message.attachments or message.message_snapshots):
        return Addressed.OVERHEARD  # a sticker, or words that Discord keeps from us: a mention would stand in them
    mentioned = any(user.id == me for user in message.mentions) or _own_role(message) is not None
    replied = message.reference.resolved if message.reference else None
    to_us = isinstance(replied, discord.Message) and replied.author.id == me
    return Addressed.MENTION if mentioned or to_us else Addressed.OVERHEARD


def _own_role(message: discord.Message) -> int | None:
    """Return the role that the bot brought along, if it is mentioned: in the client it has the bot's name too."""
    own = message.guild.self_role if message.guild else None
    return own.id if own and own.id in message.raw_role_mentions else None


def _names(message: discord.Message, me: int) -> Mapping[str, str]:
    """Return what the mentions in a message stand for, by what Discord writes; ours stands for nothing."""
    names = {f"@{user.id}": f"@{user.display_name}" for user in message.mentions}
    names |= {f"@&{role.id}": f"@{role.name}" for role in message.role_mentions}
    names |= {f"#{channel.id}": f"#{channel.name}" for channel in message.channel_mentions}
    own = _own_role(message)
    return names | {f"@{me}": ""} | ({f"@&{own}": ""} if own else {})


def readable(text: str, names: Mapping[str, str]) -> str:
    """Return a text as a person reads it: mentions and emojis spelt out, our own mention gone.

    Args:
        text: see https://docs.discord.com/developers/reference#message-formatting.
        names: what mentions stand for, by what Discord writes between `<` and `>`.
    """

    def spelt(token: re.Match[str]) -> str:
        if token[3]:
            return f":{token[3]}:"
        return names.get(f"{token[1].replace('!', '')}{token[2]}", token[0])

    return _TOKEN.sub(spelt, text).strip().removeprefix(":").removeprefix(",").strip()


def to_attachments(message: discord.Message, channel: int) -> tuple[Attachment, ...]:
    """Return the files of a message, and of the messages that it forwards, in their order."""
    whole: tuple[discord.Message | discord.MessageSnapshot, ...] = (message, *message.message_snapshots)
    return tuple(
        Attachment(
            id=str(file.id),
            name=(file.title or file.filename)[:NAME_LIMIT],
            declared_type=(file.content_type or "").partition(";")[0],
            declared_bytes=file.size,
            declared_seconds=file.duration,
            voice_note=part.flags.voice,
            handle={"channel": str(channel), "message": str(message.id), "url": file.url},
        )
        for part in whole
        for file in part.attachments
    )


def to_snowflake(now_ms: float) -> int:
    """Return the smallest id of a moment in milliseconds since 1970, https://docs.discord.com/developers/reference#snowflakes."""
    return max(int(now_ms) - discord.utils.DISCORD_EPOCH, 0) << 22


def from_snowflake(number: int) -> int:
    """Return when an id was made, in milliseconds since 1970 (UTC)."""
    return (number >> 22) + discord.utils.DISCORD_EPOCH


# --- what goes out -----------------------------------------------------------


def thread_name(message: Message) -> str:
    """Name the thread in which a message is answered after what it says, or after who says it."""
    words = " ".join(message.text.split())
    if not words:
        person = " ".join(message.author.name.split()) or phrase("somebody")
        is_note = any(file.voice_note for file in message.attachments)
        words = (
            say("Voice note from {person}", person=person) if is_note else say("Recording from {person}", person=person)
        )
    return words if len(words) <= THREAD_NAME_LIMIT else f"{words[: THREAD_NAME_LIMIT - 1].rstrip()}…"


# --- how a post is found again -----------------------------------------------


def to_nonce(key: str) -> str:
    """Return the nonce of a post, https://docs.discord.com/developers/resources/message#create-message."""
    return _digest(key)[:NONCE_LENGTH]


def upload_name(key: str, filename: str) -> str:
    """Name an uploaded file after its key too; people see its title, and of a voice message nothing.

    Discord makes its own of a name with characters that are not plain, so there are none.
    """
    path = PurePosixPath(filename)
    stem = _NOT_PLAIN.sub("_", path.stem).strip("_") or "file"
    return f"{stem}-{_digest(key)[:FILE_DIGEST_LENGTH]}{path.suffix}"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What a post of ours looks like in a channel's history, which does not show its nonce."""

    key: str
    """Names the post."""
    content: str = ""
    """Its text; empty for files, and when it is not known."""
    reply_to: int | None = None
    """The message that it visibly replies to."""

    def fits(self, item: Mapping[str, Any], me: int) -> bool:
        """Return whether a message of the history is this post.

        Args:
            item: see https://docs.discord.com/developers/resources/message#message-object.
            me: our user's id.
        """
        if int(item["author"]["id"]) != me:
            return False
        replied = (item.get("message_reference") or {}).get("message_id")
        stands_right = replied == (None if self.reply_to is None else str(self.reply_to))
        names = (str(file["filename"]) for file in item.get("attachments") or ())
        return self.is_named(names) or (stands_right and self.is_said(str(item.get("content") or "")))

    def is_named(self, filenames: Iterable[str]) -> bool:
        """Return whether one of these files is named after the key."""
        return any(f"-{_digest(self.key)[:FILE_DIGEST_LENGTH]}." in name for name in filenames)

    def is_said(self, content: str) -> bool:
        """Return whether this content is the post's, or what it began with: a growing text ends with an ellipsis."""
        begun = content.strip().removesuffix("…").rstrip()
        if not self.content or not begun:
            return False
        whole = self.content.strip()
        return content.strip() == whole or (content.strip() != begun and whole.startswith(begun))


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """Where a post of ours stands."""

    channel: int
    """The channel or thread."""
    message: int
    """The message."""
    interaction: bool = False
    """True when it is the first answer to a command, which may stand where we cannot see."""
    follow_up: bool = False
    """True when it is another answer to a command, for its author alone."""


INTERACTION, FOLLOW_UP = "interaction", "follow-up"


def to_post_id(posted: Posted) -> PostId:
    """Name a post."""
    kind = INTERACTION if posted.interaction else FOLLOW_UP if posted.follow_up else ""
    return PostId(f"{posted.channel}:{posted.message}{kind and f':{kind}'}")


def from_post_id(post: PostId) -> Posted:
    """Return where a post stands."""
    channel, message, *rest = post.split(":")
    return Posted(
        channel=int(channel), message=int(message), interaction=INTERACTION in rest, follow_up=FOLLOW_UP in rest
    )
