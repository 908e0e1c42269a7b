"""What a message refers to at Discord: what it replies to, and what its thread was made from."""

from pathlib import Path

import pytest

from adapters.discord.adapter import DiscordPlatform
from bot.domain.errors import PostNotDone
from bot.domain.messages import Message, Quoted, TextPart
from tests.doubles.intake import RecordingIntake
from tests.integration.test_discord_platform.harness import (
    NOTE,
    TOO_LONG_TO_WAIT,
    Scene,
    clip_in,
    fetched,
    heard,
    serving,
)


async def asked_in(scene: Scene, platform: DiscordPlatform, thread: int) -> Message:
    """Let Ada mention the bot in a thread."""
    intake = RecordingIntake()
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(thread, scene.ada, f"{scene.mention} and?")
        (message,) = await intake.wait_stored()
    return message


async def test_a_voice_message_that_is_replied_to_comes_along(scene: Scene, platform: DiscordPlatform):
    grace = await scene.fake.add_user("grace")
    await scene.fake.add_member(scene.guild, grace)
    note = await scene.fake.post(scene.channel, grace, voice=NOTE)
    message = await heard(scene, platform, "what does she want?", reply_to=note)
    (found,) = message.quoted
    assert found.author is not None
    assert (found.key, found.author.name, found.attachments[0].voice_note) == (str(note), "Grace", True)
    await scene.fake.expire_urls()
    assert await fetched(platform, message, found.attachments[0]) == NOTE.data


async def test_mentions_in_what_is_replied_to_are_spelt_out(scene: Scene, platform: DiscordPlatform):
    first = await scene.fake.post(scene.channel, scene.ada, f"<@{scene.ada}> likes <@{scene.me}>")
    (found,) = (await heard(scene, platform, reply_to=first)).quoted
    assert found.text == "@Ada likes"


async def test_of_our_own_posts_the_words_are_read_and_the_sound_is_not(
    scene: Scene, platform: DiscordPlatform, tmp_path: Path
):
    direct = await scene.fake.direct_message(scene.ada)
    intake = RecordingIntake()
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(direct, scene.ada, "hello")
        (message,) = await intake.wait_stored()
        await platform.post(TextPart(text="hello yourself"), answering=message, key="k")
        await platform.post(clip_in(tmp_path), answering=message, key="c")
        text, sound = await scene.fake.bot_messages(direct)
        for post in (text, sound):
            await scene.fake.post(direct, scene.ada, "what?", reply_to=post.id)
        _, to_text, to_sound = await intake.wait_stored(3)
    assert [(each.text, each.attachments) for each in to_text.quoted] == [("hello yourself", ())]
    assert [await platform.look_up(each, message=to_sound) for each in to_sound.quoted] == [None]


async def test_a_deleted_message_is_nothing(scene: Scene, platform: DiscordPlatform):
    first = await scene.fake.post(scene.channel, scene.ada, "oops")
    quoted = Quoted(channel=str(scene.channel), key=str(first), handle={"channel": str(scene.channel)})
    message = await heard(scene, platform, reply_to=first)
    await scene.fake.delete(first)
    assert await platform.look_up(quoted, message=message) is None


async def test_what_a_thread_was_made_from_is_looked_up(scene: Scene, platform: DiscordPlatform):
    note = await scene.fake.post(scene.channel, scene.ada, voice=NOTE)
    thread = await scene.fake.start_thread(scene.ada, "about it", message=note)
    message = await asked_in(scene, platform, thread)
    (head,) = message.quoted
    assert (head.head, head.author) == (True, None)
    found = await platform.look_up(head, message=message)
    assert found is not None
    assert await fetched(platform, message, found.attachments[0]) == NOTE.data


async def test_a_thread_that_was_made_from_nothing_has_no_head(scene: Scene, platform: DiscordPlatform):
    thread = await scene.fake.start_thread(scene.ada, "news", channel=scene.channel)
    message = await asked_in(scene, platform, thread)
    assert [await platform.look_up(each, message=message) for each in message.quoted] == [None]


async def test_a_discord_that_is_busy_says_so(scene: Scene, platform: DiscordPlatform):
    note = await scene.fake.post(scene.channel, scene.ada, "listen")
    thread = await scene.fake.start_thread(scene.ada, "about it", message=note)
    message = await asked_in(scene, platform, thread)
    await scene.fake.fail("429", "GET /channels/*/messages/*", seconds=TOO_LONG_TO_WAIT)
    with pytest.raises(PostNotDone):
        await platform.look_up(message.quoted[0], message=message)
