"""What Slack tells us is stored once, and acknowledged only then."""

import asyncio

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.domain.messages import Addressed, Message, TextPart
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import (
    heard,
    serving,
)


async def test_a_mention_is_told_twice_and_stored_once(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        posted = await slack.post(channel, ada, f"{slack.mention} hello")
        for delivery in posted.deliveries:
            assert (await slack.wait_delivered(delivery)).state == "acked"
    assert len(posted.deliveries) == 2
    assert [message.key for message in intake.offered] == [posted.ts, posted.ts]
    (message,) = intake.messages.values()
    assert message.addressed is Addressed.MENTION
    assert message.place.workspace == slack.team_id


async def test_a_direct_message_needs_no_mention_and_is_answered_in_its_thread(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str
):
    direct = await slack.create_channel([ada], kind="im")
    async with serving(platform, intake, slack):
        posted = await slack.post(direct, ada, "hello")
        (message,) = await intake.wait_stored()
        await slack.post(direct, ada, "and then?", thread_ts=posted.ts)
        follow_up = (await intake.wait_stored(2))[1]
    assert message.addressed is follow_up.addressed is Addressed.DIRECT
    assert message.place == follow_up.place
    await platform.post(TextPart(text="hi"), answering=message, key="k")
    assert len(await slack.bot_messages(direct, posted.ts)) == 1


async def test_our_own_words_are_not_heard(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    async with serving(platform, intake, slack):
        await platform.post(TextPart(text="hello yourself"), answering=message, key="k")
        await slack.wait_until(
            lambda state: all(one["state"] == "acked" for one in state["deliveries"]) and len(state["deliveries"]) == 3
        )
    assert intake.offered == []


@pytest.mark.parametrize("kind", ["app_home_opened", "member_joined_channel"])
async def test_other_events_are_acknowledged(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, kind: str
):
    async with serving(platform, intake, slack):
        delivery = await slack.send_event(
            {"type": kind, "user": ada, "channel": channel, "event_ts": "1760000000.000100"}
        )
        assert (await slack.wait_delivered(delivery)).state == "acked"
    assert intake.offered == []


async def test_edits_and_deletions_are_not_heard(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        posted = await slack.post(channel, ada, "hi")
        await slack.edit(channel, posted.ts, "ho")
        await slack.delete(channel, posted.ts)
        await slack.wait_until(lambda state: [one["state"] for one in state["deliveries"]] == ["acked"] * 3)
    assert len(intake.offered) == 1


async def test_what_was_not_stored_is_not_acknowledged_over_a_socket(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    await slack.options(ack_seconds=0.8)
    intake.failures = 1
    async with serving(platform, intake, slack):
        posted = await slack.post(channel, ada, "hello")
        delivery = await slack.wait_delivered(posted.deliveries[0])
    assert [attempt["failure"] for attempt in delivery.attempts] == ["timeout", None]
    assert intake.texts == ["hello"]


async def test_an_event_is_acknowledged_only_after_it_was_stored(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    class Slow(RecordingIntake):
        async def accept(self, message: Message) -> bool:
            await asyncio.sleep(0.3)
            return await super().accept(message)

    intake = Slow()
    async with serving(platform, intake, slack):
        posted = await slack.post(channel, ada, "hello")
        delivery = await slack.wait_delivered(posted.deliveries[0])
    assert delivery.attempts[-1]["seconds"] >= 0.3
    assert intake.texts == ["hello"]
