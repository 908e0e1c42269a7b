"""Every format in, every format out: what comes out is decoded again by PyAV, and must be the same tone."""

import asyncio
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.resampler import AudioResampler

from adapters.media.media import PydubMedia
from bot.domain.audio import ENCODINGS, Conversion, How, MediaFile, MediaFormat
from bot.ports import ClipFormat
from tests.contracts.sounds import RATE, Samples, babble, tone, write_wav
from tests.integration.test_media.conftest import PITCH, SAMPLES, SECONDS, names, patch

pytestmark = pytest.mark.asyncio(loop_scope="session")

FORMATS = {
    *("plain.wav", "plain.mp3", "opus.ogg", "vorbis.ogg", "plain.flac", "plain.m4a", "plain.aac", "plain.aiff"),
    *("browser.webm", "video.mp4"),
}
"""Those that people send. From each, every format is made; from the others only WAV."""

DATA = Path(__file__).resolve().parents[2] / "data"


def plan(form: MediaFormat, how: How = How.CONVERTED) -> Conversion:
    return Conversion(how=how, format=form, max_seconds=600)


async def convert(media: PydubMedia, path: Path | str, conversion: Conversion, folder: Path) -> MediaFile:
    [piece] = [piece async for piece in media.convert(str(path), conversion, str(folder))]
    return piece


def decoded(path: Path | str) -> Samples:
    """Decode a file to 16 kHz mono."""
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames + resampler.resample(None)])


def heard(piece: MediaFile) -> Samples:
    return np.fromfile(piece.path, np.int16) if piece.format is MediaFormat.PCM16 else decoded(piece.path)


