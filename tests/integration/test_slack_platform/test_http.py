"""Events by HTTP: signed, fresh, and answered 500 when they were not stored."""

import asyncio

import pytest

from adapters.slack.adapter import SlackPlatform
from tests.doubles.intake import RecordingIntake
from tests.fakes.process import wait_for_port
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import (
    QuickClock,
    http_account_of,
)


async def by_http(slack: SlackFake, port: int) -> str:
    """Let the fake send events to a port; returns the address."""
    address = f"http://127.0.0.1:{port}/slack/events"
    await slack.options(delivery="http", events_url=address)
    return address


async def test_events_come_by_http(slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, port: int):
    address = await by_http(slack, port)
    async with SlackPlatform(http_account_of(slack, port), QuickClock()) as platform, asyncio.TaskGroup() as group:
        task = group.create_task(platform.serve(intake))
        await wait_for_port(port)
        posted = await slack.post(channel, ada, "hello")
        assert (await slack.wait_delivered(posted.deliveries[0])).state == "acked"
        verified = await slack.wait_delivered(await slack.verify_url(address, "a challenge"))
        assert "a challenge" in str(verified.attempts[0]["answer"])
        task.cancel()
    assert intake.texts == ["hello"]


async def test_by_http_what_was_not_stored_is_answered_500(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, port: int
):
    await by_http(slack, port)
    intake.failures = 1
    async with SlackPlatform(http_account_of(slack, port), QuickClock()) as platform, asyncio.TaskGroup() as group:
        task = group.create_task(platform.serve(intake))
        await wait_for_port(port)
        posted = await slack.post(channel, ada, "hello")
        delivery = await slack.wait_delivered(posted.deliveries[0])
        task.cancel()
    assert [attempt["status"] for attempt in delivery.attempts] == [500, 200]
    assert intake.texts == ["hello"]


async def test_commands_are_answered_by_http(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, port: int
):
    await by_http(slack, port)
    async with SlackPlatform(http_account_of(slack, port), QuickClock()) as platform, asyncio.TaskGroup() as group:
        task = group.create_task(platform.serve(intake))
        await wait_for_port(port)
        used = await slack.slash("/usage", "", user=ada, channel=channel)
        delivery = await slack.wait_delivered(used.delivery)
        task.cancel()
    assert delivery.attempts[0]["answer"]["text"] == intake.answer


@pytest.mark.parametrize("signature", ["wrong", "stale", "missing"])
async def test_by_http_a_false_signature_is_refused(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, port: int, signature: str
):
    address = await by_http(slack, port)
    async with SlackPlatform(http_account_of(slack, port), QuickClock()) as platform, asyncio.TaskGroup() as group:
        task = group.create_task(platform.serve(intake))
        await wait_for_port(port)
        event = {"type": "message", "text": "x", "user": ada, "channel": channel, "ts": "1760000000.000100"}
        delivery = await slack.wait_delivered(await slack.send_event(event, url=address, signature=signature))
        task.cancel()
    assert {attempt["status"] for attempt in delivery.attempts} == {401}
    assert intake.offered == []
