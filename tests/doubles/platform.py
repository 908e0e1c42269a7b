"""A chat platform in memory: people say things, the service's posts can be looked at, and calls can go wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from typing_extensions import override

from bot.domain.audio import MediaFormat
from bot.domain.errors import MediaGone, PostInDoubt, PostNotDone, PostRefused, StorageUnavailable
from bot.domain.messages import (
    Action,
    Attachment,
    ClipPart,
    FilesPart,
    JobId,
    Message,
    Part,
    Place,
    PostId,
    Quoted,
    TextPart,
)
from bot.ports import Abilities, ClipFormat, Intake, Live, Platform, Stage

REDELIVERY_SECONDS = 0.01
CHUNK_BYTES = 64 * 1024


class Trouble(StrEnum):
    """What can befall a post."""

    BUSY = "busy"
    """The platform says "not now", and nothing is posted."""
    LOST_BEFORE = "lost-before"
    """The connection breaks, and nothing was posted."""
    LOST_AFTER = "lost-after"
    """The connection breaks when all is posted."""
    REFUSED = "refused"
    """We may not post there."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A post of the service."""

    key: str
    """What names it."""
    place: Place
    """Where it stands."""
    text: str
    """Its text; empty for a clip."""
    clip: bytes = b""
    """Its sound; empty for a text."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Its files, by the names that people see."""
    edits: int = 0
    """How often its text was replaced."""
    actions: tuple[Action, ...] = ()
    """The buttons under it."""
    about: JobId | None = None
    """What its buttons are about."""


