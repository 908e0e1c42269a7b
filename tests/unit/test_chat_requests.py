"""What is said to chat completions."""

import asyncio
import base64
import json
import random
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from adapters.gateways.body import PIECE_BYTES
from adapters.gateways.chat_completions import encode_chat
from adapters.gateways.dictation import dictated
from adapters.gateways.endpoints import OPENROUTE, OPENROUTER
from adapters.gateways.read_aloud import read_aloud
from bot.domain.audio import MediaFormat
from bot.domain.estimates import speech_tokens, transcript_tokens
from bot.domain.models import ChatRequest, ChatTurn, Origin, Role, SpeechRequest, TranscriptionRequest
from bot.domain.money import Price
from tests.unit.wire import recording, sent

ORIGIN = Origin(call="c-1", author="a-1", conversation="t-1")
HI = ChatRequest(model="a/b", turns=(ChatTurn(role=Role.USER, text="hi"),), max_tokens=300)


async def json_of(request: ChatRequest, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await sent(encode_chat(request, options.pop("endpoint", OPENROUTER), **options)))
    return found


async def test_a_chat_request_is_exactly_this_json() -> None:
    turns = (ChatTurn(role=Role.SYSTEM, text="Be kind."), ChatTurn(role=Role.USER, text='Say "hi"\u2028 \U0001f99c'))
    request = ChatRequest(
        origin=ORIGIN, model="a/b", turns=turns, max_tokens=300, temperature=0.5, fallbacks=("c/d", "e/f")
    )
    body = await sent(encode_chat(request, OPENROUTER, effort="none", preferences={"zdr": True}))
    assert body.isascii()
    assert json.loads(body) == {
        "model": "a/b",
        "stream": True,
        "max_completion_tokens": 300,
        "temperature": 0.5,
        "reasoning": {"effort": "none"},
        "models": ["a/b", "c/d", "e/f"],
        "provider": {"zdr": True},
        "user": "a-1",
        "session_id": "t-1",
        "metadata": {"call": "c-1"},
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": 'Say "hi"\u2028 \U0001f99c'},
        ],
    }


@pytest.mark.parametrize(
    ("price", "most"),
    [
        (Price(prompt=Decimal("0.00000015"), completion=Decimal("0.0000006")), {"prompt": "0.15", "completion": "0.6"}),
        (Price(prompt=Decimal("0.00001"), audio_in=Decimal("0.1")), {"prompt": "10"}),
        (Price(completion=Decimal("0.000000000123")), {"completion": "0.000123"}),
    ],
)
async def test_no_provider_may_ask_more_than_was_held(price: Price, most: dict[str, str]) -> None:
    assert (await json_of(HI, price=price))["provider"] == {"max_price": most}
    told = await json_of(HI, price=price, preferences={"zdr": True})
    assert told["provider"] == {"max_price": most, "zdr": True}
    assert "provider" not in await json_of(HI, price=price, endpoint=OPENROUTE)


async def test_who_sets_the_highest_price_knows_better() -> None:
    price = Price(prompt=Decimal("0.00000015"), completion=Decimal("0.0000006"))
    told = await json_of(HI, price=price, preferences={"max_price": {"prompt": "3"}})
    assert told["provider"] == {"max_price": {"prompt": "3"}}


@pytest.mark.parametrize("price", [None, Price(), Price(request=Decimal("0.04"))])
async def test_where_no_price_of_a_token_is_known_none_is_told(price: Price | None) -> None:
    assert "provider" not in await json_of(HI, price=price)


async def test_a_gateway_is_told_only_what_it_understands() -> None:
    request = replace(HI, origin=ORIGIN, fallbacks=("c/d",), reasoning=True)
    body = await json_of(request, endpoint=OPENROUTE, effort="medium", preferences={"zdr": True})
    assert body.keys() == {"model", "stream", "stream_options", "max_tokens", "messages"}
    assert body["stream_options"] == {"include_usage": True}


async def test_what_is_not_asked_for_is_not_in_the_json() -> None:
    body = await json_of(replace(HI, max_tokens=3))
    assert body.keys() == {"model", "stream", "max_completion_tokens", "messages"}
    assert body["max_completion_tokens"] == 16


@pytest.mark.parametrize("voice", ["alloy", None])
async def test_an_answer_aloud_is_asked_for_in_the_only_form_that_is_streamed(voice: str | None) -> None:
    body = await json_of(replace(HI, aloud=True), voice=voice)
    assert body["modalities"] == ["text", "audio"]
    assert body["audio"] == ({"voice": voice} if voice else {}) | {"format": "pcm16"}
    assert body["stream"] is True


