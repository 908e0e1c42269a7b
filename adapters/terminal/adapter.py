"""The terminal as a platform: files of this machine come in as attachments, replies go to a listener and a folder."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from typing_extensions import override

from bot.domain.audio import MediaFormat
from bot.domain.errors import MediaForbidden, MediaGone, PostRefused, SettingInvalid
from bot.domain.messages import (
    Addressed,
    Attachment,
    Author,
    ClipPart,
    FilesPart,
    Message,
    NamedFile,
    Part,
    Place,
    PostId,
    Quoted,
    TextPart,
    VoiceClip,
)
from bot.ports import Abilities, ClipFormat, Intake, Live, Platform, Stage

T = TypeVar("T")

NAME = "terminal"
CHUNK_BYTES = 256 * 1024

CLIP = ClipFormat(format=MediaFormat.OGG, rate=48_000, bitrate=32_000, filename="reply.ogg")

CLIP_FORMATS = {
    ".ogg": MediaFormat.OGG,
    ".opus": MediaFormat.OGG,
    ".mp3": MediaFormat.MP3,
    ".m4a": MediaFormat.M4A,
    ".aac": MediaFormat.AAC,
    ".wav": MediaFormat.WAV,
    ".flac": MediaFormat.FLAC,
    ".aiff": MediaFormat.AIFF,
}
"""What the end of a file's name says that it is."""


def clip_named(name: str) -> ClipFormat:
    """Return the form of a clip whose file has a name.

    Raises:
        SettingInvalid: its end names no format that we write.
    """
    form = CLIP_FORMATS.get(Path(name).suffix.lower())
    if form is None:
        raise SettingInvalid(name, f"the file's name must end in one of {', '.join(CLIP_FORMATS)}")
    return replace(CLIP, format=form, filename=name)


def terminal_message(
    key: str, author: str, *, text: str = "", files: tuple[Path, ...] = (), command: str | None = None
) -> Message:
    """Return what a person at the terminal says.

    Args:
        key: names it, once and for ever.
        author: the name of the person's account.
        text: what was typed.
        files: recordings of this machine.
        command: `ask`, `transcribe` or `say`; None for a plain message.
    """
    return Message(
        key=key,
        place=Place(platform=NAME, workspace="local", channel="shell", thread=key, direct=True),
        author=Author(id=author, name=author),
        text=text,
        attachments=tuple(_attachment(path) for path in files),
        addressed=Addressed.DIRECT if command is None else Addressed.COMMAND,
        command=command,
    )


def _attachment(path: Path) -> Attachment:
    return Attachment(
        id=path.name,
        name=path.name,
        declared_bytes=path.stat().st_size,
        voice_note=True,
        handle={"path": str(path.resolve())},
    )


class TerminalPlatform(Platform):
    """Replies to the person who started the command."""

    name = NAME

    def __init__(
        self, folder: Path, on_stage: Callable[[Stage], None] = lambda _: None, *, clip: ClipFormat = CLIP
    ) -> None:
        """Prepare the terminal.

        Args:
            folder: where clips and files are left.
            on_stage: is told what a turn is busy with.
            clip: what clips are like, and how their file is named.
        """
        self.abilities = Abilities(
            bursts=False, text_limit=100_000, edit_seconds=0.1, clip=clip, max_upload_bytes=1_000_000_000
        )
        self._folder = folder
        self._on_stage = on_stage
        self._posts: dict[PostId, tuple[str, Part]] = {}

    def text(self, message: Message) -> str:
        """Return everything that was written in answer to a message, in order."""
        return "".join(part.text for part in self._parts(message) if isinstance(part, TextPart))

    def clips(self, message: Message) -> list[VoiceClip]:
        """Return the clips that were left in the folder in answer to a message."""
        return [part.clip for part in self._parts(message) if isinstance(part, ClipPart)]

    def files(self, message: Message) -> list[Path]:
        """Return the files that were left in the folder in answer to a message."""
        parts = (part for part in self._parts(message) if isinstance(part, FilesPart))
        return [self._folder / file.name for part in parts for file in part.files]

    def _parts(self, message: Message) -> list[Part]:
        return [part for key, part in self._posts.values() if key == message.key]

    @override
    async def serve(self, intake: Intake) -> None:
        await asyncio.Event().wait()

    @override
    async def fetch(self, message: Message, attachment: Attachment) -> AsyncIterator[bytes]:
        path = attachment.handle["path"]
        try:
            with await asyncio.to_thread(open, path, "rb") as file:
                while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                    yield chunk
        except FileNotFoundError as error:
            raise MediaGone(path) from error
        except OSError as error:
            raise MediaForbidden(f"{path}: {error.strerror}.") from error

    @override
    async def look_up(self, quoted: Quoted, *, message: Message) -> Quoted | None:
        return None

    @override
    async def history(self, start: Quoted, *, message: Message, limit: int) -> Sequence[Quoted]:
        return ()

    @override
    @asynccontextmanager
    async def progress(self, message: Message) -> AsyncIterator[Live]:
        yield _Listener(self._on_stage)

    @override
    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        post = PostId(key)
        self._posts[post] = (answering.key, await self._kept(part))
        return post

    async def _kept(self, part: Part) -> Part:
        """Leave what is no text where it stays when the turn is over."""
        if isinstance(part, ClipPart):
            return ClipPart(clip=await self._keep(part.clip))
        for file in part.files if isinstance(part, FilesPart) else ():
            await self._write(_write_file, file, self._folder / file.name)
        return part

    async def _write(self, write: Callable[[T, Path], None], source: T, target: Path) -> None:
        try:
            await asyncio.to_thread(write, source, target)
        except OSError as error:
            raise PostRefused(f"{target} cannot be written: {error.strerror}") from error

    async def _keep(self, clip: VoiceClip) -> VoiceClip:
        target = self._folder / clip.filename
        await self._write(_copy, clip.path, target)
        return VoiceClip(
            path=str(target),
            format=clip.format,
            filename=clip.filename,
            seconds=clip.seconds,
            waveform=clip.waveform,
        )

    @override
    async def find(self, *, answering: Message, key: str) -> PostId | None:
        return PostId(key) if PostId(key) in self._posts else None

    @override
    async def edit(self, post: PostId, part: TextPart, *, answering: Message) -> None:
        self._posts[post] = (answering.key, part)

    @override
    async def delete(self, post: PostId, *, answering: Message) -> None:
        self._posts.pop(post, None)

    @override
    async def tell(self, person: str, text: str, *, workspace: str) -> None:
        """Write to whoever looks at this terminal, beside what a script reads."""
        sys.stderr.write(f"{text}\n")


def _copy(source: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _write_file(file: NamedFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(file.content)


class _Listener(Live):
    def __init__(self, on_stage: Callable[[Stage], None]) -> None:
        self._on_stage = on_stage

    @override
    async def expect(self, stages: Sequence[Stage]) -> None:
        return

    @override
    async def stage(self, stage: Stage) -> None:
        self._on_stage(stage)

    @override
    async def topic(self, words: str) -> None:
        return
