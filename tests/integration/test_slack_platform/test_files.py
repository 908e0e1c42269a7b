"""Downloads, with all the traps that Slack lays."""

from dataclasses import replace

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.domain.errors import MediaForbidden, PostNotDone
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import (
    NOTE,
    fetched,
    heard,
    serving,
)


async def test_a_clip_is_fetched_whatever_it_is_called(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "", NOTE, replace(NOTE, kind="slack_video", content=b"video"))
    assert [each.voice_note for each in message.attachments] == [True, False]
    assert await fetched(platform, message) == NOTE.content
    assert await fetched(platform, message, message.attachments[1]) == b"video"


async def test_a_login_page_is_explained(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    message = await heard(slack, platform, channel, ada, "", NOTE)
    await slack.remove_scopes("files:read")
    with pytest.raises(MediaForbidden, match="files:read"):
        await fetched(platform, message)


async def test_a_login_page_that_passes_is_no_problem(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "", NOTE)
    page = replace(NOTE, content=b"  <!DOCTYPE html><html>sign in</html>", content_type="audio/mp4")
    other = await heard(slack, platform, channel, ada, "", page)
    mixed = replace(message.attachments[0], handle=other.attachments[0].handle)
    assert await fetched(platform, message, mixed) == NOTE.content


@pytest.mark.parametrize("kind", ["connect", "upload"])
async def test_an_address_is_asked_for_when_there_is_none_or_an_old_one(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, kind: str
):
    message = await heard(slack, platform, channel, ada, "", replace(NOTE, kind=kind, name="a.m4a"))
    attachment = message.attachments[0]
    if kind == "upload":
        attachment = replace(attachment, handle={"url": f"{slack.url}/files-pri/gone/a.m4a"})
    assert ("url" in attachment.handle) is (kind == "upload")
    assert await fetched(platform, message, attachment) == NOTE.content
    assert len(await slack.requests("files.info")) == 1


async def test_a_file_that_is_kept_elsewhere_is_explained(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "", replace(NOTE, kind="external", name="a.mp3"))
    with pytest.raises(MediaForbidden, match="outside of Slack"):
        await fetched(platform, message)


async def test_redirects_keep_the_token_at_slack(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    message = await heard(slack, platform, channel, ada, "", NOTE)
    await slack.options(redirect="same")
    assert await fetched(platform, message) == NOTE.content


async def test_redirects_to_other_hosts_are_not_followed(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "", NOTE)
    await slack.options(redirect="foreign")
    with pytest.raises(MediaForbidden, match="nowhere else"):
        await fetched(platform, message)


async def test_an_address_outside_of_slack_is_not_asked(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "", NOTE)
    foreign = replace(
        message.attachments[0], handle={"url": slack.url.replace("127.0.0.1", "localhost") + "/files-pri/x"}
    )
    with pytest.raises(MediaForbidden):
        await fetched(platform, message, foreign)


@pytest.mark.parametrize("kind", ["429", "500", "drop_before", "truncate"])
async def test_a_download_that_fails_may_be_tried_again(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, kind: str
):
    message = await heard(slack, platform, channel, ada, "", NOTE)
    # aiohttp itself repeats a GET once, when a connection that it had kept turns out to be closed.
    await slack.fault("GET /files-*", kind, count=2 if kind == "drop_before" else 1)
    with pytest.raises(PostNotDone):
        await fetched(platform, message)
    assert await fetched(platform, message) == NOTE.content


async def test_nothing_is_asked_of_slack_before_a_message_is_stored(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        before = len((await slack.state())["requests"])
        await slack.post(channel, ada, "", files=(replace(NOTE, kind="connect"),))
        await intake.wait_stored()
        assert len((await slack.state())["requests"]) == before
