"""The live view shows what a turn is busy with, and harms nobody."""

import time

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.ports import Stage
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import (
    heard,
)


async def test_a_status_shows_what_it_is_busy_with_and_goes_away(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    async with platform.progress(message) as live:
        await live.stage(Stage.LISTENING)
        await slack.wait_until(lambda state: len(state["statuses"]) == 1)
        await live.stage(Stage.THINKING)
        await slack.wait_until(lambda state: len(state["statuses"]) == 2)
    shown = [one["value"] for one in (await slack.state())["statuses"]]
    assert shown == ["is listening…", "is thinking…", ""]


async def test_where_no_status_works_it_reacts(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /api/assistant.threads.setStatus", "error", error="channel_type_not_supported", count=99)
    for _ in range(2):
        async with platform.progress(message) as live:
            await live.stage(Stage.THINKING)
            await slack.wait_until(lambda state: any("reactions.add" in one["path"] for one in state["requests"][-1:]))
    reactions = [one["path"] for one in (await slack.state())["requests"] if "reactions" in one["path"]]
    assert reactions == ["/api/reactions.add", "/api/reactions.remove"] * 2
    assert len(await slack.requests("assistant.threads.setStatus")) == 1


@pytest.mark.parametrize("kind", ["429", "500", "drop_before", "slow"])
async def test_a_live_view_that_fails_harms_nobody(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, kind: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /api/assistant.*", kind, count=99, seconds=1)
    await slack.fault("POST /api/reactions.*", kind, count=99, seconds=1)
    started = time.monotonic()
    async with platform.progress(message) as live:
        for stage in Stage:
            await live.stage(stage)
        assert time.monotonic() - started < 0.2
    await slack.clear_faults()
