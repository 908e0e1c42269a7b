"""Files that the service makes: one message with all of them, under the names that people know."""

import asyncio

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.domain.errors import PostNotDone, PostRefused
from tests.contracts.platform import FILES, KEY
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import QuickClock, account_of, heard


async def test_files_are_one_message_in_the_thread(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    message = await heard(slack, platform, channel, ada, "hi")
    await platform.post(FILES, answering=message, key=KEY)
    (reply,) = await slack.bot_messages(channel)
    assert reply.thread_ts == message.key
    assert [file["title"] for file in reply.raw["files"]] == ["interview.txt", "interview.srt", "interview.vtt"]
    assert all(file["name"].startswith("interview-") for file in reply.raw["files"])
    assert len(await slack.requests("files.completeUploadExternal")) == 1


async def test_files_that_are_never_shown_are_withdrawn(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.options(drop_shares=1)
    with pytest.raises(PostNotDone):
        await platform.post(FILES, answering=message, key=KEY)
    assert len(await slack.journal("file.deleted")) == len(FILES.files)
    assert await platform.find(answering=message, key=KEY) is None


@pytest.mark.parametrize("kind", ["429", "500", "drop_after"])
async def test_one_upload_that_fails_leaves_nothing_to_be_seen(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, kind: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /upload/*", kind, skip=1)
    with pytest.raises(PostNotDone):
        await platform.post(FILES, answering=message, key=KEY)
    assert await slack.bot_messages(channel) == []


async def test_files_that_show_up_after_a_crash_are_found(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.options(share_seconds=0.15)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(platform.post(FILES, answering=message, key=KEY))
        await slack.wait_until(lambda state: any(one["kind"] == "upload.completed" for one in state["journal"]))
        task.cancel()
    async with SlackPlatform(account_of(slack), QuickClock(longest=0.5)) as after:
        post = await after.find(answering=message, key=KEY)
        assert post is not None
        await after.delete(post, answering=message)
    assert await slack.bot_messages(channel) == []
    assert len(await slack.journal("file.deleted")) == len(FILES.files)


async def test_a_workspace_that_allows_no_such_files_is_named(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    refusal = "file_uploads_except_images_disabled"
    await slack.fault("* /api/files.getUploadURLExternal", "error", error=refusal)
    with pytest.raises(PostRefused, match="no files but pictures"):
        await platform.post(FILES, answering=message, key=KEY)
