"""The fake is what it claims to be: OpenAI's own client works with it, unmodified."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
import pytest_asyncio

from bot.domain.audio import MediaFile
from tests.fakes.openai_server.client import Action, FakeServer
from tests.fakes.openrouter.sniff import media_of

READS, EAR, MOUTH = "qwen3-1.7b", "whisper-base.en", "voice-en-us-amy-low"


@pytest_asyncio.fixture
async def client(server: FakeServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=server.api, api_key="unused", max_retries=0) as opened:
        yield opened


@pytest.mark.parametrize("flavour", ["ollama", "llama.cpp", "vllm", "speaches", "localai"])
async def test_every_server_lists_its_models(server: FakeServer, client: openai.AsyncOpenAI, flavour: str):
    await server.become(flavour)
    names = [model.id async for model in client.models.list()]
    assert names
    assert len(names) == len(set(names))


async def test_chat(server: FakeServer, client: openai.AsyncOpenAI):
    answer = await client.chat.completions.create(model=READS, messages=[{"role": "user", "content": "hello"}])
    assert answer.choices[0].message.content == "You said: hello"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3
    assert (await server.last()).outcome == "complete"


async def test_chat_streamed_with_its_usage(server: FakeServer, client: openai.AsyncOpenAI):
    await server.say("one two three four", crlf=True)
    stream = await client.chat.completions.create(
        model=READS,
        messages=[{"role": "user", "content": "count"}],
        max_tokens=3,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == "one two three "
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3


async def test_usage_of_a_stream_comes_only_where_it_is_asked_for(client: openai.AsyncOpenAI):
    stream = await client.chat.completions.create(
        model=READS, messages=[{"role": "user", "content": "hi"}], stream=True
    )
    assert [chunk.usage async for chunk in stream if chunk.usage] == []


async def test_sound_in_chat(server: FakeServer, client: openai.AsyncOpenAI, note: MediaFile):
    await server.become("ollama")
    data = base64.b64encode(Path(note.path).read_bytes()).decode()
    answer = await client.chat.completions.create(
        model="gemma4:e4b",
        messages=[
            {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]}
        ],
    )
    assert answer.choices[0].message.content == f"You sent audio: wav/pcm_s16le, {note.bytes} bytes, 3.0 s"


async def test_transcription(server: FakeServer, client: openai.AsyncOpenAI, note: MediaFile):
    await server.say("Good morning. How are you?")
    heard = await client.audio.transcriptions.create(model=EAR, file=Path(note.path), language="en")
    assert heard.text == "Good morning. How are you?"
    assert (await server.last()).body["file"] == {"name": "note.wav", "type": "audio/x-wav", "container": "wav"}


async def test_transcription_with_times(server: FakeServer, client: openai.AsyncOpenAI, note: MediaFile):
    await server.say("Good morning. How are you?")
    heard = await client.audio.transcriptions.create(
        model=EAR, file=Path(note.path), response_format="verbose_json", timestamp_granularities=["segment"]
    )
    assert heard.duration == pytest.approx(3)
    assert heard.segments is not None
    assert [segment.text for segment in heard.segments] == ["Good morning.", " How are you?"]
    assert heard.segments[-1].end == pytest.approx(3)


async def test_transcription_as_text(server: FakeServer, client: openai.AsyncOpenAI, note: MediaFile):
    await server.say("Good morning.")
    heard = await client.audio.transcriptions.create(model=EAR, file=Path(note.path), response_format="text")
    assert heard.strip() == "Good morning."


@pytest.mark.parametrize("form", ["mp3", "wav", "flac", "opus", "aac"])
async def test_speech(client: openai.AsyncOpenAI, form: str):
    spoken = await client.audio.speech.create(model=MOUTH, voice="amy", input="Good morning!", response_format=form)  # type: ignore[arg-type]
    media = media_of(await spoken.aread())
    assert media.container == {"opus": "ogg"}.get(form, form)
    assert media.codec


async def test_speech_without_a_container(client: openai.AsyncOpenAI):
    spoken = await client.audio.speech.create(model=MOUTH, voice="amy", input="Good morning!", response_format="pcm")
    assert len(await spoken.aread()) == round(0.9 * 24_000) * 2


@pytest.mark.parametrize("flavour", ["ollama", "vllm", "speaches", "localai"])
async def test_a_model_that_is_not_there_is_not_found(server: FakeServer, client: openai.AsyncOpenAI, flavour: str):
    await server.become(flavour)
    with pytest.raises(openai.NotFoundError):
        await client.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "hi"}])


async def test_a_server_that_wants_a_key(server: FakeServer, client: openai.AsyncOpenAI):
    await server.become("vllm", key="token-abc123")
    with pytest.raises(openai.AuthenticationError):
        await client.models.list()
    allowed = client.with_options(api_key="token-abc123")
    assert (await allowed.models.list()).data


async def test_an_error_in_the_middle_of_a_stream(server: FakeServer, client: openai.AsyncOpenAI):
    await server.fail(Action.MIDSTREAM_ERROR, message="out of memory")
    stream = await client.chat.completions.create(
        model=READS, messages=[{"role": "user", "content": "hi"}], stream=True
    )
    with pytest.raises(openai.APIError, match="out of memory"):
        [chunk async for chunk in stream]


async def test_a_connection_that_is_cut(server: FakeServer, client: openai.AsyncOpenAI):
    await server.fail(Action.DROP)
    with pytest.raises(openai.APIConnectionError):
        await client.chat.completions.create(model=READS, messages=[{"role": "user", "content": "hi"}])
    assert (await server.last()).outcome == "cut"


async def test_what_no_server_knows_is_a_breach(server: FakeServer, client: openai.AsyncOpenAI):
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(
            model=READS, messages=[{"role": "user", "content": "hi"}], extra_body={"provider": {"zdr": True}}
        )
    assert "provider" in (await server.state()).violations[0]
    await server.become("localai")
