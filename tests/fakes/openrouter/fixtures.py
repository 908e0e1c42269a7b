"""Fixtures for tests that talk to the fake: `pytest_plugins = ["tests.fakes.openrouter.fixtures"]` in a test module."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.fakes.openrouter.client import FakeOpenRouter, driving
from tests.fakes.process import running
from tests.fakes.renewed import renewed

KEY = "sk-or-v1-loopback"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loopback is plain HTTP: reading the certificates for each client would only take time."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def openrouter_process() -> AsyncIterator[str]:
    """Base URL of a fake that the tests of a module share."""
    async with running("tests.fakes.openrouter") as base_url:
        yield base_url


@pytest_asyncio.fixture
async def openrouter(openrouter_process: str) -> AsyncIterator[FakeOpenRouter]:
    """The fake, fresh; at the end nobody may have broken the contract."""
    async with driving(openrouter_process) as fake, renewed(fake):
        yield fake


@pytest_asyncio.fixture
async def openrouter_http(openrouter: FakeOpenRouter) -> AsyncIterator[httpx.AsyncClient]:
    """A bare client with a key."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=openrouter.api, headers=headers, timeout=10, verify=NO_TLS) as client:
        yield client
