"""The pictures of docs/slack.md and docs/discord.md show what the real service makes, drawn from what the platform got."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.album.camera import camera
from tests.acceptance.album.takes import BOTH, MODELS, PICTURES
from tests.acceptance.stages import Stage, open_stage
from tests.pictures.drawing import draw

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90), pytest.mark.slow]

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
WRITES = "MYNAH_WRITE_DOCS" in os.environ
"""Whether the pictures are made to show what is so."""

WANTED = [(platform, name) for platform in BOTH for name, picture in PICTURES.items() if platform in picture.platforms]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, Stage]]:
    """A service for each platform, for all of its pictures."""
    async with AsyncExitStack() as stack:
        settings = {"CHANNELS": MODELS, "LIMITS__MINUTES": "3"}
        opened = {
            platform: await stack.enter_async_context(
                open_stage(platform, tmp_path_factory.mktemp(platform), **settings)
            )
            for platform in BOTH
        }
        yield opened
        for stage in opened.values():
            assert list(await stage.scene.violations()) == []


@pytest.mark.parametrize(("platform", "name"), WANTED)
async def test_a_picture_shows_what_the_service_makes(stages: Mapping[str, Stage], platform: str, name: str):
    stage = stages[platform]
    await stage.openrouter.reset()
    made = draw(await PICTURES[name].shoot(stage), camera(stage.scene).skin)
    file = FOLDER / f"{platform}-{name}.svg"
    if WRITES:
        file.write_text(made, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == made, "MYNAH_WRITE_DOCS=1 draws what is so"
