"""What the service says stands where it belongs, once, and calls nobody."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.discord.adapter import DiscordPlatform
from bot.domain.errors import PostInDoubt, PostNotDone, PostRefused
from bot.domain.messages import ClipPart, Message, TextPart
from tests.contracts.platform import KEY
from tests.doubles.intake import RecordingIntake
from tests.integration.test_discord_platform.harness import (
    CREATE,
    TOO_LONG_TO_WAIT,
    WAVEFORM,
    QuickClock,
    Scene,
    clip_in,
    heard,
    serving,
)

FORGOTTEN_SECONDS = 600
"""After so long Discord knows no nonce any more."""

SUPPRESS_EMBEDS = 1 << 2


async def later(scene: Scene, clock: QuickClock) -> None:
    clock.ahead += FORGOTTEN_SECONDS
    await scene.fake.advance(FORGOTTEN_SECONDS)


async def restarted(scene: Scene, clock: QuickClock) -> DiscordPlatform:
    """Return what a new process has: it remembers nothing."""
    return DiscordPlatform(await scene.account(), clock)


async def said(scene: Scene, message: Message) -> list[str]:
    return [post.content for post in await scene.replies(int(message.key))]


async def direct(scene: Scene, platform: DiscordPlatform, text: str = "hello") -> Message:
    intake = RecordingIntake()
    channel = await scene.fake.direct_message(scene.ada)
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(channel, scene.ada, text)
        (message,) = await intake.wait_stored()
    return message


async def in_thread(scene: Scene, platform: DiscordPlatform, *texts: str) -> list[Message]:
    intake = RecordingIntake()
    thread = await scene.fake.start_thread(scene.ada, "talk", channel=scene.channel)
    async with serving(platform, intake, scene.fake):
        for text in texts:
            await scene.fake.post(thread, scene.ada, f"{scene.mention} {text}")
        return await intake.wait_stored(len(texts))


# --- where -------------------------------------------------------------------


async def test_a_message_is_answered_in_a_thread_of_its_own(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform, "how high is the oak?")
    await platform.post(TextPart(text="Forty feet."), answering=message, key=KEY)
    (post,) = await scene.fake.bot_messages(int(message.key))
    assert (post.content, post.reply_to) == ("Forty feet.", None)
    assert (await scene.fake.channel(int(message.key)) or {})["name"] == "how high is the oak?"


async def test_where_we_may_not_write_in_threads_we_reply_in_the_channel(scene: Scene, platform: DiscordPlatform):
    intake = RecordingIntake()
    await scene.fake.set_permissions(scene.channel, deny=["SEND_MESSAGES_IN_THREADS"])
    async with serving(platform, intake, scene.fake):
        key = await scene.say("how high is the oak?")
        (message,) = await intake.wait_stored()
        await platform.post(TextPart(text="Forty feet."), answering=message, key=KEY)
    assert await scene.fake.channel(key) is None
    assert [(post.content, post.reply_to) for post in await scene.replies(key)] == [("Forty feet.", key)]


async def test_a_thread_that_somebody_made_is_used(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.start_thread(scene.ada, "ours", message=int(message.key))
    await platform.post(TextPart(text="Here."), answering=message, key=KEY)
    assert [post.content for post in await scene.fake.bot_messages(int(message.key))] == ["Here."]


@pytest.mark.parametrize("denied", ["CREATE_PUBLIC_THREADS", "READ_MESSAGE_HISTORY"])
async def test_where_no_thread_can_be_made_it_is_a_reply(scene: Scene, platform: DiscordPlatform, denied: str):
    await scene.fake.set_permissions(scene.channel, deny=[denied])
    message = await heard(scene, platform)
    await platform.post(TextPart(text="Here."), answering=message, key=KEY)
    (post,) = await scene.fake.bot_messages(scene.channel)
    # A reply shows what it replies to, so it needs the permission to read that.
    assert post.reply_to == (None if denied == "READ_MESSAGE_HISTORY" else int(message.key))
    assert await scene.fake.channel(int(message.key)) is None


async def test_a_direct_message_is_answered_by_a_reply(scene: Scene, platform: DiscordPlatform):
    message = await direct(scene, platform)
    await platform.post(TextPart(text="Hello."), answering=message, key=KEY)
    (post,) = await scene.fake.bot_messages(int(message.place.channel))
    assert post.reply_to == int(message.key)


async def test_a_message_in_a_thread_is_answered_by_a_reply_there(scene: Scene, platform: DiscordPlatform):
    (message,) = await in_thread(scene, platform, "more")
    await platform.post(TextPart(text="Here."), answering=message, key=KEY)
    (post,) = await scene.fake.bot_messages(int(message.place.thread or 0))
    assert post.reply_to == int(message.key)


async def test_a_deleted_message_is_answered_all_the_same(scene: Scene, platform: DiscordPlatform):
    message = await direct(scene, platform)
    await scene.fake.delete(int(message.key))
    await platform.post(TextPart(text="Hello."), answering=message, key=KEY)
    (post,) = await scene.fake.bot_messages(int(message.place.channel))
    assert post.reply_to is None


async def test_nobody_is_called_and_no_link_unfolds(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    text = f"@everyone <@{scene.ada}> <@&{scene.guild}> https://example.com"
    await platform.post(TextPart(text=text), answering=message, key=KEY)
    (post,) = await scene.replies(int(message.key))
    assert post.content == text
    assert post.mentions == ()
    assert post.allowed_mentions == {"parse": []}
    assert post.flags & SUPPRESS_EMBEDS


# --- once --------------------------------------------------------------------


async def test_a_key_that_is_posted_twice_stands_there_once(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    posts = {await platform.post(TextPart(text="once"), answering=message, key=KEY) for _ in range(2)}
    assert len(posts) == 1
    assert await said(scene, message) == ["once"]


async def test_after_a_crash_a_post_stands_there_once(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock, tmp_path: Path
):
    message = await heard(scene, platform)
    parts = {"text": TextPart(text="once"), "clip": clip_in(tmp_path)}
    before = [await platform.post(part, answering=message, key=key) for key, part in parts.items()]
    async with await restarted(scene, clock) as again:
        after = [await again.post(part, answering=message, key=key) for key, part in parts.items()]
    assert after == before
    assert len(await said(scene, message)) == 2


async def test_long_after_a_crash_a_post_stands_there_once(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock, tmp_path: Path
):
    message = await heard(scene, platform)
    parts = {"text": TextPart(text="once"), "clip": clip_in(tmp_path)}
    before = [await platform.post(part, answering=message, key=key) for key, part in parts.items()]
    await later(scene, clock)
    async with await restarted(scene, clock) as again:
        after = [await again.post(part, answering=message, key=key) for key, part in parts.items()]
        assert await again.find(answering=message, key="clip") == before[1]
    assert after == before
    assert len(await said(scene, message)) == 2


@pytest.mark.parametrize("seconds_later", [0, FORGOTTEN_SECONDS])
async def test_after_a_crash_a_growing_text_becomes_the_whole(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock, seconds_later: float
):
    message = await heard(scene, platform)
    before = await platform.post(TextPart(text="Once upon …"), answering=message, key=KEY)
    clock.ahead += seconds_later
    await scene.fake.advance(seconds_later)
    async with await restarted(scene, clock) as again:
        after = await again.post(TextPart(text="Once upon a time."), answering=message, key=KEY)
    assert after == before
    assert await said(scene, message) == ["Once upon a time."]


async def test_the_same_words_to_another_message_are_another_post(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock
):
    first, second = await in_thread(scene, platform, "one", "two")
    await platform.post(TextPart(text="Yes."), answering=first, key="first")
    await later(scene, clock)
    async with await restarted(scene, clock) as again:
        await again.post(TextPart(text="Yes."), answering=second, key="second")
    posts = await scene.fake.bot_messages(int(first.place.thread or 0))
    assert [post.reply_to for post in posts] == [int(first.key), int(second.key)]


async def test_the_words_of_another_are_not_ours(scene: Scene, platform: DiscordPlatform, clock: QuickClock):
    message = await heard(scene, platform)
    thread = await scene.fake.start_thread(scene.ada, "talk", message=int(message.key))
    await scene.fake.post(thread, scene.ada, "Yes.")
    await later(scene, clock)
    await platform.post(TextPart(text="Yes."), answering=message, key=KEY)
    assert await said(scene, message) == ["Yes."]


async def test_a_server_error_is_waited_out(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.fail("500", CREATE)
    await platform.post(TextPart(text="once"), answering=message, key=KEY)
    assert await said(scene, message) == ["once"]


async def test_a_thread_that_was_made_unseen_is_used(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.fail("drop_after", "POST /channels/*/messages/*/threads")
    with pytest.raises(PostNotDone):
        await platform.post(TextPart(text="once"), answering=message, key=KEY)
    await platform.post(TextPart(text="once"), answering=message, key=KEY)
    assert await said(scene, message) == ["once"]


async def test_a_short_rate_limit_is_waited_out(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.fail("429", CREATE, times=2, seconds=0.1)
    await platform.post(TextPart(text="once"), answering=message, key=KEY)
    assert await said(scene, message) == ["once"]


async def test_a_long_rate_limit_is_told(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.fail("429", CREATE, seconds=TOO_LONG_TO_WAIT)
    with pytest.raises(PostNotDone) as busy:
        await platform.post(TextPart(text="once"), answering=message, key=KEY)
    assert busy.value.retry_after == TOO_LONG_TO_WAIT


async def test_an_answer_that_breaks_off_leaves_it_in_doubt(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.fail("truncate", CREATE)
    with pytest.raises(PostInDoubt):
        await platform.post(TextPart(text="once"), answering=message, key=KEY)
    assert await platform.find(answering=message, key=KEY) is not None


async def test_what_cannot_be_looked_for_is_not_called_absent(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.fail("drop_before", "GET /channels/*/messages", times=9)
    with pytest.raises(PostNotDone):
        await platform.find(answering=message, key=KEY)


# --- no ----------------------------------------------------------------------


async def refusal(platform: DiscordPlatform, message: Message, part: TextPart | ClipPart) -> str:
    with pytest.raises(PostRefused) as refused:
        await platform.post(part, answering=message, key=KEY)
    return refused.value.reason


async def test_a_missing_permission_is_named(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.set_permissions(scene.channel, deny=["SEND_MESSAGES_IN_THREADS"])
    assert "Send Messages in Threads" in await refusal(platform, message, TextPart(text="no"))


async def test_a_channel_that_we_cannot_see_is_named(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.set_permissions(scene.channel, deny=["VIEW_CHANNEL"])
    assert "View Channel" in await refusal(platform, message, TextPart(text="no"))


async def test_a_channel_that_is_gone_is_named(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.delete_channel(scene.channel)
    assert "gone" in await refusal(platform, message, TextPart(text="no"))
    assert await platform.find(answering=message, key=KEY) is None


async def test_a_locked_thread_is_named(scene: Scene, platform: DiscordPlatform):
    (message,) = await in_thread(scene, platform, "more")
    await scene.fake.change_thread(int(message.place.thread or 0), archived=True, locked=True)
    assert "locked" in await refusal(platform, message, TextPart(text="no"))


async def test_a_post_that_was_deleted_cannot_be_edited(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    post = await platform.post(TextPart(text="first"), answering=message, key=KEY)
    (shown,) = await scene.replies(int(message.key))
    await scene.fake.delete(shown.id)
    with pytest.raises(PostRefused, match="gone"):
        await platform.edit(post, TextPart(text="second"), answering=message)


# --- clips -------------------------------------------------------------------


async def test_a_clip_is_a_voice_message(scene: Scene, platform: DiscordPlatform, tmp_path: Path):
    message = await direct(scene, platform)
    await platform.post(clip_in(tmp_path), answering=message, key=KEY)
    (post,) = await scene.fake.bot_messages(int(message.place.channel))
    (file,) = post.files
    assert post.is_voice
    assert (file.duration_secs, base64.b64decode(file.waveform or "")) == (1.5, WAVEFORM)
    assert post.reply_to == int(message.key)
    (request,) = [each for each in await scene.fake.requests("POST /channels/") if each["files"]]
    assert request["files"][0]["content_type"] == "audio/ogg"
    assert request["files"][0]["filename"].startswith("voice-message-")
    assert request["files"][0]["filename"].endswith(".ogg")


async def test_where_voice_messages_are_not_allowed_it_is_a_file(
    scene: Scene, platform: DiscordPlatform, tmp_path: Path
):
    message = await heard(scene, platform)
    await scene.fake.set_permissions(scene.channel, deny=["SEND_VOICE_MESSAGES"])
    part = clip_in(tmp_path)
    post = await platform.post(part, answering=message, key=KEY)
    (shown,) = await scene.replies(int(message.key))
    assert not shown.is_voice
    assert await scene.fake.file_bytes(shown.files[0]) == Path(part.clip.path).read_bytes()
    assert await platform.find(answering=message, key=KEY) == post


async def test_where_no_files_are_allowed_it_is_refused(scene: Scene, platform: DiscordPlatform, tmp_path: Path):
    message = await heard(scene, platform)
    await scene.fake.set_permissions(scene.channel, deny=["SEND_VOICE_MESSAGES", "ATTACH_FILES"])
    assert "Attach Files" in await refusal(platform, message, clip_in(tmp_path))


async def test_a_clip_that_is_too_large_is_not_sent(scene: Scene, platform: DiscordPlatform, tmp_path: Path):
    message = await heard(scene, platform)
    part = clip_in(tmp_path, content=bytes(platform.abilities.max_upload_bytes + 1))
    assert "10 MiB" in await refusal(platform, message, part)
    assert await scene.fake.requests("POST /channels/") == []


async def test_a_clip_without_a_waveform_is_a_voice_message(scene: Scene, platform: DiscordPlatform, tmp_path: Path):
    message = await heard(scene, platform)
    clip = replace(clip_in(tmp_path).clip, waveform=b"")
    await platform.post(ClipPart(clip=clip), answering=message, key=KEY)
    (shown,) = await scene.replies(int(message.key))
    assert shown.is_voice


# --- direct messages ---------------------------------------------------------


async def test_a_direct_message_that_discord_py_repeats_can_be_known_again(scene: Scene, platform: DiscordPlatform):
    await scene.fake.fail("500", CREATE)
    await platform.tell(str(scene.ada), "80 % is spent", workspace=str(scene.guild))
    (told,) = await scene.fake.bot_messages(await scene.fake.direct_message(scene.ada))
    sent = await scene.fake.requests(f"POST /channels/{told.channel_id}/messages")
    assert len(sent) == 2
    assert told.nonce


@pytest.mark.parametrize("person", ["", "Ada", "U024BE7LD", "-1", "٤٢"])
async def test_who_has_no_id_of_discord_is_refused(scene: Scene, platform: DiscordPlatform, person: str):
    with pytest.raises(PostRefused, match="no id of a person"):
        await platform.tell(person, "hello", workspace=str(scene.guild))


async def test_who_takes_no_direct_messages_is_refused(scene: Scene, platform: DiscordPlatform):
    shy = await scene.fake.add_user("shy", accepts_dms=False)
    with pytest.raises(PostRefused, match="take no direct messages"):
        await platform.tell(str(shy), "hello", workspace=str(scene.guild))
