"""The main job, from outside: a voice note in, the right words out, a clip that plays, one row for each model call."""

import pytest

from tests.acceptance.hearing import TEXTS, least_seconds, play, word_errors
from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation

pytestmark = pytest.mark.timeout(240)


def quoted(text: str) -> str:
    return " ".join(
        line.removeprefix("&gt;").removeprefix(">").strip() for line in text.splitlines() if line[:1] in ">&"
    )


def answered(text: str) -> str:
    return " ".join(line for line in text.splitlines() if line[:1] not in ">&").strip()


async def test_a_voice_note_is_heard_answered_and_spoken_by_the_embedded_models(
    scene: Scene, installation: Installation
):
    async with installation.serving() as service:
        await scene.ready()
        message = await scene.speak()
        text, clip = await scene.wait(message, texts=1, clips=1, seconds=120)
        await service.wait_for("turn done")

    assert word_errors(quoted(text.text), TEXTS["voice-note.ogg"]) <= 0.2
    container, codec, seconds, peak = play(clip.clip)
    assert (container, codec) == {"slack": ("mp3", "mp3float"), "discord": ("ogg", "opus")}[scene.name]
    assert seconds > least_seconds(answered(text.text))
    assert peak > 0.1

    usage = await installation.read("usage", "--by", "model")
    assert {row["model"]: row["calls"] for row in usage} == {
        "local/whisper-tiny.en": 1,
        "local/smollm2-135m-instruct": 1,
        "local/en_US-joe-medium": 1,
    }
    assert all(row["cost_nanodollars"] == 0 for row in usage)


async def test_silence_gets_a_friendly_sentence_and_costs_nothing(scene: Scene, installation: Installation):
    async with installation.serving():
        await scene.ready()
        message = await scene.speak("silence.ogg")
        [reply] = await scene.wait(message, texts=1)
    assert "nothing to hear" in reply.text
    assert await installation.read("usage") == []


async def test_a_video_is_transcribed(scene: Scene, installation: Installation):
    async with installation.serving():
        await scene.ready()
        message = await scene.speak("video.mp4")
        [reply] = await scene.wait(message, texts=1)
    assert word_errors(quoted(reply.text), TEXTS["video.mp4"]) <= 0.2


async def test_stopping_finishes_the_turn_that_runs(scene: Scene, installation: Installation):
    async with installation.serving() as service:
        await scene.ready()
        message = await scene.speak()
        await service.wait_for("turn begins")
        service.process.terminate()
        assert await service.ended(seconds=60) == 0
        replies = await scene.replies(message)
    assert [bool(reply.clip) for reply in replies] == [False, True]
