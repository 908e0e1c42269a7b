"""A chat platform: what every one of them does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.domain.audio import MediaFormat
from bot.domain.messages import Attachment, Message, Part, PostId, Quoted, TextPart
from bot.ports.intake import Intake


class Stage(StrEnum):
    """What a turn is busy with, for the live view."""

    FETCHING = "fetching"
    CONVERTING = "converting"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    POSTING = "posting"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipFormat:
    """The form of speech that a platform plays natively."""

    format: MediaFormat
    """Container and codec."""
    rate: int
    """Samples a second."""
    bitrate: int
    """Bits a second."""
    filename: str
    """With the extension that makes the platform show its player."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """A platform's limits, as data."""

    text_limit: int
    """Characters of one post."""
    edit_seconds: float
    """The shortest time between two edits of one post that the platform allows for long."""
    shows_plan: bool = False
    """Whether a growing post without text shows what the turn is busy with."""
    clip: ClipFormat
    """What it plays natively."""
    max_upload_bytes: int
    """Of one file."""
    field_limit: int = 3_000
    """Characters of one field of a form."""
    commands_in_threads: bool = True
    """Whether commands can be typed in threads; what stands in the menu of a message can be used there anyway."""
    in_threads: bool = False
    """Whether conversations are threads, which menus then name."""
    bursts: bool = True
    """Whether people send several messages before they wait for a reply to any."""
    purges: bool = False
    """Whether its terms ask that all is erased when a workspace sends us away."""


class Live(Protocol):
    """A best-effort live view of one turn: typing, a status, a plan. Its failures are logged, never raised."""

    async def expect(self, stages: Sequence[Stage]) -> None:
        """Show what the turn has been and will be busy with, in order, as soon as this is known; nothing for no stages."""
        ...

    async def stage(self, stage: Stage) -> None:
        """Show what the turn is busy with from now on; what it was busy with before is over."""
        ...

    async def topic(self, words: str) -> None:
        """Name the conversation after what was asked first in it, where the platform names conversations."""
        ...


class Platform(Protocol):
    """A chat platform."""

    name: str
    """`slack`, `discord`, `terminal`."""
    abilities: Abilities
    """Its limits."""

    async def serve(self, intake: Intake) -> None:
        """Connect, catch up on what was missed, and hand every event to the intake, until cancelled.

        Raises:
            PlatformProblem: it will never connect (a wrong token, a missing intent); says what to do.
        """
        ...

    def fetch(self, message: Message, attachment: Attachment) -> AsyncIterator[bytes]:
        """Stream the bytes of an attachment.

        Raises:
            MediaGone: it is no longer there, also not under a fresh address.
            MediaForbidden: we may not; says what an admin has to do.
            PostNotDone: the platform is busy or unreachable; may be tried again.
        """
        ...

    async def look_up(self, quoted: Quoted, *, message: Message) -> Quoted | None:
        """Return a message that another one refers to, with its words and files.

        Args:
            quoted: where it stands.
            message: what refers to it.

        Returns:
            None when it is gone, or when we or the author of the message may not read it.

        Raises:
            PostNotDone: it could not be looked up now.
        """
        ...

    async def history(self, start: Quoted, *, message: Message, limit: int) -> Sequence[Quoted]:
        """Return what was said from a message on, for who may read it: oldest first, with names.

        Where conversations are threads it is the whole thread of that message; else it is what follows it in its channel.

        Args:
            start: where to begin.
            message: what refers to it.
            limit: at most so many messages, the newest of them.

        Returns:
            Nothing when it is gone, or when we or the author of the message may not read it.

        Raises:
            PostNotDone: it could not be looked up now.
        """
        ...

    def progress(self, message: Message) -> AbstractAsyncContextManager[Live]:
        """Show a live view for as long as the context is open."""
        ...

    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        """Post one part of a reply in the thread of the message that it answers.

        Args:
            part: a text within `abilities.text_limit`, a clip, or files.
            answering: the message that is replied to.
            key: names this post for ever; the platform's record of it carries the key, so that `find` sees it.

        Raises:
            PostNotDone: certainly not posted.
            PostInDoubt: perhaps posted; ask `find` before trying again.
            PostRefused: will never be posted.
        """
        ...

    async def find(self, *, answering: Message, key: str) -> PostId | None:
        """Find a post by its key, after it was left in doubt; None when it is certainly not there.

        Raises:
            PostNotDone: it could not be looked up now.
        """
        ...

    async def edit(self, post: PostId, part: TextPart, *, answering: Message) -> None:
        """Replace the text of a post of ours, and the buttons under it. May be repeated without harm.

        Raises:
            PostNotDone: not edited; may be tried again.
            PostRefused: can never be edited (deleted, too old).
        """
        ...

    async def delete(self, post: PostId, *, answering: Message) -> None:
        """Remove a post of ours; one that is gone already is fine."""
        ...

    async def tell(self, person: str, text: str, *, workspace: str) -> None:
        """Write to one person, in a direct message that belongs to no job; at most once, perhaps not at all.

        Args:
            person: by the platform's id.
            text: Markdown, within `abilities.text_limit`.
            workspace: where we know the person from.

        Raises:
            PlatformProblem: it was not, or perhaps not, written.
        """
        ...
