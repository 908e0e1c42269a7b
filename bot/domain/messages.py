"""What people say to Mynah and what it says back, in the words of no platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from bot.domain.audio import MediaFacts, MediaFormat

JobId = NewType("JobId", str)
"""`platform:workspace:channel:message`: the same message always makes the same job.

What becomes of the message afterwards makes further jobs, whose names end with `#1`, `#2`, ….
"""

BlobRef = NewType("BlobRef", str)
"""Names bytes kept by the Blobs port."""

PostId = NewType("PostId", str)
"""The platform's own name of a message that we posted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something is said: a platform, a workspace, a channel and perhaps a thread in it."""

    platform: str
    """For example `slack`, `discord`, `terminal`."""
    workspace: str
    """Slack team, Discord guild; empty in a Discord direct message."""
    channel: str
    """Channel or direct message, by the platform's id."""
    thread: str | None = None
    """The thread, by the platform's id; None at the top of the channel."""
    direct: bool = False
    """True in a direct message with Mynah."""

    @property
    def conversation(self) -> str:
        """The lane: what is said here runs in order, conversations run side by side."""
        return ":".join((self.platform, self.workspace, self.channel, self.thread or ""))

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that settings are kept under, from the broadest to the narrowest."""
        workspace = f"{self.platform}:{self.workspace}"
        channel = f"{workspace}:{self.channel}"
        return (workspace, channel) if self.thread is None else (workspace, channel, f"{channel}:{self.thread}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who said it."""

    id: str
    """By the platform's id."""
    name: str = ""
    """As shown to people; may be empty."""
    is_bot: bool = False
    """True for every bot, ourselves included."""
    groups: tuple[str, ...] = ()
    """Roles and user groups, by the platform's id, as far as the platform told of them by itself."""
    locale: str = ""
    """Theirs, as platforms write it (`de`, `pt-BR`); empty where the platform did not tell it by itself."""
    locale_here: str = ""
    """That of the workspace they speak in, for whose own nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A handle on a file that somebody posted: can be stored and fetched later; holds no bytes."""

    id: str
    """By the platform's id."""
    name: str = ""
    """As the sender named it. For display only: it decides nothing."""
    declared_type: str = ""
    """MIME type as the platform says it. A hint for whether to fetch; the bytes decide."""
    declared_bytes: int | None = None
    """Size as the platform says it: the first, cheap limit check."""
    declared_seconds: float | None = None
    """Length as the platform says it: the first, cheap limit check."""
    voice_note: bool = False
    """True when it was recorded in the app, not picked from a disk."""
    handle: Mapping[str, str] = field(default_factory=dict)
    """What the platform's adapter needs to fetch the bytes, now or after a restart."""

    @property
    def may_be_media(self) -> bool:
        """Whether it is worth fetching: recorded here, declared as sound or picture, or of unknown type."""
        return self.voice_note or self.declared_type.split("/")[0] in {"audio", "video", "image", "application", ""}


class Addressed(StrEnum):
    """How a message came to us."""

    DIRECT = "direct"
    """In a direct message."""
    MENTION = "mention"
    """By name."""
    COMMAND = "command"
    """By a command of the platform."""
    OVERHEARD = "overheard"
    """In a channel that we are in, to nobody in particular."""


class Action(StrEnum):
    """What a person can do with a finished reply, by a button that stands under it."""

    AGAIN = "again"
    """Have the message answered anew."""
    SPEAK = "speak"
    """Have the reply spoken."""
    CORRECT = "correct"
    """Correct the transcript."""
    RECEIPT = "receipt"
    """See what it took and cost."""
    GOOD = "good"
    """Say that it helped."""
    BAD = "bad"
    """Say that it did not."""


