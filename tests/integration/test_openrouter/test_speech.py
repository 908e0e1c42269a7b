"""Texts that are spoken: by models made for it, and by models that only chat."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from bot.domain.audio import MediaFormat
from bot.domain.errors import ModelBusy, ModelCannot, ModelInDoubt, ModelProblem, ModelRefused
from bot.domain.estimates import speech_tokens
from bot.domain.models import Accepted, Finished, Origin, SoundDelta, SpeechRequest
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.fakes.openrouter.sniff import media_of
from tests.integration.gateway_calls import READS, everything, problem_of, sound_of
from tests.integration.raw_server import Raw, answer, serving
from tests.integration.test_openrouter.harness import KEY, SOON, SPEAKS, TALKS
from tests.integration.test_openrouter.test_aloud import MUSIC

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADERLESS = "google/gemini-3.1-flash-tts-preview"
TEXT = "The ferry leaves at half past nine, from pier 12. Don't be late!"


def say(model: str, text: str = TEXT, **more: Any) -> SpeechRequest:
    return SpeechRequest(model=model, text=text, **more)


# --- made for it -------------------------------------------------------------


async def test_a_model_made_for_it_speaks_in_mp3(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    origin = Origin(call="c", author="a", conversation="t")
    accepted, *sounds, finished = await everything(gateway, say(SPEAKS, voice="af_bella", origin=origin))
    (call,) = (await fake.state()).calls
    assert accepted == Accepted(id=call.generation_id)
    assert {(each.format, each.rate) for each in sounds if isinstance(each, SoundDelta)} == {(MediaFormat.MP3, 0)}
    heard = media_of(sound_of(sounds))
    assert heard.codec == "mp3"
    assert heard.seconds == pytest.approx(4.3, abs=0.2)
    # What it cost is in no answer, but can be asked for by the call's name.
    assert isinstance(finished, Finished)
    assert finished.usage.cost is None
    assert call.charged
    assert call.session_id == "t"
    assert json.loads(await fake.body(0)) == {
        "model": SPEAKS,
        "input": TEXT,
        "voice": "af_bella",
        "response_format": "mp3",
    }


async def test_a_model_that_only_has_headerless_sound_is_asked_for_it(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    _, *sounds, finished = await everything(gateway, say(HEADERLESS))
    assert {(d.format, d.rate) for d in sounds if isinstance(d, SoundDelta)} == {(MediaFormat.PCM16, 24_000)}
    assert isinstance(finished, Finished)
    assert finished.usage.audio_ms == len(sound_of(sounds)) / 48
    body = json.loads(await fake.body(0))
    assert (body["voice"], body["response_format"]) == ("Kore", "pcm")


async def test_a_voice_that_it_does_not_have_is_refused_with_those_that_it_has(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    problem, _ = await problem_of(gateway, say(SPEAKS, voice="nova"))
    assert type(problem) is ModelRefused
    assert "it has no voice nova; it has af_alloy, af_bella, am_adam" in problem.sentence
    assert (await fake.state()).calls == ()


async def test_a_model_that_only_writes_does_not_speak(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    problem, _ = await problem_of(gateway, say(READS))
    assert type(problem) is ModelCannot
    assert (await fake.state()).calls == ()


@pytest.mark.parametrize("action", [Action.DROP_AFTER, Action.CUT_AFTER_HEADERS, Action.CUT_MID_STREAM])
async def test_speech_that_is_cut_off_is_in_doubt_and_was_asked_for_once(
    fake: FakeOpenRouter, gateway: RemoteGateway, action: Action
) -> None:
    await everything(gateway, say(SPEAKS))
    await fake.fail(action)
    problem, _ = await problem_of(gateway, say(SPEAKS))
    assert type(problem) is ModelInDoubt
    assert len((await fake.state()).calls) == 2


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [(Action.OK_ERROR, 400, ModelRefused), (Action.ERROR, 400, ModelRefused), (Action.ERROR, 504, ModelInDoubt)],
)
async def test_an_error_in_place_of_sound(
    fake: FakeOpenRouter, gateway: RemoteGateway, action: Action, status: int, kind: type[ModelProblem]
) -> None:
    await fake.fail(action, status=status)
    problem, _ = await problem_of(gateway, say(SPEAKS))
    assert type(problem) is kind


# --- by chat -----------------------------------------------------------------


@pytest.mark.parametrize("size", [19_200, 1_000])
async def test_a_model_that_chats_reads_aloud(fake: FakeOpenRouter, gateway: RemoteGateway, size: int) -> None:
    await fake.say(TEXT, audio_chunk_bytes=size, cost_usd=0.004)
    accepted, *sounds, finished = await everything(gateway, say(TALKS, voice="coral"))
    assert isinstance(accepted, Accepted)
    assert {(d.format, d.rate) for d in sounds if isinstance(d, SoundDelta)} == {(MediaFormat.PCM16, 24_000)}
    assert len(sound_of(sounds)) == pytest.approx(4.3 * 48_000, rel=0.05)
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 4_000_000
    body = json.loads(await fake.body(0))
    assert body["messages"] == [{"role": "user", "content": f"<speak>{TEXT}</speak>"}]
    assert body["max_completion_tokens"] == speech_tokens(TEXT)
    assert body["audio"] == {"voice": "coral", "format": "pcm16"}


async def test_nothing_is_heard_before_the_words_were_compared(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("I am sorry, but I do not know when the ferry leaves.", cost_usd=0.004)
    problem, came = await problem_of(gateway, say(TALKS))
    assert type(problem) is ModelRefused
    assert "something else than the text" in problem.sentence
    assert [type(delta) for delta in came] == [Accepted]
    assert problem.usage is not None
    assert problem.usage.cost == 4_000_000
    assert len((await fake.state()).calls) == 1


async def test_music_is_taken_as_it_is(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    _, song, finished = await everything(gateway, say(MUSIC, "A calm song about rain"))
    assert isinstance(song, SoundDelta)
    assert song.format is MediaFormat.MP3
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 40_000_000


async def test_long_texts_are_spoken_side_by_side(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(everything(gateway, say(model, TEXT * 20))) for model in (SPEAKS, TALKS)]
    speaks, talks = (task.result() for task in both)
    assert media_of(sound_of(speaks)).seconds == pytest.approx(85, abs=5)
    assert len(sound_of(talks)) == pytest.approx(85 * 48_000, rel=0.05)


async def test_speech_is_heard_before_it_is_whole() -> None:
    heard = asyncio.Event()

    async def slow(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not (await reader.readuntil(b"\r\n\r\n")).startswith(b"POST"):
            return
        writer.write(answer(b"ID3" + bytes(9_997), kind="audio/mpeg")[:-5_000])
        await writer.drain()
        await heard.wait()
        writer.write(bytes(5_000))
        await writer.drain()

    came = b""
    async with serving(slow) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway, asyncio.timeout(SOON):
        async for delta in gateway.perform(say("openai/gpt-4o-mini-tts-2025-12-15")):
            if isinstance(delta, SoundDelta):
                heard.set()
                came += delta.data
    assert came == b"ID3" + bytes(9_997)


async def test_a_busy_model_is_busy(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, status=429, retry_after_s=60)
    problem, _ = await problem_of(gateway, replace(say(SPEAKS)))
    assert isinstance(problem, ModelBusy)
    assert problem.retry_after == 60
