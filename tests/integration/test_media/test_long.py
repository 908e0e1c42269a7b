"""An hour of sound in bounded memory."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.media.media import PydubMedia
from bot.domain.audio import Conversion, How, MediaFile, MediaFormat
from tests.contracts.sounds import RATE, babble, nothing, write_wav
from tests.integration.test_media.conftest import ffmpeg
from tests.integration.test_media.test_formats import heard

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

MEGABYTE = 1024
"""In the kilobytes of /proc."""
LIMIT = 115 * MEGABYTE
"""A worker that does nothing holds 50 MB; an hour of 16 kHz mono alone is 115 MB more."""


def peak(pid: int) -> int:
    """Return the most that a process has ever held, in kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("long")


async def hour(folder: Path) -> str:
    """Make an hour of FLAC of a minute that is repeated."""
    path = folder / "hour.flac"
    if not path.exists():
        write_wav(folder / "minute.wav", *[babble(14), nothing(1)] * 4)
        await ffmpeg("-stream_loop", "59", "-i", "minute.wav", "-compression_level", "0", str(path), folder=folder)
    return str(path)


@pytest.mark.parametrize("segment_seconds", [300, None], ids=["in pieces", "in one piece"])
async def test_an_hour_is_never_held_in_memory(folder: Path, tmp_path: Path, segment_seconds: float | None):
    source = await hour(folder)
    plan = Conversion(how=How.CONVERTED, format=MediaFormat.FLAC, max_seconds=7_200, segment_seconds=segment_seconds)
    async with PydubMedia(workers=1) as media:
        await media.warm()
        began = time.monotonic()
        stamped = [(piece, time.monotonic() - began) async for piece in media.convert(source, plan, str(tmp_path))]
        [worker] = media.pids
        assert peak(worker) < LIMIT
    pieces = [piece for piece, _ in stamped]
    assert sum(piece.seconds for piece in pieces) == pytest.approx(3_600)
    if segment_seconds is not None:
        assert stamped[0][1] < stamped[-1][1] / 3
        assert all(before.offset + before.seconds == pytest.approx(after.offset) for before, after in pairwise(pieces))
        assert all(piece.offset % 15 > 14 for piece in pieces[1:])


@pytest.mark.parametrize("form", [MediaFormat.WAV, MediaFormat.MP3, MediaFormat.FLAC, MediaFormat.PCM16])
async def test_a_piece_that_is_too_long_for_pydub_is_whole_all_the_same(
    media: PydubMedia, tmp_path: Path, form: MediaFormat
):
    sound = babble(330)
    source = write_wav(tmp_path / "long.wav", sound)
    plan = Conversion(how=How.CONVERTED, format=form, max_seconds=600)
    pieces: list[MediaFile] = [piece async for piece in media.convert(source, plan, str(tmp_path))]
    assert [piece.seconds for piece in pieces] == [pytest.approx(330)]
    out = heard(pieces[0])
    assert len(out) / RATE == pytest.approx(330, abs=0.15)
    if form is not MediaFormat.MP3:
        assert (out == sound).all()
