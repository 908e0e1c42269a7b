"""Discord: whatever befalls a call that writes, there is one reply in the end, and nothing else."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import discord
import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket

from adapters.discord.adapter import DiscordPlatform
from adapters.discord.controls import to_signal
from bot.domain.commands import COMMANDS
from bot.domain.messages import Action, JobId
from tests.fakes.discord.client import FakeDiscord, File, Posted, Used
from tests.fakes.discord.faults import Kind
from tests.fakes.process import running
from tests.integration.test_discord_platform.harness import QuickClock, Scene
from tests.integration.test_writes.room import ANSWER, NOTE, Room, hurried, opened
from tests.integration.test_writes.writes import DISCORD, DISCORD_READS, Story, Write, unlisted

KINDS: Sequence[Kind] = ("429", "500", "drop_before", "drop_after", "slow")
"""What can befall a call."""

SLOW_SECONDS = 0.5
REGISTERED = "PUT /applications/"

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    async with running("tests.fakes.discord") as found:
        yield found


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    """Put back where discord.py talks to."""
    base, gateway = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    yield
    discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@pytest.fixture
async def fake(url: str) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(url) as driver:
        await driver.reset()
        yield driver
        assert await driver.violations() == []
        made = [f"{one['method']} {one['path']}" for one in await driver.requests()]
        assert unlisted(made, DISCORD, DISCORD_READS) == set()


@pytest.fixture
async def scenes(fake: FakeDiscord) -> Sequence[Scene]:
    """A person and a channel for each trouble."""
    people = [await fake.add_user(f"person-{kind}") for kind in KINDS]
    guild, me = await fake.add_guild("aviary", members=people), await fake.bot_id()
    channels = [await fake.add_channel(guild, f"room-{kind}") for kind in KINDS]
    return [
        Scene(fake=fake, me=me, ada=person, guild=guild, channel=channel)
        for person, channel in zip(people, channels, strict=True)
    ]


@pytest.mark.parametrize("write", DISCORD, ids=lambda write: write.name)
async def test_one_reply_stands_there_whatever_befalls_a_call(
    fake: FakeDiscord, scenes: Sequence[Scene], tmp_path: Path, write: Write
):
    async with (
        DiscordPlatform(await scenes[0].account(), QuickClock()) as platform,
        opened(hurried(platform), tmp_path) as room,
    ):
        await fake.wait_for_sessions()
        await fake.wait_for(lambda: fake.requests(REGISTERED), bool, 5, "registration")
        match write.story:
            case Story.COMMAND | Story.SAYING:
                await commands(room, scenes, write)
            case Story.LOOK:
                await looks(scenes, write)
            case Story.RECEIPT | Story.CORRECTION:
                said = await questions(room, scenes, write)
                await presses(scenes, write, said)
            case Story.DELETION:
                said = await questions(room, scenes, write)
                await order(fake, write)
                await deletions(room, scenes, said)
            case _:
                await order(fake, write)
                await questions(room, scenes, write)
    assert [one for one in (await fake.state())["faults"] if one["hits"] < one["times"]] == []


async def order(fake: FakeDiscord, write: Write) -> None:
    """Let the next calls go wrong, each in its own way."""
    for kind in KINDS:
        seconds = SLOW_SECONDS if kind == "slow" else 0.05
        await fake.fail(kind, write.call, skip=write.later * len(KINDS), seconds=seconds)


async def questions(room: Room, scenes: Sequence[Scene], write: Write) -> Sequence[int]:
    said = [await say(scene, write) for scene in scenes]
    await room.idle(len(said))
    for scene, message in zip(scenes, said, strict=True):
        replies = await room_of(scene, write, message)
        assert_one_reply(replies)
        assert {one.reply_to or one.channel_id for one in replies} == {message}
    return said


async def say(scene: Scene, write: Write) -> int:
    if write.story is Story.CORRECTION:
        return await scene.say(files=[File(name="note.wav", data=NOTE, content_type="audio/wav")])
    if not write.direct:
        return await scene.say("good morning")
    return await scene.fake.post(await scene.fake.direct_message(scene.ada), scene.ada, "good morning")


async def room_of(scene: Scene, write: Write, message: int) -> list[Posted]:
    if write.direct:
        return await scene.fake.bot_messages(await scene.fake.direct_message(scene.ada))
    return await scene.replies(message)


def assert_one_reply(replies: Sequence[Posted]) -> None:
    texts, clips = [one for one in replies if not one.files], [one for one in replies if one.files]
    assert [one.content.endswith(ANSWER) for one in texts] == [True], texts
    assert len(clips) == 1
    assert not any(one.loading for one in replies)


async def deletions(room: Room, scenes: Sequence[Scene], said: Sequence[int]) -> None:
    for message in said:
        await scenes[0].fake.delete(message)
    await room.idle(2 * len(said))
    for scene, message in zip(scenes, said, strict=True):
        assert await scene.replies(message) == []


async def commands(room: Room, scenes: Sequence[Scene], write: Write) -> None:
    await order(scenes[0].fake, write)
    said = write.story is Story.SAYING
    name, options = ("say", {"text": "Good morning!"}) if said else ("ask", {"question": "how?"})
    for scene in scenes:
        call = COMMANDS[name].call.removeprefix("/")
        await scene.fake.use_slash(call, options, channel=scene.channel, user=scene.ada)
    await room.idle(len(scenes))
    for scene in scenes:
        replies = await scene.fake.bot_messages(scene.channel)
        if said:
            assert [len(one.files) for one in replies] == [1]
        else:
            assert_one_reply(replies)


async def looks(scenes: Sequence[Scene], write: Write) -> None:
    await order(scenes[0].fake, write)
    call = COMMANDS["usage"].call.removeprefix("/")
    used = [await scene.fake.use_slash(call, {}, channel=scene.channel, user=scene.ada) for scene in scenes]
    for one in used:
        found = await scenes[0].fake.wait_for_answer(one, seconds=10, where=_is_told)
        assert len(found.messages) == 1
        assert found.messages[0].ephemeral


async def presses(scenes: Sequence[Scene], write: Write, said: Sequence[int]) -> None:
    """Let everybody press a button under their reply."""
    fake, opens = scenes[0].fake, write.story is Story.CORRECTION
    await order(fake, write)
    action = Action.CORRECT if opens else Action.RECEIPT
    used: list[int] = []
    for scene, message in zip(scenes, said, strict=True):
        (text,) = [one for one in await scene.replies(message) if not one.files]
        signal = to_signal(action, JobId(f"discord:{scene.guild}:{scene.channel}:{message}"))
        used.append(await fake.use_component(text.id, signal, user=scene.ada))
    for one in used:
        if opens:
            assert (await fake.wait_for_answer(one, seconds=10)).modal
        else:
            told = await fake.wait_for_answer(one, seconds=10, where=_is_told)
            assert [message.ephemeral for message in told.messages] == [True]


def _is_told(used: Used) -> bool:
    return bool(used.messages) and not used.messages[0].loading
