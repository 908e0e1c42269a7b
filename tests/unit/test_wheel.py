"""What is in the package that is published: ours, all of it, and nothing else."""

import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """Build it with the builder that is installed: nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    (built,) = folder.glob("*.whl")
    return zipfile.Path(built)


@pytest.fixture
def names(wheel: zipfile.Path) -> Sequence[str]:
    return wheel.root.namelist()


def test_its_top_level_is_ours_alone(names: Sequence[str]):
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"bot", "adapters"}
    assert {name.partition("-")[0] for name in top if name.endswith(".dist-info")} == {"mynah_bot"}


def test_everything_that_the_program_reads_is_in_it(names: Sequence[str]):
    tracked = {
        str(path.relative_to(ROOT))
        for package in ("bot", "adapters")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {Path(name).suffix for name in tracked} >= {".py", ".sql", ".ogg"}
    assert {name for name in names if ".dist-info/" not in name and not name.endswith("/")} == tracked


def test_it_brings_the_command_and_the_licence(wheel: zipfile.Path, names: Sequence[str]):
    (points,) = [name for name in names if name.endswith("entry_points.txt")]
    assert "mynah = bot.cli:main" in wheel.root.read(points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)
