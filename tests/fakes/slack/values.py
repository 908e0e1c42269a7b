"""What the driver gives and takes."""

from dataclasses import dataclass
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that a person attaches; see `file_objects.FileRequest` for what the fields claim."""

    content: bytes
    """The true bytes, which the download serves."""
    kind: str = "upload"
    """`slack_audio` or `slack_video` (clips), `upload`, `connect` (a stub from another workspace) or `external`."""
    name: str | None = None
    """The name; clips have Slack's own."""
    mimetype: str | None = None
    """What the file object claims, true or not."""
    content_type: str | None = None
    """What the download claims."""
    duration_ms: int | None = None
    """The length that Slack tells of a clip."""
    size: int | None = None
    """The size that Slack tells, when it is not the true one."""
    wave: tuple[int, ...] | None = None
    """How loud Slack says that a clip is over time: 100 numbers from 0 to 100."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A message that a person posted."""

    ts: str
    """Its time, which is its id."""
    files: tuple[str, ...]
    """The ids of its files."""
    deliveries: tuple[str, ...]
    """The events that the app gets of it: `message`, then `app_mention` and `file_shared`."""


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """A command or click on its way to the app."""

    delivery: str
    """For `wait_delivered`."""
    trigger_id: str
    """Opens one view."""
    response_url: str
    """Where the app may answer; empty when there is none."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A payload and how often it was brought to the app."""

    id: str
    """The event_id, for events."""
    kind: str
    """`events_api`, `slash_commands` or `interactive`."""
    state: str
    """`pending`, `acked` or `failed`."""
    payload: Json
    """What the app gets."""
    attempts: tuple[Json, ...]
    """Each try: `number`, `via`, `sent_at`, `seconds` to the answer, `status`, `answer`, `failure`."""

    @classmethod
    def of(cls, raw: Json) -> Self:
        """Read one from the control API."""
        return cls(**{**raw, "attempts": tuple(raw["attempts"])})


@dataclass(frozen=True, kw_only=True)
class BotMessage:
    """A message of the app."""

    ts: str
    """Its time, which is its id."""
    thread_ts: str | None
    """The parent of its thread."""
    text: str
    """The text, or the Markdown that was streamed."""
    blocks: tuple[Json, ...]
    """Its blocks."""
    files: tuple[str, ...]
    """The ids of its files; `SlackFake.file_bytes` has their bytes."""
    metadata: Json | None
    """What the app attached for itself."""
    streaming_state: str | None
    """`in_progress`, `completed` or `errored`; None when it was not streamed."""
    reactions: tuple[str, ...]
    """The names of the reactions to it."""
    raw: Json
    """The message object."""

    @property
    def finished(self) -> bool:
        """Whether it is not being streamed any more."""
        return self.streaming_state != "in_progress"


def bot_message(raw: Json) -> BotMessage:
    """Read a message object."""
    return BotMessage(
        ts=raw["ts"],
        thread_ts=raw.get("thread_ts"),
        text=raw["text"],
        blocks=tuple(raw.get("blocks", ())),
        files=tuple(file["id"] for file in raw.get("files", ())),
        metadata=raw.get("metadata"),
        streaming_state=raw.get("streaming_state"),
        reactions=tuple(one["name"] for one in raw.get("reactions", ())),
        raw=raw,
    )
