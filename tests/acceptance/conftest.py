"""A platform, a gateway and an installation: anew for each test, or a stage that many tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.scenes import Scene
from tests.acceptance.service import STEADY, Installation
from tests.acceptance.stages import Stage, open_openrouter, open_scene, open_stage, remote
from tests.fakes.openrouter.client import FakeOpenRouter


@pytest_asyncio.fixture(params=["slack", "discord"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    async with open_scene(request.param) as made:
        yield made
        assert list(await made.violations()) == []


@pytest_asyncio.fixture
async def openrouter() -> AsyncIterator[FakeOpenRouter]:
    async with open_openrouter() as fake:
        yield fake
        assert (await fake.state()).violations == ()


@pytest.fixture
def installation(scene: Scene, tmp_path: Path) -> Installation:
    """Mynah with its embedded models and nothing else."""
    return Installation(folder=tmp_path, settings={**scene.settings, **STEADY})


@pytest.fixture
def remote_installation(installation: Installation, openrouter: FakeOpenRouter) -> Installation:
    """Mynah whose ears and mind are paid for; it speaks for itself."""
    models = (
        '{"chat_model": "openrouter/openai/gpt-4o-mini", "transcription_model": "openrouter/google/gemini-2.5-flash", '
        '"speech_model": "local/en_US-joe-medium"}'
    )
    return Installation(folder=installation.folder, settings={**installation.settings, **remote(openrouter, models)})


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["slack", "discord"])
async def shared_stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """One running service for all tests that leave it as it was."""
    limits = {"LIMITS__MEGABYTES": "30", "LIMITS__MINUTES": "3"}
    async with open_stage(request.param, tmp_path_factory.mktemp("mynah"), **limits) as made:
        yield made
        assert list(await made.scene.violations()) == []


@pytest_asyncio.fixture(loop_scope="session")
async def stage(shared_stage: Stage) -> AsyncIterator[Stage]:
    """The shared stage with somebody new in a direct message, and a gateway that remembers nothing."""
    before = len(await shared_stage.scene.violations())
    await shared_stage.openrouter.reset()
    yield shared_stage.with_scene(await shared_stage.scene.alone())
    assert list(await shared_stage.scene.violations())[before:] == []
    assert (await shared_stage.openrouter.state()).violations == ()
    assert shared_stage.service.process.returncode is None, "the service has ended"
