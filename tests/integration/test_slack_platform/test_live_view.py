"""The live view shows what a turn is busy with, and harms nobody."""

import time
from dataclasses import replace

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.ports import Stage
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import heard, serving

Shown = tuple[str, object]
WITHOUT_AGENTS = ["agents.*"]
WITHOUT_BOTH = ["agents.*", "assistant.*"]


async def shown(slack: SlackFake) -> list[Shown]:
    return [(one["what"], one["value"]) for one in (await slack.state())["statuses"]]


async def test_a_session_shows_that_it_works_and_is_named_after_what_was_said(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada)
    async with platform.progress(message) as live:
        await live.stage(Stage.LISTENING)
        await slack.wait_until(lambda state: len(state["statuses"]) == 1)
        await live.topic("Good morning, Mynah.\nHow are you?")
        await live.stage(Stage.THINKING)
        await slack.wait_until(lambda state: len(state["statuses"]) == 2)
    assert await shown(slack) == [
        ("session", "processing"),
        ("title", "Good morning, Mynah. How are you?"),
        ("session", "active"),
    ]
    begun, _ = await slack.requests("agents.sessions.setStatus")
    assert begun["arguments"]["title"] == "Voice note"
    assert begun["arguments"]["initiator_user_id"] == ada
    assert begun["arguments"]["thread_ts"] == message.key


async def test_what_is_said_later_in_a_conversation_does_not_rename_it(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    later = replace(message, key=f"{message.key}1")
    async with platform.progress(later) as live:
        await live.topic("something else")
        await live.stage(Stage.THINKING)
        await slack.wait_until(lambda state: len(state["statuses"]) == 1)
    assert await shown(slack) == [("session", "processing"), ("session", "active")]


async def test_where_there_are_no_sessions_a_status_says_what_it_is_busy_with_and_goes_away(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    await slack.options(missing=WITHOUT_AGENTS)
    message = await heard(slack, platform, channel, ada, "hi")
    async with platform.progress(message) as live:
        await live.stage(Stage.LISTENING)
        await slack.wait_until(lambda state: len(state["statuses"]) == 1)
        await live.stage(Stage.THINKING)
        await slack.wait_until(lambda state: len(state["statuses"]) == 2)
    assert await shown(slack) == [("status", "is listening…"), ("status", "is thinking…"), ("status", "")]
    assert len(await slack.requests("agents.sessions.setStatus")) == 1


async def test_a_conversation_with_an_older_assistant_has_a_title_too(
    slack: SlackFake, platform: SlackPlatform, ada: str
):
    await slack.options(missing=WITHOUT_AGENTS)
    direct = await slack.create_channel([ada], kind="im")
    message = await heard(slack, platform, direct, ada)
    async with platform.progress(message) as live:
        await live.topic("Good morning")
        await live.stage(Stage.THINKING)
        await slack.wait_until(lambda state: len(state["statuses"]) == 2)
    assert ("title", "Good morning") in await shown(slack)


async def test_where_no_status_works_it_reacts(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    await slack.options(missing=WITHOUT_BOTH)
    message = await heard(slack, platform, channel, ada, "hi")
    for _ in range(2):
        async with platform.progress(message) as live:
            await live.stage(Stage.THINKING)
            await slack.wait_until(lambda state: any("reactions.add" in one["path"] for one in state["requests"][-1:]))
    reactions = [one["path"] for one in (await slack.state())["requests"] if "reactions" in one["path"]]
    assert reactions == ["/api/reactions.add", "/api/reactions.remove"] * 2
    assert len(await slack.requests("agents.sessions.setStatus")) == 1
    assert len(await slack.requests("assistant.threads.setStatus")) == 1


async def test_a_channel_that_is_refused_is_not_taken_for_the_whole_workspace(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    await slack.fault("POST /api/agents.*", "error", error="channel_type_not_supported")
    other = await slack.create_channel([ada], name="other")
    for place in (channel, other):
        message = await heard(slack, platform, place, ada, "hi")
        async with platform.progress(message) as live:
            await live.stage(Stage.THINKING)
            await slack.wait_until(lambda state, place=place: any(one["channel"] == place for one in state["statuses"]))
    places = {one["channel"]: one["what"] for one in (await slack.state())["statuses"]}
    assert places == {channel: "status", other: "session"}


@pytest.mark.parametrize("kind", ["429", "500", "drop_before", "slow"])
async def test_a_live_view_that_fails_harms_nobody(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, kind: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /api/agents.*", kind, count=99, seconds=1)
    await slack.fault("POST /api/assistant.*", kind, count=99, seconds=1)
    await slack.fault("POST /api/reactions.*", kind, count=99, seconds=1)
    started = time.monotonic()
    async with platform.progress(message) as live:
        for stage in Stage:
            await live.stage(stage)
        assert time.monotonic() - started < 0.2
    await slack.clear_faults()


async def test_who_opens_the_conversation_with_us_is_told_what_could_be_asked(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str
):
    direct = await slack.create_channel([ada], kind="im")
    opened = {"type": "app_home_opened", "user": ada, "channel": direct, "event_ts": "1760000000.000100"}
    async with serving(platform, intake, slack):
        for tab in ("home", "messages"):
            await slack.wait_delivered(await slack.send_event(opened | {"tab": tab}))
    (call,) = await slack.requests("assistant.threads.setSuggestedPrompts")
    assert call["arguments"]["channel_id"] == direct
    assert "thread_ts" not in call["arguments"]
    assert 1 <= len(call["arguments"]["prompts"]) <= 4


async def test_where_nothing_can_be_suggested_that_is_remembered(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str
):
    await slack.options(missing=WITHOUT_BOTH)
    direct = await slack.create_channel([ada], kind="im")
    opened = {"type": "app_home_opened", "user": ada, "channel": direct, "tab": "messages"}
    async with serving(platform, intake, slack):
        for number in range(2):
            event = opened | {"event_ts": f"1760000000.00010{number}"}
            delivery = await slack.wait_delivered(await slack.send_event(event))
            assert delivery.state == "acked"
    assert len(await slack.requests("assistant.threads.setSuggestedPrompts")) == 1


async def test_what_somebody_looks_at_beside_the_conversation_is_passed_over(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str
):
    direct = await slack.create_channel([ada], kind="im")
    looking = {"entities": [{"type": "slack#/types/channel_id", "value": "C0000000009", "team_id": slack.team_id}]}
    said = {"type": "message", "channel": direct, "channel_type": "im", "user": ada, "text": "hello"}
    async with serving(platform, intake, slack):
        await slack.wait_delivered(await slack.send_event({"type": "app_context_changed", "context": looking}))
        await slack.send_event(said | {"ts": "1760000000.000100", "app_context": looking})
        (message,) = await intake.wait_stored()
    assert message.text == "hello"
