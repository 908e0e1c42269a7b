"""The nouns of a small Discord: what exists, with no rules and no JSON.

Identifiers are snowflakes as text, moments are seconds since 1970.
"""

from dataclasses import dataclass, field
from typing import Any

GUILD_TEXT, DM, GUILD_ANNOUNCEMENT = 0, 1, 5
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
THREAD_TYPES = frozenset({ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})

DEFAULT, THREAD_CREATED, REPLY, COMMAND_RESPONSE, THREAD_STARTER, CONTEXT_MENU_RESPONSE = 0, 18, 19, 20, 21, 23

SUPPRESS_EMBEDS, HAS_THREAD, EPHEMERAL, LOADING = 1 << 2, 1 << 5, 1 << 6, 1 << 7
SUPPRESS_NOTIFICATIONS, VOICE, SNAPSHOT, COMPONENTS_V2 = 1 << 12, 1 << 13, 1 << 14, 1 << 15


@dataclass(kw_only=True, slots=True)
class User:
    """An account, human or bot."""

    id: str
    name: str
    bot: bool = False
    accepts_dms: bool = True


@dataclass(kw_only=True, slots=True)
class Role:
    """A named set of permissions; the one with the guild's id is @everyone."""

    id: str
    name: str
    permissions: int
    managed: bool = False
    position: int = 0


@dataclass(kw_only=True, slots=True)
class Member:
    """A user in a guild."""

    user_id: str
    joined_at: float
    roles: list[str] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Guild:
    """A server."""

    id: str
    name: str
    owner_id: str
    premium_tier: int = 0
    preferred_locale: str = "en-US"
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Overwrite:
    """What a channel allows or denies to one role (kind 0) or one member (kind 1)."""

    target: str
    kind: int
    allow: int
    deny: int


@dataclass(kw_only=True, slots=True)
class Thread:
    """What a channel has only when it is a thread."""

    owner_id: str
    created_at: float
    auto_archive_minutes: int
    archived: bool = False
    locked: bool = False
    archived_at: float
    members: dict[str, float] = field(default_factory=dict)
    sent: int = 0


@dataclass(kw_only=True, slots=True)
class Channel:
    """A text channel, a direct message or a thread."""

    id: str
    type: int
    name: str = ""
    guild_id: str | None = None
    parent_id: str | None = None
    topic: str | None = None
    position: int = 0
    recipients: tuple[str, ...] = ()
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    last_message_id: str | None = None
    thread: Thread | None = None


@dataclass(kw_only=True, slots=True)
class Attachment:
    """A file on a message or in an interaction; its bytes lie in `World.files`."""

    id: str
    folder: str
    filename: str
    size: int
    content_type: str
    duration_secs: float | None = None
    waveform: str | None = None
    description: str | None = None
    title: str | None = None
    ephemeral: bool = False


@dataclass(kw_only=True, slots=True)
class Reference:
    """What a message points at: a reply (kind 0) or a forward (kind 1)."""

    kind: int
    channel_id: str
    guild_id: str | None = None
    message_id: str | None = None


@dataclass(kw_only=True, slots=True)
class Edit:
    """One edit of a message."""

    at: float
    content: str


@dataclass(kw_only=True, slots=True)
class Message:
    """A message, with what the API shows and what only the fake remembers."""

    id: str
    channel_id: str
    author_id: str
    created_at: float
    type: int
    flags: int
    content: str
    attachments: list[Attachment]
    embeds: list[dict[str, Any]]
    components: list[dict[str, Any]]
    mentions: list[str]
    mention_roles: list[str]
    mention_everyone: bool
    tts: bool = False
    nonce: str | int | None = None
    reference: Reference | None = None
    snapshots: list["Message"] = field(default_factory=list)
    interaction_id: str | None = None
    edited_at: float | None = None
    deleted_at: float | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    allowed_mentions: dict[str, Any] | None = None
    edits: list[Edit] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Interaction:
    """A user's use of a command, a component or a modal, and what became of it."""

    id: str
    token: str
    type: int
    data: dict[str, Any]
    user_id: str
    channel_id: str
    created_at: float
    message_id: str | None = None
    name: str = ""
    callback_type: int | None = None
    answered_at: float | None = None
    ephemeral: bool = False
    original_id: str | None = None
    follow_ups: list[str] = field(default_factory=list)
    choices: list[dict[str, Any]] | None = None
    modal: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file as it came in a request."""

    filename: str
    content_type: str
    data: bytes