@dataclass(kw_only=True)
class MemoryPlatform(Platform):
    """A platform without a network; `say` and `files` are what people do, `posts` and `stages` what they see."""

    name: str = "memory"
    abilities: Abilities = field(
        default_factory=lambda: Abilities(
            text_limit=500,
            edit_seconds=0.01,
            clip=ClipFormat(format=MediaFormat.OGG, rate=48_000, bitrate=32_000, filename="reply.ogg"),
            max_upload_bytes=1_000_000,
        )
    )
    said: list[Message] = field(default_factory=list)
    """Everything that people said, in order."""
    files: dict[str, bytes] = field(default_factory=dict)
    """The bytes of attachments, by their id."""
    posts: dict[PostId, Posted] = field(default_factory=dict)
    """What stands there, in the order of posting."""
    stages: list[Stage] = field(default_factory=list)
    """What the live view showed."""
    expected: tuple[Stage, ...] = ()
    """What the live view said that the last turn would be busy with."""
    topic: str = ""
    """What the last conversation was named after."""
    views: int = 0
    """How many live views are open."""
    told: list[tuple[str, str]] = field(default_factory=list)
    """What people were told in direct messages, and who, in order."""
    looked_up: list[Quoted] = field(default_factory=list)
    """Messages that were asked for, in order."""
    unreachable: set[str] = field(default_factory=set)
    """People who take no direct messages."""
    closed: set[str] = field(default_factory=set)
    """Channels that we may not write in."""
    troubles: list[Trouble] = field(default_factory=list)
    """What befalls the next posts."""
    serving: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while it listens."""
    _events: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    _count: int = 0

    def say(self, message: Message) -> None:
        """Let somebody say something; it is heard at once by who listens, else caught up on."""
        self.said.append(message)
        if self.serving.is_set():
            self._events.put_nowait(message)

    @override
    async def serve(self, intake: Intake) -> None:
        marks = await intake.marks(self.name)
        newest = max(marks.values(), default=None, key=_order)
        missed = [each for each in self.said if newest is None or _order(each.key) > _order(newest)]
        self._events = asyncio.Queue()
        for message in missed if marks else ():
            self._events.put_nowait(message)
        self.serving.set()
        try:
            while True:
                await _hand_over(intake, await self._events.get())
        finally:
            self.serving.clear()

    @override
    async def fetch(self, message: Message, attachment: Attachment) -> AsyncIterator[bytes]:
        if attachment.id not in self.files:
            raise MediaGone(attachment.id)
        content = self.files[attachment.id]
        for start in range(0, len(content), CHUNK_BYTES):
            yield content[start : start + CHUNK_BYTES]

    @override
    async def look_up(self, quoted: Quoted, *, message: Message) -> Quoted | None:
        self.looked_up.append(quoted)
        with self._befallen():
            said = next((each for each in self.said if each.key == quoted.key), None)
        if said is None:
            return None
        return replace(quoted, author=said.author, text=said.text, attachments=said.attachments)

    @override
    async def history(self, start: Quoted, *, message: Message, limit: int) -> Sequence[Quoted]:
        self.looked_up.append(start)
        with self._befallen():
            there = [each for each in self.said if each.place.channel == start.channel]
        if start.key not in [each.key for each in there]:
            return ()
        return [_quoted(each) for each in there if _order(each.key) >= _order(start.key)][-limit:]

    @override
    @asynccontextmanager
    async def progress(self, message: Message) -> AsyncIterator[Live]:
        self.views += 1
        try:
            yield _Watcher(self)
        finally:
            self.views -= 1

    @override
    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        if answering.place.channel in self.closed:
            raise PostRefused("not allowed")
        with self._befallen():
            return self._keep(part, answering, key)

    @contextmanager
    def _befallen(self) -> Iterator[None]:
        """Let the next trouble befall a post, before or after it is made."""
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is Trouble.BUSY:
            raise PostNotDone("busy", retry_after=0.01)
        if trouble is Trouble.REFUSED:
            raise PostRefused("not allowed")
        if trouble is Trouble.LOST_BEFORE:
            raise PostInDoubt("connection lost")
        yield
        if trouble is Trouble.LOST_AFTER:
            raise PostInDoubt("connection lost")

    def _keep(self, part: Part, answering: Message, key: str) -> PostId:
        self._count += 1
        place = answering.place
        post = PostId(f"{place.channel}:{self._count}")
        text = part.marked if isinstance(part, TextPart) else ""
        clip = Path(part.clip.path).read_bytes() if isinstance(part, ClipPart) else b""
        files = {file.name: file.content for file in part.files} if isinstance(part, FilesPart) else {}
        made = Posted(key=key, place=place, text=text, clip=clip, files=files)
        self.posts[post] = _with_buttons(made, part, answering)
        return post

    @override
    async def find(self, *, answering: Message, key: str) -> PostId | None:
        return next((post for post, posted in self.posts.items() if posted.key == key), None)

    @override
    async def edit(self, post: PostId, part: TextPart, *, answering: Message) -> None:
        if post not in self.posts:
            raise PostRefused("deleted")
        posted = self.posts[post]
        edited = replace(posted, text=part.marked, edits=posted.edits + 1)
        self.posts[post] = _with_buttons(edited, part, answering)

    @override
    async def delete(self, post: PostId, *, answering: Message) -> None:
        self.posts.pop(post, None)

    @override
    async def tell(self, person: str, text: str, *, workspace: str) -> None:
        if person in self.unreachable:
            raise PostRefused("they take no direct messages")
        with self._befallen():
            self.told.append((person, text))


def _with_buttons(posted: Posted, part: Part, answering: Message) -> Posted:
    actions = part.actions if isinstance(part, TextPart) else ()
    return replace(posted, actions=actions, about=answering.job_id if actions else None)


class _Watcher(Live):
    def __init__(self, platform: MemoryPlatform) -> None:
        self._platform = platform

    @override
    async def expect(self, stages: Sequence[Stage]) -> None:
        self._platform.expected = tuple(stages)

    @override
    async def stage(self, stage: Stage) -> None:
        self._platform.stages.append(stage)

    @override
    async def topic(self, words: str) -> None:
        self._platform.topic = words


async def _hand_over(intake: Intake, message: Message) -> None:
    """Deliver until it is stored, as a platform does that waits for an acknowledgement."""
    while True:
        try:
            await intake.accept(message)
        except StorageUnavailable:
            await asyncio.sleep(REDELIVERY_SECONDS)
        else:
            return


def _quoted(said: Message) -> Quoted:
    where = {"channel": said.place.channel, "key": said.key}
    return Quoted(**where, author=said.author, text=said.text, attachments=said.attachments)


def _order(key: str) -> tuple[int, str]:
    return len(key), key
