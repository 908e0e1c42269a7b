"""Sound in an answer: no byte is lost, and what it is is found out."""

import array
import base64
import io
import itertools
import math

import av
import pytest
from hypothesis import example, given, settings, strategies as st

from adapters.gateways.sound import Base64Stream, SoundReader
from bot.domain.audio import MediaFormat

CUTS = st.lists(st.integers(min_value=0), max_size=20)
BLOBS = st.lists(st.binary(max_size=50), max_size=12)


def cut(text: str, cuts: list[int]) -> list[str]:
    borders = [0, *sorted(at % (len(text) + 1) for at in cuts), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(borders)]


def decoded(pieces: list[str]) -> bytes:
    stream = Base64Stream()
    return b"".join(stream.feed(piece) for piece in pieces) + stream.end()


@settings(max_examples=300)
@given(blobs=BLOBS, cuts=CUTS)
@example(blobs=[b"a", b"bc", b"def"], cuts=[1, 2, 3, 4, 5, 6, 7])
def test_base64_that_is_padded_in_between_and_cut_anywhere_loses_no_byte(blobs: list[bytes], cuts: list[int]) -> None:
    text = "".join(base64.b64encode(blob).decode() for blob in blobs)
    assert decoded(cut(text, cuts)) == b"".join(blobs)


@given(data=st.binary(max_size=200), cuts=CUTS)
def test_base64_without_its_padding_loses_no_byte(data: bytes, cuts: list[int]) -> None:
    assert decoded(cut(base64.b64encode(data).decode().rstrip("="), cuts)) == data


@pytest.mark.parametrize("pieces", [["!!!!"], ["A"], ["AAAA", "A"], ["A==="], ["ÄÄÄÄ"]])
def test_what_is_no_base64_is_not_taken_for_sound(pieces: list[str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decoded(pieces)


def mp3(rate: int, bitrate: int) -> bytes:
    """A second of a tone, by a real encoder, without tags."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp3", options={"id3v2_version": "0", "write_xing": "0"}) as muxer:
        stream = muxer.add_stream("libmp3lame", rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = bitrate
        samples = array.array("h", (round(8_000 * math.sin(math.tau * 220 * n / rate)) for n in range(rate)))
        frame = av.AudioFrame(format="s16", layout="mono", samples=rate)
        frame.sample_rate = rate
        frame.planes[0].update(samples.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
        for ready in (frame, None):
            muxer.mux(stream.encode(ready))
    return out.getvalue()


def read(data: bytes, size: int, otherwise: MediaFormat = MediaFormat.PCM16) -> SoundReader:
    """Read bytes in pieces of one size; nothing of them may be lost."""
    reader = SoundReader(otherwise)
    deltas = [delta for start in range(0, len(data), size) for delta in reader.feed(data[start : start + size])]
    deltas += reader.end()
    assert b"".join(delta.data for delta in deltas) == data
    assert {(delta.format, delta.rate) for delta in deltas} <= {
        (reader.form, 24_000 if reader.form is MediaFormat.PCM16 else 0)
    }
    return reader


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
@pytest.mark.parametrize(
    ("rate", "bitrate"), [(44_100, 128_000), (44_100, 320_000), (24_000, 64_000), (16_000, 32_000), (8_000, 8_000)]
)
def test_an_mp3_without_tags_is_known_by_two_frames(rate: int, bitrate: int, size: int) -> None:
    found = read(mp3(rate, bitrate), size)
    assert found.form is MediaFormat.MP3
    assert found.milliseconds is None


@pytest.mark.parametrize("size", [1, 3, 4_096])
@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"ID3\x04", MediaFormat.MP3),
        (b"RIFF\x00\x00\x00\x00WAVE", MediaFormat.WAV),
        (b"OggS", MediaFormat.OGG),
        (b"fLaC", MediaFormat.FLAC),
    ],
)
def test_files_are_known_by_their_first_bytes(head: bytes, form: MediaFormat, size: int) -> None:
    assert read(head + bytes(2_000), size).form is form
    assert read(head, size).form is form


@settings(max_examples=200)
@given(data=st.binary(max_size=3_000), size=st.integers(min_value=1, max_value=700))
@example(data=b"\xff\xff" * 1_000, size=2)  # samples of -1: what silence sounds like
@example(data=b"\xff\xfb\x90\x00" + bytes(2_000), size=4)  # one frame's head and nothing behind it
@example(data=b"\xff\xfb\x90\x00", size=1)
def test_headerless_sound_is_taken_for_nothing_else(data: bytes, size: int) -> None:
    if data[:4] not in {b"RIFF", b"OggS", b"fLaC"} and data[:3] != b"ID3":
        found = read(data, size)
        assert found.form is (MediaFormat.PCM16 if data else None)
        assert found.bytes == len(data)


def test_the_length_of_headerless_sound_is_counted() -> None:
    assert read(bytes(48_000), 4_800).milliseconds == 1_000
    assert SoundReader().milliseconds is None


def test_what_begins_like_no_file_is_what_was_asked_for() -> None:
    assert read(b"\x01\x02\x03\x04" * 10, 8, MediaFormat.MP3).form is MediaFormat.MP3
