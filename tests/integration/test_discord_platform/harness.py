"""The Discord adapter and the fake Discord, with one person in one channel."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from adapters.discord.account import DiscordAccount
from adapters.discord.adapter import DiscordPlatform
from bot.domain.audio import MediaFormat
from bot.domain.messages import Attachment, ClipPart, Message, VoiceClip
from bot.ports import Clock, Intake
from tests.contracts.platform import File, PlatformHarness, Seen, Told
from tests.doubles.intake import RecordingIntake
from tests.doubles.platform import Trouble
from tests.fakes.discord.client import FakeDiscord, File as Upload, Posted

CREATE = "POST /channels/*/messages"
FAULTS = {Trouble.BUSY: "429", Trouble.LOST_BEFORE: "drop_before", Trouble.LOST_AFTER: "drop_after"}
TOO_LONG_TO_WAIT = 60.0
"""Seconds of a rate limit that is told instead of waited for."""

WAVEFORM = bytes(range(0, 250, 10))
NOTE = Upload(
    name="voice-message.ogg",
    data=b"OggS" + bytes(range(256)) * 600,
    content_type="audio/ogg",
    duration_secs=2.5,
    waveform=base64.b64encode(WAVEFORM).decode(),
)
"""A voice message as Discord's clients record it."""


class QuickClock(Clock):
    """The true time, or so many seconds later, in which nobody sleeps for long."""

    def __init__(self, longest: float = 0.05) -> None:
        self.longest = longest
        self.ahead = 0.0

    @override
    def now(self) -> int:
        return time.time_ns() // 1_000_000 + int(self.ahead * 1000)

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, self.longest))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A fake with one person in one server with one channel."""

    fake: FakeDiscord
    me: int
    ada: int
    guild: int
    channel: int

    @property
    def mention(self) -> str:
        return f"<@{self.me}>"

    async def account(self) -> DiscordAccount:
        return DiscordAccount(
            token=await self.fake.token(),
            api_url=self.fake.api_url,
            gateway_url=self.fake.gateway_url,
            file_hosts=(self.fake.base_url.removeprefix("http://"),),
            identify_seconds=0.05,
        )

    async def say(self, text: str = "", **how: object) -> int:
        """Let Ada mention the bot in the channel."""
        return await self.fake.post(self.channel, self.ada, f"{self.mention} {text}", **how)

    async def replies(self, message: int) -> list[Posted]:
        """Return what the bot posted in a message's thread, or as replies to it."""
        inside = await self.fake.bot_messages(message) if await self.fake.channel(message) else []
        return inside + [post for post in await self.fake.bot_messages(self.channel) if post.reply_to == message]


@asynccontextmanager
async def serving(platform: DiscordPlatform, intake: Intake, fake: FakeDiscord) -> AsyncIterator[None]:
    """Serve while the context is open; it is entered when the session stands."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(platform.serve(intake))
        await fake.wait_for_sessions()
        yield
        task.cancel()


async def heard(scene: Scene, platform: DiscordPlatform, text: str = "listen", **how: object) -> Message:
    """Let Ada mention the bot, and return the message that comes of it."""
    intake = RecordingIntake()
    async with serving(platform, intake, scene.fake):
        await scene.say(text, **how)
        (message,) = await intake.wait_stored()
    return message


async def fetched(platform: DiscordPlatform, message: Message, attachment: Attachment | None = None) -> bytes:
    """Return the bytes of an attachment, by default of the first."""
    chosen = attachment or message.attachments[0]
    return b"".join([chunk async for chunk in platform.fetch(message, chosen)])


def clip_in(folder: Path, *, content: bytes = b"OggS" + bytes(5_000)) -> ClipPart:
    """Return a clip as the service makes it."""
    path = folder / "voice-message.ogg"
    path.write_bytes(content)
    clip = VoiceClip(path=str(path), format=MediaFormat.OGG, filename=path.name, seconds=1.5, waveform=WAVEFORM)
    return ClipPart(clip=clip)


@dataclass(kw_only=True)
class DiscordHarness(PlatformHarness):
    """Ada talks to the bot in a channel of a server."""

    platform: DiscordPlatform
    scene: Scene
    robot: int

    @asynccontextmanager
    async def serving(self, intake: Intake) -> AsyncIterator[None]:
        async with serving(self.platform, intake, self.scene.fake):
            yield

    @override
    async def say(self, text: str, *, file: File | None = None, by_bot: bool = False) -> str:
        author = self.robot if by_bot else self.scene.ada
        # Discord makes a harmless file name of any name, and keeps the original as a title.
        files = (Upload(name="upload.ogg", data=file.content, title=file.name),) if file else ()
        words = f"{self.scene.mention} {text}"
        return str(await self.scene.fake.post(self.scene.channel, author, words, files=files))

    @override
    async def reply(self, text: str, *, to: str) -> str:
        words = f"{self.scene.mention} {text}"
        return str(await self.scene.fake.post(self.scene.channel, self.scene.ada, words, reply_to=int(to)))

    @override
    async def delete_file(self, message: Message) -> None:
        await self.scene.fake.delete(int(message.key))
        await self.scene.fake.expire_urls()

    @override
    async def posts(self, answering: Message) -> Sequence[Seen]:
        return [await self._seen(post) for post in await self.scene.replies(int(answering.key))]

    @property
    @override
    def person(self) -> str:
        return str(self.scene.ada)

    @override
    async def told(self) -> Sequence[Told]:
        room = await self.scene.fake.direct_message(self.scene.ada)
        posts = await self.scene.fake.bot_messages(room)
        return [Told(text=one.content, calls=bool(one.mentions or one.raw["mention_everyone"])) for one in posts]

    async def _seen(self, post: Posted) -> Seen:
        files = {file.title or "": await self.scene.fake.file_bytes(file) for file in post.files}
        return Seen(text=post.content, clip=files.pop("", b""), files=files)

    @override
    async def trouble(self, trouble: Trouble) -> None:
        if trouble is Trouble.REFUSED:
            denied = ["SEND_MESSAGES", "SEND_MESSAGES_IN_THREADS"]
            await self.scene.fake.set_permissions(self.scene.channel, deny=denied)
            await self.scene.fake.accept_direct_messages(self.scene.ada, accepts=False)
        else:
            await self.scene.fake.fail(FAULTS[trouble], CREATE, seconds=TOO_LONG_TO_WAIT)
