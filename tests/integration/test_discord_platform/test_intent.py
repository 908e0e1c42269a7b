"""Without the privileged intent: what speaks to the bot is heard, and everything else arrives empty and is left."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.discord.adapter import DiscordPlatform
from bot.domain.messages import Addressed
from tests.doubles.intake import RecordingIntake
from tests.integration.test_discord_platform.harness import NOTE, QuickClock, Scene, serving


@pytest.fixture
async def blind(scene: Scene) -> AsyncIterator[DiscordPlatform]:
    """The adapter of an application that has no privileged intent."""
    await scene.fake.set_application(privileged_intents=[])
    account = replace(await scene.account(), message_content=False)
    async with DiscordPlatform(account, QuickClock()) as platform:
        yield platform


async def test_a_mention_comes_with_its_words_and_its_voice_note(
    scene: Scene, blind: DiscordPlatform, intake: RecordingIntake
):
    async with serving(blind, intake, scene.fake):
        await scene.say("listen", files=[replace(NOTE, duration_secs=None, waveform=None)])
        (message,) = await intake.wait_stored()
    assert (message.text, message.addressed, len(message.attachments)) == ("listen", Addressed.MENTION, 1)


async def test_a_voice_message_comes_directly_and_not_in_a_channel(
    scene: Scene, blind: DiscordPlatform, intake: RecordingIntake
):
    direct = await scene.fake.direct_message(scene.ada)
    async with serving(blind, intake, scene.fake):
        await scene.fake.post(scene.channel, scene.ada, voice=NOTE)
        await scene.fake.post(direct, scene.ada, voice=NOTE)
        await intake.wait_stored(2)
    assert {message.place.direct: len(message.attachments) for message in intake.messages.values()} == {
        True: 1,
        False: 0,
    }


async def test_a_reply_to_us_that_comes_empty_speaks_to_nobody(
    scene: Scene, blind: DiscordPlatform, intake: RecordingIntake
):
    ours = await scene.fake.post(scene.channel, scene.me, "The oak is 30 feet high.")
    async with serving(blind, intake, scene.fake):
        await scene.fake.post(scene.channel, scene.ada, "thanks", reply_to=ours, ping=False)
        await scene.fake.post(scene.channel, scene.ada, "how old is it?", reply_to=ours)
        await intake.wait_stored(2)
    heard = {message.text: message.addressed for message in intake.messages.values()}
    assert heard == {"": Addressed.OVERHEARD, "how old is it?": Addressed.MENTION}


async def test_commands_come_with_everything_that_is_given_to_them(
    scene: Scene, blind: DiscordPlatform, intake: RecordingIntake
):
    async with serving(blind, intake, scene.fake):
        await scene.fake.wait_for(lambda: scene.fake.requests("PUT /applications/"), bool, 5, "registration")
        asked = await scene.fake.use_slash(
            "ask", {"question": "how high is the oak?"}, channel=scene.channel, user=scene.ada
        )
        await scene.fake.wait_for_answer(asked)
        (message,) = await intake.wait_stored()
    assert (message.text, message.addressed) == ("how high is the oak?", Addressed.COMMAND)


async def test_what_was_missed_is_caught_up_on_as_far_as_it_may_be_read(
    scene: Scene, blind: DiscordPlatform, intake: RecordingIntake
):
    async with serving(blind, intake, scene.fake):
        await scene.say("before")
        await intake.wait_stored()
    await scene.fake.post(scene.channel, scene.ada, "to nobody in particular")
    await scene.say("missed")
    async with serving(blind, intake, scene.fake):
        await intake.wait(lambda found: "missed" in found.texts)
    assert intake.texts == ["before", "", "missed"]
