"""What becomes of messages at Slack afterwards reaches the intake, and what is no change does not."""

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.domain.messages import Addressed, Place, TextPart
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import Upload
from tests.integration.test_slack_platform.harness import NOTE, heard, serving

LINK = "https://example.com/page"


async def told(slack: SlackFake, deliveries: list[str]) -> None:
    assert deliveries, "Slack tells of it"
    for delivery in deliveries:
        assert (await slack.wait_delivered(delivery)).state == "acked"


async def test_an_edit_comes_as_the_message_reads_now(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        posted = await slack.post(channel, ada, f"{slack.mention} hello", files=(NOTE,))
        (before,) = await intake.wait_stored()
        await told(slack, await slack.edit(channel, posted.ts, f"{slack.mention} good bye"))
    [(after, said_at)] = intake.edits
    assert (after.text, after.subject, after.addressed) == ("good bye", before.subject, Addressed.MENTION)
    assert after.attachments == before.attachments
    assert (before.edited, bool(after.edited)) == ("", True)
    assert said_at == int(float(posted.ts) * 1000)


async def test_what_slack_changes_itself_is_no_edit(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, f"what is <{LINK}>?")
    async with serving(platform, intake, slack):
        ours = await platform.post(TextPart(text="A page."), answering=message, key="k")
        await platform.edit(ours, TextPart(text="A fine page."), answering=message)
        await told(slack, await slack.unfurl(channel, message.key, LINK))
        await slack.wait_until(lambda state: all(one["state"] == "acked" for one in state["deliveries"]))
    assert intake.happened == []


async def test_an_edit_is_told_again_until_it_is_stored(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        posted = await slack.post(channel, ada, f"{slack.mention} hello")
        await intake.wait_stored()
        intake.failures = 1
        await slack.edit(channel, posted.ts, f"{slack.mention} good bye")
        await intake.wait(lambda found: bool(found.happened))
    assert intake.happened == [("edited", "good bye")]


@pytest.mark.parametrize("replied", [False, True], ids=["alone", "with replies, where a tombstone stays"])
async def test_a_deletion_names_the_message(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, replied: bool
):
    message = await heard(slack, platform, channel, ada, "hello")
    if replied:
        await platform.post(TextPart(text="Hello."), answering=message, key="k")
    async with serving(platform, intake, slack):
        await told(slack, await slack.delete(channel, message.key))
    [(place, key)] = intake.deletions
    assert (place.scopes, key) == (message.place.scopes[:2], message.key)
    assert intake.edits == []


async def test_the_stop_button_stops_the_conversation(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    boss = await slack.create_user("Grace", is_admin=True)
    message = await heard(slack, platform, channel, ada, "hello")
    async with serving(platform, intake, slack):
        for person in (ada, boss):
            about = {"channel": channel, "thread_ts": message.key, "user": person, "streaming_message_ts": []}
            event = {"type": "agent_session_stopped", **about, "event_ts": message.key}
            await slack.wait_delivered(await slack.send_event(event))
    assert [place.conversation for place, _, _ in intake.stops] == [message.place.conversation] * 2
    assert [(by, may_manage) for _, by, may_manage in intake.stops] == [(ada, True), (boss, True)]


async def test_who_neither_made_the_channel_nor_is_an_admin_stops_only_their_own(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str
):
    other = await slack.create_user("Charles")
    channel = await slack.create_channel([ada, other], creator=other)
    message = await heard(slack, platform, channel, ada, "hello")
    async with serving(platform, intake, slack):
        about = {"channel": channel, "thread_ts": message.key, "user": ada, "streaming_message_ts": []}
        await slack.wait_delivered(
            await slack.send_event({"type": "agent_session_stopped", **about, "event_ts": "1.1"})
        )
    assert [(by, may_manage) for _, by, may_manage in intake.stops] == [(ada, False)]


async def test_a_deleted_file_is_named(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    upload = Upload(content=NOTE.content, kind=NOTE.kind, duration_ms=NOTE.duration_ms)
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, f"{slack.mention} hello", files=(upload,))
        (message,) = await intake.wait_stored()
        file = message.attachments[0].id
        await slack.delete_file(file)
        await intake.wait(lambda found: bool(found.happened))
    assert intake.happened == [("file deleted", f"slack:{slack.team_id}:{file}")]


@pytest.mark.parametrize("kind", ["channel_deleted", "group_deleted"])
async def test_a_channel_that_is_deleted_is_named_until_that_is_stored(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, channel: str, kind: str
):
    async with serving(platform, intake, slack):
        intake.failures = 1
        await slack.wait_delivered(await slack.send_event({"type": kind, "channel": channel}))
        await intake.wait(lambda found: bool(found.happened))
    assert intake.happened == [("channel deleted", f"slack:{slack.team_id}:{channel}")]


async def test_a_workspace_that_removes_the_app_is_left(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, slack):
        event = {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}, "event_ts": "1.1"}
        await slack.wait_delivered(await slack.send_event(event))
        assert intake.happened == []
        await slack.wait_delivered(await slack.send_event({"type": "app_uninstalled", "event_ts": "1.2"}))
    assert intake.happened == [("left", f"slack:{slack.team_id}")]


def test_slack_asks_for_a_purge():
    assert SlackPlatform.abilities.purges
    assert Place(platform="slack", workspace="T", channel="").scopes[0] == "slack:T"
