from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from tests.fakes.openrouter.client import FakeOpenRouter, driving
from tests.fakes.process import running
from tests.fakes.renewed import renewed
from tests.integration.test_openrouter.harness import KEY


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def fake_url() -> AsyncIterator[str]:
    async with running("tests.fakes.openrouter") as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def fake(fake_url: str) -> AsyncIterator[FakeOpenRouter]:
    async with driving(fake_url) as driver, renewed(driver):
        yield driver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(fake_url: str) -> AsyncIterator[RemoteGateway]:
    async with RemoteGateway(OPENROUTER, KEY, f"{fake_url}/api/v1") as opened:
        await opened.catalogue()
        yield opened


@pytest.fixture
def gateway(fake: FakeOpenRouter, shared: RemoteGateway) -> RemoteGateway:
    """One for all tests, as one is for the whole process."""
    return shared


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(fake: FakeOpenRouter) -> AsyncIterator[RemoteGateway]:
    async with RemoteGateway(OPENROUTER, KEY, fake.api) as opened:
        yield opened
