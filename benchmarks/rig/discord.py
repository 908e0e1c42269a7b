"""Discord, to measure on."""

import base64
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from typing_extensions import override

from benchmarks.rig.chat import CHANNELS, Chat, Note, Turn
from tests.fakes.discord.client import FakeDiscord, File, Posted
from tests.fakes.process import running

WAVEFORM = base64.b64encode(bytes([128] * 64)).decode()


class Discord(Chat):
    """A guild with channels, and people who write there and directly."""

    name = "Discord"

    def __init__(
        self, fake: FakeDiscord, *, token: str, bot: int, people: Sequence[int], channels: Sequence[int]
    ) -> None:
        self._fake = fake
        self._token = token
        self._bot = bot
        self._people = people
        self._channels = channels

    @property
    @override
    def bare(self) -> Sequence[str]:
        return ("benchmarks.bare.discord", self._fake.api_url, self._fake.gateway_url, self._token)

    @property
    @override
    def settings(self) -> Mapping[str, str]:
        fake = self._fake
        addresses = {"DISCORD__API_URL": fake.api_url, "DISCORD__GATEWAY_URL": fake.gateway_url}
        quick = {
            "CHANNELS__GATHER_SECONDS": "0"
        }  # the pause in which several messages of a person are awaited is no work
        return addresses | quick | {"DISCORD__TOKEN": self._token, "DISCORD__FILE_HOSTS": '["127.0.0.1"]'}

    @override
    async def is_connected(self) -> bool:
        return any(session["connected"] for session in (await self._fake.gateway())["sessions"])

    @override
    async def ask(self, number: int, text: str, *, told: bool = True) -> str:
        channel, person = self._channels[number % len(self._channels)], self._people[number % len(self._people)]
        return str(await self._fake.post(channel, person, f"<@{self._bot}> {text}"))

    @override
    async def send(self, number: int, note: Note) -> str:
        person = self._people[number % len(self._people)]
        direct = await self._fake.direct_message(person)
        file = File(name=note.path.name, data=note.path.read_bytes(), content_type=note.type)
        if not note.voice:
            return str(await self._fake.post(direct, person, files=[file]))
        voice = File(
            name="voice-message.ogg",
            data=file.data,
            content_type=note.type,
            duration_secs=note.seconds,
            waveform=WAVEFORM,
        )
        return str(await self._fake.post(direct, person, voice=voice))

    @override
    async def cut(self) -> None:
        await self._fake.cut_gateway()

    @override
    async def version(self) -> int:
        return int((await self._fake.look("changes", since="-1", seconds="0"))["revision"])

    @override
    async def turns(self, keys: Sequence[str], ending: str) -> Sequence[Turn]:
        held: dict[str, list[dict[str, Any]]] = (await self._fake.state())["messages"]
        posted = [Posted.read(raw) for messages in held.values() for raw in messages]
        asked = {one.id: one.posted_at for one in posted if one.author_id != self._bot}
        replies: dict[int, list[Posted]] = {}
        for one in posted:
            if one.author_id == self._bot and one.content:
                # A reply in a thread that hangs from the message, which has the message's id, or a plain reply.
                replies.setdefault(one.channel_id if one.channel_id in asked else one.reply_to or 0, []).append(one)
        return [_turn(asked[int(key)], replies.get(int(key), ()), ending) for key in keys]

    @override
    async def acks(self) -> Sequence[float]:
        return ()


def _turn(asked_at: float, replies: Sequence[Posted], ending: str) -> Turn:
    whole = (at for one in replies for at, text in _texts(one) if text.endswith(ending))
    return Turn(
        asked_at=asked_at,
        first_at=min((one.posted_at for one in replies), default=None),
        done_at=min(whole, default=None),
    )


def _texts(posted: Posted) -> Iterator[tuple[float, str]]:
    """Return a message's texts with the time that each stood there from."""
    yield from zip(posted.edit_times, posted.edits, strict=True)
    if not posted.edits:
        yield posted.posted_at, posted.content


@asynccontextmanager
async def discord() -> AsyncIterator[Discord]:
    """Run a Discord of its own."""
    async with running("tests.fakes.discord", "--no-validate") as url, FakeDiscord(url) as fake:
        people = [await fake.add_user(f"person-{number}") for number in range(CHANNELS)]
        await fake.set_application(privileged_intents=["message_content"])
        guild = await fake.add_guild("Loopback", members=people)
        channels = [await fake.add_channel(guild, f"room-{number}") for number in range(CHANNELS)]
        yield Discord(fake, token=await fake.token(), bot=await fake.bot_id(), people=people, channels=channels)
