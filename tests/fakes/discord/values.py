"""What the driver gives to tests: messages, files, threads and interactions as frozen values, identifiers as integers."""

from dataclasses import dataclass
from typing import Any, Self

EPHEMERAL, LOADING, VOICE = 1 << 6, 1 << 7, 1 << 13
BY_SOMEBODY = frozenset({0, 19, 20, 23})
"""Types of messages that somebody wrote: ordinary, reply, answers to commands; not the lines that threads leave."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file to be posted."""

    name: str
    data: bytes
    content_type: str = "application/octet-stream"
    """Media type; where it says nothing, Discord goes by the name."""
    duration_secs: float | None = None
    """Length of a sound, in seconds."""
    waveform: str | None = None
    """A voice message's loudness over time: base64, a byte each."""
    title: str | None = None
    """The original name, where `name` had to be simplified."""

    def described(self) -> dict[str, Any]:
        """Return what its sender says about it."""
        wanted = {"duration_secs": self.duration_secs, "waveform": self.waveform, "title": self.title}
        return {name: value for name, value in wanted.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class PostedFile:
    """A file on a message."""

    id: int
    name: str
    size: int
    content_type: str
    url: str
    duration_secs: float | None
    waveform: str | None
    title: str | None
    """What people see instead of the name."""

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """Return the value of an attachment object."""
        return cls(
            id=int(data["id"]),
            name=data["filename"],
            size=data["size"],
            content_type=data["content_type"],
            url=data["url"],
            duration_secs=data.get("duration_secs"),
            waveform=data.get("waveform"),
            title=data.get("title"),
        )


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A message as the fake holds it, with its history."""

    id: int
    channel_id: int
    author_id: int
    type: int
    flags: int
    content: str
    files: tuple[PostedFile, ...]
    reply_to: int | None
    nonce: str | int | None
    reactions: dict[str, int]
    """How many reacted, by emoji."""
    allowed_mentions: dict[str, Any] | None
    """What the last request that named them allowed."""
    mentions: tuple[int, ...]
    """The users whom it really notified."""
    edits: tuple[str, ...]
    """The text after each edit."""
    edit_times: tuple[float, ...]
    """When each edit was made, in seconds since 1970."""
    posted_at: float
    """Seconds since 1970."""
    deleted: bool
    raw: dict[str, Any]
    """The whole message object, with embeds and components."""

    @property
    def ephemeral(self) -> bool:
        """Whether only the user of an interaction sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it is a deferred answer that still waits for its content."""
        return bool(self.flags & LOADING)

    @property
    def is_voice(self) -> bool:
        """Whether it is a voice message."""
        return bool(self.flags & VOICE)

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """Return the value of a message of the control API."""
        reference = data.get("message_reference") or {}
        return cls(
            id=int(data["id"]),
            channel_id=int(data["channel_id"]),
            author_id=int(data["author"]["id"]),
            type=data["type"],
            flags=data["flags"],
            content=data["content"],
            files=tuple(PostedFile.read(each) for each in data["attachments"]),
            reply_to=int(reference["message_id"]) if "message_id" in reference else None,
            nonce=data.get("nonce"),
            reactions={each["emoji"]["name"]: each["count"] for each in data.get("reactions", [])},
            allowed_mentions=data["allowed_mentions"],
            mentions=tuple(int(each["id"]) for each in data["mentions"]),
            edits=tuple(each["content"] for each in data["edits"]),
            edit_times=tuple(each["at"] for each in data["edits"]),
            posted_at=data["posted_at"],
            deleted=data["deleted_at"] is not None,
            raw=data,
        )


@dataclass(frozen=True, kw_only=True)
class Used:
    """An interaction and what the bot made of it."""

    id: int
    callback_type: int | None
    """The type of the first answer, or None while there is none."""
    answer_seconds: float | None
    """How long the first answer took."""
    choices: tuple[dict[str, Any], ...]
    """What an autocompletion offered."""
    modal: dict[str, Any] | None
    """The modal that was opened."""
    messages: tuple[Posted, ...]
    """The answer and the follow-ups, in order."""

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """Return the value of an interaction of the control API."""
        answered = data["answered_at"]
        return cls(
            id=int(data["id"]),
            callback_type=data["callback_type"],
            answer_seconds=None if answered is None else answered - data["created_at"],
            choices=tuple(data["choices"] or ()),
            modal=data["modal"],
            messages=tuple(Posted.read(each) for each in data["messages"]),
        )
