"""The fake is what it claims to be: the official clients work with it, unmodified.

OpenRouter's own client is generated from its specification and strict: an answer that lacks a field fails there.
"""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import openai
import pytest
import pytest_asyncio
from openrouter import OpenRouter, components
from openrouter.utils.eventstreaming import EventStreamAsync
from pydantic import BaseModel

from adapters.gateways.gateway import RemoteGateway
from bot.domain.models import ChatTurn, Origin, Request, Role, SpeechRequest, TranscriptionRequest
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.fakes.openrouter.sniff import media_of
from tests.integration.gateway_calls import HEARS, READS, ask, everything
from tests.integration.recordings import tone
from tests.integration.test_openrouter.harness import KEY, SPEAKS, TALKS, WRITES_DOWN

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = "hello there"


@pytest_asyncio.fixture(loop_scope="module")
async def openais(fake: FakeOpenRouter) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=fake.api, api_key=KEY, max_retries=0) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def openrouters(fake: FakeOpenRouter) -> AsyncIterator[OpenRouter]:
    async with OpenRouter(api_key=KEY, server_url=fake.api) as client:
        yield client


# --- OpenAI's client ---------------------------------------------------------


async def test_openai_chats(fake: FakeOpenRouter, openais: openai.AsyncOpenAI) -> None:
    answer = await openais.chat.completions.create(model=READS, messages=[{"role": "user", "content": HELLO}])
    assert answer.choices[0].message.content == f"You said: {HELLO}"
    assert answer.usage is not None
    assert answer.usage.model_dump()["cost"] > 0


async def test_openai_streams(fake: FakeOpenRouter, openais: openai.AsyncOpenAI) -> None:
    stream = await openais.chat.completions.create(
        model=READS, messages=[{"role": "user", "content": HELLO}], stream=True
    )
    chunks = [chunk async for chunk in stream]
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == f"You said: {HELLO}"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == len(chunks) - 2


async def test_openai_hears_the_answer(fake: FakeOpenRouter, openais: openai.AsyncOpenAI) -> None:
    await fake.say("Good morning.")
    stream = await openais.chat.completions.create(
        model=TALKS,
        messages=[{"role": "user", "content": HELLO}],
        modalities=["text", "audio"],
        audio={"voice": "alloy", "format": "pcm16"},
        stream=True,
    )
    audio = [part async for chunk in stream if chunk.choices and (part := chunk.choices[0].delta.audio)]
    assert "".join(part.transcript or "" for part in audio) == "Good morning."
    assert len(b"".join(base64.b64decode(part.data or "") for part in audio)) == 0.9 * 48_000


async def test_openai_transcribes_a_file(fake: FakeOpenRouter, openais: openai.AsyncOpenAI, tmp_path: Path) -> None:
    await fake.say("Buy milk, please.")
    file = Path(tone(tmp_path / "f.wav").path)
    plain = await openais.audio.transcriptions.create(model=WRITES_DOWN, file=file, language="en")
    assert plain.text == "Buy milk, please."
    timed = await openais.audio.transcriptions.create(model=WRITES_DOWN, file=file, response_format="verbose_json")
    assert timed.segments is not None
    assert (timed.segments[0].start, timed.segments[0].end) == (0.0, 1.0)


@pytest.mark.parametrize(("form", "container"), [("mp3", "mp3"), ("pcm", "")])
async def test_openai_speaks(fake: FakeOpenRouter, openais: openai.AsyncOpenAI, form: str, container: str) -> None:
    async with openais.audio.speech.with_streaming_response.create(
        model=SPEAKS, voice="af_bella", input=HELLO, response_format=form
    ) as response:
        sound = b"".join([part async for part in response.iter_bytes()])
    assert media_of(sound).container == container
    assert len(sound) > 1_000


async def test_openai_lists_models(fake: FakeOpenRouter, openais: openai.AsyncOpenAI) -> None:
    models = [model async for model in openais.models.list()]
    assert {READS, HEARS, TALKS} <= {model.id for model in models}
    assert all(model.model_dump()["architecture"]["input_modalities"] for model in models)


async def test_openai_meets_an_error_in_the_middle(fake: FakeOpenRouter, openais: openai.AsyncOpenAI) -> None:
    await fake.fail(Action.MIDSTREAM_ERROR, status=429, after=1)
    stream = await openais.chat.completions.create(
        model=READS, messages=[{"role": "user", "content": HELLO}], stream=True
    )
    with pytest.raises(openai.APIError, match="Rate limit exceeded"):
        [chunk async for chunk in stream]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, openai.AuthenticationError), (429, openai.RateLimitError), (503, openai.InternalServerError)],
)
async def test_openai_meets_an_error(
    fake: FakeOpenRouter, openais: openai.AsyncOpenAI, status: int, kind: type[openai.APIStatusError]
) -> None:
    await fake.fail(Action.ERROR, status=status)
    with pytest.raises(kind):
        await openais.chat.completions.create(model=READS, messages=[{"role": "user", "content": HELLO}])


# --- OpenRouter's client -----------------------------------------------------


async def test_openrouter_chats(fake: FakeOpenRouter, openrouters: OpenRouter) -> None:
    answer = await openrouters.chat.send_async(model=READS, messages=[{"role": "user", "content": HELLO}])
    assert isinstance(answer, components.ChatResult)
    assert answer.choices[0].message.content == f"You said: {HELLO}"
    assert answer.usage is not None
    assert answer.usage.cost


