"""A fake OpenRouter for the whole folder, fresh for every test, and a gateway to it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.gateways.breaker import Breaker
from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from tests.fakes.openrouter.client import FakeOpenRouter, driving
from tests.fakes.process import running
from tests.fakes.renewed import renewed
from tests.integration.test_openrouter_reliability.harness import KEY


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def driver() -> AsyncIterator[FakeOpenRouter]:
    async with running("tests.fakes.openrouter") as url, driving(url) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="package")
async def fake(driver: FakeOpenRouter) -> AsyncIterator[FakeOpenRouter]:
    async with renewed(driver):
        yield driver


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared(driver: FakeOpenRouter) -> AsyncIterator[RemoteGateway]:
    """One that has read the listing, as every plan makes it do."""
    async with RemoteGateway(OPENROUTER, KEY, driver.api) as opened:
        await opened.catalogue()
        yield opened


@pytest.fixture
def gateway(fake: FakeOpenRouter, shared: RemoteGateway, monkeypatch: pytest.MonkeyPatch) -> RemoteGateway:
    """One for all tests, as one is for the whole process; no test's failures make it rest for the next one."""
    monkeypatch.setattr(shared._client, "_breaker", Breaker("openrouter"))
    return shared