class Errand(StrEnum):
    """What is to be done about a message. All but the first come of what happens to it afterwards."""

    ANSWER = "answer"
    """Reply to it; once it was edited, in place of the reply that it has."""
    REMOVE = "remove"
    """It was deleted: take back what was replied."""
    STOP = "stop"
    """Somebody does not want the rest of the reply: say in it that it ends here."""
    PURGE = "purge"
    """Its workspace has sent us away, or its channel or thread is gone: erase what is held of it."""
    CORRECT = "correct"
    """Somebody corrected what was heard in it: let the reply quote the corrected words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quoted:
    """A message that another one refers to: it replies to it, links to it, or stands in the thread below it."""

    channel: str
    """Where it stands, as in `Place`."""
    key: str
    """As in `Message`."""
    author: Author | None = None
    """Who said it; None while no more is known of it than where it stands."""
    text: str = ""
    """What was written."""
    attachments: tuple[Attachment, ...] = ()
    """Files that came with it; none of a post of our own."""
    heard: str = ""
    """What is said in its recordings, where that was written down before; they are not among the files then."""
    head: bool = False
    """Whether it is what the thread began with, which matters to who has heard nothing of the thread."""
    handle: Mapping[str, str] = field(default_factory=dict)
    """What the platform's adapter needs to look it up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One inbound message, complete enough to be worked on after a restart."""

    key: str
    """Slack `ts`, Discord message id or interaction id: unique in its channel."""
    place: Place
    """Where it was said, and so where it is answered."""
    author: Author
    """Who said it."""
    text: str = ""
    """What was written, our own mention taken out."""
    attachments: tuple[Attachment, ...] = ()
    """Files that came with it, in the sender's order."""
    addressed: Addressed = Addressed.OVERHEARD
    """How it came to us."""
    command: str | None = None
    """The command that made it (`ask`, `transcribe`, `say`, …), None for ordinary messages."""
    quoted: tuple[Quoted, ...] = ()
    """The messages that it refers to; for what is done with a message, that message."""
    language: str = ""
    """The language that a translation is wanted in, by its name or tag; empty where nobody said."""
    speaker: str = ""
    """The model that speaks the reply, where somebody tries one out; empty leaves it to the channel."""
    voice: str | None = None
    """The voice that it speaks with, empty for the model's own; None leaves it to the channel."""
    handle: Mapping[str, str] = field(default_factory=dict)
    """What the platform's adapter needs to answer it (for example an interaction's token)."""
    said_at: int = 0
    """When, in milliseconds since 1970 (UTC) by the platform's clock; 0 where it does not tell."""
    refusal: str = ""
    """The sentence that is all the answer, because its author may not use Mynah here, or not so often; mostly empty."""
    errand: Errand = Errand.ANSWER
    """What is to be done about it."""
    edited: str = ""
    """What the platform calls its last edit; empty when it was never edited."""
    revision: int = 0
    """Which of its jobs it makes: 0 for the first, one more for whatever becomes of it afterwards."""
    pressed: Action | None = None
    """What somebody wants besides, by a button under a reply: what comes of it stands below, in place of nothing."""
    regarding: int = 0
    """The revision that made the reply whose button was used; only with `pressed`."""
    ahead: bool = False
    """Whether it may be stored before what was said earlier in its channel: catch-up goes on beginning before that."""

    @property
    def aside(self) -> bool:
        """Whether it is something done with a message of others, by which nobody joins their conversation."""
        return self.addressed is Addressed.COMMAND and bool(self.quoted) and self.place.thread != self.key

    @property
    def moves_mark(self) -> bool:
        """Whether all that was said before it in its channel is stored with it.

        The use of a command waits for nothing, and what becomes of a message is no news of what was said around it.
        """
        return not (self.ahead or self.revision) and self.addressed is not Addressed.COMMAND

    @property
    def subject(self) -> JobId:
        """The first job of this message, whichever it makes now."""
        return subject_of(self.place, self.key)

    @property
    def job_id(self) -> JobId:
        """The job that this message makes, once."""
        return self._job_of(self.revision)

    @property
    def repeats(self) -> JobId | None:
        """The job whose words somebody wants once more, by a button; None for what brings words of its own, or none."""
        return self._job_of(self.regarding) if self.pressed and self.errand is Errand.ANSWER else None

    def _job_of(self, revision: int) -> JobId:
        return JobId(f"{self.subject}#{revision}") if revision else self.subject

    @property
    def position(self) -> str:
        """Where it stands in its conversation: what was said later sorts behind it, in whichever order they reach us.

        Keys are numbers written out, so a longer one is later.
        """
        return f"{len(self.key):03}{self.key}"

    @property
    def emptied(self) -> "Message":
        """The same message without anything that was said, shown or named: only who, where and when."""
        return Message(
            key=self.key,
            place=self.place,
            author=Author(id=self.author.id, is_bot=self.author.is_bot),
            addressed=self.addressed,
            command=self.command,
            errand=self.errand,
            edited=self.edited,
            revision=self.revision,
            pressed=self.pressed,
            regarding=self.regarding,
            ahead=self.ahead,
        )


def subject_of(place: Place, key: str) -> JobId:
    """Return the first job that a message makes, by where it stands and its key there."""
    return JobId(f"{place.platform}:{place.workspace}:{place.channel}:{key}")


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedMedia:
    """An attachment whose bytes are here and were probed."""

    attachment: Attachment
    """Where it came from."""
    blob: BlobRef
    """Its bytes."""
    path: str
    """The same bytes as a local file."""
    facts: MediaFacts
    """What the bytes say it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceClip:
    """Speech in the form that a platform plays natively."""

    path: str
    """Its bytes, as a local file."""
    format: MediaFormat
    """Container and codec."""
    filename: str
    """With the extension that makes the platform show its player."""
    seconds: float
    """True length."""
    waveform: bytes = b""
    """Loudness from start to end, one byte (0 to 255) each 100 ms, at most 256 of them."""


GROWING = " …"
"""Shown behind a text that still grows, where nothing else shows that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPart:
    """One post of text (Markdown), within the platform's limit."""

    text: str
    """Empty only while it grows, where the platform shows the plan of a turn (`Abilities.shows_plan`)."""
    growing: bool = False
    """Whether more of it is to come, by edits."""
    actions: tuple[Action, ...] = ()
    """The buttons under it, in the order in which they are shown."""

    @property
    def marked(self) -> str:
        """The text with a mark behind it while it grows, for platforms that show its growth by edits alone."""
        return f"{self.text}{GROWING}" if self.growing else self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipPart:
    """One post of speech."""

    clip: VoiceClip
    """What is played."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedFile:
    """A file that we made."""

    name: str
    """With the extension that says what it is; free of paths and of characters that a platform would change."""
    content: bytes
    """Never empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesPart:
    """One post of files."""

    files: tuple[NamedFile, ...]
    """One to ten, in the order in which they are shown."""


Part = TextPart | ClipPart | FilesPart
"""What is posted at once, exactly once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Everything that is said back to one message, in the order in which it is posted."""

    text: str = ""
    """Markdown of any length; deliver splits it to the platform's limit."""
    clip: VoiceClip | None = None
    """Spoken form; posted after the text."""
