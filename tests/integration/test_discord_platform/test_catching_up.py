"""What was said while nobody listened is heard afterwards, once and in order."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.discord.adapter import DiscordPlatform
from bot.domain.messages import Message
from bot.pipeline.intake import StoredIntake
from tests.doubles.house import open_test_house
from tests.doubles.intake import RecordingIntake
from tests.integration.test_discord_platform.harness import QuickClock, Scene, serving
from tests.integration.test_discord_platform.test_commands import registered

FOUR_DAYS = 4 * 24 * 3600
LATER = 120.0
"""Seconds, by which clocks do not differ."""
HISTORY = "GET /channels/*/messages"
LOOKED = "/threads/active"


@pytest.fixture
async def before(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake) -> Message:
    """A message that was heard before we went away."""
    async with serving(platform, intake, scene.fake):
        await scene.say("before")
        (message,) = await intake.wait_stored()
    return message


async def test_what_was_missed_in_a_channel_comes_in_order(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, before: Message
):
    for number in range(120):
        await scene.fake.post(scene.channel, scene.ada, f"{number}")
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(121)
    assert intake.texts == [before.text, *map(str, range(120))]


async def test_what_was_caught_up_on_is_not_handed_over_again(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, clock: QuickClock, before: Message
):
    await scene.say("missed")
    clock.ahead = LATER
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(2)
        await intake.wait(lambda intake: bool(intake.read_to))
    async with serving(platform, intake, scene.fake):
        await scene.say("after")
        await intake.wait_stored(3)
    assert [message.text for message in intake.offered].count("missed") == 1


async def test_what_people_said_among_themselves_before_they_called_us_stays_theirs(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock, tmp_path: Path
):
    made = open_test_house(tmp_path, clock, reply="text")
    intake = StoredIntake(replace(made.house, platforms={platform.name: platform}))
    async with serving(platform, intake, scene.fake):
        await registered(scene)
        await scene.say(f"{scene.mention} before")
        await made.until_stored(1)
        thread = await scene.fake.start_thread(scene.ada, "plans", channel=scene.channel)
        await scene.fake.post(thread, scene.ada, "shall we meet, Bob?")
        await scene.fake.use_slash("ask", {"question": "what day is it"}, channel=thread, user=scene.ada)
        await made.until_stored(2)
    async with serving(platform, intake, scene.fake):
        stored = await made.until_stored(2)
    assert stored == ["before", "what day is it"]


async def test_a_session_that_begins_while_an_earlier_one_is_caught_up_on_takes_its_place(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, before: Message
):
    await scene.say("missed")
    await scene.fake.fail("500", HISTORY, times=1000)
    async with serving(platform, intake, scene.fake):
        for begun in (3, 4, 5):
            await scene.fake.forbid_resume()
            await scene.fake.cut_gateway()
            while (await scene.fake.gateway())["identifies"] < begun:
                await asyncio.sleep(0.05)
        await scene.fake.mend()
        await intake.wait_stored(2)
        await intake.wait(lambda intake: intake.rounds > 0)
    assert [message.text for message in intake.offered] == ["before", "missed"]


async def test_what_was_missed_in_threads_comes_between(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, before: Message
):
    known = await scene.fake.start_thread(scene.ada, "known", message=int(before.key))
    await scene.fake.post(known, scene.ada, "one")
    root = await scene.say("two")
    new = await scene.fake.start_thread(scene.ada, "new", message=root)
    await scene.fake.post(new, scene.ada, "three")
    await scene.fake.post(known, scene.ada, "four")
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(5)
    assert intake.texts == ["before", "one", "two", "three", "four"]
    threads = [message.place.thread for message in intake.messages.values()]
    assert threads == [before.key, before.key, str(root), str(new), before.key]
    assert {message.place.channel for message in intake.messages.values()} == {str(scene.channel)}


async def test_what_was_missed_in_a_direct_message_comes(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    direct = await scene.fake.direct_message(scene.ada)
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(direct, scene.ada, "before")
        await intake.wait_stored()
    await scene.fake.post(direct, scene.ada, "while you were away")
    async with serving(platform, intake, scene.fake):
        _, message = await intake.wait_stored(2)
    assert message.text == "while you were away"
    assert message.place.direct


@pytest.mark.usefixtures("before")
async def test_what_was_missed_where_we_never_spoke_comes(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    elsewhere = await scene.fake.add_channel(scene.guild, "elsewhere")
    await scene.fake.post(elsewhere, scene.ada, f"{scene.mention} the first time here")
    async with serving(platform, intake, scene.fake):
        _, message = await intake.wait_stored(2)
    assert (message.text, message.place.channel) == ("the first time here", str(elsewhere))


@pytest.mark.usefixtures("before")
async def test_where_nothing_was_missed_no_history_is_read(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        await scene.fake.wait_for(lambda: scene.fake.requests(LOOKED), bool, 5, "a look at what is new")
        await scene.say("after")
        await intake.wait_stored(2)
    reads = [each for each in await scene.fake.requests("GET /channels/") if each["path"].endswith("/messages")]
    assert reads == []


@pytest.mark.usefixtures("before")
async def test_what_was_missed_long_ago_is_left(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, clock: QuickClock
):
    await scene.say("too old")
    clock.ahead += FOUR_DAYS
    await scene.fake.advance(FOUR_DAYS)
    await scene.say("yesterday")
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(2)
    assert intake.texts == ["before", "yesterday"]


@pytest.mark.usefixtures("before")
async def test_new_messages_wait_for_older_ones(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    await scene.say("missed")
    await scene.fake.fail("slow", HISTORY, seconds=0.3)
    async with serving(platform, intake, scene.fake):
        await scene.say("new")
        await intake.wait_stored(3)
    assert intake.texts == ["before", "missed", "new"]


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("kind", ["429", "drop_before", "truncate"])
async def test_a_history_that_is_not_given_at_once_is_asked_for_again(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, kind: str
):
    await scene.say("missed")
    await scene.fake.fail(kind, HISTORY, times=2, seconds=0.05)
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(2)
    assert intake.texts == ["before", "missed"]


@pytest.mark.usefixtures("before")
async def test_a_history_that_is_not_given_for_long_is_asked_for_until_it_is(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    await scene.say("missed")
    await scene.fake.fail("429", HISTORY, times=9, seconds=40)
    async with serving(platform, intake, scene.fake):
        await scene.say("new")
        await intake.wait_stored(3)
    assert intake.texts == ["before", "missed", "new"]


@pytest.mark.usefixtures("before")
async def test_a_channel_whose_history_is_not_to_be_had_holds_up_no_other(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    elsewhere = await scene.fake.add_channel(scene.guild, "elsewhere")
    for channel in (scene.channel, elsewhere):
        await scene.fake.post(channel, scene.ada, f"{scene.mention} missed")
    await scene.fake.fail("429", f"GET /channels/{scene.channel}/messages", times=99, seconds=40)
    async with serving(platform, intake, scene.fake):
        _, message = await intake.wait_stored(2)
    assert message.place.channel == str(elsewhere)


@pytest.mark.usefixtures("before")
async def test_what_passes_before_older_messages_are_there_leaves_them_to_be_caught_up_on(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("adapters.discord.catch_up.GATE_SECONDS", 0.1)
    elsewhere = await scene.fake.add_channel(scene.guild, "elsewhere")
    await scene.say("missed")
    await scene.fake.post(elsewhere, scene.ada, f"{scene.mention} missed elsewhere")
    await scene.fake.fail("429", HISTORY, times=99, seconds=40)
    async with serving(platform, intake, scene.fake):
        await scene.say("new")
        await intake.wait_stored(2)
        await scene.say("newer")
        await intake.wait_stored(3)
    await scene.fake.mend()
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(5)
    assert sorted(intake.texts) == ["before", "missed", "missed elsewhere", "new", "newer"]


@pytest.mark.usefixtures("before")
async def test_a_command_does_not_pass_for_all_that_was_said_before_it(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        await registered(scene)
    await scene.say("missed")
    await scene.fake.fail("slow", HISTORY, times=99, seconds=5)
    async with serving(platform, intake, scene.fake):
        await scene.fake.use_slash("ask", {"question": "quick one"}, channel=scene.channel, user=scene.ada)
        await intake.wait_stored(2)
    await scene.fake.mend()
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(3)
    assert intake.texts == ["before", "quick one", "missed"]


@pytest.mark.usefixtures("before")
async def test_a_catch_up_that_is_cut_short_is_begun_again_where_it_began(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    elsewhere = await scene.fake.add_channel(scene.guild, "elsewhere")
    await scene.fake.post(elsewhere, scene.ada, f"{scene.mention} missed elsewhere")
    await scene.say("missed")
    await scene.fake.fail("slow", f"GET /channels/{elsewhere}/messages", times=99, seconds=5)
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(2)
    await scene.fake.mend()
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(3)
    assert intake.texts == ["before", "missed", "missed elsewhere"]


@pytest.mark.usefixtures("before")
async def test_what_was_missed_in_a_server_where_we_never_spoke_comes(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    guild = await scene.fake.add_guild("nest", members=[scene.ada])
    there = await scene.fake.add_channel(guild, "general")
    await scene.fake.post(there, scene.ada, f"{scene.mention} the first time in this server")
    async with serving(platform, intake, scene.fake):
        _, message = await intake.wait_stored(2)
    assert (message.text, message.place.workspace) == ("the first time in this server", str(guild))


@pytest.mark.usefixtures("before")
async def test_of_more_than_is_read_the_newest_is(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("adapters.discord.catch_up.MOST_MISSED", 2)
    for text in ("one", "two", "three"):
        await scene.say(text)
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(3)
    assert intake.texts == ["before", "two", "three"]


@pytest.mark.usefixtures("before")
async def test_a_channel_that_we_may_not_read_holds_up_no_other(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    hidden = await scene.fake.add_channel(scene.guild, "hidden")
    await scene.fake.post(hidden, scene.ada, f"{scene.mention} behind the curtain")
    await scene.fake.set_permissions(hidden, deny=["VIEW_CHANNEL"])
    await scene.say("missed")
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(2)
        await scene.say("new")
        await intake.wait_stored(3)
    assert intake.texts == ["before", "missed", "new"]


@pytest.mark.usefixtures("before")
async def test_a_storage_that_fails_while_catching_up_loses_nothing(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    await scene.say("one")
    await scene.say("two")
    intake.failures = 2
    async with serving(platform, intake, scene.fake):
        await intake.wait_stored(3)
    assert intake.texts == ["before", "one", "two"]


async def test_a_session_that_is_cut_is_resumed_and_misses_nothing(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        await scene.say("one")
        await intake.wait_stored()
        await scene.fake.hold_gateway()
        await scene.say("two")
        await scene.fake.release_gateway()
        async with asyncio.timeout(5):
            await intake.wait_stored(2)
    assert intake.texts == ["one", "two"]
    gateway = await scene.fake.gateway()
    assert (gateway["identifies"], gateway["resumes"] >= 1) == (1, True)


async def test_a_session_that_is_lost_is_caught_up_on(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    async with serving(platform, intake, scene.fake):
        await scene.say("one")
        await intake.wait_stored()
        await scene.fake.hold_gateway()
        await scene.fake.forbid_resume()
        await scene.say("two")
        await scene.fake.release_gateway()
        await intake.wait_stored(2)
        await scene.say("three")
        await intake.wait_stored(3)
    assert intake.texts == ["one", "two", "three"]
    assert (await scene.fake.gateway())["identifies"] == 2
