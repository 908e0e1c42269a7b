from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.audio import MediaFile, MediaFormat
from tests.contracts.sounds import babble, write_wav
from tests.fakes.openai_server.client import FakeServer, driving
from tests.fakes.process import running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def server_process() -> AsyncIterator[str]:
    async with running("tests.fakes.openai_server") as url:
        yield url


@pytest_asyncio.fixture
async def server(server_process: str) -> AsyncIterator[FakeServer]:
    """A LocalAI without a key, until a test lets it become another; at the end nobody may have broken the contract."""
    async with driving(server_process) as fake:
        await fake.become("localai")
        yield fake
        assert (await fake.state()).violations == ()


@pytest.fixture(scope="package")
def note(tmp_path_factory: pytest.TempPathFactory) -> MediaFile:
    """Three seconds that sound like speech."""
    path = Path(write_wav(tmp_path_factory.mktemp("sound") / "note.wav", babble(3)))
    return MediaFile(path=str(path), format=MediaFormat.WAV, seconds=3.0, bytes=path.stat().st_size)
