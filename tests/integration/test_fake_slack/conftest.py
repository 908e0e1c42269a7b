"""One fake Slack for the tests of a file, emptied before each, and watched: no request may be wrong."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.process import running
from tests.fakes.slack.client import SlackFake


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    async with running("tests.fakes.slack") as found:
        yield found


@pytest.fixture
async def slack(url: str) -> AsyncIterator[SlackFake]:
    async with SlackFake.connected(url) as fake:
        await fake.reset()
        yield fake
        assert await fake.violations() == []


@pytest.fixture
async def ada(slack: SlackFake) -> str:
    return await slack.create_user("Ada", is_admin=True)


@pytest.fixture
async def channel(slack: SlackFake, ada: str) -> str:
    return await slack.create_channel([ada])
