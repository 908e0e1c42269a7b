"""What every `Media` keeps, whatever it decodes and encodes with.

A test module subclasses `MediaContract` and gives it a fixture `media`. All sources are plain WAV files, so that a double
can take part.
"""

from itertools import pairwise
from pathlib import Path

import pytest

from bot.domain.audio import ENCODINGS, Conversion, How, MediaFile, MediaFormat
from bot.domain.errors import MediaTooLong, MediaUnreadable
from bot.ports import ClipFormat, Media
from tests.contracts.sounds import RATE, Samples, babble, nothing, tone, write_wav

WRITTEN = tuple(ENCODINGS)
DISCORD = ClipFormat(format=MediaFormat.OGG, rate=48_000, bitrate=32_000, filename="reply.ogg")


def conversion(
    how: How = How.CONVERTED,
    form: MediaFormat = MediaFormat.MP3,
    *,
    max_seconds: float = 600,
    segment_seconds: float | None = None,
) -> Conversion:
    return Conversion(how=how, format=form, max_seconds=max_seconds, segment_seconds=segment_seconds)


async def converted(media: Media, path: str, plan: Conversion, folder: Path) -> list[MediaFile]:
    return [piece async for piece in media.convert(path, plan, str(folder))]


def size(path: str) -> int:
    return Path(path).stat().st_size


def raw(path: Path, samples: Samples, rate: int) -> MediaFile:
    """Write headerless samples, as a speech model speaks."""
    path.write_bytes(samples.tobytes())
    return MediaFile(
        path=str(path), format=MediaFormat.PCM16, seconds=len(samples) / rate, bytes=2 * len(samples), rate=rate
    )


