"""Connections that end, and come back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from adapters.slack.adapter import SlackPlatform
from adapters.slack.sockets import LINGER_SECONDS, Census
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import QuickClock, account_of, serving


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


async def test_a_connection_that_says_nothing_any_more_is_replaced(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str
):
    await slack.options(ack_seconds=0.3, ping_seconds=0.1)
    account = replace(account_of(slack), silence_seconds=0.5)
    async with SlackPlatform(account, QuickClock()) as platform, serving(platform, intake, slack):
        before = {one["id"] for one in (await slack.state())["sockets"]}
        assert await slack.silence_sockets() == 2
        await slack.post(channel, ada, "into the silence")
        await slack.wait_until(
            lambda state: len(state["sockets"]) == 2 and not before & {one["id"] for one in state["sockets"]}
        )
        await intake.wait_stored()
    assert intake.texts == ["into the silence"]


async def test_a_connection_that_is_only_quiet_is_kept(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str
):
    await slack.options(ping_seconds=0.1)
    account = replace(account_of(slack), silence_seconds=0.5)
    async with SlackPlatform(account, QuickClock()) as platform, serving(platform, intake, slack):
        before = [one["id"] for one in (await slack.state())["sockets"]]
        await asyncio.sleep(1.2)
        assert [one["id"] for one in (await slack.state())["sockets"]] == before


async def test_there_may_be_ten_connections(slack: SlackFake, intake: RecordingIntake, ada: str, channel: str):
    account = replace(account_of(slack), sockets=10)
    async with SlackPlatform(account, QuickClock()) as platform, serving(platform, intake, slack, sockets=10):
        await slack.post(channel, ada, "hello")
        await intake.wait_stored()
        (connection,) = platform.connections()
        assert connection.strangers == 0


@asynccontextmanager
async def stranger(slack: SlackFake) -> AsyncIterator[None]:
    """Connect another process that has the app's token."""
    async with aiohttp.ClientSession() as session:
        asked = {"Authorization": f"Bearer {slack.app_token}"}
        async with session.post(f"{slack.api_url}apps.connections.open", headers=asked) as answer:
            address = (await answer.json())["url"]
        async with session.ws_connect(address) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            yield


async def test_connections_of_others_are_noticed_and_their_end_too(slack: SlackFake, intake: RecordingIntake):
    account = replace(account_of(slack), recheck_seconds=0.3)
    async with SlackPlatform(account, QuickClock()) as platform:
        assert platform.connections() == []
        async with AsyncExitStack() as others:
            await others.enter_async_context(stranger(slack))
            async with serving(platform, intake, slack, sockets=3):
                (connection,) = platform.connections()
                assert connection.strangers == 1
                assert slack.app_token not in connection.name
                await others.aclose()
                async with asyncio.timeout(5):
                    while platform.connections()[0].strangers:
                        await asyncio.sleep(0.05)


def test_a_connection_of_ours_that_slack_still_counts_is_no_stranger():
    census = Census()
    census.greeted(1, 0)
    census.greeted(2, 1)
    census.ended(10)
    census.greeted(3, 11)
    assert census.strangers == 0
    census.greeted(4, 11 + LINGER_SECONDS)
    assert census.strangers == 1
