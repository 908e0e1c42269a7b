"""What is wrong is said with advice, and never with what people said."""

import logging
import socket
from dataclasses import replace

import pytest
import structlog

from adapters.slack.account import SlackAccount
from adapters.slack.adapter import SlackPlatform
from bot.domain.errors import PlatformProblem, PostInDoubt
from bot.domain.messages import TextPart
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import (
    QuickClock,
    account_of,
    http_account_of,
    serving,
)

SECRET_WORDS = "the treasure is under the oak"


async def test_a_wrong_token_ends_it_with_advice(slack: SlackFake, intake: RecordingIntake):
    account = replace(account_of(slack), bot_token="xoxb-wrong")
    async with SlackPlatform(account, QuickClock()) as platform:
        with pytest.raises(PlatformProblem, match=r"invalid_auth.*copy it again"):
            await platform.serve(intake)


async def test_a_wrong_app_token_ends_it_with_advice(slack: SlackFake, intake: RecordingIntake):
    account = replace(account_of(slack), app_token="xapp-wrong")
    async with SlackPlatform(account, QuickClock()) as platform:
        with pytest.raises(PlatformProblem, match="invalid_auth"):
            await platform.serve(intake)


async def test_without_a_way_in_it_does_not_start(slack: SlackFake, intake: RecordingIntake):
    account = replace(account_of(slack), app_token="")
    async with SlackPlatform(account, QuickClock()) as platform:
        with pytest.raises(PlatformProblem, match="signing secret"):
            await platform.serve(intake)


async def test_a_port_that_is_taken_ends_it_with_advice(slack: SlackFake, intake: RecordingIntake, port: int):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        async with SlackPlatform(http_account_of(slack, port), QuickClock()) as platform:
            with pytest.raises(PlatformProblem, match=str(port)):
                await platform.serve(intake)


async def test_the_doctor_finds_all_well(slack: SlackFake, platform: SlackPlatform):
    assert [finding.ok for finding in await platform.check()] == [True, True, True]
    assert (await slack.state())["sockets"] == []


async def test_the_doctor_names_missing_scopes(slack: SlackFake, platform: SlackPlatform):
    await slack.remove_scopes("files:read", "users:read")
    (scopes,) = [finding for finding in await platform.check() if not finding.ok]
    assert "files:read" in scopes.what
    assert "users:read" in scopes.what
    assert "install the app again" in scopes.fix


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bot_token": "xoxb-wrong"}, "invalid_auth"),
        ({"bot_token": "xapp-not-a-bot"}, "xoxb-"),
        ({"app_token": "xapp-wrong"}, "invalid_auth"),
        ({"app_token": ""}, "signing secret"),
        ({"api_url": "http://127.0.0.1:9/api/"}, "did not answer"),
    ],
)
async def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(slack: SlackFake, changes: dict[str, str], said: str):
    account: SlackAccount = replace(account_of(slack), **changes)
    async with SlackPlatform(account, QuickClock()) as platform:
        bad = [finding for finding in await platform.check() if not finding.ok]
    assert any(said in finding.what for finding in bad)
    assert all(finding.fix for finding in bad)


async def test_no_log_line_holds_what_was_said(
    slack: SlackFake,
    platform: SlackPlatform,
    intake: RecordingIntake,
    ada: str,
    channel: str,
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as lines:
        intake.failures = 1
        async with serving(platform, intake, slack):
            await slack.post(channel, ada, f"{slack.mention} {SECRET_WORDS}")
            (message,) = await intake.wait_stored()
            await slack.send_event({"type": "unheard_of", "text": SECRET_WORDS})
            await slack.message_action("unheard_of", user=ada, channel=channel, ts=message.key)
            used = await slack.slash("/ask", SECRET_WORDS, user=ada, channel=channel)
            await slack.wait_delivered(used.delivery)
            await slack.fault("POST /api/chat.postMessage", "500")
            with pytest.raises(PostInDoubt):
                await platform.post(TextPart(text=SECRET_WORDS), answering=message, key="k")
    logged = f"{lines}{caplog.text}"
    assert "event not stored" in logged
    assert SECRET_WORDS not in logged
    assert slack.bot_token not in logged
