"""Slack, as a town: channels and direct messages in one workspace, where calls are counted."""

import html
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from typing_extensions import override

from benchmarks.rig.talk import Asked, Posted, Said
from benchmarks.rig.towns import Town, is_direct
from tests.fakes.process import running
from tests.fakes.slack.client import Json, SlackFake
from tests.fakes.slack.limits import LIMITS, MINUTE
from tests.fakes.slack.values import Upload

DATA = Path(__file__).resolve().parents[2] / "tests" / "data"
NOTE = Upload(content=(DATA / "clip.m4a").read_bytes(), kind="slack_audio", duration_ms=5_500)
"""A voice clip as Slack records it: AAC in MP4."""

SCARCE = (
    "agents.sessions.setStatus",
    "chat.startStream",
    "chat.stopStream",
    "chat.update",
    "reactions.add",
    "reactions.remove",
    "chat.appendStream",
)


class SlackTown(Town):
    """A workspace."""

    name = "Slack"

    def __init__(self, fake: SlackFake, people: Sequence[str], channels: Sequence[str]) -> None:
        self._fake = fake
        self._people = people
        self._channels = channels
        self.places = len(channels)
        self.scarce: Mapping[str, int] = {f"/api/{method}": LIMITS[method].calls for method in SCARCE}

    @property
    @override
    def settings(self) -> Mapping[str, str]:
        tokens = {"SLACK__BOT_TOKEN": self._fake.bot_token, "SLACK__APP_TOKEN": self._fake.app_token}
        return tokens | {"SLACK__API_URL": self._fake.api_url, "SLACK__FILE_HOSTS": '["127.0.0.1"]'}

    @override
    async def ready(self) -> None:
        await self._fake.wait_connected(seconds=30)

    @override
    async def say(self, place: int, words: str, mark: str, *, under: Said | None = None) -> Said:
        channel, root = self._channels[place], None if under is None else under.talk.rpartition(":")[2]
        text = f"{self._fake.mention} {words}" if words else ""
        files = () if words else (NOTE,)
        posted = await self._fake.post(channel, self._people[place], text, thread_ts=root, files=files)
        return Said(key=posted.ts, place=place, talk=f"{channel}:{root or posted.ts}", mark=mark, at=float(posted.ts))

    @override
    async def version(self) -> int:
        return int((await self._fake.counts())["version"])

    @override
    async def posted(self) -> Sequence[Posted]:
        state = await self._fake.state()
        changed = {(entry["channel"], entry["ts"]): entry["at"] for entry in state["journal"] if "ts" in entry}
        found: list[Posted] = []
        for channel in state["channels"]:
            above: dict[str, str] = {}
            for message in channel["messages"]:
                if message["user"] == self._fake.bot_user_id:
                    talk = str(message.get("thread_ts"))
                    # Messages with files carry no key: each stands below the text of the same answer.
                    above[talk] = key = _answered(message) or above.get(talk, talk)
                    found.append(_posted(channel["id"], message, key, changed[channel["id"], message["ts"]]))
        return sorted(found, key=lambda one: one.at)

    @override
    async def asked(self) -> Sequence[Asked]:
        return [
            Asked(method=one["path"], count=_count(one), at=one["at"], status=one["status"] or 0)
            for one in (await self._fake.state())["requests"]
        ]

    @override
    async def at_work(self) -> Sequence[str]:
        state = await self._fake.state()
        shown = {(one["channel"], one["thread_ts"], one["what"]): one["value"] for one in state["statuses"]}
        busy = {
            f"{channel}:{thread}"
            for (channel, thread, what), value in shown.items()
            if (what == "session" and value == "processing") or (what == "status" and value)
        }
        streams = {f"{one['channel']}:{one['ts']}" for one in state["streams"] if one["state"] == "in_progress"}
        messages = [(channel["id"], message) for channel in state["channels"] for message in channel["messages"]]
        return sorted(busy | streams | {f"{channel}:{one['ts']}" for channel, one in messages if one.get("reactions")})

    @override
    async def violations(self) -> Sequence[str]:
        return await self._fake.violations()


def _answered(message: Json) -> str:
    """Return the message that the key of a post names, `slack:TEAM:CHANNEL:TS/post:text:0`."""
    payload: dict[str, Any] = (message.get("metadata") or {}).get("event_payload") or {}
    return str(payload.get("key", "")).partition("/")[0].rpartition(":")[2]


def _posted(channel: str, message: Json, key: str, whole_at: float) -> Posted:
    files = message.get("files") or ()
    return Posted(
        answers=key,
        talk=f"{channel}:{message.get('thread_ts')}",
        text="" if files else html.unescape(message["text"]).strip(),
        clip=bool(files),
        at=float(message["ts"]),
        whole_at=whole_at,
    )


def _count(request: Json) -> str:
    limit = LIMITS.get(request["path"].rpartition("/")[2])
    per_channel = limit is not None and limit.per_channel
    return str((request.get("arguments") or {}).get("channel", "")) if per_channel else ""


@asynccontextmanager
async def slack_town(places: int, *, validated: bool) -> AsyncIterator[SlackTown]:
    """Run a Slack of its own.

    Args:
        places: how many channels and direct messages.
        validated: whether every request is compared with Slack's rules, which takes the fake some time.
    """
    arguments = () if validated else ("--no-validate",)
    async with running("tests.fakes.slack", *arguments) as url, SlackFake.connected(url) as fake:
        people = [await fake.create_user(f"Person {number}") for number in range(places)]
        channels = [
            await fake.create_channel([person], kind="im" if is_direct(number) else "public", name=f"room-{number}")
            for number, person in enumerate(people)
        ]
        await fake.rate_limits()
        if LIMITS["chat.update"].seconds != MINUTE:
            raise RuntimeError("the limits of methods are told by the minute")
        yield SlackTown(fake, people, channels)
