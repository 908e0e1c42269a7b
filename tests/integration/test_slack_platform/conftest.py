"""A fake Slack with one person in one channel, and the adapter."""

import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.slack.adapter import SlackPlatform
from tests.doubles.intake import RecordingIntake
from tests.fakes.process import running
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import QuickClock, account_of
from tests.integration.test_writes.writes import SLACK, SLACK_READS, unlisted


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def url() -> AsyncIterator[str]:
    async with running("tests.fakes.slack") as found:
        yield found


@pytest.fixture
async def slack(url: str) -> AsyncIterator[SlackFake]:
    async with SlackFake.connected(url) as fake:
        await fake.reset()
        await fake.options(retry_delays=[0.05, 0.05, 0.05])
        yield fake
        assert await fake.violations() == []
        made = [f"{one['method']} {one['path']}" for one in (await fake.state())["requests"]]
        assert unlisted(made, SLACK, SLACK_READS) == set(), "add a row for each to test_writes/writes.py"


@pytest.fixture
async def platform(slack: SlackFake) -> AsyncIterator[SlackPlatform]:
    async with SlackPlatform(account_of(slack), QuickClock()) as found:
        yield found


@pytest.fixture
def intake() -> RecordingIntake:
    return RecordingIntake()


@pytest.fixture
async def ada(slack: SlackFake) -> str:
    return await slack.create_user("Ada")


@pytest.fixture
async def channel(slack: SlackFake, ada: str) -> str:
    return await slack.create_channel([ada])


@pytest.fixture
def port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