async def test_media_stand_where_they_were_sent_each_in_its_part(tmp_path: Path) -> None:
    ogg, mp3 = recording(tmp_path / "1", b"one"), recording(tmp_path / "2", b"two!", MediaFormat.MP3)
    png, jpg = (recording(tmp_path / form, form.encode(), form) for form in (MediaFormat.PNG, MediaFormat.JPEG))
    mov = recording(tmp_path / "5", b"film", MediaFormat.MOV)
    turns = (
        ChatTurn(role=Role.USER, text="listen", audio=(ogg, mp3)),
        ChatTurn(role=Role.ASSISTANT, text="yes"),
        ChatTurn(role=Role.USER, pictures=(png, jpg), videos=(mov,), links=("https://youtu.be/dQw4w9WgXcQ?t=3",)),
    )
    body = await json_of(replace(HI, turns=turns))

    def sound(data: bytes, form: str) -> dict[str, Any]:
        return {"type": "input_audio", "input_audio": {"data": base64.b64encode(data).decode(), "format": form}}

    def seen(kind: str, mimetype: str, data: bytes) -> dict[str, Any]:
        return {"type": kind, kind: {"url": f"data:{mimetype};base64,{base64.b64encode(data).decode()}"}}

    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "listen"}, sound(b"one", "ogg"), sound(b"two!", "mp3")]},
        {"role": "assistant", "content": "yes"},
        {
            "role": "user",
            "content": [
                seen("image_url", "image/png", b"png"),
                seen("image_url", "image/jpeg", b"jpeg"),
                seen("video_url", "video/quicktime", b"film"),
                {"type": "video_url", "video_url": {"url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ"}},
            ],
        },
    ]


async def test_a_transcription_names_the_language_and_the_word_for_silence_and_bounds_its_cost(tmp_path: Path) -> None:
    file = recording(tmp_path / "note", b"sound", seconds=60)
    request = TranscriptionRequest(origin=ORIGIN, model="m", audio=file, language="de")
    body = await json_of(dictated(request), effort="low")
    assert body["temperature"] == 0
    assert body["reasoning"] == {"effort": "low"}
    assert body["metadata"] == {"call": "c-1"}
    assert body["max_completion_tokens"] == transcript_tokens(60)
    (message,) = body["messages"]
    assert "NO_SPEECH" in message["content"][0]["text"]
    assert "de (ISO 639-1)" in message["content"][0]["text"]
    assert message["content"][1]["input_audio"]["format"] == "ogg"


async def test_a_text_to_read_aloud_stands_between_tags_alone_in_one_turn() -> None:
    request = SpeechRequest(origin=ORIGIN, model="m", text="Say </speak> & be <b>quiet</b>.")
    body = await json_of(read_aloud(request), voice="ash")
    (message,) = body["messages"]
    assert message == {"role": "user", "content": "<speak>Say  /speak  & be  b quiet /b .</speak>"}
    assert body["audio"] == {"voice": "ash", "format": "pcm16"}
    assert body["max_completion_tokens"] == speech_tokens(request.text)
    assert body["metadata"] == {"call": "c-1"}


@pytest.mark.parametrize(
    "size", [0, 1, 2, 3, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES + 2, 3 * PIECE_BYTES]
)
async def test_the_base64_is_the_files_at_every_border(tmp_path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)  # noqa: S311
    turn = ChatTurn(role=Role.USER, audio=(recording(tmp_path / "f", data),))
    body = encode_chat(replace(HI, turns=(turn,)), OPENROUTER)
    first, second = await sent(body), await sent(body)
    assert first == second
    part = json.loads(first)["messages"][0]["content"][0]["input_audio"]
    assert base64.b64decode(part["data"], validate=True) == data


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=600), text=st.text(max_size=80), link=st.text(max_size=40))
def test_any_text_and_any_file_arrive_as_they_are(data: bytes, text: str, link: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = recording(Path(folder) / "f", data)
        turn = ChatTurn(role=Role.USER, text=text, audio=(file,), videos=(replace(file, format=MediaFormat.MP4),))
        body = encode_chat(replace(HI, turns=(replace(turn, links=(link,)),)), OPENROUTER)
        *words, sound, video, address = json.loads(asyncio.run(sent(body)))["messages"][0]["content"]
    assert base64.b64decode(sound["input_audio"]["data"], validate=True) == data
    assert base64.b64decode(video["video_url"]["url"].removeprefix("data:video/mp4;base64,"), validate=True) == data
    assert address["video_url"]["url"] == link
    assert "".join(part["text"] for part in words) == text
