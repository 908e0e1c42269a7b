"""Connections that end, and come back."""

import asyncio
import time

import pytest

from adapters.slack.adapter import SlackPlatform
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import (
    serving,
)


async def test_a_cut_connection_is_opened_again_at_once(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, "before")
        await intake.wait_stored()
        started = time.monotonic()
        assert await slack.cut_sockets() == 2
        await slack.post(channel, ada, "after", deliver=False)
        await intake.wait_stored(2)
        assert time.monotonic() - started < 1.5
        await slack.wait_connected(2)
    assert intake.texts == ["before", "after"]


async def test_a_connection_that_is_cut_before_the_acknowledgement_loses_nothing(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        await slack.options(ack_seconds=0.3)
        await slack.cut_socket_after(1)
        posted = await slack.post(channel, ada, "hello")
        await intake.wait_stored()
        assert (await slack.wait_delivered(posted.deliveries[0])).state == "acked"
    assert intake.texts == ["hello"]


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
async def test_slack_may_ask_for_a_new_connection(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str, reason: str
):
    async with serving(platform, intake, slack):
        before = {one["id"] for one in (await slack.state())["sockets"]}
        await slack.command("sockets/disconnect", reason=reason)
        if reason == "warning":
            await slack.cut_sockets()
        await slack.wait_until(
            lambda state: len(state["sockets"]) == 2 and not before & {one["id"] for one in state["sockets"]}
        )
        await slack.post(channel, ada, "hello")
        await intake.wait_stored()


async def test_slack_may_be_down_when_it_starts(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    await slack.fault("POST /api/auth.test", "500", count=2)
    await slack.fault("POST /api/apps.connections.open", "drop_before", count=3)
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, "hello")
        await intake.wait_stored()


async def test_a_refusal_while_it_runs_is_waited_out(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        await slack.set_token(slack.app_token, ["connections:write"], kind="app", revoked=True)
        await slack.cut_sockets()
        while not any(one.get("error") for one in await slack.requests("apps.connections.open")):
            await asyncio.sleep(0.02)
        await slack.set_token(slack.app_token, ["connections:write"], kind="app")
        await slack.wait_connected(2)
        await slack.post(channel, ada, "hello")
        await intake.wait_stored()