async def test_openrouter_hears_a_recording(fake: FakeOpenRouter, openrouters: OpenRouter, tmp_path: Path) -> None:
    data = base64.b64encode(Path(tone(tmp_path / "f.wav").path).read_bytes()).decode()
    answer = await openrouters.chat.send_async(
        model=HEARS,
        messages=[
            {
                "role": "user",
                "content": [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}],
            }
        ],
    )
    assert isinstance(answer, components.ChatResult)
    assert "wav/pcm_s16le, 32044 bytes, 1.0 s" in str(answer.choices[0].message.content)


async def test_openrouter_streams(fake: FakeOpenRouter, openrouters: OpenRouter) -> None:
    answer = await openrouters.chat.send_async(
        model=READS, messages=[{"role": "user", "content": HELLO}], models=[READS, HEARS], stream=True
    )
    assert isinstance(answer, EventStreamAsync)
    async with answer as stream:
        chunks = [chunk async for chunk in stream]
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == f"You said: {HELLO}"
    assert chunks[-1].usage is not None


async def test_openrouter_meets_an_error_in_the_middle(fake: FakeOpenRouter, openrouters: OpenRouter) -> None:
    await fake.fail(Action.MIDSTREAM_ERROR, status=429, after=1)
    answer = await openrouters.chat.send_async(model=READS, messages=[{"role": "user", "content": HELLO}], stream=True)
    assert isinstance(answer, EventStreamAsync)
    async with answer as stream:
        chunks = [chunk async for chunk in stream]
    assert chunks[-1].error is not None
    assert (chunks[-1].error.code, chunks[-1].error.message) == (429, "Rate limit exceeded")


async def test_openrouter_transcribes(fake: FakeOpenRouter, openrouters: OpenRouter, tmp_path: Path) -> None:
    await fake.say("Buy milk, please.", cost_usd=0.000_508)
    file = Path(tone(tmp_path / "f.wav").path)
    found = await openrouters.stt.create_transcription_async(
        model=WRITES_DOWN,
        input_audio={"data": base64.b64encode(file.read_bytes()).decode(), "format": "wav"},
    )
    assert found.text == "Buy milk, please."
    assert found.usage is not None
    assert found.usage.cost == 0.000_508


async def test_openrouter_speaks(fake: FakeOpenRouter, openrouters: OpenRouter) -> None:
    response = await openrouters.tts.create_speech_async(
        model=SPEAKS, input=HELLO, voice="af_bella", response_format="mp3"
    )
    assert media_of(await response.aread()).container == "mp3"
    await response.aclose()


# The key's answer has fields that the client itself warns of.
@pytest.mark.filterwarnings("ignore:.*DEPRECATED:DeprecationWarning")
async def test_openrouter_reads_models_the_key_and_a_generation(fake: FakeOpenRouter, openrouters: OpenRouter) -> None:
    listed = await openrouters.models.list_async()
    assert {READS, HEARS, TALKS} <= {model.id for model in listed.result.data}
    mine = await openrouters.models.list_for_user_async(security={"bearer": KEY}, output_modalities="all")
    assert {SPEAKS, WRITES_DOWN} <= {model.id for model in mine.result.data}
    answer = await openrouters.chat.send_async(model=READS, messages=[{"role": "user", "content": HELLO}])
    assert isinstance(answer, components.ChatResult)
    key = await openrouters.api_keys.get_current_key_metadata_async()
    assert key.data.usage > 0
    record = await openrouters.generations.get_generation_async(id=answer.id)
    assert record.data.total_cost == key.data.usage


# --- and the other way -------------------------------------------------------


async def test_what_mynah_asks_is_a_request_of_the_vendors_own_client(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    file, origin = tone(tmp_path / "f.wav"), Origin(call="c", author="a", conversation="t")
    turn = ChatTurn(role=Role.USER, text="What is this?", audio=(file,), links=("https://youtu.be/dQw4w9WgXcQ",))
    asked: list[tuple[type[BaseModel], Request]] = [
        (components.ChatRequest, replace(ask(model=HEARS, temperature=0.5, fallbacks=(READS,)), turns=(turn,))),
        (components.ChatRequest, ask(origin=origin, reasoning=True)),
        (components.ChatRequest, ask(model=TALKS, aloud=True, origin=origin)),
        (components.ChatRequest, TranscriptionRequest(model=HEARS, audio=file, language="en")),
        (components.ChatRequest, SpeechRequest(model=TALKS, text=HELLO)),
        (components.STTRequest, TranscriptionRequest(model=WRITES_DOWN, audio=file, language="en", origin=origin)),
        (components.SpeechRequest, SpeechRequest(model=SPEAKS, text=HELLO, origin=origin)),
    ]
    for number, (kind, request) in enumerate(asked):
        await everything(gateway, request)
        body = json.loads(await fake.body(number))
        # Sound in the answer is documented, and missing in the specification that the client is made from.
        understood = kind.model_validate(body).model_dump(by_alias=True, exclude_unset=True, mode="json")
        assert understood == {name: value for name, value in body.items() if name != "audio"}
