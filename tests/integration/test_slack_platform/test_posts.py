"""Posts and clips stand there once, whatever happens on the way."""

import asyncio
import itertools
from pathlib import Path

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.domain.audio import MediaFormat
from bot.domain.errors import PlatformProblem, PostInDoubt, PostNotDone, PostRefused
from bot.domain.messages import ClipPart, TextPart, VoiceClip
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import (
    QuickClock,
    account_of,
    heard,
    shown_text,
)

EARLY = list(itertools.product(("* /api/files.getUploadURLExternal", "POST /upload/*"), ("429", "500", "drop_after")))
"""What can go wrong before anything of an upload can be seen."""


async def test_a_dropped_connection_is_not_repeated_by_the_sdk(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /api/chat.postMessage", "drop_after")
    with pytest.raises(PostInDoubt):
        await platform.post(TextPart(text="once"), answering=message, key="k")
    assert len(await slack.requests("chat.postMessage")) == 1
    assert len(await slack.bot_messages(channel)) == 1


async def test_a_busy_slack_says_when_to_try_again(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /api/chat.postMessage", "429", seconds=9)
    with pytest.raises(PostNotDone) as caught:
        await platform.post(TextPart(text="once"), answering=message, key="k")
    assert caught.value.retry_after == 9.0


@pytest.mark.parametrize(
    ("kind", "problem"), [("503_text", PostInDoubt), ("429_text", PostNotDone), ("garble", PostInDoubt)]
)
async def test_an_answer_that_is_none_of_slacks_own_is_no_surprise(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, kind: str, problem: type[PlatformProblem]
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /api/chat.postMessage", kind, seconds=9)
    with pytest.raises(problem) as caught:
        await platform.post(TextPart(text="once"), answering=message, key="k")
    assert getattr(caught.value, "retry_after", None) == (9.0 if kind == "429_text" else None)
    assert bool(await slack.bot_messages(channel)) is (kind == "garble")


async def test_a_reply_stands_in_the_thread_and_carries_its_key(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    text = "**hello** <!channel> <@U1> `a < b`"
    await platform.post(TextPart(text=text), answering=message, key="slack:T:C:1/post:text:0")
    (reply,) = await slack.bot_messages(channel)
    assert reply.thread_ts == message.key
    assert reply.metadata == {"event_type": "mynah_reply", "event_payload": {"key": "slack:T:C:1/post:text:0"}}
    assert shown_text(reply) == text
    (call,) = await slack.requests("chat.postMessage")
    assert "<" not in call["arguments"]["text"] + call["arguments"]["blocks"][0]["text"]
    assert call["arguments"]["unfurl_links"] is False


async def test_a_key_survives_edits_and_is_found_behind_many_replies(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, monkeypatch: pytest.MonkeyPatch
):
    message = await heard(slack, platform, channel, ada, "hi")
    monkeypatch.setattr("adapters.slack.adapter.PAGE", 5)
    for number in range(12):
        await slack.post(channel, ada, f"chatter {number}", thread_ts=message.key, deliver=False)
    post = await platform.post(TextPart(text="first"), answering=message, key="k")
    await platform.edit(post, TextPart(text="second"), answering=message)
    assert await platform.find(answering=message, key="k") == post


async def test_a_clip_is_a_playable_upload_without_the_token(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, clip: ClipPart
):
    message = await heard(slack, platform, channel, ada, "hi")
    await platform.post(clip, answering=message, key="k")
    (reply,) = await slack.bot_messages(channel)
    assert reply.thread_ts == message.key
    assert reply.raw["files"][0]["name"].endswith(".mp3")
    assert reply.raw["files"][0]["mimetype"] == "audio/mpeg"
    assert reply.raw["files"][0]["title"] == "Spoken reply"


async def test_a_clip_that_is_never_shown_is_withdrawn(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, clip: ClipPart
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.options(drop_shares=1)
    with pytest.raises(PostNotDone):
        await platform.post(clip, answering=message, key="k")
    assert await platform.find(answering=message, key="k") is None
    assert len(await slack.journal("file.deleted")) == 1
    post = await platform.post(clip, answering=message, key="k")
    assert await platform.find(answering=message, key="k") == post
    assert len(await slack.bot_messages(channel)) == 1


async def test_a_clip_that_cannot_be_withdrawn_is_in_doubt(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, clip: ClipPart
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.options(drop_shares=1)
    await slack.fault("* /api/files.delete", "500", count=2)
    with pytest.raises(PostInDoubt):
        await platform.post(clip, answering=message, key="k")


async def test_a_clip_that_shows_up_after_a_crash_is_found(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, clip: ClipPart
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.options(share_seconds=0.15)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(platform.post(clip, answering=message, key="k"))
        await slack.wait_until(lambda state: any(one["kind"] == "upload.completed" for one in state["journal"]))
        task.cancel()
    async with SlackPlatform(account_of(slack), QuickClock(longest=0.5)) as after:
        post = await after.find(answering=message, key="k")
    assert post is not None
    assert len(await slack.bot_messages(channel)) == 1


@pytest.mark.parametrize("fault", EARLY)
async def test_an_upload_that_fails_early_is_certainly_not_posted(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, clip: ClipPart, fault: tuple[str, str]
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault(*fault)
    with pytest.raises(PostNotDone):
        await platform.post(clip, answering=message, key="k")
    assert await slack.bot_messages(channel) == []


@pytest.fixture
def clip(tmp_path: Path) -> ClipPart:
    path = tmp_path / "reply.mp3"
    path.write_bytes(b"ID3\x03" + bytes(5_000))
    return ClipPart(clip=VoiceClip(path=str(path), format=MediaFormat.MP3, filename="reply.mp3", seconds=1.0))


async def test_nobody_is_told_what_is_for_somebody_unknown(slack: SlackFake, platform: SlackPlatform):
    with pytest.raises(PostRefused, match="nobody by this id"):
        await platform.tell("U0000000000", "hello", workspace=slack.team_id)
    assert await slack.requests("chat.postMessage") == []
