"""Bodies with files in them, on their way from the disk."""

import asyncio
import base64
import hashlib
import os
from pathlib import Path

import pytest

from adapters.gateways.body import PIECE_BYTES, Raw, Upload, digest
from bot.domain.audio import MediaFile, MediaFormat
from tests.unit.wire import recording, sent


async def test_a_file_is_sent_as_text_or_as_it_is(tmp_path: Path) -> None:
    file = recording(tmp_path / "f", b"\x00sound\xff")
    assert await sent((b"{", file, b"}")) == b"{" + base64.b64encode(b"\x00sound\xff") + b"}"
    assert await sent((b"--", Raw(file=file), b"--")) == b"--\x00sound\xff--"


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 1])
async def test_the_digest_is_that_of_what_was_sent_and_there_only_at_its_end(tmp_path: Path, size: int) -> None:
    body = (b"{", recording(tmp_path / "f", bytes(size)), b"}")
    async with Upload(body) as upload:
        pieces = [(piece, upload.digest) async for piece in upload]
    whole = b"".join(piece for piece, _ in pieces)
    assert [seen for _, seen in pieces[:-1]] == [""] * (len(pieces) - 1)
    assert pieces[-1][1] == hashlib.sha256(whole).hexdigest() == await digest(body)


async def test_a_file_that_shrinks_is_not_sent_as_if_it_were_whole(tmp_path: Path) -> None:
    file = recording(tmp_path / "f", bytes(1000))
    async with Upload((file,)) as upload:
        (tmp_path / "f").write_bytes(bytes(10))
        with pytest.raises(OSError, match="shorter"):
            _ = [piece async for piece in upload]
        assert upload.digest == ""


async def test_nothing_is_begun_until_the_first_piece_is_asked_for(tmp_path: Path) -> None:
    async with Upload((b"{", recording(tmp_path / "f", b"abc"), b"}")) as upload:
        pieces = aiter(upload)
        assert not upload.begun
        assert await anext(pieces) == b"{"
        assert upload.begun


async def test_a_missing_file_is_found_before_anything_is_sent(tmp_path: Path) -> None:
    file = recording(tmp_path / "f", b"abc")
    (tmp_path / "f").unlink()
    with pytest.raises(FileNotFoundError):
        async with Upload((b"{", file)):
            pass
    with pytest.raises(FileNotFoundError):
        await digest((file,))


async def test_a_file_that_opens_after_the_call_was_given_up_is_closed(tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    os.mkfifo(slow)  # opening it to read takes until somebody opens it to write
    file = MediaFile(path=str(slow), format=MediaFormat.WAV, seconds=1.0, bytes=0)

    async def use() -> None:
        async with Upload((file,)):
            pass

    async with asyncio.TaskGroup() as group:
        using = group.create_task(use())
        await asyncio.sleep(0.05)
        using.cancel()
    descriptor = await asyncio.to_thread(os.open, slow, os.O_WRONLY)
    async with asyncio.timeout(5):
        while not _is_closed(descriptor):
            await asyncio.sleep(0.01)
    os.close(descriptor)


def _is_closed(descriptor: int) -> bool:
    """Whether nobody reads what is written."""
    try:
        os.write(descriptor, b"x")
    except BrokenPipeError:
        return True
    return False
