"""The Slack adapter and the fake Slack, with one person in one channel."""

import asyncio
import html
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from typing_extensions import override

from adapters.slack.account import SlackAccount
from adapters.slack.adapter import SlackPlatform
from adapters.slack.files import CLIP_TITLE
from bot.domain.messages import Attachment, Message
from bot.ports import Clock, Intake
from tests.contracts.platform import File, PlatformHarness, Seen, Told
from tests.doubles.intake import RecordingIntake
from tests.doubles.platform import Trouble
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import BotMessage, Upload

WRITES = ("POST /api/chat.postMessage", "POST /api/files.completeUploadExternal")
FAULTS = {
    Trouble.BUSY: {"kind": "429"},
    Trouble.LOST_BEFORE: {"kind": "drop_before"},
    Trouble.LOST_AFTER: {"kind": "drop_after"},
    Trouble.REFUSED: {"kind": "error", "error": "is_archived"},
}
NOTE = Upload(content=b"\x00\x00\x00\x20ftypM4A " + bytes(2_000), kind="slack_audio", duration_ms=3_000)
"""A voice clip as Slack records it: AAC in MP4."""

BOT_TS = "1760000000.000100"


class QuickClock(Clock):
    """The true time, or so many seconds later, in which nobody sleeps for long."""

    def __init__(self, longest: float = 0.05) -> None:
        self.longest = longest
        self.ahead = 0.0
        self.slept: list[float] = []
        """What was asked for, in seconds."""

    @override
    def now(self) -> int:
        return time.time_ns() // 1_000_000 + int(self.ahead * 1000)

    @override
    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(min(seconds, self.longest))


def account_of(slack: SlackFake) -> SlackAccount:
    """Return the account of the fake's app, in Socket Mode."""
    return SlackAccount(
        bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url, file_hosts=("127.0.0.1",)
    )


def http_account_of(slack: SlackFake, port: int) -> SlackAccount:
    """Return the account of the fake's app, by HTTP."""
    return replace(account_of(slack), app_token="", signing_secret=slack.signing_secret, http_port=port)


@asynccontextmanager
async def serving(
    platform: SlackPlatform, intake: Intake, slack: SlackFake, *, sockets: int = 2
) -> AsyncIterator[None]:
    """Serve while the context is open; it is entered when the sockets stand."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(platform.serve(intake))
        await slack.wait_connected(sockets)
        yield
        task.cancel()
    await slack.wait_until(lambda state: not state["sockets"])


async def heard(
    slack: SlackFake, platform: SlackPlatform, channel: str, user: str, text: str = "", *files: Upload
) -> Message:
    """Let somebody mention the app, and return the message that comes of it."""
    intake = RecordingIntake()
    async with serving(platform, intake, slack):
        await slack.post(channel, user, f"{slack.mention} {text}", files=files)
        (message,) = await intake.wait_stored()
    return message


async def fetched(platform: SlackPlatform, message: Message, attachment: Attachment | None = None) -> bytes:
    """Return the bytes of an attachment, by default of the first."""
    chosen = attachment or message.attachments[0]
    return b"".join([chunk async for chunk in platform.fetch(message, chosen)])


def bot_event(channel: str, text: str) -> dict[str, str]:
    """Return the event of a message of another app, https://docs.slack.dev/reference/events/message/bot_message."""
    about = {"type": "message", "subtype": "bot_message", "bot_id": "B0000000099", "username": "robot"}
    return about | {"channel": channel, "channel_type": "channel", "text": text, "ts": BOT_TS, "event_ts": BOT_TS}


def shown_text(message: BotMessage) -> str:
    """Return what people see of a message of the app, without its plan; a stream has its text beside its blocks."""
    plain = "".join(block["text"]["text"] for block in message.blocks if block["type"] == "section")
    blocks = [block["text"] for block in message.blocks if block["type"] == "markdown"]
    return plain or html.unescape(blocks[0] if blocks else message.text)


@dataclass(kw_only=True)
class SlackHarness(PlatformHarness):
    """One person, Ada, talks to the app in one channel."""

    platform: SlackPlatform
    slack: SlackFake
    ada: str
    channel: str
    listening: bool = False

    @asynccontextmanager
    async def serving(self, intake: Intake) -> AsyncIterator[None]:
        async with serving(self.platform, intake, self.slack):
            self.listening = True
            yield
            self.listening = False

    @override
    async def say(self, text: str, *, file: File | None = None, by_bot: bool = False) -> str:
        words = f"{self.slack.mention} {text}"
        if by_bot:
            await self.slack.send_event(bot_event(self.channel, words))
            return BOT_TS
        files = (Upload(content=file.content, name=file.name or None),) if file else ()
        posted = await self.slack.post(self.channel, self.ada, words, files=files, deliver=self.listening)
        return posted.ts

    @override
    async def reply(self, text: str, *, to: str) -> str:
        return (await self.slack.post(self.channel, self.ada, f"{self.slack.mention} {text}", thread_ts=to)).ts

    @override
    async def delete_file(self, message: Message) -> None:
        await self.slack.delete_file(message.attachments[0].id)

    @override
    async def posts(self, answering: Message) -> Sequence[Seen]:
        messages = await self.slack.bot_messages(self.channel, answering.place.thread)
        return [await self._seen(message) for message in messages]

    @property
    @override
    def person(self) -> str:
        return self.ada

    @override
    async def told(self) -> Sequence[Told]:
        room = await self.slack.direct_message(self.ada)
        return [_told(message) for message in await self.slack.bot_messages(room)] if room else []

    async def _seen(self, message: BotMessage) -> Seen:
        if not message.files:
            return Seen(text=shown_text(message))
        files = {file["title"]: await self.slack.file_bytes(file["id"]) for file in message.raw["files"]}
        clip = files.pop(CLIP_TITLE, b"")
        return Seen(text=message.text, clip=clip, files=files)

    @override
    async def trouble(self, trouble: Trouble) -> None:
        for match in WRITES:
            await self.slack.fault(match, **FAULTS[trouble])


def _told(message: BotMessage) -> Told:
    """Return a direct message; Slack reads calls in its text and in its block alike."""
    written = (message.text, *(block["text"] for block in message.blocks))
    return Told(text=shown_text(message), calls=any("<" in text for text in written))
