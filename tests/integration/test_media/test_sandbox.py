"""What a call in a worker can reach: its own source and folder, and nothing of anybody else."""

import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.media.ffmpeg import find_converter
from adapters.media.sandbox import landlock_version, restrict_thread
from tests.contracts.sounds import tone, write_wav

pytestmark = pytest.mark.skipif(landlock_version() == 0, reason="this kernel has no Landlock")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name in ("mine", "yours"):
        (tmp_path / name).mkdir()
        write_wav(tmp_path / name / "note.wav", tone(1))
    return tmp_path


def confined(house: Path, work: Callable[[], object]) -> object:
    """Do some work in a thread that is confined to `mine/note.wav` and the folder `mine/out`."""
    (house / "mine" / "out").mkdir()

    def run() -> object:
        restrict_thread(readable=[str(house / "mine" / "note.wav")], writable=[str(house / "mine" / "out")])
        return work()

    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(run).result()


def test_its_own_source_is_readable_and_its_own_folder_writable(house: Path):
    out = house / "mine" / "out" / "piece.wav"

    def work() -> bytes:
        out.write_bytes((house / "mine" / "note.wav").read_bytes())
        out.rename(out.with_name("renamed.wav"))
        return out.with_name("renamed.wav").read_bytes()

    assert confined(house, work) == (house / "mine" / "note.wav").read_bytes()


@pytest.mark.parametrize("path", ["yours/note.wav", "/etc/passwd", f"{Path.home()}/.profile", "/proc/self/environ"])
def test_other_files_are_not_readable(house: Path, path: str):
    with pytest.raises(PermissionError):
        confined(house, (house / path).read_bytes)


@pytest.mark.parametrize("path", ["yours/note.wav", "mine/note.wav", "mine/new.wav"])
def test_other_files_are_not_writable(house: Path, path: str):
    with pytest.raises(PermissionError):
        confined(house, lambda: (house / path).write_bytes(b"gone"))


def test_the_network_is_out_of_reach(house: Path):
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(PermissionError):
        confined(house, lambda: socket.create_connection(server.getsockname()))


@pytest.mark.parametrize(("source", "status"), [("mine", True), ("yours", False)])
def test_a_program_that_it_starts_is_bound_as_well(house: Path, source: str, status: bool):
    command = [find_converter(), "-loglevel", "error", "-i", str(house / source / "note.wav"), "-f", "null", "-"]
    done = confined(house, lambda: subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode == 0)  # noqa: S603
    assert done is status


def test_nobody_else_is_bound(house: Path):
    confined(house, lambda: None)
    assert (house / "yours" / "note.wav").read_bytes()
