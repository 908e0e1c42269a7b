"""A long recording, from outside: its beginning in the reply, all of it in files, once."""

import re

import pytest

from tests.acceptance.hearing import word_errors
from tests.acceptance.recordings import drone, long_speech
from tests.acceptance.scenes import Reply, Scene
from tests.acceptance.service import Installation
from tests.acceptance.stages import Stage
from tests.fakes.openrouter.client import FakeOpenRouter, Script

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]
on_discord = pytest.mark.parametrize("shared_stage", ["discord"], indirect=True, scope="session")
on_shared_stage = pytest.mark.asyncio(loop_scope="session")

SENTENCE = "The oak behind the house is forty feet high. "
LONG = (SENTENCE * 60).strip()
SENTENCES = re.compile(r"(?<=[.?!])\s+")
ANSWER = "A fine answer."

DEATHS = ["after:begin:post:files", "before:done:post:files"]
"""Before the files are posted, and when they stand there and nobody has written it down."""


def times(subtitles: bytes) -> list[tuple[int, ...]]:
    found = re.findall(rb"(\d\d):(\d\d):(\d\d)[,.](\d{3})", subtitles)
    return [tuple(map(int, time)) for time in found]


def kinds(replies: list[Reply]) -> list[str]:
    return ["files" if reply.files else "clip" if reply.clip else "text" for reply in replies]


async def with_files(scene: Scene, message: str) -> list[Reply]:
    found = await scene.until(
        message, lambda replies: any(reply.files for reply in replies) and not replies[0].grows, seconds=120
    )
    return list(found)


@on_shared_stage
async def test_a_long_recording_comes_back_as_a_file_and_is_answered(stage: Stage):
    # This gateway tells no times, so there are no subtitles.
    await stage.openrouter.answer(Script(text=LONG), model="google/*")
    await stage.openrouter.answer(Script(text=ANSWER), model="openai/gpt-4o-mini")
    message = await stage.scene.send(drone(90, name="interview.wav"))
    text, files = await with_files(stage.scene, message)
    assert text.text.startswith("_Recording of 1 min 30 s, 540 words. It begins like this;")
    assert text.text.endswith(ANSWER)
    assert text.text.count(SENTENCE.strip()) < 20
    assert list(files.files) == ["interview.txt"]
    assert files.files["interview.txt"].decode().split() == LONG.split()
    assert await stage.over(message) == "done"
    assert len(await stage.scene.replies(message)) == 2


@on_discord
@on_shared_stage
async def test_the_embedded_model_tells_when_it_is_said(stage: Stage):
    model = "local/whisper-tiny.en"
    await stage.openrouter.say(ANSWER)
    assert "Done." in await stage.scene.use("settings", manages=True, name="transcription_model", value=model)
    message = await stage.scene.send(long_speech(28))  # the sample of five seconds, again and again
    _, files = await with_files(stage.scene, message)
    assert list(files.files) == ["interview.txt", "interview.srt", "interview.vtt"]
    assert files.files["interview.vtt"].startswith(b"WEBVTT\n")
    sentences = SENTENCES.split(files.files["interview.txt"].decode())
    heard = [word_errors(sentence, "Please answer in one short sentence.") for sentence in sentences if sentence]
    assert sum(errors == 0 for errors in heard) > 10
    for name in ("interview.srt", "interview.vtt"):
        found = times(files.files[name])
        assert found == sorted(found)
        assert (0, 2, 0, 0) < found[-1] < (0, 2, 30, 0)  # of 146 s


@pytest.mark.parametrize("death", DEATHS)
async def test_files_stand_there_once_after_a_crash(
    scene: Scene, remote_installation: Installation, openrouter: FakeOpenRouter, death: str
):
    await openrouter.answer(Script(text=ANSWER))
    await openrouter.answer(Script(text=LONG), model="google/*")
    async with remote_installation.serving("tests.acceptance.mortal", TEST_DEATH=death) as service:
        await scene.ready()
        greeting = await scene.write("Hello")
        await scene.wait(greeting, texts=1)
        await service.wait_for("turn done")
        message = await scene.speak()
        assert await service.ended() == -9
    async with remote_installation.serving() as service:
        await scene.wait(message, texts=1, clips=1)
        await service.wait_for("turn done")
    assert kinds(list(await scene.replies(message))) == ["text", "files", "clip"]
    assert len((await openrouter.state()).charged) == 3  # the greeting, the transcript, the answer
