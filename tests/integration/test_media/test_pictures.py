"""Pictures are recognised by their bytes and handed on as they are."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from adapters.media.media import PydubMedia
from adapters.media.pictures import picture_format
from bot.domain.audio import MediaFormat
from bot.domain.errors import MediaUnreadable

session = pytest.mark.asyncio(loop_scope="session")

HEADS = {
    MediaFormat.JPEG: b"\xff\xd8\xff\xe0\x00\x10JFIF",
    MediaFormat.PNG: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    MediaFormat.GIF: b"GIF89a\x01\x00\x01\x00",
    MediaFormat.WEBP: b"RIFF\x24\x00\x00\x00WEBPVP8 ",
}


@pytest.mark.parametrize(("known", "head"), HEADS.items())
def test_a_picture_says_what_it_is(known: MediaFormat, head: bytes):
    assert picture_format(head) is known


@given(st.binary(max_size=64))
def test_no_bytes_break_it(head: bytes):
    assert picture_format(head) in {None, *HEADS}


@session
async def test_a_real_picture_is_probed_whatever_it_is_called(media: PydubMedia, samples: Path, tmp_path: Path):
    path = tmp_path / "voice-note.ogg"
    path.write_bytes((samples / "cover.jpg").read_bytes())
    facts = await media.probe(str(path))
    assert (facts.format, facts.is_picture, facts.has_audio, facts.has_video) == (MediaFormat.JPEG, True, False, False)
    assert facts.bytes == path.stat().st_size


@session
async def test_a_picture_is_never_decoded(media: PydubMedia, tmp_path: Path):
    path = tmp_path / "bomb.png"
    path.write_bytes(HEADS[MediaFormat.PNG] + b"\xff" * 1000)
    assert (await media.probe(str(path))).is_picture
    with pytest.raises(MediaUnreadable):
        await media.silent(str(path))