def pitch(samples: Samples) -> float:
    """Return the strongest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


def dbfs(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples / 32_768)))))


@pytest.mark.parametrize("name", SAMPLES)
async def test_every_kind_of_file_is_converted(media: PydubMedia, samples: Path, tmp_path: Path, name: str):
    loudness = dbfs(decoded(samples / name))
    forms = list(ENCODINGS) if name in FORMATS else [MediaFormat.WAV]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(convert(media, samples / name, plan(form), tmp_path)) for form in forms]
    for form, task in zip(forms, tasks, strict=True):
        piece, sound = task.result(), heard(task.result())
        assert piece.format is form
        assert piece.seconds == pytest.approx(SECONDS, abs=0.1), form
        assert len(sound) / RATE == pytest.approx(piece.seconds, abs=0.15), form
        assert pitch(sound) == pytest.approx(PITCH, abs=2), form
        assert dbfs(sound) == pytest.approx(loudness, abs=1), form


@pytest.mark.parametrize("form", [form for form in ENCODINGS if form is not MediaFormat.PCM16])
async def test_what_is_written_is_what_the_table_says(
    media: PydubMedia, samples: Path, tmp_path: Path, form: MediaFormat
):
    """Sixteen bits, even from Opus, which decodes to floating point; Opus in Ogg, not Vorbis."""
    piece = await convert(media, samples / "opus.ogg", plan(form), tmp_path)
    facts = await media.probe(piece.path)
    assert (facts.format, facts.codec, facts.channels) == (form, ENCODINGS[form].codec, 1)
    assert facts.rate == ENCODINGS[form].rate
    with av.open(piece.path) as container:
        assert container.streams.audio[0].format.name in {"s16", "fltp"}


@pytest.mark.parametrize("form", ENCODINGS)
async def test_a_second_takes_no_more_bytes_than_planned(media: PydubMedia, tmp_path: Path, form: MediaFormat):
    """Noise is the hardest to compress."""
    noise = np.random.default_rng(3).normal(size=20 * RATE) * 9_000
    path = write_wav(tmp_path / "noise.wav", np.clip(noise, -32_767, 32_767).astype(np.int16))
    piece = await convert(media, path, plan(form), tmp_path)
    assert piece.bytes <= 20 * ENCODINGS[form].bytes_per_second + 4_096


FACTS = [
    ("plain.wav", MediaFormat.WAV, "wav", "pcm_s16le", 48_000, 2, False),
    ("wide.wav", None, "wav", "pcm_s24le", 48_000, 2, False),
    ("plain.mp3", MediaFormat.MP3, "mp3", "mp3", 48_000, 2, False),
    ("opus.ogg", MediaFormat.OGG, "ogg", "opus", 48_000, 2, False),
    ("vorbis.ogg", None, "ogg", "vorbis", 48_000, 2, False),
    ("plain.flac", MediaFormat.FLAC, "flac", "flac", 48_000, 2, False),
    ("plain.m4a", MediaFormat.M4A, "mov", "aac", 48_000, 2, False),
    ("alac.m4a", None, "mov", "alac", 48_000, 2, False),
    ("plain.aac", MediaFormat.AAC, "aac", "aac", 48_000, 2, False),
    ("plain.aiff", MediaFormat.AIFF, "aiff", "pcm_s16be", 48_000, 2, False),
    ("plain.caf", None, "caf", "pcm_s16be", 48_000, 2, False),
    ("telephone.amr", None, "amr", "amr_nb", 8_000, 1, False),
    ("browser.webm", MediaFormat.WEBM, "matroska", "opus", 48_000, 2, False),
    ("video.mp4", MediaFormat.MP4, "mov", "aac", 48_000, 2, True),
    ("video.mov", MediaFormat.MP4, "mov", "aac", 48_000, 2, True),
    ("video.webm", MediaFormat.WEBM, "matroska", "opus", 48_000, 2, True),
    ("cover.mp3", MediaFormat.MP3, "mp3", "mp3", 48_000, 2, False),
    ("cover.m4a", MediaFormat.M4A, "mov", "aac", 48_000, 2, False),
    ("cover.flac", MediaFormat.FLAC, "flac", "flac", 48_000, 2, False),
]


@pytest.mark.parametrize("expected", FACTS, ids=[facts[0] for facts in FACTS])
async def test_a_probe_believes_the_bytes_and_no_name(
    media: PydubMedia, samples: Path, tmp_path: Path, expected: tuple[str, MediaFormat | None, str, str, int, int, bool]
):
    disguised = tmp_path / "playlist.m3u8"
    disguised.write_bytes((samples / expected[0]).read_bytes())
    facts = await media.probe(str(disguised))
    assert (facts.format, facts.container, facts.codec, facts.rate, facts.channels, facts.has_video) == expected[1:]
    assert facts.seconds == pytest.approx(SECONDS, abs=0.1)


async def test_a_recording_without_a_length_in_its_header_has_none(media: PydubMedia, samples: Path, tmp_path: Path):
    facts = await media.probe(str(samples / "live.webm"))
    assert (facts.format, facts.codec, facts.seconds) == (MediaFormat.WEBM, "opus", None)
    piece = await convert(media, samples / "live.webm", plan(MediaFormat.OGG, How.COPIED), tmp_path)
    assert piece.seconds == pytest.approx(SECONDS, abs=0.1)


async def test_a_video_without_sound_has_none(media: PydubMedia, samples: Path):
    facts = await media.probe(str(samples / "mute.mp4"))
    assert facts.has_video
    assert not facts.has_audio


@pytest.mark.parametrize(
    "name", ["voice-note.ogg", "clip.m4a", "clip.webm", "clip.mp3", "clip.flac", "clip.wav", "video.mp4"]
)
async def test_spoken_samples_are_heard(media: PydubMedia, tmp_path: Path, name: str):
    assert not await media.silent(str(DATA / name))
    piece = await convert(media, DATA / name, plan(MediaFormat.MP3), tmp_path)
    assert piece.seconds == pytest.approx(len(decoded(DATA / name)) / RATE, abs=0.1)


async def test_a_muted_microphone_is_silent(media: PydubMedia):
    assert await media.silent(str(DATA / "silence.ogg"))


COPIES = [
    ("browser.webm", MediaFormat.OGG),
    ("video.webm", MediaFormat.OGG),
    ("plain.m4a", MediaFormat.AAC),
    ("plain.aac", MediaFormat.M4A),
    ("video.mp4", MediaFormat.M4A),
    ("video.mp4", MediaFormat.AAC),
    ("cover.mp3", MediaFormat.MP3),
    ("cover.flac", MediaFormat.FLAC),
]


def packets(path: Path | str) -> list[bytes]:
    """Return the packets of a file; ADTS puts seven bytes before each."""
    with av.open(str(path)) as container:
        skip = 7 if container.format.name == "aac" else 0
        return [bytes(packet)[skip:] for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize(("name", "form"), COPIES, ids=[f"{name} to {form}" for name, form in COPIES])
async def test_a_copy_holds_the_same_packets(
    media: PydubMedia, samples: Path, tmp_path: Path, name: str, form: MediaFormat
):
    piece = await convert(media, samples / name, plan(form, How.COPIED), tmp_path)
    facts = await media.probe(piece.path)
    assert (facts.format, facts.codec, facts.has_video) == (form, ENCODINGS[form].codec, False)
    assert packets(piece.path) == packets(samples / name)
    assert piece.seconds == pytest.approx(SECONDS, abs=0.1)
    assert pitch(decoded(piece.path)) == pytest.approx(PITCH, abs=2)


async def test_what_cannot_be_copied_is_converted(media: PydubMedia, samples: Path, tmp_path: Path):
    piece = await convert(media, samples / "vorbis.ogg", plan(MediaFormat.M4A, How.COPIED), tmp_path)
    assert (await media.probe(piece.path)).codec == "aac"
    assert names(tmp_path) == [Path(piece.path).name]


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF], ids=["zero", "largest"])
async def test_a_wav_that_was_streamed_is_read_to_its_end(media: PydubMedia, tmp_path: Path, size: int):
    """Who writes a WAV into a pipe does not know its size yet."""
    path = write_wav(tmp_path / "note.wav", tone(3))
    for place in (4, 40):
        patch(path, place, struct.pack("<I", size))
    piece = await convert(media, path, plan(MediaFormat.FLAC), tmp_path)
    assert piece.seconds == pytest.approx(3)
    assert (await convert(media, path, plan(MediaFormat.WAV, How.AS_IS), tmp_path)).seconds == pytest.approx(3)


async def test_tags_in_an_unknown_alphabet_do_no_harm(media: PydubMedia, tmp_path: Path):
    path = write_wav(tmp_path / "note.wav", tone(1))
    tag = b"INFOINAM" + struct.pack("<I", 4) + b"\xff\xfe\xfa\xff"
    patch(path, 44 + 2 * RATE, b"LIST" + struct.pack("<I", len(tag)) + tag)
    if int(av.__version__.split(".")[0]) < 19:
        with pytest.raises(UnicodeDecodeError):
            av.open(path)
    assert (await media.probe(path)).format is MediaFormat.WAV
    assert (await convert(media, path, plan(MediaFormat.MP3), tmp_path)).seconds == pytest.approx(1)


CLIPS = [
    (ClipFormat(format=MediaFormat.OGG, rate=48_000, bitrate=32_000, filename="voice-message.ogg"), "opus"),
    (ClipFormat(format=MediaFormat.MP3, rate=24_000, bitrate=64_000, filename="reply.mp3"), "mp3"),
    (ClipFormat(format=MediaFormat.M4A, rate=24_000, bitrate=64_000, filename="reply.m4a"), "aac"),
]


@pytest.mark.parametrize(("form", "codec"), CLIPS, ids=[codec for _, codec in CLIPS])
@pytest.mark.parametrize("loudness", [0.01, 0.05, 0.6])
async def test_every_clip_is_equally_loud_and_never_distorted(
    media: PydubMedia, tmp_path: Path, form: ClipFormat, codec: str, loudness: float
):
    said = write_wav(tmp_path / "said.wav", babble(4, loudness=loudness, rate=22_050), rate=22_050)
    target = str(tmp_path / form.filename)
    seconds, _ = await media.clip(MediaFile(path=said, format=MediaFormat.WAV, seconds=4, bytes=1), form, target)
    facts = await media.probe(target)
    assert (facts.format, facts.codec, facts.rate, facts.channels) == (form.format, codec, form.rate, 1)
    assert facts.bytes <= seconds * form.bitrate / 8 * 1.15 + 4_096
    sound = decoded(target)
    assert len(sound) / RATE == pytest.approx(seconds, abs=0.1)
    assert dbfs(sound) == pytest.approx(-18, abs=3)
    assert np.abs(sound.astype(np.int32)).max() < 32_767


async def test_a_video_is_as_long_as_its_pictures_whatever_its_header_says(
    media: PydubMedia, samples: Path, tmp_path: Path
):
    honest = await media.probe(str(samples / "video.mp4"))
    assert honest.seconds is not None
    lying = tmp_path / "short.mp4"
    lying.write_bytes(_shortened((samples / "video.mp4").read_bytes()))
    assert await media.probe(str(lying)) == honest


def _shortened(mp4: bytes) -> bytes:
    """Let every header of an MPEG-4 file claim a length of almost nothing."""
    data = bytearray(mp4)
    for atom, at in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        start = data.find(atom)
        while start >= 0:
            data[start + at : start + at + 4] = (1).to_bytes(4)
            start = data.find(atom, start + 4)
    return bytes(data)
