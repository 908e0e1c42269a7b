"""Files of all sorts: what can be heard is heard, whatever it is called; all else is told in one sentence."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.recordings import VOICE_NOTE, Recording, drone, long_speech, recorded
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage
from tests.fakes.openrouter.client import Script
from tests.fakes.slack.values import Upload

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]

on_slack = pytest.mark.parametrize("shared_stage", ["slack"], indirect=True, scope="session")

LARGE = 10_000_000
M4A = recorded("clip.m4a").content
OGG = recorded(VOICE_NOTE).content
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def posing(content: bytes) -> Recording:
    """Return bytes that claim to be a voice note."""
    return Recording(content=content, name="note.ogg", declared="audio/ogg")


# --- large and long ---------------------------------------------------------------


async def test_a_file_of_25_megabytes_is_heard(stage: Stage):
    recording = long_speech(25)
    assert 25_000_000 <= len(recording.content) < 26_000_000
    message = await stage.scene.send(recording)
    (reply,) = await stage.scene.wait(message, texts=1, seconds=40)
    # The model says how much it was sent: 25 MB of 48 kHz stereo are 130 s.
    transcript, _ = reply.text.split("\n\n", 1)
    assert ", 130." in transcript
    await stage.over(message)
    assert await stage.charged() == 2


async def test_a_file_that_says_itself_that_it_is_too_large_is_not_fetched(stage: Stage):
    scene = stage.scene
    message = await scene.send(posing(OGG + bytes(31_000_000)))
    assert "larger than the 30 MB" in await stage.refusal(message)
    if isinstance(scene, DiscordScene):
        assert await scene.fake.requests(f"GET /attachments/{scene.channel}/") == []


@on_slack
async def test_a_file_that_is_larger_than_it_says_is_refused_on_the_way(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, SlackScene)
    upload = Upload(content=OGG + bytes(31_000_000), name="note.ogg", mimetype="audio/ogg", size=20_000)
    message = (await scene.fake.post(scene.channel, scene.user, files=(upload,))).ts
    assert "larger than the 30 MB" in await stage.refusal(message)
    kept = [path for path in stage.installation.folder.rglob("*") if path.is_file()]
    assert [path for path in kept if path.stat().st_size > LARGE] == []


async def test_a_recording_that_is_too_long_is_refused(stage: Stage):
    message = await stage.scene.send(drone(200))
    assert "longer than the 3 minutes" in await stage.refusal(message)


# --- hostile and damaged ------------------------------------------------------------


@asynccontextmanager
async def bait() -> AsyncIterator[tuple[str, list[str]]]:
    """Yield an address that nobody should ask for, and the list of those who did."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret.ogg", asked


PLAYLISTS: Mapping[str, str] = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{target}'\n",
    "tagged": "ID3\x04\0\0\0\0\0\0#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
async def test_a_playlist_that_poses_as_a_recording_leads_nowhere(stage: Stage, kind: str):
    async with bait() as (target, asked):
        message = await stage.scene.send(posing(PLAYLISTS[kind].format(target=target).encode()))
        sentence = await stage.refusal(message)
    assert "could not hear that file" in sentence
    assert asked == []


DAMAGED: Mapping[str, Recording] = {
    "empty": posing(b""),
    "words": posing(b"This is not sound at all. " * 40),
    "without its index": replace(posing(M4A[: len(M4A) // 2]), name="clip.m4a", declared="audio/mp4"),
    "a document": Recording(content=b"Dear all,\n" * 50, name="letter.txt", declared="text/plain"),
}


@pytest.mark.parametrize("recording", DAMAGED.values(), ids=DAMAGED)
async def test_what_cannot_be_heard_is_told_in_a_sentence(stage: Stage, recording: Recording):
    sentence = await stage.refusal(await stage.scene.send(recording))
    assert sentence.startswith("I could not hear that file")
    assert sentence.endswith("Voice notes, audio files and videos work.")


async def test_of_a_truncated_recording_what_is_there_is_heard(stage: Stage):
    await stage.openrouter.answer(Script(text="Half of it."), model="google/*")
    message = await stage.scene.send(posing(OGG[: len(OGG) // 2]))
    (reply,) = await stage.scene.wait(message, texts=1)
    assert reply.text.startswith("> Half of it.")


# --- names and claims -----------------------------------------------------------------

CALLED: Mapping[str, Recording] = {
    "text": recorded("clip.mp3", called="notes.txt", declared="audio/mpeg"),
    "a picture": recorded("clip.mp3", called="bird.png", declared="audio/png"),
    "text, and said to be": recorded("clip.mp3", called="notes.txt", declared="text/plain"),
    "a picture, and said to be": recorded("clip.flac", called="bird.png", declared="image/png"),
    "of no kind": recorded("clip.webm", called="recording", declared="application/octet-stream"),
}


@pytest.mark.parametrize("recording", CALLED.values(), ids=CALLED)
async def test_a_recording_is_heard_whatever_it_is_called(stage: Stage, recording: Recording):
    await stage.openrouter.answer(Script(text="What was said."), model="google/*")
    message = await stage.scene.send(recording)
    (reply,) = await stage.scene.wait(message, texts=1)
    assert reply.text.startswith("> What was said.")


async def test_several_recordings_are_heard_in_order_and_the_text_says_what_to_do(stage: Stage):
    short, longer = drone(2, name="first.wav"), drone(4, name="second.wav")
    message = await stage.scene.send(short, longer, text="Which one is longer?")
    (reply,) = await stage.scene.wait(message, texts=1)
    await stage.over(message)
    # The model that hears says how long what it was sent is, and the one that answers what it was told.
    lines = [line for line in reply.text.splitlines() if line.startswith("> You sent audio")]
    assert [line.rsplit(", ", 1)[1] for line in lines] == ["2.0 s", "4.0 s"]
    asked = (await stage.openrouter.body(2)).decode()
    assert asked.index("Which one is longer?") < asked.index(", 2.0 s") < asked.index(", 4.0 s")


async def test_what_is_no_recording_is_passed_over_beside_words(stage: Stage):
    await stage.openrouter.say("A list, I guess.")
    document = Recording(content=b"%PDF-1.7\n" * 50, name="birds.pdf", declared="application/pdf")
    message = await stage.scene.send(document, text="What is this?")
    assert [reply.text for reply in await stage.scene.wait(message, texts=1)] == ["A list, I guess."]


# --- pictures -------------------------------------------------------------------------

PICTURES: Mapping[str, Recording] = {
    "as it is": Recording(content=PICTURE, name="bird.png", declared="image/png"),
    "that poses as sound": posing(PICTURE),
}


@pytest.mark.parametrize("words", ["What is this?", ""])
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
async def test_a_picture_is_shown_to_a_model_that_sees(stage: Stage, picture: Recording, words: str):
    await stage.openrouter.say("A bird.")
    message = await stage.scene.send(picture, text=words)
    assert [reply.text for reply in await stage.scene.wait(message, texts=1)] == ["A bird."]
    await stage.over(message)
    assert b64encode(PICTURE) in await stage.openrouter.body(0)
