"""One set of warm workers for all of the room's tests, and a small sample of every kind of file."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.media.ffmpeg import find_converter
from adapters.media.media import PydubMedia

CONVERTER = find_converter()
SECONDS = 1.0
PITCH = 440

_SOUNDS: Mapping[str, tuple[str, ...]] = {
    "plain.wav": (),
    "wide.wav": ("-c:a", "pcm_s24le"),
    "plain.mp3": (),
    "opus.ogg": ("-c:a", "libopus"),
    "vorbis.ogg": ("-c:a", "libvorbis"),
    "plain.flac": ("-sample_fmt", "s16"),
    "plain.m4a": (),
    "alac.m4a": ("-c:a", "alac"),
    "plain.aac": (),
    "plain.aiff": (),
    "plain.caf": (),
    "telephone.amr": ("-ar", "8000", "-ac", "1"),
    "browser.webm": ("-c:a", "libopus"),
    "live.webm": ("-c:a", "libopus", "-live", "1"),
}
_VIDEOS: Mapping[str, tuple[str, ...]] = {
    "video.mp4": ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"),
    "video.mov": ("-c:v", "mpeg4", "-c:a", "aac"),
    "video.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
}
_COVERED = ("cover.mp3", "cover.m4a", "cover.flac")

SAMPLES = (*_SOUNDS, *_VIDEOS, *_COVERED)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def media() -> AsyncIterator[PydubMedia]:
    async with PydubMedia(workers=2) as opened:
        await opened.warm()
        yield opened


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a second of the same tone in every kind of file."""
    folder = tmp_path_factory.mktemp("samples")
    tone = f"sine={PITCH}:d={SECONDS},aformat=sample_rates=48000:channel_layouts=stereo"
    picture = f"testsrc=d={SECONDS}:r=5:s=64x48"
    outputs: list[str] = []
    for name, options in _SOUNDS.items():
        outputs += ["-map", "0:a", *options, name]
    for name, options in _VIDEOS.items():
        outputs += ["-map", "0:a", "-map", "1:v", *options, name]
    _ffmpeg(folder, "-f", "lavfi", "-i", tone, "-f", "lavfi", "-i", picture, *outputs, "-map", "1:v", "mute.mp4")
    _ffmpeg(folder, "-i", "mute.mp4", "-frames:v", "1", "cover.jpg")
    for name in _COVERED:
        cover = ("-map", "0:a", "-map", "1:v", "-c", "copy", "-disposition:v", "attached_pic")
        _ffmpeg(folder, "-i", f"plain.{name.partition('.')[2]}", "-i", "cover.jpg", *cover, name)
    return folder


def _ffmpeg(folder: Path, *arguments: str) -> None:
    command = [CONVERTER, "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603


async def ffmpeg(*arguments: str, folder: Path) -> bytes:
    """Run ffmpeg as anybody would, and return what it says."""
    process = await asyncio.create_subprocess_exec(
        *(CONVERTER, "-nostdin", "-loglevel", "error", "-y", *arguments),
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(15):
        return (await process.communicate())[1]


def patch(path: str, place: int, content: bytes) -> None:
    """Overwrite some bytes of a file, or append."""
    with Path(path).open("r+b") as file:
        file.seek(place)
        file.write(content)


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())
