"""A gateway to a server, and the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from adapters.gateways.server_models import ServerModels
from adapters.gateways.servers import server_endpoint
from tests.fakes.openai_server.client import FakeServer, driving

NAME = "here"
HASTE = Patience(connect=0.5, idle=0.6, quiet=0.6, total=3, listing=1)


@asynccontextmanager
async def connected(
    base_url: str, *, key: str = "", patience: Patience = HASTE, **known: Any
) -> AsyncIterator[RemoteGateway]:
    """Open a gateway as a table of the settings describes it: `known` is what `ServerModels` takes."""
    endpoint = server_endpoint(NAME, base_url)
    source = ServerModels(endpoint, **known)
    async with RemoteGateway(endpoint, key, patience=patience, shelf=source.shelf()) as opened:
        yield opened


@asynccontextmanager
async def local_ai(base_url: str) -> AsyncIterator[FakeServer]:
    """Drive a fake that is a LocalAI without a key, until a test lets it become another.

    At the end nobody may have broken the contract.
    """
    async with driving(base_url) as fake:
        await fake.become("localai")
        yield fake
        assert (await fake.state()).violations == ()
