"""Discord, as a town: channels and direct messages in one server, where calls are counted."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from typing_extensions import override

from benchmarks.rig.talk import Asked, Posted, Said
from benchmarks.rig.towns import Town, is_direct
from tests.fakes.discord.client import FakeDiscord, File, Posted as Message
from tests.fakes.process import running

DATA = Path(__file__).resolve().parents[2] / "tests" / "data"
NOTE = File(
    name="voice-message.ogg",
    data=(DATA / "voice-note.ogg").read_bytes(),
    content_type="audio/ogg",
    duration_secs=5.5,
    waveform=base64.b64encode(bytes([128] * 64)).decode(),
)
"""A voice message as Discord's clients record it."""

THREAD_SECONDS = 20.0
LOOK_SECONDS = 0.25


class DiscordTown(Town):
    """A server."""

    name = "Discord"

    def __init__(
        self, fake: FakeDiscord, *, token: str, bot: int, people: Sequence[int], channels: Sequence[int]
    ) -> None:
        self._fake = fake
        self._token = token
        self._bot = bot
        self._people = people
        self._channels = channels
        self.places = len(channels)
        self.scarce: Mapping[str, int] = {}

    @property
    @override
    def settings(self) -> Mapping[str, str]:
        addresses = {"DISCORD__API_URL": self._fake.api_url, "DISCORD__GATEWAY_URL": self._fake.gateway_url}
        host = self._fake.base_url.removeprefix("http://")
        return addresses | {"DISCORD__TOKEN": self._token, "DISCORD__FILE_HOSTS": f'["{host}"]'}

    @override
    async def ready(self) -> None:
        await self._fake.wait_for_sessions(1, seconds=30)

    @override
    async def say(self, place: int, words: str, mark: str, *, under: Said | None = None) -> Said:
        channel, person = self._channels[place], self._people[place]
        if under is not None and not is_direct(place) and await self._has_thread(under):
            channel = int(under.talk)
        if words:
            text = words if is_direct(place) else f"<@{self._bot}> {words}"
            key = str(await self._fake.post(channel, person, text))
        else:
            key = str(await self._fake.post(channel, person, voice=NOTE))
        at_the_top = channel == self._channels[place] and not is_direct(place)
        talk = key if at_the_top else str(channel)  # a thread has the id of the message that it hangs from
        return Said(key=key, place=place, talk=talk, mark=mark, at=await self._now())

    async def _has_thread(self, said: Said) -> bool:
        """Wait as people do until the bot has made a thread to write in; False when it does not."""
        for _ in range(round(THREAD_SECONDS / LOOK_SECONDS)):
            if await self._fake.channel(int(said.talk)) is not None:
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    async def _now(self) -> float:
        return float((await self._fake.act("clock", seconds=0))["now"])

    @override
    async def version(self) -> int:
        return int((await self._fake.look("changes", since="-1", seconds="0"))["revision"])

    @override
    async def posted(self) -> Sequence[Posted]:
        held = (await self._fake.state())["messages"]
        found = [_posted(one) for messages in held.values() for one in map(Message.read, messages) if self._counts(one)]
        return sorted(found, key=lambda one: one.at)

    def _counts(self, message: Message) -> bool:
        return message.author_id == self._bot and not message.deleted and bool(message.content or message.files)

    @override
    async def asked(self) -> Sequence[Asked]:
        return [
            Asked(
                method=f"{one['method']} {re.sub(r'[0-9]{15,}', '…', one['path'])}",
                count=one["path"],
                at=one["at"],
                status=one["status"],
            )
            for one in await self._fake.requests()
        ]

    @override
    async def at_work(self) -> Sequence[str]:
        held = (await self._fake.state())["messages"]
        posted = [
            one for messages in held.values() for one in map(Message.read, messages) if one.author_id == self._bot
        ]
        return [str(one.id) for one in posted if one.loading or (one.content.endswith("…") and not one.deleted)]

    @override
    async def violations(self) -> Sequence[str]:
        return await self._fake.violations()


def _posted(message: Message) -> Posted:
    return Posted(
        answers=str(message.reply_to or message.channel_id),
        talk=str(message.channel_id),
        text="" if message.files else message.content.strip(),
        clip=bool(message.files),
        at=message.posted_at,
        whole_at=max(message.edit_times, default=message.posted_at),
    )


@asynccontextmanager
async def discord_town(places: int, *, validated: bool) -> AsyncIterator[DiscordTown]:
    """Run a Discord of its own.

    Args:
        places: how many channels and direct messages.
        validated: whether every request is compared with Discord's rules, which takes the fake some time.
    """
    arguments = () if validated else ("--no-validate",)
    async with running("tests.fakes.discord", *arguments) as url, FakeDiscord(url) as fake:
        people = [await fake.add_user(f"person-{number}") for number in range(places)]
        await fake.set_application(privileged_intents=["message_content"])
        guild = await fake.add_guild("Loopback", members=people)
        channels = [
            await (fake.direct_message(person) if is_direct(number) else fake.add_channel(guild, f"room-{number}"))
            for number, person in enumerate(people)
        ]
        await fake.limit()
        yield DiscordTown(fake, token=await fake.token(), bot=await fake.bot_id(), people=people, channels=channels)
