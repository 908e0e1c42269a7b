"""Slack, to measure on."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from typing_extensions import override

from benchmarks.rig.chat import CHANNELS, Chat, Note, Turn
from tests.fakes.process import running
from tests.fakes.slack.client import Json, SlackFake
from tests.fakes.slack.values import Upload


class Slack(Chat):
    """A workspace with channels that the bot is in, and one person."""

    name = "Slack"

    def __init__(self, fake: SlackFake, person: str, channels: Sequence[str], direct: str) -> None:
        self._fake = fake
        self._person = person
        self._channels = channels
        self._direct = direct

    @property
    @override
    def bare(self) -> Sequence[str]:
        fake = self._fake
        return ("benchmarks.bare.slack", fake.api_url, fake.bot_token, fake.app_token)

    @property
    @override
    def settings(self) -> Mapping[str, str]:
        fake = self._fake
        tokens = {"SLACK__BOT_TOKEN": fake.bot_token, "SLACK__APP_TOKEN": fake.app_token}
        # What Slack allows one workspace, and the pause in which several messages of a person are awaited, are no work.
        quick = {"SLACK__PACE": "1000", "CHANNELS__GATHER_SECONDS": "0"}
        return tokens | quick | {"SLACK__API_URL": fake.api_url, "SLACK__FILE_HOSTS": '["127.0.0.1"]'}

    @override
    async def is_connected(self) -> bool:
        return int((await self._fake.counts())["sockets"]) > 0

    @override
    async def ask(self, number: int, text: str, *, told: bool = True) -> str:
        channel = self._channels[number % len(self._channels)]
        return (await self._fake.post(channel, self._person, f"{self._fake.mention} {text}", deliver=told)).ts

    @override
    async def send(self, number: int, note: Note) -> str:
        file = Upload(
            content=note.path.read_bytes(),
            kind="slack_audio" if note.voice else "upload",
            name=note.path.name,
            mimetype=note.type,
            duration_ms=int(note.seconds * 1000),
        )
        return (await self._fake.post(self._direct, self._person, files=(file,))).ts

    @override
    async def cut(self) -> None:
        await self._fake.cut_sockets()

    @override
    async def version(self) -> int:
        return int((await self._fake.counts())["version"])

    @override
    async def turns(self, keys: Sequence[str], ending: str) -> Sequence[Turn]:
        asked: dict[str, float] = {}
        replies: dict[str, list[Json]] = defaultdict(list)
        for entry in (await self._fake.state())["journal"]:
            if entry["kind"] == "message.posted" and entry["by"] == "user":
                asked[entry["ts"]] = entry["at"]
            elif entry["kind"] in {"message.posted", "message.changed"} and entry["by"] == "bot":
                replies[entry["thread_ts"]].append(entry)
        return [_turn(asked[key], replies[key], ending) for key in keys]

    @override
    async def acks(self) -> Sequence[float]:
        deliveries = await self._fake.deliveries()
        return [one["seconds"] for delivery in deliveries for one in delivery.attempts if one["seconds"] is not None]


def _turn(asked_at: float, replies: Sequence[Json], ending: str) -> Turn:
    return Turn(
        asked_at=asked_at,
        first_at=next((one["at"] for one in replies), None),
        done_at=next((one["at"] for one in replies if one["text"].endswith(ending)), None),
    )


@asynccontextmanager
async def slack() -> AsyncIterator[Slack]:
    """Run a Slack of its own."""
    async with running("tests.fakes.slack", "--no-validate") as url, SlackFake.connected(url) as fake:
        person = await fake.create_user()
        channels = [await fake.create_channel([person], name=f"room-{number}") for number in range(CHANNELS)]
        yield Slack(fake, person, channels, await fake.create_channel([person], kind="im"))
