"""What every implementation of `Blobs` does."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import MediaTooLarge
from bot.domain.messages import BlobRef, JobId
from tests.contracts.storage import Storage

JOB = JobId("slack:T1:C1:1700000000.000100")


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(storage: Storage, ref: BlobRef) -> bytes:
    path = await storage.blobs.path(ref)
    assert path is not None
    return await asyncio.to_thread(Path(path).read_bytes)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and ".db" not in path.name]


async def test_bytes_come_back(storage: Storage):
    ref = await storage.blobs.keep(JOB, chunks(b"voice ", b"", b"note"), limit=10)
    assert await read(storage, ref) == b"voice note"


async def test_nothing_is_bytes_too(storage: Storage):
    assert await read(storage, await storage.blobs.keep(JOB, chunks(), limit=10)) == b""


async def test_equal_bytes_have_one_name_in_a_job(storage: Storage):
    first = await storage.blobs.keep(JOB, chunks(b"same"), limit=10)
    second = await storage.blobs.keep(JOB, chunks(b"sa", b"me"), limit=10)
    other = await storage.blobs.keep(JOB, chunks(b"else"), limit=10)
    assert first == second != other


async def test_too_many_bytes_leave_nothing(storage: Storage, tmp_path: Path):
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 10
            yield b"0123456789"

    with pytest.raises(MediaTooLarge) as caught:
        await storage.blobs.keep(JOB, endless(), limit=100)
    assert caught.value.limit == 100
    assert taken == 110
    assert files(tmp_path) == []


async def test_a_broken_stream_leaves_nothing(storage: Storage, tmp_path: Path):
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await storage.blobs.keep(JOB, broken(), limit=100)
    assert files(tmp_path) == []


async def test_a_cancelled_stream_leaves_nothing(storage: Storage, tmp_path: Path):
    async def stuck() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await storage.blobs.keep(JOB, stuck(), limit=100)
    assert files(tmp_path) == []


@pytest.mark.parametrize("job", ["../../etc", "..", "a/b:c.d", "\x00", "x" * 5000, "", "CON", "slack:T1:C1:1.2"])
async def test_a_job_may_have_any_name(storage: Storage, tmp_path: Path, job: str):
    ref = await storage.blobs.keep(JobId(job), chunks(b"bytes"), limit=10)
    (path,) = files(tmp_path)
    assert path.is_relative_to(tmp_path)
    assert str(path) == await storage.blobs.path(ref)
    assert job == "" or job not in ref


@pytest.mark.parametrize("ref", ["", "..", "../../etc/passwd", "a/b", "0" * 32 + "/" + "0" * 64])
async def test_an_unknown_name_has_no_bytes(storage: Storage, ref: str):
    assert await storage.blobs.path(BlobRef(ref)) is None


async def test_a_folder_is_private_and_of_one_job(storage: Storage):
    folder = Path(await storage.blobs.folder(JOB))
    assert stat.S_IMODE((await asyncio.to_thread(folder.stat)).st_mode) == 0o700
    assert await storage.blobs.folder(JOB) == str(folder)
    assert await storage.blobs.folder(JobId("another")) != str(folder)
    (folder / "piece.ogg").write_bytes(b"piece")


async def test_a_discarded_job_keeps_nothing_and_others_everything(storage: Storage):
    ref = await storage.blobs.keep(JOB, chunks(b"bytes"), limit=10)
    other = await storage.blobs.keep(JobId("another"), chunks(b"bytes"), limit=10)
    piece = Path(await storage.blobs.folder(JOB)) / "piece.ogg"
    piece.write_bytes(b"piece")
    await storage.blobs.discard(JOB)
    assert await storage.blobs.path(ref) is None
    assert not piece.exists()
    assert await read(storage, other) == b"bytes"
    await storage.blobs.discard(JOB)
    await storage.blobs.discard(JobId("never seen"))


async def test_a_discarded_job_can_start_again(storage: Storage):
    await storage.blobs.keep(JOB, chunks(b"bytes"), limit=10)
    await storage.blobs.discard(JOB)
    assert await read(storage, await storage.blobs.keep(JOB, chunks(b"bytes"), limit=10)) == b"bytes"
    assert await asyncio.to_thread(Path(await storage.blobs.folder(JOB)).is_dir)
