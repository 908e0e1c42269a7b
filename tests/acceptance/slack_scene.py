"""Slack, with one person in one conversation."""

import html
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from typing_extensions import override

from bot.domain.commands import COMMANDS
from bot.domain.controls import YES
from bot.domain.messages import Action
from tests.acceptance.recordings import DATA, VOICE_NOTE, Recording
from tests.acceptance.scenes import Holds, Reply, Scene
from tests.fakes.process import running
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import BotMessage, Interaction, Upload

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
            # All tests share one workspace, so together they would wait for what Slack allows one workspace.
            "SLACK__PACE": "50",
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
    async def edit(self, message: str, text: str) -> None:
        await self.fake.edit(self.channel, message, text)

    @override
    async def show_page(self, message: str) -> None:
        await self.fake.unfurl(self.channel, message, "https://example.com/page")

    @override
    async def delete(self, message: str) -> None:
        await self.fake.delete(self.channel, message)

    @override
    async def send_away(self) -> None:
        await self.fake.uninstall()

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
        used = await self.fake.slash(*_typed(command, typed), user=user, channel=self.channel)
        delivery = await self.fake.wait_delivered(used.delivery)
        answer = delivery.attempts[-1]["answer"]
        if delivery.state != "acked" or not answer or answer.get("response_type", "ephemeral") != "ephemeral":
            raise AssertionError(f"/{command} was not answered to its author alone: {delivery}")
        return html.unescape(str(answer["blocks"][0]["text"]))

    @override
    async def begin(self, command: str, **options: str) -> str:
        typed = " ".join(options.values())
        used = await self.fake.slash(*_typed(command, typed), user=self.user, channel=self.channel)
        delivery = await self.fake.wait_delivered(used.delivery)
        if delivery.state != "acked" or delivery.attempts[-1]["answer"]:
            raise AssertionError(f"/{command} was not begun: {delivery}")
        # The answer may stand below what it begins with already.
        roots = [one for one in await self.fake.bot_messages(self.channel) if one.thread_ts in {None, one.ts}]
        return roots[-1].ts

    @override
    async def press(self, message: str, action: Action, *, which: int = -1, stranger: bool = False) -> str:
        thread = self._threads.get(message, message)
        found = [posted for posted in await self.fake.bot_messages(self.channel, thread) if _has_buttons(posted)]
        user = self.user
        if stranger:
            user = await self.fake.create_user("Mallory")
            await self.fake.join(self.channel, user)
        judged = {Action.GOOD: "positive", Action.BAD: "negative"}.get(action)
        element = "feedback" if judged else str(action)
        place = {"user": user, "channel": self.channel, "ts": found[which].ts}
        return await self._told(self.fake.press(element, **place, pressed=judged), user)

    async def _told(self, using: Awaitable[Interaction], user: str) -> str:
        """Return what one person is told after an interaction, which may come at once; empty for nothing."""
        before = len(await self.fake.private(self.channel, user))
        used = await using
        delivery = await self.fake.wait_delivered(used.delivery)
        if delivery.state != "acked":
            raise AssertionError(f"not acknowledged: {delivery}")
        shown = (await self.fake.private(self.channel, user))[before:]
        return "\n".join(html.unescape(one["blocks"][0]["text"]) for one in shown)

    @override
    async def form(self) -> Mapping[str, str]:
        _, view = await self._form()
        return {
            block["block_id"]: block["element"].get("initial_value", "")
            for block in view["blocks"]
            if block["type"] == "input"
        }

    async def _form(self) -> tuple[str, dict[str, Any]]:
        opened: dict[str, dict[str, Any]] = (await self.fake.state())["views"]
        return list(opened.items())[-1]

    @override
    async def fill_in(self, *, answer: bool = False, **words: str) -> str:
        view, _ = await self._form()
        given: dict[str, str | list[str]] = {**words, **({"answer": [YES]} if answer else {})}
        return await self._told(self.fake.fill_in(view, user=self.user, **given), self.user)

    @override
    async def choose(self, command: str, *, of: str) -> str:
        used = await self.fake.message_action(command, user=self.user, channel=self.channel, ts=of)
        delivery = await self.fake.wait_delivered(used.delivery)
        if delivery.state != "acked":
            raise AssertionError(f"{command} was not begun: {delivery}")
        chosen = str(delivery.payload["action_ts"])
        self._threads[chosen] = self._threads.get(of, of)
        return chosen

    @override
    async def link_to(self, message: str) -> str:
        return f"<https://loopback.slack.com/archives/{self.channel}/p{message.replace('.', '')}>"

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
    async def foreign(self, locale: str) -> "SlackScene":
        user = await self.fake.create_user("Ada", locale=locale)
        return SlackScene(self.fake, user, await self.fake.create_channel([user], kind="im"))

    @override
    async def group(self) -> str:
        return f"<!subteam^{await self.fake.set_usergroup([self.user])}|@team>"

    @override
    async def among_others(self) -> "SlackScene":
        user, other = await self.fake.create_user("Ada"), await self.fake.create_user("Charles")
        return SlackScene(self.fake, user, await self.fake.create_channel([user, other], creator=other))


def _typed(command: str, words: str) -> tuple[str, str]:
    """Return a command as it is typed, and what stands behind it: most stand behind the one door."""
    called, _, name = COMMANDS[command].call.partition(" ")
    return called, f"{name} {words}".strip()


def _has_buttons(posted: BotMessage) -> bool:
    return any(block["type"] == "actions" for block in posted.blocks)


def _shown(posted: BotMessage) -> Sequence[dict[str, Any]]:
    return posted.raw.get("files") or ()


def _reply(posted: BotMessage, files: Mapping[str, bytes]) -> Reply:
    """Return a post; in the text of one with files there is nothing, and a stream shows by itself that it grows."""
    clip = b"".join(content for title, content in files.items() if title == CLIP_TITLE)
    others = {title: content for title, content in files.items() if title != CLIP_TITLE}
    grows = "" if posted.finished else " …"
    return Reply(text="" if files else html.unescape(posted.text) + grows, clip=clip, files=others)


@asynccontextmanager
async def open_slack() -> AsyncIterator[SlackScene]:
    """Start a fake Slack with one person in a direct message with Mynah."""
    async with running("tests.fakes.slack") as url, SlackFake.connected(url) as slack:
        await slack.options(ack_seconds=1.0, retry_delays=RETRIES)
        ada = await slack.create_user("Ada", is_admin=True)
        yield SlackScene(slack, ada, await slack.create_channel([ada], kind="im"))
