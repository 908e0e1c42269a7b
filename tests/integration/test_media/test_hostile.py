"""Files that want to harm: they are refused, or they fail alone, in bounded time; nothing else is read or called."""

import asyncio
import io
import os
import signal
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from adapters.media import media as module
from adapters.media.media import PydubMedia
from bot.domain.audio import Conversion, How, MediaFile, MediaFormat
from bot.domain.errors import MediaProblem, MediaTooLong, MediaUnreadable
from bot.ports import ClipFormat
from tests.contracts.sounds import babble, tone, write_wav
from tests.integration.test_media.conftest import ffmpeg, names, patch

pytestmark = pytest.mark.asyncio(loop_scope="session")


DATA = Path(__file__).resolve().parents[2] / "data"


def plan(how: How = How.CONVERTED, form: MediaFormat = MediaFormat.WAV, max_seconds: float = 600) -> Conversion:
    return Conversion(how=how, format=form, max_seconds=max_seconds)


async def convert(media: PydubMedia, path: Path | str, conversion: Conversion, folder: Path) -> list[MediaFile]:
    return [piece async for piece in media.convert(str(path), conversion, str(folder))]


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[str]]]:
    """Yield an address, and the list of those who asked for what is there."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode())
        writer.write(b"HTTP/1.0 404 Not Found\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret.ts", asked


def hls(target: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n".encode()


def dash(target: str) -> bytes:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S">'
        '<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{target}</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>"
    ).encode()


def ffconcat(target: str) -> bytes:
    return f"ffconcat version 1.0\nfile '{target}'\n".encode()


def sdp(target: str) -> bytes:
    return b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"


def tagged_hls(target: str) -> bytes:
    """FFmpeg passes over an ID3 tag before it guesses: after the tag of an MP3 stands a playlist."""
    return b"ID3\x04\x00\x00\x00\x00\x00\x00" + hls(target)


def riff_hls(target: str) -> bytes:
    return b"RIFF\x00\x00\x00\x00WAVE" + hls(target)


ATTACKS = [hls, dash, ffconcat, sdp, tagged_hls, riff_hls]


@pytest.mark.parametrize("name", ["note.ogg", "note.m3u8"])
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("reach", ["network", "sibling", "elsewhere"])
async def test_a_file_that_names_others_reads_none_of_them(
    media: PydubMedia, samples: Path, tmp_path: Path, name: str, attack: Callable[[str], bytes], reach: str
):
    write_wav(tmp_path / "sibling.wav", tone(1))
    async with listening() as (url, asked):
        target = {"network": url, "sibling": "sibling.wav", "elsewhere": f"file://{samples / 'plain.wav'}"}[reach]
        (tmp_path / name).write_bytes(attack(target))
        for work in (media.probe, media.silent):
            with pytest.raises(MediaUnreadable):
                await work(str(tmp_path / name))
        for how in How:
            with pytest.raises(MediaUnreadable):
                await convert(media, tmp_path / name, plan(how), tmp_path)
    assert asked == []
    assert names(tmp_path) == sorted([name, "sibling.wav"])


async def test_the_attacks_are_real(samples: Path, tmp_path: Path):
    """Who is not locked falls for them, so the test before this one proves something."""
    write_wav(tmp_path / "sibling.wav", tone(1))
    async with listening() as (url, asked):
        file = io.BytesIO(hls(url))
        file.name = "note.m3u8"
        with pytest.raises(av.error.InvalidDataError):
            await asyncio.to_thread(av.open, file)
    assert asked != []
    (tmp_path / "note.ogg").write_bytes(ffconcat("sibling.wav"))
    await ffmpeg("-i", "note.ogg", "stolen.wav", folder=tmp_path)
    assert (tmp_path / "stolen.wav").stat().st_size > 20_000


@pytest.mark.parametrize(
    "name", ["voice-note.ogg", "plain.mp3", "plain.flac", "plain.aac", "plain.wav", "browser.webm"]
)
async def test_of_a_truncated_file_what_is_there_is_heard(media: PydubMedia, samples: Path, tmp_path: Path, name: str):
    source = DATA / name if name == "voice-note.ogg" else samples / name
    [whole] = await convert(media, source, plan(), tmp_path)
    content = source.read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    [piece] = await convert(media, tmp_path / name, plan(), tmp_path)
    assert 0.1 < piece.seconds / whole.seconds < 0.9


@pytest.mark.parametrize("name", ["plain.m4a", "video.mp4"])
async def test_a_truncated_mpeg4_file_without_its_index_is_unreadable(
    media: PydubMedia, samples: Path, tmp_path: Path, name: str
):
    whole = (samples / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaUnreadable):
        await convert(media, tmp_path / name, plan(), tmp_path)


async def test_damage_at_random_places_never_does_more_than_fail(media: PydubMedia, samples: Path, tmp_path: Path):
    chance = np.random.default_rng(11)
    workers = media.pids
    victims = (
        "opus.ogg",
        "plain.mp3",
        "plain.flac",
        "plain.m4a",
        "browser.webm",
        "plain.aiff",
        "video.mp4",
        "alac.m4a",
    )

    async def damage(number: int) -> None:
        content = bytearray((samples / victims[number % len(victims)]).read_bytes())
        for place in chance.integers(0, len(content), 30):
            content[place] = chance.integers(256)
        path = tmp_path / f"{number}"
        path.write_bytes(content)
        try:
            await media.probe(str(path))
            await convert(media, path, plan(), tmp_path)
        except MediaProblem:
            pass

    async with asyncio.timeout(15), asyncio.TaskGroup() as group:
        for number in range(64):
            group.create_task(damage(number))
    assert media.pids == workers


async def test_a_few_bytes_that_decode_to_hours_are_stopped_by_the_clock_of_the_sound(
    media: PydubMedia, tmp_path: Path
):
    await ffmpeg("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "3600", "bomb.flac", folder=tmp_path)
    assert (tmp_path / "bomb.flac").stat().st_size < 1_000_000
    with pytest.raises(MediaTooLong) as caught:
        await convert(media, tmp_path / "bomb.flac", plan(max_seconds=300), tmp_path)
    assert caught.value.limit == 300
    assert names(tmp_path) == ["bomb.flac"]


async def test_eight_channels_at_a_studios_rate_are_no_bomb(media: PydubMedia, tmp_path: Path):
    await ffmpeg("-f", "lavfi", "-i", "anullsrc=r=192000:cl=7.1", "-t", "20", "bomb.flac", folder=tmp_path)
    with pytest.raises(MediaTooLong):
        await convert(media, tmp_path / "bomb.flac", plan(max_seconds=5), tmp_path)


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (4_000_000_000, 1), (48_000, 60_000), (0, 1), (16_000, 0)])
async def test_a_header_that_asks_for_too_much_memory_is_refused(
    media: PydubMedia, tmp_path: Path, rate: int, channels: int
):
    path = write_wav(tmp_path / "note.wav", tone(1))
    patch(path, 22, struct.pack("<HI", channels, rate))
    with pytest.raises(MediaUnreadable):
        await convert(media, path, plan(), tmp_path)


async def test_a_header_that_claims_less_than_there_is_does_not_help(media: PydubMedia, samples: Path, tmp_path: Path):
    """What is passed on or copied is measured as well."""
    for how, name, form in (
        (How.AS_IS, "plain.mp3", MediaFormat.MP3),
        (How.COPIED, "browser.webm", MediaFormat.OGG),
    ):
        with pytest.raises(MediaTooLong):
            await convert(media, samples / name, plan(how, form, max_seconds=0.5), tmp_path)
    assert names(tmp_path) == []


async def test_a_missing_file_is_unreadable(media: PydubMedia, tmp_path: Path):
    with pytest.raises(MediaUnreadable):
        await media.probe(str(tmp_path / "absent.ogg"))


async def test_a_failing_export_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/bin/false")
    source = write_wav(tmp_path / "said.wav", babble(1))
    form = ClipFormat(format=MediaFormat.MP3, rate=24_000, bitrate=64_000, filename="reply.mp3")
    sound = MediaFile(path=source, format=MediaFormat.WAV, seconds=1, bytes=1)
    async with PydubMedia(workers=1) as media:
        with pytest.raises(MediaUnreadable):
            await media.clip(sound, form, str(tmp_path / "reply.mp3"))
        with pytest.raises(MediaUnreadable):
            await convert(media, source, plan(form=MediaFormat.MP3), tmp_path)
    assert names(tmp_path) == ["said.wav"]


async def test_a_cancelled_conversion_ends_its_worker_and_keeps_only_what_was_delivered(tmp_path: Path):
    source = write_wav(tmp_path / "long.wav", *[tone(60)] * 20)
    folder = tmp_path / "pieces"
    folder.mkdir()
    plan_of_minutes = Conversion(how=How.CONVERTED, format=MediaFormat.MP3, max_seconds=7_200, segment_seconds=60)
    delivered: list[MediaFile] = []
    async with PydubMedia(workers=1) as media:
        await media.warm()
        [worker] = media.pids

        async def work() -> None:
            async for piece in media.convert(source, plan_of_minutes, str(folder)):
                delivered.append(piece)  # noqa: PERF401  a list comprehension would be lost when it is cancelled

        async with asyncio.TaskGroup() as group:
            task = group.create_task(work())
            while not delivered:
                await asyncio.sleep(0.01)
            task.cancel()
        assert worker not in media.pids
        assert len(delivered) < 20
        assert sorted(map(str, folder.iterdir())) == sorted(piece.path for piece in delivered)
        assert (await media.probe(delivered[0].path)).format is MediaFormat.MP3


async def test_a_decoder_that_crashes_fails_one_file(tmp_path: Path):
    source = write_wav(tmp_path / "long.wav", *[tone(60)] * 20)
    async with PydubMedia(workers=1) as media:
        await media.warm()
        [worker] = media.pids
        asyncio.get_running_loop().call_later(0.1, os.kill, worker, signal.SIGSEGV)
        with pytest.raises(MediaUnreadable, match="crash"):
            await convert(media, source, plan(form=MediaFormat.MP3, max_seconds=7_200), tmp_path)
        assert names(tmp_path) == ["long.wav"]
        assert (await media.probe(source)).format is MediaFormat.WAV


async def test_a_worker_that_hangs_is_killed_at_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = write_wav(tmp_path / "note.wav", tone(1))
    async with PydubMedia(workers=1) as media:
        await media.warm()
        [worker] = media.pids
        os.kill(worker, signal.SIGSTOP)
        monkeypatch.setattr(module, "_PROBE_SECONDS", 0.3)
        with pytest.raises(MediaUnreadable, match="too long"):
            await media.probe(source)
        monkeypatch.undo()
        assert (await media.probe(source)).format is MediaFormat.WAV