class MediaContract:
    """Inherit it, and give it the fixture `media`."""

    async def test_a_probe_reads_what_a_file_is(self, media: Media, tmp_path: Path):
        path = write_wav(tmp_path / "note.mp3", tone(1.5, rate=8_000), rate=8_000, channels=2)
        facts = await media.probe(path)
        assert (facts.format, facts.container, facts.codec) == (MediaFormat.WAV, "wav", "pcm_s16le")
        assert (facts.rate, facts.channels, facts.bytes) == (8_000, 2, size(path))
        assert facts.seconds == pytest.approx(1.5)
        assert not facts.has_video
        assert facts.has_audio

    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"#EXTM3U\nfile:///etc/passwd\n", b"RIFF"])
    async def test_what_is_no_sound_is_unreadable(self, media: Media, tmp_path: Path, content: bytes):
        path = tmp_path / "note.wav"
        path.write_bytes(content)
        with pytest.raises(MediaUnreadable):
            await media.probe(str(path))
        with pytest.raises(MediaUnreadable):
            await converted(media, str(path), conversion(), tmp_path)

    @pytest.mark.parametrize(
        ("samples", "silent"),
        [
            (nothing(2), True),
            (tone(2, loudness=0.001), True),
            (tone(2), False),
            (babble(2, loudness=0.02), False),
        ],
        ids=["digital silence", "hum", "tone", "quiet speech"],
    )
    async def test_silence_is_what_nobody_can_hear(self, media: Media, tmp_path: Path, samples: Samples, silent: bool):
        assert await media.silent(write_wav(tmp_path / "note.wav", samples)) is silent

    async def test_speech_after_a_long_silence_is_heard(self, media: Media, tmp_path: Path):
        assert not await media.silent(write_wav(tmp_path / "note.wav", nothing(30), babble(1)))

    async def test_untouched_yields_the_source_itself(self, media: Media, tmp_path: Path):
        path = write_wav(tmp_path / "note.wav", tone(2))
        pieces = await converted(media, path, conversion(How.AS_IS, MediaFormat.WAV), tmp_path)
        assert pieces == [MediaFile(path=path, format=MediaFormat.WAV, seconds=2.0, bytes=size(path))]

    @pytest.mark.parametrize("form", WRITTEN)
    async def test_converts_to_every_format(self, media: Media, tmp_path: Path, form: MediaFormat):
        path = write_wav(tmp_path / "note.wav", babble(2), channels=2)
        [piece] = await converted(media, path, conversion(form=form), tmp_path)
        assert piece.format is form
        assert (piece.seconds, piece.offset, piece.bytes) == (pytest.approx(2.0), 0.0, size(piece.path))
        assert Path(piece.path).parent == tmp_path
        assert Path(piece.path).suffix == f".{ENCODINGS[form].extension}"
        if form is MediaFormat.PCM16:
            assert piece.bytes == 2 * piece.rate * 2
        else:
            assert (await media.probe(piece.path)).format is form
            assert not await media.silent(piece.path)

    async def test_long_sound_is_cut_where_it_is_quiet(self, media: Media, tmp_path: Path):
        path = write_wav(tmp_path / "note.wav", babble(5.2), nothing(0.5), babble(4.9), nothing(0.5), babble(2))
        pieces = await converted(media, path, conversion(segment_seconds=6), tmp_path)
        assert [piece.offset for piece in pieces[1:]] == [pytest.approx(5.45, abs=0.3), pytest.approx(10.85, abs=0.3)]
        assert all(0 < piece.seconds <= 6 for piece in pieces)
        assert sum(piece.seconds for piece in pieces) == pytest.approx(13.1)
        assert len({piece.path for piece in pieces}) == len(pieces)
        for piece, following in pairwise(pieces):
            assert piece.offset + piece.seconds == pytest.approx(following.offset)

    async def test_what_has_no_quiet_place_is_cut_all_the_same(self, media: Media, tmp_path: Path):
        path = write_wav(tmp_path / "note.wav", tone(10))
        pieces = await converted(media, path, conversion(segment_seconds=3), tmp_path)
        assert all(0 < piece.seconds <= 3 for piece in pieces)
        assert sum(piece.seconds for piece in pieces) == pytest.approx(10)

    @pytest.mark.parametrize("how", [How.CONVERTED, How.AS_IS])
    async def test_more_sound_than_allowed_is_refused(self, media: Media, tmp_path: Path, how: How):
        path = write_wav(tmp_path / "note.wav", tone(3))
        with pytest.raises(MediaTooLong) as caught:
            await converted(media, path, conversion(how, MediaFormat.WAV, max_seconds=2), tmp_path)
        assert caught.value.limit == 2
        assert caught.value.seconds >= 2

    async def test_several_conversions_share_a_folder(self, media: Media, tmp_path: Path):
        one, two = write_wav(tmp_path / "one.wav", tone(1)), write_wav(tmp_path / "two.wav", tone(2))
        pieces = [(await converted(media, path, conversion(), tmp_path))[0] for path in (one, two, one)]
        assert len({piece.path for piece in pieces}) == 3
        assert [piece.bytes for piece in pieces] == [size(piece.path) for piece in pieces]

    async def test_a_clip_has_its_true_length_and_waveform(self, media: Media, tmp_path: Path):
        path = write_wav(tmp_path / "said.wav", babble(1, loudness=0.02), nothing(1), babble(1, loudness=0.2))
        target = tmp_path / DISCORD.filename
        sound = MediaFile(path=path, format=MediaFormat.WAV, seconds=3, bytes=size(path))
        seconds, waveform = await media.clip(sound, DISCORD, str(target))
        assert seconds == pytest.approx(3)
        assert len(waveform) == 30
        assert 0 < max(waveform[:9]) < 100
        assert max(waveform[11:19]) <= 2
        assert max(waveform[21:]) == 255
        assert (await media.probe(str(target))).format is DISCORD.format

    async def test_the_waveform_of_a_long_clip_has_256_points_at_the_most(self, media: Media, tmp_path: Path):
        path = write_wav(tmp_path / "said.wav", babble(40, rate=8_000), rate=8_000)
        sound = MediaFile(path=path, format=MediaFormat.WAV, seconds=40, bytes=size(path))
        seconds, waveform = await media.clip(sound, DISCORD, str(tmp_path / "reply.ogg"))
        assert seconds == pytest.approx(40)
        assert 128 <= len(waveform) <= 256

    async def test_a_clip_is_made_of_headerless_samples_at_their_own_rate(self, media: Media, tmp_path: Path):
        sound = raw(tmp_path / "said.pcm", babble(2, rate=22_050), 22_050)
        target = tmp_path / "reply.ogg"
        seconds, waveform = await media.clip(sound, DISCORD, str(target))
        assert seconds == pytest.approx(2, abs=0.01)
        assert len(waveform) in {20, 21}
        assert (await media.probe(str(target))).seconds == pytest.approx(2, abs=0.1)

    async def test_headerless_samples_that_were_written_can_be_made_a_clip(self, media: Media, tmp_path: Path):
        path = write_wav(tmp_path / "note.wav", babble(1))
        [piece] = await converted(media, path, conversion(form=MediaFormat.PCM16), tmp_path)
        assert piece.rate == RATE
        seconds, _ = await media.clip(piece, DISCORD, str(tmp_path / "reply.ogg"))
        assert seconds == pytest.approx(1, abs=0.01)
