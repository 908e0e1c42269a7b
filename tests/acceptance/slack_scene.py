"""Slack, with one person in one conversation."""

import html
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from typing_extensions import override

from tests.acceptance.recordings import DATA, VOICE_NOTE, Recording
from tests.acceptance.scenes import Holds, Reply, Scene
from tests.fakes.process import running
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import BotMessage, Upload

RETRIES = [0.2, 0.5, 1.0] + [1.0] * 30
"""Slack's own schedule takes minutes."""

CLIP_TITLE = "Spoken reply"

STAMP = "{}.000100"
"""The time of what another bot writes."""


class SlackScene(Scene):
    """Slack, in Socket Mode."""

    name = "slack"

    def __init__(self, fake: SlackFake, user: str, channel: str) -> None:
        self.fake, self.user, self.channel = fake, user, channel
        self.person = user
        self.mention = fake.mention
        self.scope = f"slack:{fake.team_id}:{channel}"
        self._threads: dict[str, str] = {}
        self.settings = {
            "SLACK__BOT_TOKEN": fake.bot_token,
            "SLACK__APP_TOKEN": fake.app_token,
            "SLACK__API_URL": fake.api_url,
            "SLACK__FILE_HOSTS": '["127.0.0.1"]',
        }

    @override
    async def ready(self) -> None:
        await self.fake.wait_connected(seconds=30)

    @override
    async def write(self, text: str, *, under: str | None = None, told: bool = True) -> str:
        posted = await self.fake.post(self.channel, self.user, text, thread_ts=under, deliver=told)
        self._threads[posted.ts] = under or posted.ts
        return posted.ts

    @override
    async def refer(self, text: str, *, to: str) -> str:
        return await self.write(text, under=to)

    @override
    async def speak(self, name: str = VOICE_NOTE, text: str = "", *, told: bool = True) -> str:
        # Slack records AAC in MPEG-4 and calls it webm.
        content = (DATA / ("clip.m4a" if name == VOICE_NOTE else name)).read_bytes()
        kind = "slack_video" if name.startswith("video") else "slack_audio"
        upload = Upload(content=content, kind=kind, duration_ms=5_500)
        return (await self.fake.post(self.channel, self.user, text, files=(upload,), deliver=told)).ts

    @override
    async def send(self, *recordings: Recording, text: str = "") -> str:
        uploads = tuple(Upload(content=each.content, name=each.name, mimetype=each.declared) for each in recordings)
        return (await self.fake.post(self.channel, self.user, text, files=uploads)).ts

    @override
    async def robot(self, text: str) -> str:
        stamp = STAMP.format(1_760_000_000)
        about = {"type": "message", "subtype": "bot_message", "bot_id": "B0000000099", "username": "robot"}
        where = {"channel": self.channel, "channel_type": "channel", "text": text, "ts": stamp, "event_ts": stamp}
        await self.fake.wait_delivered(await self.fake.send_event(about | where))
        return stamp

    @override
    async def use(self, command: str, *, manages: bool = False, **options: str) -> str:
        user = await self.fake.create_user("Grace", is_admin=True) if manages else self.user
        typed = " ".join(options.values())
        used = await self.fake.slash(f"/{command}", typed, user=user, channel=self.channel)
        delivery = await self.fake.wait_delivered(used.delivery)
        answer = delivery.attempts[-1]["answer"]
        if delivery.state != "acked" or not answer or answer.get("response_type", "ephemeral") != "ephemeral":
            raise AssertionError(f"/{command} was not answered to its author alone: {delivery}")
        return html.unescape(str(answer["blocks"][0]["text"]))

    @override
    async def begin(self, command: str, **options: str) -> str:
        typed = " ".join(options.values())
        used = await self.fake.slash(f"/{command}", typed, user=self.user, channel=self.channel)
        delivery = await self.fake.wait_delivered(used.delivery)
        if delivery.state != "acked" or delivery.attempts[-1]["answer"]:
            raise AssertionError(f"/{command} was not begun: {delivery}")
        return (await self.fake.bot_messages(self.channel))[-1].ts

    @override
    async def replies(self, message: str) -> Sequence[Reply]:
        thread = self._threads.get(message, message)
        found = [posted for posted in await self.fake.bot_messages(self.channel, thread) if posted.ts > message]
        return [_reply(posted, await self._files(posted)) for posted in found]

    async def _files(self, posted: BotMessage) -> dict[str, bytes]:
        return {file["title"]: await self.fake.file_bytes(file["id"]) for file in _shown(posted)}

    @override
    async def until(self, message: str, holds: Holds, *, seconds: float) -> Sequence[Reply]:
        def wanted(found: list[BotMessage]) -> bool:
            later = (posted for posted in found if posted.ts > message)
            return holds([_reply(posted, {file["title"]: b"?" for file in _shown(posted)}) for posted in later])

        await self.fake.wait_for(self.channel, self._threads.get(message, message), wanted, seconds=seconds)
        return await self.replies(message)

    @override
    async def violations(self) -> Sequence[str]:
        return await self.fake.violations()

    @override
    async def alone(self) -> "SlackScene":
        user = await self.fake.create_user("Ada", is_admin=True)
        return SlackScene(self.fake, user, await self.fake.create_channel([user], kind="im"))

    @override
    async def among_others(self) -> "SlackScene":
        user, other = await self.fake.create_user("Ada"), await self.fake.create_user("Charles")
        return SlackScene(self.fake, user, await self.fake.create_channel([user, other], creator=other))


def _shown(posted: BotMessage) -> Sequence[dict[str, Any]]:
    return posted.raw.get("files") or ()


def _reply(posted: BotMessage, files: Mapping[str, bytes]) -> Reply:
    """Return a post; in the text of one with files there is nothing."""
    clip = b"".join(content for title, content in files.items() if title == CLIP_TITLE)
    others = {title: content for title, content in files.items() if title != CLIP_TITLE}
    return Reply(text="" if files else html.unescape(posted.text), clip=clip, files=others)


@asynccontextmanager
async def open_slack() -> AsyncIterator[SlackScene]:
    """Start a fake Slack with one person in a direct message with Mynah."""
    async with running("tests.fakes.slack") as url, SlackFake.connected(url) as slack:
        await slack.options(ack_seconds=1.0, retry_delays=RETRIES)
        ada = await slack.create_user("Ada", is_admin=True)
        yield SlackScene(slack, ada, await slack.create_channel([ada], kind="im"))
