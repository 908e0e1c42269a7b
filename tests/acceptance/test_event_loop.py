"""A whole turn in which nothing blocks the event loop: no file, no socket, no model, no conversion."""

from pathlib import Path

import pytest

from tests.acceptance.recordings import DATA
from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

WATCHFUL = "tests.acceptance.watchful"


async def test_the_service_blocks_nothing_from_start_to_end(scene: Scene, installation: Installation):
    async with installation.serving(WATCHFUL) as service:
        await scene.ready()
        message = await scene.speak()
        _, clip = await scene.wait(message, texts=1, clips=1, seconds=120)
        await service.wait_for("turn done")
        service.process.terminate()
        assert await service.ended() == 0
    assert clip.clip
    assert "Blocking" not in f"{service.log} {service.noise}"


@pytest.mark.parametrize("command", ["transcribe", "say"])
async def test_commands_block_nothing(tmp_path: Path, command: str):
    installation = Installation(folder=tmp_path, settings={})
    arguments = [str(DATA / "video.mp4")] if command == "transcribe" else ["Hello", "-o", "hello.ogg"]
    status, out, err = await installation.run(command, *arguments, module=WATCHFUL)
    assert (status, "Blocking" in err) == (0, False), err
    assert out
