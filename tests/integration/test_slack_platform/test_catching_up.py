"""What was missed is caught up on from the history, in order."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from adapters.slack.adapter import SlackPlatform
from bot.domain.errors import StorageUnavailable
from bot.domain.messages import Place
from bot.pipeline.intake import StoredIntake
from tests.doubles.house import open_test_house
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import Posted
from tests.integration.test_slack_platform.harness import (
    QuickClock,
    account_of,
    serving,
)

LATER = 120.0
"""Seconds, by which clocks do not differ."""


@pytest.fixture
async def before(slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str) -> Posted:
    """A message that was heard before we went away."""
    async with serving(platform, intake, slack):
        posted = await slack.post(channel, ada, "before")
        await intake.wait_stored()
    return posted


async def test_replies_that_were_missed_are_found_in_their_threads(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        root = await slack.post(channel, ada, "first thread")
        await intake.wait_stored(1)
        other = await slack.post(channel, ada, "second thread")
        await intake.wait_stored(2)
    for text, thread in (("2a", other.ts), ("1a", root.ts), ("new", None), ("1b", root.ts)):
        await slack.post(channel, ada, text, thread_ts=thread, deliver=False)
    async with serving(platform, intake, slack):
        await intake.wait_stored(6)
    assert intake.texts == ["first thread", "second thread", "2a", "1a", "new", "1b"]


async def test_what_was_stored_is_not_handed_over_again(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    async with serving(platform, intake, slack):
        await slack.wait_until(lambda state: any("history" in one["path"] for one in state["requests"]))
        await slack.post(channel, ada, "after")
        await intake.wait_stored(2)
    assert len(intake.offered) == 2


async def test_what_was_caught_up_on_is_not_handed_over_again(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    clock = QuickClock()
    async with SlackPlatform(account_of(slack), clock) as platform:
        await slack.post(channel, ada, "missed", deliver=False)
        await slack.post(channel, ada, "missed in a thread", thread_ts=before.ts, deliver=False)
        clock.ahead = LATER
        async with serving(platform, intake, slack):
            await intake.wait_stored(3)
            await intake.wait(lambda intake: len(intake.read_to) == 2)
        async with serving(platform, intake, slack):
            await slack.post(channel, ada, "after")
            await intake.wait_stored(4)
    assert [message.text for message in intake.offered] == ["before", "missed", "missed in a thread", "after"]


async def test_what_was_said_while_it_was_read_moves_no_mark(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    """Another place that was read before may have a message that is older, and not known."""
    marks = await intake.marks("slack")
    await slack.post(channel, ada, "just now", deliver=False)
    async with serving(platform, intake, slack):
        await intake.wait_stored(2)
        await intake.wait(lambda intake: intake.rounds == 1)
    assert await intake.marks("slack") == marks


async def test_what_was_missed_while_the_marks_were_moved_is_read(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    intake = SlowIntake()
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, "before")
        await intake.wait_stored()
    await slack.post(channel, ada, "missed", deliver=False)
    intake.may_move.clear()
    async with serving(platform, intake, slack):
        await intake.wait_stored(2)
        await intake.wait(lambda intake: intake.rounds == 1)
        await slack.post(channel, ada, "missed again", deliver=False)
        await slack.cut_sockets()
        await slack.wait_connected(2)
        await intake.wait(lambda intake: isinstance(intake, SlowIntake) and intake.looks >= 3)
        await asyncio.sleep(0.3)
        intake.may_move.set()
        await intake.wait_stored(3)
    assert intake.texts == ["before", "missed", "missed again"]


async def test_what_people_said_among_themselves_before_they_called_us_stays_theirs(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, tmp_path: Path
):
    made = open_test_house(tmp_path, QuickClock(), reply="text")
    intake = StoredIntake(replace(made.house, platforms={platform.name: platform}))
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, f"{slack.mention} before")
        await made.until_stored(1)
    root = await slack.post(channel, ada, "shall we meet on Monday, Bob?", deliver=False)
    for text in ("or Tuesday, Bob?", f"{slack.mention} what day is it?", "and then?"):
        await slack.post(channel, ada, text, thread_ts=root.ts, deliver=False)
    for _ in range(3):
        async with serving(platform, intake, slack):
            stored = await made.until_stored(3)
    assert stored == ["before", "what day is it?", "and then?"]


async def test_catching_up_waits_when_slack_is_busy(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    clock = QuickClock()
    async with SlackPlatform(account_of(slack), clock) as platform:
        await slack.post(channel, ada, "missed", deliver=False)
        await slack.fault("* /api/conversations.history", "429", seconds=7)
        async with serving(platform, intake, slack):
            await intake.wait_stored(2)
    assert 7.0 in clock.slept
    assert intake.texts == ["before", "missed"]


async def test_a_new_message_waits_for_the_older_ones_of_its_channel(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    await slack.post(channel, ada, "missed", deliver=False)
    await slack.fault("* /api/conversations.history", "slow", seconds=0.5)
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, "new")
        await intake.wait_stored(3)
    assert intake.texts == ["before", "missed", "new"]


async def test_what_was_missed_too_long_ago_is_left(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    account = replace(account_of(slack), catch_up_seconds=0)
    async with SlackPlatform(account, QuickClock()) as platform:
        await slack.post(channel, ada, "missed", deliver=False)
        async with serving(platform, intake, slack):
            await slack.wait_until(lambda state: any("history" in one["path"] for one in state["requests"]))
            await slack.post(channel, ada, "new")
            await intake.wait_stored(2)
    assert intake.texts == ["before", "new"]


async def test_a_channel_that_cannot_be_read_does_not_hold_up_others(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    second = await slack.create_channel([ada], name="second")
    async with serving(platform, intake, slack):
        await slack.post(second, ada, "second before")
        await slack.post(channel, ada, "first before")
        await intake.wait_stored(2)
    await slack.post(second, ada, "missed", deliver=False)
    await slack.fault("* /api/conversations.history", "error", error="channel_not_found")
    async with serving(platform, intake, slack):
        await intake.wait_stored(3)
    assert "missed" in intake.texts


async def test_what_was_missed_where_nobody_spoke_to_us_before_comes(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    quiet = await slack.create_channel([ada], name="quiet")
    direct = await slack.create_channel([ada], kind="im")
    elsewhere = await slack.create_channel([ada], name="elsewhere", bot=False)
    await slack.post(quiet, ada, "long before", deliver=False)
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, "before")
        await intake.wait_stored()
    await slack.post(quiet, ada, f"{slack.mention} the first time here", deliver=False)
    await slack.post(direct, ada, "and in private", deliver=False)
    await slack.post(elsewhere, ada, "not for us", deliver=False)
    async with serving(platform, intake, slack):
        await intake.wait_stored(3)
    assert set(intake.texts) == {"before", "the first time here", "and in private"}


async def test_a_list_of_channels_that_slack_refuses_holds_nothing_up(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    await slack.post(channel, ada, "missed", deliver=False)
    await slack.fault("* /api/users.conversations", "error", error="missing_scope")
    async with serving(platform, intake, slack):
        await intake.wait_stored(2)
    assert intake.texts == ["before", "missed"]


async def test_a_slow_list_of_channels_brings_no_conversation_out_of_order(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    await slack.post(channel, ada, "missed", deliver=False)
    await slack.fault("* /api/users.conversations", "slow", seconds=1.0)
    await slack.fault("* /api/conversations.history", "slow", seconds=0.3)
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, "new")
        await intake.wait_stored(3)
    assert intake.texts == ["before", "missed", "new"]


async def test_a_channel_is_asked_for_until_slack_gives_it_and_new_messages_do_not_wait_for_that(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    account = replace(account_of(slack), pace=1000.0)
    async with SlackPlatform(account, QuickClock(longest=0.1)) as platform:
        await slack.post(channel, ada, "missed", deliver=False)
        await slack.fault("* /api/conversations.history", "503", count=25)
        async with serving(platform, intake, slack):
            await slack.post(channel, ada, "new")
            await intake.wait_stored(3)
    assert intake.texts == ["before", "new", "missed"]


async def test_a_new_message_hides_nothing_when_the_service_ends_before_it_has_caught_up(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    account = replace(account_of(slack), pace=1000.0)
    async with SlackPlatform(account, QuickClock(longest=0.1)) as platform:
        await slack.post(channel, ada, "missed", deliver=False)
        await slack.fault("* /api/conversations.history", "503", count=1000)
        async with serving(platform, intake, slack):
            await slack.post(channel, ada, "new")
            await intake.wait_stored(2)
        await slack.clear_faults()
        async with serving(platform, intake, slack):
            await intake.wait_stored(3)
    assert intake.texts == ["before", "new", "missed"]


async def test_a_channel_that_fails_is_read_after_the_others(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    second = await slack.create_channel([ada], name="second")
    async with serving(platform, intake, slack):
        await slack.post(second, ada, "second before")
        await slack.post(channel, ada, "first before")
        await intake.wait_stored(2)
    for one in (channel, second):
        await slack.post(one, ada, f"missed in {one}", deliver=False)
    await slack.fault("* /api/conversations.history", "503_text")
    async with serving(platform, intake, slack):
        await intake.wait_stored(4)
    assert intake.texts[2:] == [f"missed in {second}", f"missed in {channel}"]


async def test_a_list_of_channels_is_asked_for_until_slack_gives_it(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    quiet = await slack.create_channel([ada], name="quiet")
    await slack.post(quiet, ada, "missed", deliver=False)
    await slack.fault("* /api/users.conversations", "503", count=7)
    async with serving(platform, intake, slack):
        await intake.wait_stored(2)
    assert intake.texts == ["before", "missed"]


async def test_a_new_message_hides_nothing_where_nobody_spoke_to_us_before(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, before: Posted
):
    quiet = await slack.create_channel([ada], name="quiet")
    account = replace(account_of(slack), pace=1000.0)
    async with SlackPlatform(account, QuickClock(longest=0.1)) as platform:
        await slack.post(quiet, ada, "missed", deliver=False)
        await slack.fault("* /api/users.conversations", "503", count=20)
        async with serving(platform, intake, slack):
            await slack.post(quiet, ada, "new")
            await intake.wait_stored(2)
            await slack.cut_sockets()
            await slack.wait_connected(2)
            assert (await slack.state())["faults"], "its channels were listed before the second round"
            await intake.wait_stored(3)
    assert intake.texts == ["before", "new", "missed"]


async def test_messages_are_only_taken_when_it_is_known_what_was_missed_before_them(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    intake = SilentIntake()
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, "before")
        await intake.wait_stored()
    await slack.post(channel, ada, "missed", deliver=False)
    intake.silences = 3
    async with serving(platform, intake, slack):
        assert intake.silences == 0
        await slack.post(channel, ada, "new")
        await intake.wait_stored(3)
    assert intake.texts == ["before", "missed", "new"]


class SlowIntake(RecordingIntake):
    """An intake that takes its time to move marks."""

    def __init__(self) -> None:
        super().__init__()
        self.may_move = asyncio.Event()
        self.may_move.set()
        self.looks = 0
        """How often the marks were read."""

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        self.looks += 1
        self._wake()
        return await super().marks(platform)

    @override
    async def caught_up(self, marks: Mapping[Place, str]) -> None:
        await super().caught_up(marks)
        await self.may_move.wait()


class SilentIntake(RecordingIntake):
    """An intake whose marks cannot be read at times."""

    silences = 0
    """How often they cannot."""

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        if self.silences:
            self.silences -= 1
            raise StorageUnavailable("the disk is full")
        return await super().marks(platform)
