"""Slash commands: turns in the thread of a root, and answers to their author alone."""

from typing import Any

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.domain.messages import Addressed, TextPart
from bot.words import teaching
from tests.doubles.catalogue import MARKED, Marks
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import Upload
from tests.integration.test_slack_platform.harness import (
    NOTE,
    fetched,
    serving,
    shown_text,
)


async def test_a_question_is_asked_in_the_thread_of_its_root(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        used = await slack.slash("/ask", "why <!channel>?", user=ada, channel=channel)
        assert (await slack.wait_delivered(used.delivery)).state == "acked"
    (message,) = intake.messages.values()
    (root,) = await slack.bot_messages(channel)
    assert (message.text, message.command, message.addressed) == ("why @channel?", "ask", Addressed.COMMAND)
    assert message.key == message.place.thread == root.ts
    assert root.text == f"<@{ada}> used /ask: why @channel?"
    await platform.post(TextPart(text="because"), answering=message, key="k")
    assert [shown_text(one) for one in await slack.bot_messages(channel, root.ts)][-1] == "because"


@pytest.mark.parametrize(
    "lack", [("/ask", "/ask <question>"), ("/transcribe", "no recording"), ("/dance", "do not know")]
)
async def test_a_command_that_lacks_something_says_so(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, lack: tuple[str, str]
):
    async with serving(platform, intake, slack):
        answer = await answered(slack, lack[0], "", user=ada, channel=channel)
    assert lack[1] in answer
    assert intake.messages == {}
    assert await slack.bot_messages(channel) == []


@pytest.mark.parametrize("lack", ["/ask", "/transcribe", "/dance"])
async def test_what_we_say_by_ourselves_is_said_in_the_language_of_who_asked(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, lack: str
):
    intake.languages[ada] = MARKED
    with teaching(MARKED, Marks()):
        async with serving(platform, intake, slack):
            answer = await answered(slack, lack, "", user=ada, channel=channel)
            await slack.wait_delivered((await slack.slash("/ask", "why?", user=ada, channel=channel)).delivery)
    assert answer.startswith("⟦")
    assert (await slack.bot_messages(channel))[-1].text == f"<@{ada}>⟦ used ⟧/ask⟦: ⟧why?"


async def test_a_command_where_we_may_not_post_says_so(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str
):
    foreign = await slack.create_channel([ada], kind="private", bot=False)
    async with serving(platform, intake, slack):
        answer = await answered(slack, "/ask", "why?", user=ada, channel=foreign)
    assert "/invite" in answer
    assert intake.messages == {}


async def test_a_command_that_cannot_be_stored_leaves_no_root(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    intake.failures = 1
    async with serving(platform, intake, slack):
        answer = await answered(slack, "/ask", "why?", user=ada, channel=channel)
    assert "went wrong" in answer
    assert await slack.bot_messages(channel) == []


async def test_to_transcribe_takes_the_last_recording_of_the_channel(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    old = await slack.post(channel, ada, "old", files=(NOTE,), deliver=False)
    last = await slack.post(channel, ada, "last", files=(NOTE, NOTE), deliver=False)
    await slack.post(channel, ada, "a picture", files=(Upload(content=b"png", name="a.png"),), deliver=False)
    async with serving(platform, intake, slack):
        used = await slack.slash("/transcribe", "", user=ada, channel=channel)
        assert (await slack.wait_delivered(used.delivery)).state == "acked"
    (message,) = intake.messages.values()
    assert [each.id for each in message.attachments] == list(last.files)
    assert not set(last.files) & set(old.files)
    assert await fetched(platform, message) == NOTE.content


async def test_a_command_that_is_answered_at_once_is_answered_to_its_author(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    intake.answer = "- `chat_model` = **a** <!channel>"
    async with serving(platform, intake, slack):
        answer = await answered(slack, "/model", "", user=ada, channel=channel)
    assert answer == "- `chat_model` = **a** &lt;!channel>"
    (call,) = intake.calls
    assert (call.name, dict(call.options), call.author.id, call.may_manage) == ("model", {}, ada, False)
    assert await slack.bot_messages(channel) == []


@pytest.mark.parametrize("who", ["admin", "creator", "member"])
async def test_admins_and_a_channels_creator_may_change_it(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, who: str
):
    user = await slack.create_user("Grace", is_admin=who == "admin")
    channel = await slack.create_channel([ada, user], creator=user if who == "creator" else ada)
    async with serving(platform, intake, slack):
        await answered(slack, "/settings", "reply voice", user=user, channel=channel)
    (call,) = intake.calls
    assert call.may_manage is (who != "member")
    assert dict(call.options) == {"name": "reply", "value": "voice"}


@pytest.mark.parametrize("is_admin", [True, False])
async def test_who_shares_a_channel_from_another_workspace_manages_nothing(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, *, is_admin: bool
):
    other = await slack.create_team("Partners")
    grace = await other.create_user("Grace", is_admin=is_admin)
    channel = await slack.create_channel([ada, grace], creator=grace)
    async with serving(platform, intake, slack):
        await answered(slack, "/settings", "reply voice", user=grace, channel=channel)
        await answered(slack, "/mynah", "pair ABCDEFGH", user=grace, channel=channel)
    assert [(call.may_manage, call.may_administer) for call in intake.calls] == [(False, False)] * 2
    assert {call.place.workspace for call in intake.calls} == {slack.team_id}


async def test_everybody_may_change_their_own_direct_messages(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str
):
    direct = await slack.create_channel([ada], kind="im")
    async with serving(platform, intake, slack):
        await answered(slack, "/settings", "reply voice", user=ada, channel=direct)
    assert intake.calls[0].may_manage
    assert intake.calls[0].place.direct


async def test_people_are_shown_by_name_in_an_answer(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    intake.answer = f"- <@{ada}> and <!channel>: free"
    async with serving(platform, intake, slack):
        answer = await answered(slack, "/usage", "", user=ada, channel=channel)
    assert answer == f"- <@{ada}> and &lt;!channel>: free"


@pytest.mark.parametrize(("text", "manages"), [("", False), ("day 5", True)])
async def test_who_may_limit_a_channel_is_only_looked_up_for_a_limit(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, text: str, manages: bool
):
    admin = await slack.create_user("Grace", is_admin=True)
    channel = await slack.create_channel([admin])
    async with serving(platform, intake, slack):
        await answered(slack, "/budget", text, user=admin, channel=channel)
    assert intake.calls[0].may_manage is manages
    assert len(await slack.requests("users.info")) == int(manages)


async def test_who_decides_about_a_retry_is_looked_up(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str
):
    admin = await slack.create_user("Grace", is_admin=True)
    channel = await slack.create_channel([admin, ada], creator=admin)
    async with serving(platform, intake, slack):
        for user in (ada, admin):
            await answered(slack, "/retry", "", user=user, channel=channel)
    assert [call.may_manage for call in intake.calls] == [False, True]


async def answered(slack: SlackFake, command: str, text: str, *, user: str, channel: str) -> str:
    """Type a command and return what its author sees."""
    used = await slack.slash(command, text, user=user, channel=channel)
    delivery = await slack.wait_delivered(used.delivery)
    assert delivery.state == "acked"
    seen: dict[str, Any] = delivery.attempts[-1]["answer"]
    return str(seen["blocks"][0]["text"]).replace("&lt;question", "<question")
