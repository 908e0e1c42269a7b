"""Good calls to chat models."""

import asyncio
import base64
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from bot.domain.models import (
    Accepted,
    ChatRequest,
    ChatTurn,
    Finished,
    ReasoningDelta,
    Role,
    TextDelta,
    TranscriptionRequest,
)
from tests.fakes.openrouter.client import FakeOpenRouter
from tests.integration.gateway_calls import HEARS, ask, everything, text_of
from tests.integration.recordings import tone
from tests.integration.test_openrouter.harness import KEY, SOON

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_call_is_named_then_streamed_then_counted(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("Hello to you, too.", reasoning="I greet back. ", cost_usd=0.000_95)
    accepted, *middle, finished = await everything(gateway, ask(reasoning=True))
    (call,) = (await fake.state()).calls
    assert accepted == Accepted(id=call.generation_id)
    assert "".join(delta.text for delta in middle if isinstance(delta, ReasoningDelta)) == "I greet back. "
    assert text_of(middle) == "Hello to you, too."
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 950_000
    assert finished.usage.tokens_out == call.usage["completion_tokens"]
    assert not finished.truncated
    assert call.outcome == "complete"


async def test_the_request_is_what_the_vendor_documents(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await everything(gateway, ask("hello \u2028 you", temperature=0.3))
    await everything(gateway, ask("hello \u2028 you", temperature=0.3))
    first, second = await fake.body(0), await fake.body(1)
    assert first == second
    body, headers = json.loads(first), await fake.headers(0)
    assert body["messages"] == [{"role": "user", "content": "hello \u2028 you"}]
    assert body["stream"] is True
    assert body["max_completion_tokens"] == 500
    assert headers["Authorization"] == f"Bearer {KEY}"
    lowered = {name.lower(): value for name, value in headers.items()}
    assert lowered["x-openrouter-title"] == "Mynah"
    assert lowered["http-referer"].startswith("https://")
    assert int(lowered["content-length"]) == len(first)


async def test_a_recording_is_transcribed_by_a_model_that_hears(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    await fake.say("Buy milk, please.")
    file = tone(tmp_path / "note.wav")
    deltas = await everything(gateway, TranscriptionRequest(model=HEARS, audio=file, language="en"))
    assert text_of(deltas) == "Buy milk, please."
    finished = deltas[-1]
    assert isinstance(finished, Finished)
    assert finished.usage.audio_ms == 1000
    part = json.loads(await fake.body(0))["messages"][0]["content"][1]["input_audio"]
    assert part["format"] == "wav"
    assert base64.b64decode(part["data"]) == (tmp_path / "note.wav").read_bytes()


async def test_silence_is_an_empty_transcript(fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path) -> None:
    await fake.say("NO_SPEECH", tokens_per_second=200)
    deltas = await everything(gateway, TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav")))
    assert text_of(deltas) == ""
    assert isinstance(deltas[-1], Finished)


async def test_a_chat_model_hears_sound_beside_words(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    turn = ChatTurn(role=Role.USER, text="What is this?", audio=(tone(tmp_path / "f.wav"),))
    deltas = await everything(gateway, ChatRequest(model=HEARS, turns=(turn,), max_tokens=100))
    assert "You said: What is this?" in text_of(deltas)
    assert "wav/pcm_s16le, 32044 bytes, 1.0 s" in text_of(deltas)


@pytest.mark.parametrize("dress", [{"raw_unicode": True}, {"split_utf8": True}, {"blank_data": True}, {}])
async def test_however_the_stream_is_cut_the_words_are_the_same(
    fake: FakeOpenRouter, gateway: RemoteGateway, dress: dict[str, bool]
) -> None:
    words = "Zeilen\u2028trenner, Grüße,\u2029 \x85 und 🦜 am\nEnde"
    await fake.say(words, **dress)
    assert text_of(await everything(gateway, ask())) == words


async def test_comments_keep_the_connection_alive(fake: FakeOpenRouter) -> None:
    await fake.say("late", ttft_s=1.2, keepalive_s=0.05)
    async with RemoteGateway(OPENROUTER, KEY, fake.api, patience=Patience(idle=0.6)) as gateway:
        assert text_of(await everything(gateway, ask())) == "late"


async def test_text_comes_as_it_is_made(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("one two three four five six", tokens_per_second=20)
    times = [time.monotonic() async for delta in gateway.perform(ask()) if isinstance(delta, TextDelta)]
    assert times[-1] - times[0] > 0.15


async def test_an_answer_that_reached_its_limit_is_truncated(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("word " * 40)
    (*_, finished) = await everything(gateway, replace(ask(), max_tokens=20))
    assert isinstance(finished, Finished)
    assert finished.truncated


async def test_many_calls_at_once_share_the_connections(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("ok then", ttft_s=0.2)
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(everything(gateway, ask(str(number)))) for number in range(150)]
    assert time.monotonic() - started < 2 * SOON  # one after the other: 30 s and more
    assert all(text_of(call.result()) == "ok then" for call in calls)
    assert len((await fake.state()).calls) == 150
