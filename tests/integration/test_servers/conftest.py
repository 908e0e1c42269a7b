from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.domain.audio import MediaFile
from tests.fakes.openai_server.client import FakeServer
from tests.fakes.process import running
from tests.integration.recordings import babbled
from tests.integration.test_servers.harness import local_ai


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def server_process() -> AsyncIterator[str]:
    async with running("tests.fakes.openai_server") as url:
        yield url


@pytest_asyncio.fixture
async def server(server_process: str) -> AsyncIterator[FakeServer]:
    async with local_ai(server_process) as fake:
        yield fake


@pytest.fixture(scope="package")
def note(tmp_path_factory: pytest.TempPathFactory) -> MediaFile:
    """Three seconds that sound like speech."""
    return babbled(tmp_path_factory.mktemp("sound") / "note.wav", 3.0)
