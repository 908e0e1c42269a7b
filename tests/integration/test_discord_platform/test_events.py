"""What people say at Discord becomes messages, each handed over once and in order."""

import asyncio
from dataclasses import replace

import pytest
from typing_extensions import override

from adapters.discord.adapter import DiscordPlatform
from bot.domain.messages import Addressed, Message
from tests.doubles.intake import RecordingIntake
from tests.fakes.discord.client import File
from tests.integration.test_discord_platform.harness import NOTE, QuickClock, Scene, fetched, heard, serving

SONG = File(name="song.mp3", data=b"ID3" + bytes(100), content_type="audio/mpeg", duration_secs=61.0)
FILM = File(name="film.mp4", data=bytes(200), content_type="video/mp4; codecs=avc1", title="Mein Film.mp4")


class SlowIntake(RecordingIntake):
    """Stores the first message more slowly than the others."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    @override
    async def accept(self, message: Message) -> bool:
        if not self.begun.is_set():
            self.begun.set()
            await asyncio.sleep(0.2)
        return await super().accept(message)


async def test_a_mention_is_heard_without_our_name(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform, f"what does <@{scene.ada}> think?")
    assert (message.text, message.addressed) == ("what does @Ada think?", Addressed.MENTION)
    assert (message.author.id, message.author.name) == (str(scene.ada), "Ada")
    assert (message.place.workspace, message.place.channel) == (str(scene.guild), str(scene.channel))
    assert message.place.thread == message.key
    assert not message.place.direct


async def test_a_voice_message_is_a_voice_note(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(scene.channel, scene.ada, voice=NOTE)
        (message,) = await intake.wait_stored()
    (note,) = message.attachments
    assert note.voice_note
    assert (note.declared_type, note.declared_seconds, note.declared_bytes) == ("audio/ogg", 2.5, len(NOTE.data))
    assert message.addressed is Addressed.OVERHEARD
    assert await fetched(platform, message) == NOTE.data


async def test_several_files_come_in_their_order(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform, "compare", files=[SONG, FILM])
    assert [(one.name, one.declared_type, one.voice_note) for one in message.attachments] == [
        ("song.mp3", "audio/mpeg", False),
        ("Mein Film.mp4", "video/mp4", False),
    ]
    assert message.attachments[0].declared_seconds == 61.0
    assert await fetched(platform, message, message.attachments[1]) == FILM.data


async def test_a_forwarded_note_is_heard(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    direct = await scene.fake.direct_message(scene.ada)
    note = await scene.fake.post(scene.channel, scene.ada, voice=NOTE)
    async with serving(platform, intake, scene.fake):
        await scene.fake.forward(note, direct, scene.ada)
        (message,) = await intake.wait_stored()
    assert message.attachments[0].voice_note
    await scene.fake.expire_urls()
    assert await fetched(platform, message) == NOTE.data


async def test_a_forwarded_text_is_heard(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    direct = await scene.fake.direct_message(scene.ada)
    text = await scene.fake.post(scene.channel, scene.ada, "the harvest was good")
    async with serving(platform, intake, scene.fake):
        await scene.fake.forward(text, direct, scene.ada)
        (message,) = await intake.wait_stored()
    assert message.text == "the harvest was good"


async def test_a_direct_message_has_no_thread(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    direct = await scene.fake.direct_message(scene.ada)
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(direct, scene.ada, "hello")
        (message,) = await intake.wait_stored()
    assert message.addressed is Addressed.DIRECT
    assert (message.place.workspace, message.place.channel, message.place.thread) == ("", str(direct), None)
    assert message.place.direct


async def test_a_reply_to_us_is_for_us(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    ours = await scene.fake.post(scene.channel, scene.me, "I am here")
    theirs = await scene.fake.post(scene.channel, scene.ada, "so am I")
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(scene.channel, scene.ada, "good", reply_to=ours, ping=False)
        await scene.fake.post(scene.channel, scene.ada, "who?", reply_to=theirs)
        first, second = await intake.wait_stored(2)
    assert (first.addressed, second.addressed) == (Addressed.MENTION, Addressed.OVERHEARD)


async def test_a_reply_to_us_without_words_such_as_a_sticker_asks_nothing(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    ours = await scene.fake.post(scene.channel, scene.me, "I am here")
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(scene.channel, scene.ada, reply_to=ours)
        await scene.fake.post(scene.channel, scene.ada, reply_to=ours, voice=NOTE)
        first, second = await intake.wait_stored(2)
    assert (first.addressed, second.addressed) == (Addressed.OVERHEARD, Addressed.MENTION)


async def test_a_thread_is_a_conversation_below_its_channel(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    root = await scene.fake.post(scene.channel, scene.ada, "a question")
    thread = await scene.fake.start_thread(scene.ada, "a question", message=root)
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(thread, scene.ada, "and more of it")
        (message,) = await intake.wait_stored()
    assert (message.place.channel, message.place.thread) == (str(scene.channel), str(thread))
    assert message.place.thread != message.key


async def test_a_thread_that_wakes_up_is_known(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    thread = await scene.fake.start_thread(scene.ada, "old matters", channel=scene.channel)
    await scene.fake.change_thread(thread, archived=True)
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(thread, scene.ada, "one thing more")
        (message,) = await intake.wait_stored()
    assert (message.place.channel, message.place.thread) == (str(scene.channel), str(thread))


@pytest.mark.parametrize("busy", [0, 3])
async def test_a_thread_that_slept_when_we_came_is_looked_up_until_it_is_known(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, busy: int
):
    thread = await scene.fake.start_thread(scene.ada, "old matters", channel=scene.channel)
    said = await scene.fake.post(thread, scene.ada, "my secret")
    await scene.fake.change_thread(thread, archived=True)
    await scene.fake.fail("429", f"GET /channels/{thread}", times=busy, seconds=40)
    async with serving(platform, intake, scene.fake):
        await scene.fake.delete(said)
        await intake.wait(lambda found: bool(found.deletions))
    ((place, key),) = intake.deletions
    assert (place.channel, place.thread, key) == (str(scene.channel), str(thread), str(said))


async def test_a_thread_that_is_looked_up_stays_in_order_and_what_is_said_elsewhere_meanwhile_is_ahead_of_it(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    thread = await scene.fake.start_thread(scene.ada, "old matters", channel=scene.channel)
    said = await scene.fake.post(thread, scene.ada, "my secret")
    await scene.fake.change_thread(thread, archived=True)
    await scene.fake.fail("slow", f"GET /channels/{thread}", seconds=0.5)
    async with serving(platform, intake, scene.fake):
        await scene.fake.delete(said)
        await scene.fake.post(thread, scene.ada, "and now?")
        await scene.say("meanwhile")
        await intake.wait_stored(2)
        assert intake.happened == [("deleted", str(said))]
    found = [(message.text, message.ahead) for message in intake.messages.values()]
    assert found == [("meanwhile", True), ("and now?", False)]


async def test_bots_are_bots(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    robot = await scene.fake.add_user("robot", bot=True)
    await scene.fake.add_member(scene.guild, robot)
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(scene.channel, robot, f"{scene.mention} beep")
        await intake.wait(lambda found: len(found.offered) == 1)
    assert intake.offered[0].author.is_bot
    assert intake.messages == {}


async def test_what_we_say_ourselves_is_not_handed_over(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(scene.channel, scene.me, "talking to myself")
        await scene.say("hello")
        await intake.wait_stored()
    assert [message.text for message in intake.offered] == ["hello"]


async def test_a_line_that_nobody_wrote_is_passed_over(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        await scene.fake.start_thread(scene.ada, "leaves a line in the channel", channel=scene.channel)
        await scene.say("hello")
        await intake.wait_stored()
    assert [message.text for message in intake.offered] == ["hello"]


async def test_an_event_that_comes_twice_is_one_message(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        await scene.fake.announce_again(await scene.say("hello"))
        await intake.wait(lambda found: len(found.offered) == 2)
    assert intake.texts == ["hello"]


async def test_a_channel_stays_in_order_although_storing_is_slow(scene: Scene, platform: DiscordPlatform):
    intake = SlowIntake()
    async with serving(platform, intake, scene.fake):
        for text in ("one", "two", "three"):
            await scene.say(text)
        await intake.wait_stored(3)
    assert intake.texts == ["one", "two", "three"]


async def test_a_slow_channel_holds_up_no_other(scene: Scene, platform: DiscordPlatform):
    elsewhere = await scene.fake.add_channel(scene.guild, "elsewhere")
    intake = SlowIntake()
    async with serving(platform, intake, scene.fake):
        await scene.say("slow")
        await scene.fake.post(elsewhere, scene.ada, f"{scene.mention} quick")
        await intake.wait_stored(2)
    assert intake.texts == ["quick", "slow"]


async def test_what_cannot_be_stored_holds_its_channel_up(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    intake.failures = 3
    async with serving(platform, intake, scene.fake):
        for text in ("one", "two"):
            await scene.say(text)
        await intake.wait_stored(2)
    assert intake.texts == ["one", "two"]
    assert [message.text for message in intake.offered] == ["one"] * 4 + ["two"]


async def test_what_is_being_stored_when_it_ends_is_stored(scene: Scene, platform: DiscordPlatform):
    intake = SlowIntake()
    async with serving(platform, intake, scene.fake):
        await scene.say("at the last moment")
        await intake.begun.wait()
        assert intake.messages == {}
    assert intake.texts == ["at the last moment"]


@pytest.mark.parametrize("asked", [True, False])
async def test_without_the_intent_mentions_and_direct_messages_are_heard(
    scene: Scene, intake: RecordingIntake, asked: bool
):
    await scene.fake.set_application(privileged_intents=["message_content"] if asked else [])
    direct = await scene.fake.direct_message(scene.ada)
    account = replace(await scene.account(), message_content=asked)
    async with DiscordPlatform(account, QuickClock()) as platform, serving(platform, intake, scene.fake):
        await scene.fake.post(scene.channel, scene.ada, "to nobody in particular")
        await scene.say("in a channel")
        await scene.fake.post(direct, scene.ada, "directly", files=[SONG])
        await intake.wait_stored(3)
    overheard = "to nobody in particular" if asked else ""
    assert sorted(intake.texts) == sorted([overheard, "in a channel", "directly"])
    assert sum(len(message.attachments) for message in intake.messages.values()) == 1
