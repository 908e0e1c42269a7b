"""Several shards, in one process and in several."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from adapters.discord.adapter import DiscordPlatform
from adapters.discord.identify import Turnstile
from bot.domain.errors import StorageUnavailable
from bot.domain.shards import parse_shards
from tests.doubles.intake import RecordingIntake
from tests.doubles.locks import MemoryLocks
from tests.fakes.discord.client import FakeDiscord
from tests.integration.test_discord_platform.harness import QuickClock, Scene

COUNT = 4
APART = 0.4
"""Seconds between two sessions of a bucket, here."""


@dataclass(frozen=True, kw_only=True)
class Aviaries:
    """A server in each shard, each with one channel."""

    scene: Scene
    channels: list[int]

    async def say(self, shard: int, text: str) -> None:
        await self.scene.fake.post(self.channels[shard], self.scene.ada, f"{self.scene.mention} {text}")


@pytest.fixture
async def aviaries(scene: Scene) -> Aviaries:
    await scene.fake.set_application(shards=COUNT, identify_seconds=APART)
    channels: list[int] = []
    for shard in range(COUNT):
        guild = await scene.fake.add_guild(f"{shard}", members=[scene.ada], guild=(1_000_000 + shard) << 22)
        channels.append(await scene.fake.add_channel(guild, "general"))
    return Aviaries(scene=scene, channels=channels)


@asynccontextmanager
async def serving(
    aviaries: Aviaries, intake: RecordingIntake, shards: str = "", *, sessions: int
) -> AsyncIterator[None]:
    """Serve some shards, until so many sessions of all processes stand."""
    scene = aviaries.scene
    account = replace(await scene.account(), shards=parse_shards(shards), identify_seconds=APART + 0.1)
    async with DiscordPlatform(account, QuickClock()) as platform, asyncio.TaskGroup() as group:
        task = group.create_task(platform.serve(intake))
        await scene.fake.wait_for_sessions(sessions)
        yield
        task.cancel()


async def shards_of(fake: FakeDiscord) -> list[int]:
    """Return the shards that are connected."""
    return sorted(each["shard"][0] for each in (await fake.gateway())["sessions"] if each["connected"])


async def test_a_process_holds_all_shards_that_discord_advises(aviaries: Aviaries, intake: RecordingIntake):
    async with serving(aviaries, intake, sessions=COUNT):
        assert await shards_of(aviaries.scene.fake) == [0, 1, 2, 3]
        for shard in range(COUNT):
            await aviaries.say(shard, f"{shard}")
        await intake.wait_stored(COUNT)
    assert sorted(intake.texts) == ["0", "1", "2", "3"]


async def test_a_process_holds_its_range_and_hears_nothing_else(aviaries: Aviaries, intake: RecordingIntake):
    async with serving(aviaries, intake, "2-3/4", sessions=2):
        assert await shards_of(aviaries.scene.fake) == [2, 3]
        for shard in range(COUNT):
            await aviaries.say(shard, f"{shard}")
        direct = await aviaries.scene.fake.direct_message(aviaries.scene.ada)
        await aviaries.scene.fake.post(direct, aviaries.scene.ada, "directly")
        await intake.wait_stored(2)
    assert sorted(intake.texts) == ["2", "3"]


async def test_direct_messages_come_to_the_first_shard(aviaries: Aviaries, intake: RecordingIntake):
    async with serving(aviaries, intake, "0/4", sessions=1):
        direct = await aviaries.scene.fake.direct_message(aviaries.scene.ada)
        await aviaries.scene.fake.post(direct, aviaries.scene.ada, "directly")
        await intake.wait_stored(1)
    assert intake.texts == ["directly"]


async def test_processes_begin_their_sessions_one_after_the_other(aviaries: Aviaries):
    store = MemoryLocks(QuickClock())
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for shard in range(COUNT):
            intake = RecordingIntake()
            intake.locks = MemoryLocks(QuickClock(), store.stored, owner=f"process {shard}")
            opening = serving(aviaries, intake, f"{shard}/{COUNT}", sessions=COUNT)
            group.create_task(stack.enter_async_context(opening))
    # The fake writes a session that begins too soon down as a violation, which every test looks for at its end.
    assert (await aviaries.scene.fake.gateway())["identifies"] == COUNT


async def test_sessions_of_different_buckets_begin_at_once(aviaries: Aviaries, intake: RecordingIntake):
    await aviaries.scene.fake.set_application(max_concurrency=COUNT, identify_seconds=5)
    async with asyncio.timeout(4), serving(aviaries, intake, sessions=COUNT):
        assert await shards_of(aviaries.scene.fake) == [0, 1, 2, 3]


async def test_a_shard_that_loses_its_session_catches_up_on_its_servers_alone(
    aviaries: Aviaries, intake: RecordingIntake
):
    fake = aviaries.scene.fake
    async with serving(aviaries, intake, sessions=COUNT):
        for shard in range(COUNT):
            await aviaries.say(shard, f"{shard}")
        await intake.wait_stored(COUNT)
    await asyncio.sleep(APART)
    async with serving(aviaries, intake, "1/4", sessions=1):
        await fake.hold_gateway()
        await fake.forbid_resume()
        for shard in range(COUNT):
            await aviaries.say(shard, f"missed {shard}")
        await fake.release_gateway()
        await intake.wait_stored(COUNT + 1)
        await aviaries.say(1, "new")
        await intake.wait_stored(COUNT + 2)
    assert intake.texts[COUNT:] == ["missed 1", "new"]
    read = {each["path"].split("/")[2] for each in await fake.requests("/messages") if each["method"] == "GET"}
    assert read == {str(aviaries.channels[1])}


async def test_shards_that_are_cut_resume_and_miss_nothing(aviaries: Aviaries, intake: RecordingIntake):
    fake = aviaries.scene.fake
    async with serving(aviaries, intake, sessions=COUNT):
        await fake.hold_gateway()
        for shard in range(COUNT):
            await aviaries.say(shard, f"{shard}")
        await fake.release_gateway()
        await intake.wait_stored(COUNT)
        gateway = await fake.gateway()
        assert (gateway["identifies"], gateway["resumes"]) == (COUNT, COUNT)


async def test_a_gateway_that_is_down_for_a_while_costs_no_session(aviaries: Aviaries, intake: RecordingIntake):
    fake = aviaries.scene.fake
    async with serving(aviaries, intake, sessions=COUNT):
        await fake.take_gateway_down()
        for shard in range(COUNT):
            await aviaries.say(shard, f"{shard}")
        await asyncio.sleep(1)
        await fake.release_gateway()
        await intake.wait_stored(COUNT)
        await fake.wait_for_sessions(COUNT)
        gateway = await fake.gateway()
        assert (gateway["identifies"], gateway["resumes"]) == (COUNT, COUNT)


async def test_a_gateway_that_is_down_at_the_start_is_waited_for(aviaries: Aviaries, intake: RecordingIntake):
    fake = aviaries.scene.fake
    await fake.take_gateway_down()
    async with asyncio.TaskGroup() as group:
        releasing = group.create_task(asyncio.sleep(1))
        releasing.add_done_callback(lambda _: group.create_task(fake.release_gateway()))
        async with serving(aviaries, intake, sessions=COUNT):
            await aviaries.say(3, "there you are")
            await intake.wait_stored()
    assert intake.texts == ["there you are"]


async def test_a_server_that_sends_us_away_is_told_and_one_that_is_out_of_order_is_not(
    aviaries: Aviaries, intake: RecordingIntake
):
    fake, gone, ill = aviaries.scene.fake, (1_000_000 + 1) << 22, (1_000_000 + 2) << 22
    left: list[str] = []

    class LeftIntake(RecordingIntake):
        async def left(self, platform: str, workspace: str) -> bool:
            left.append(f"{platform}:{workspace}")
            if len(left) == 1:
                raise StorageUnavailable("the disk is full")
            return True

    async with serving(aviaries, LeftIntake(), sessions=COUNT):
        await fake.lose_guild(ill, unavailable=True)
        await fake.lose_guild(gone)
        async with asyncio.timeout(5):
            while len(left) < 2:
                await asyncio.sleep(0.02)
    assert left == [f"discord:{gone}"] * 2


async def test_a_storage_that_fails_holds_a_session_up_and_loses_it_not():
    asked: list[int] = []

    async def lock(bucket: int, seconds: float) -> bool:
        asked.append(bucket)
        if len(asked) < 3:
            raise StorageUnavailable("the disk is full")
        return True

    await Turnstile(QuickClock(), at_once=2, seconds=0.1, lock=lock).enter(3)
    assert asked == [1, 1, 1]
