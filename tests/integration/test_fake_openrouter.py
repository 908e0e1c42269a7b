"""The fake OpenRouter answers as the vendor does: chat, audio, catalogue, money; and it catches a client's slips."""

import array
import asyncio
import base64
import io
import json
import sys
import time
import wave
from typing import Any

import av
import httpx
import pytest
from httpx_sse import EventSource

from tests.fakes.openrouter.client import FakeOpenRouter, Script, driving
from tests.fakes.openrouter.openapi import response_validator, schema_validator
from tests.fakes.openrouter.sniff import media_of
from tests.fakes.openrouter.speech import encoded, tone
from tests.fakes.process import ROOT, running

pytest_plugins = ["tests.fakes.openrouter.fixtures"]

CHAT = "/chat/completions"
GPT, GEMINI, VOICE = "openai/gpt-4o-mini", "google/gemini-2.5-flash", "openai/gpt-audio-mini"
CODECS = {
    "mp3": ("mp3", "libmp3lame"),
    "ogg": ("ogg", "libopus"),
    "flac": ("flac", "flac"),
    "m4a": ("ipod", "aac"),
    "aac": ("adts", "aac"),
    "aiff": ("aiff", "pcm_s16be"),
}


def ask(text: str = "hello there", model: str = GPT, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def sent(parts: list[dict[str, Any]], model: str = GEMINI, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": parts}], **more}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def spoken(data: bytes, form: str, model: str = GEMINI, **more: Any) -> dict[str, Any]:
    return sent([{"type": "input_audio", "input_audio": {"data": b64(data), "format": form}}], model, **more)


def wav(seconds: float) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(tone(seconds))
    return out.getvalue()


async def events(http: httpx.AsyncClient, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The chunks of a stream, up to its end mark."""
    async with http.stream("POST", CHAT, json={**body, "stream": True}) as response:
        assert response.status_code == 200, await response.aread()
        said = [event.data async for event in EventSource(response).aiter_sse()]
    assert said[-1] == "[DONE]"
    return [json.loads(data) for data in said[:-1]]


def text_of(chunks: list[dict[str, Any]]) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])


# --- chat ------------------------------------------------------------------------------------------------------------


async def test_it_says_back_what_was_said(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    response = await openrouter_http.post(CHAT, json=ask())
    answer = response.json()
    assert answer["choices"][0]["message"]["content"] == "You said: hello there"
    assert answer["id"] == response.headers["X-Generation-Id"]
    seen = await openrouter.state()
    (call,) = seen.calls
    assert (call.model, call.status, call.outcome, call.charged) == (GPT, 200, "complete", True)
    assert call.cost_usd == answer["usage"]["cost"] == seen.spent_usd > 0
    assert json.loads(await openrouter.body(0)) == ask()
    assert (await openrouter.headers(0))["Authorization"].startswith("Bearer ")


async def test_a_stream_brings_its_id_first_and_its_usage_last(openrouter_http: httpx.AsyncClient):
    async with openrouter_http.stream("POST", CHAT, json=ask(stream=True)) as response:
        generation = response.headers["X-Generation-Id"]
        raw = (await response.aread()).decode()
    assert raw.startswith(": OPENROUTER PROCESSING\n\n")
    assert raw.endswith("data: [DONE]\n\n")
    chunks = [json.loads(line[6:]) for line in raw.splitlines() if line.startswith("data: {")]
    assert {chunk["id"] for chunk in chunks} == {generation}
    assert text_of(chunks) == "You said: hello there"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["cost"] > 0
    assert all("usage" not in chunk for chunk in chunks[:-1])


async def test_a_script_sets_text_reasoning_and_cost(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.answer(Script(text="a blue bird", reasoning="think hard", cost_usd=0.00095))
    chunks = await events(openrouter_http, ask())
    assert text_of(chunks) == "a blue bird"
    assert "".join(chunk["choices"][0]["delta"].get("reasoning", "") for chunk in chunks[:-1]) == "think hard"
    assert chunks[-1]["usage"]["cost"] == 0.00095
    assert chunks[-1]["usage"]["completion_tokens_details"]["reasoning_tokens"] == 2


async def test_rules_answer_in_order_then_the_newest_lasting_one(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient
):
    await openrouter.say("lasting")
    await openrouter.answer(Script(text="about cats"), containing="cat")
    for text in ("first", "second"):
        await openrouter.answer(Script(text=text), model="openai/*", times=1)
    answers = [await openrouter_http.post(CHAT, json=ask(text)) for text in ("a cat", "a cat", "a cat", "a dog")]
    told = [answer.json()["choices"][0]["message"]["content"] for answer in answers]
    assert told == ["first", "second", "about cats", "lasting"]


async def test_a_script_sets_the_pace(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.say("one two three four five six seven eight nine ten", ttft_s=0.2, tokens_per_second=50)
    started = time.monotonic()
    async with openrouter_http.stream("POST", CHAT, json=ask(stream=True)) as response:
        times = [time.monotonic() - started async for event in EventSource(response).aiter_sse()]
    assert times[0] >= 0.2
    assert times[-1] - times[0] >= 0.15
    (call,) = (await openrouter.state()).calls
    assert call.answered_at is not None
    assert 0.2 <= call.answered_at - call.received_at < 1


async def test_max_tokens_cuts_the_answer_short(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.say("one two three four")
    answer = (await openrouter_http.post(CHAT, json=ask(max_tokens=2))).json()
    assert answer["choices"][0]["message"]["content"] == "one two "
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_all_tokens_may_go_to_reasoning(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, stream: bool
):
    await openrouter.answer(Script(empty=True))
    if stream:
        chunks = await events(openrouter_http, ask())
        assert text_of(chunks) == ""
        usage = chunks[-1]["usage"]
    else:
        answer = (await openrouter_http.post(CHAT, json=ask())).json()
        assert answer["choices"][0]["message"]["content"] is None
        usage = answer["usage"]
    assert usage["completion_tokens"] == usage["completion_tokens_details"]["reasoning_tokens"] > 0
    assert (await openrouter.state()).charged


async def test_the_first_known_model_of_the_fallbacks_answers(openrouter_http: httpx.AsyncClient):
    answer = await openrouter_http.post(CHAT, json=ask(model="nobody/knows", models=["nobody/else", GEMINI]))
    assert answer.json()["model"] == GEMINI


# --- audio and video in ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [*CODECS, "wav"])
async def test_audio_is_sniffed_and_measured(openrouter_http: httpx.AsyncClient, form: str):
    data = wav(1.5) if form == "wav" else encoded(1.5, *CODECS[form])
    answer = (await openrouter_http.post(CHAT, json=spoken(data, form))).json()
    told = answer["choices"][0]["message"]["content"]
    kind, size, seconds = told.split(", ")
    assert kind.startswith(f"You sent audio: {form}/")
    assert size == f"{len(data)} bytes"
    assert float(seconds.removesuffix(" s")) == pytest.approx(1.5, abs=0.15)
    details = answer["usage"]["prompt_tokens_details"]
    assert 42 <= details["audio_tokens"] <= 54
    assert details["audio_tokens"] < answer["usage"]["prompt_tokens"]


async def test_raw_pcm_has_no_header_to_sniff(openrouter_http: httpx.AsyncClient):
    answer = (await openrouter_http.post(CHAT, json=spoken(tone(1.0), "pcm16"))).json()
    assert answer["choices"][0]["message"]["content"] == "You sent audio: pcm16/pcm_s16le, 48000 bytes, 1.0 s"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (spoken(encoded(1.0), "wav"), "declared as 'wav' is mp3"),
        (spoken(encoded(1.0, "ogg", "libopus"), "ogg", VOICE), "Supported: mp3, wav"),
        (spoken(wav(1.0)[:20], "wav"), "corrupted or unsupported"),
        (spoken(b"<html>log in</html>", "mp3"), "of an unknown kind"),
        (spoken(wav(1.0), "wav", GPT), "No endpoints found that support input audio"),
        (
            sent([{"type": "input_audio", "input_audio": {"data": "data:audio/wav;base64,UklG", "format": "wav"}}]),
            "raw",
        ),
        (sent([{"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{b64(b'no')}"}}]), "Video might"),
        (sent([{"type": "video_url", "video_url": {"url": "data:audio/wav;base64,AAAA"}}]), "Invalid video data URL"),
        (
            sent([{"type": "video_url", "video_url": {"url": "https://www.youtube.com/watch?v=x"}}], GPT),
            "support video input",
        ),
    ],
)
async def test_media_that_the_model_would_not_take_is_a_violation(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, body: dict[str, Any], complaint: str
):
    response = await openrouter_http.post(CHAT, json=body)
    assert response.status_code in {400, 404}
    assert complaint in response.json()["error"]["message"]
    (violation,) = await openrouter.forgive()
    assert complaint in violation
    (call,) = (await openrouter.state()).calls
    assert (call.charged, call.outcome) == (False, "error")


async def test_video_is_sniffed_or_named(openrouter_http: httpx.AsyncClient):
    data = encoded(2.0, "mp4", "aac")
    url = f"data:video/mp4;base64,{b64(data)}"
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "video_url", "video_url": {"url": url}},
        {"type": "video_url", "video_url": {"url": "https://www.youtube.com/watch?v=x"}},
    ]
    answer = (await openrouter_http.post(CHAT, json=sent(parts))).json()
    assert answer["choices"][0]["message"]["content"].splitlines() == [
        "You said: What is this?",
        f"You sent video: mp4/aac, {len(data)} bytes, 2.0 s",
        "You sent video: https://www.youtube.com/watch?v=x",
    ]
    assert answer["usage"]["prompt_tokens_details"]["video_tokens"] > 500


def picture(form: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="gif" if form == "gif" else "image2pipe") as muxer:
        stream = muxer.add_stream(form, rate=1)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 32, 32
        stream.pix_fmt = {"mjpeg": "yuvj420p", "png": "rgb24"}.get(form, "rgb8")
        frame = av.VideoFrame(32, 32, stream.pix_fmt)
        for ready in (frame, None):
            muxer.mux(stream.encode(ready))
    return out.getvalue()


@pytest.mark.parametrize(("codec", "form"), [("mjpeg", "jpeg"), ("png", "png"), ("gif", "gif")])
async def test_pictures_are_sniffed(openrouter_http: httpx.AsyncClient, codec: str, form: str):
    data = picture(codec)
    part = {"type": "image_url", "image_url": {"url": f"data:image/{form};base64,{b64(data)}"}}
    answer = (await openrouter_http.post(CHAT, json=sent([part], GPT))).json()
    assert answer["choices"][0]["message"]["content"].startswith(f"You sent a picture: {form}/{codec}, {len(data)} byt")


def watched(url: str) -> dict[str, Any]:
    return {"type": "video_url", "video_url": {"url": url}}


@pytest.mark.parametrize(
    ("part", "model", "complaint"),
    [
        (watched("https://www.youtube.com/shorts/dQw4w9WgXcQ"), GEMINI, "Cannot fetch content"),
        (watched("https://example.com/v.mp4"), GEMINI, "Cannot fetch content"),
        (watched("https://www.youtube.com/watch?v=x"), GPT, "support video input"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, GPT, "corrupted or unsupported"),
        ({"type": "image_url", "image_url": {"url": "data:text/plain;base64,AAAA"}}, GPT, "Invalid image data URL"),
        ({"type": "image_url", "image_url": {"url": "https://x/y.png"}}, VOICE, "support image input"),
    ],
)
async def test_what_is_not_to_be_seen_is_a_violation(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, part: dict[str, Any], model: str, complaint: str
):
    response = await openrouter_http.post(CHAT, json=sent([part], model))
    assert complaint in response.json()["error"]["message"]
    assert complaint in (await openrouter.forgive())[0]


# --- audio out -------------------------------------------------------------------------------------------------------

SPEAK = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}


@pytest.mark.parametrize("size", [19_200, 1_000])
async def test_speech_through_chat_is_pcm_in_pieces(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, size: int
):
    await openrouter.say("The quick brown fox jumps over the lazy dog.", audio_chunk_bytes=size)
    chunks = await events(openrouter_http, ask("read it", VOICE, **SPEAK))
    audio = [chunk["choices"][0]["delta"]["audio"] for chunk in chunks if chunk["choices"] and chunk is not chunks[-2]]
    assert text_of(chunks) == ""
    assert "".join(delta.get("transcript", "") for delta in audio) == "The quick brown fox jumps over the lazy dog."
    assert audio[0]["id"].startswith("audio_")
    pieces = [base64.b64decode(delta["data"]) for delta in audio[1:]]
    assert {len(piece) for piece in pieces[:-1]} == {size}
    samples = array.array("h", b"".join(pieces))
    assert 2.5 <= len(samples) / 24_000 <= 3.5
    assert max(samples) > 5_000
    assert chunks[-1]["usage"]["completion_tokens_details"]["audio_tokens"] > 0


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (ask("x", VOICE, **SPEAK), "Audio output requires stream: true"),
        (
            ask("x", VOICE, stream=True, modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}),
            "'audio.format' does not support 'wav' when stream=true. Supported values are: 'pcm16'.",
        ),
        (
            ask("x", VOICE, stream=True, modalities=["text", "audio"], audio={"voice": "bob", "format": "pcm16"}),
            "Invalid value: 'bob'. Supported values are: alloy, ",
        ),
        (ask("x", VOICE, stream=True), "requires that either input content or output modality contain audio"),
        (ask("x", GPT, stream=True, **SPEAK), "No endpoints found that support the requested output modalities"),
    ],
)
async def test_audio_output_has_its_conditions(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, body: dict[str, Any], complaint: str
):
    response = await openrouter_http.post(CHAT, json=body)
    assert complaint in response.json()["error"]["message"]
    assert complaint in (await openrouter.forgive())[0]


async def test_a_text_between_tags_is_read_and_music_is_one_whole_file(openrouter_http: httpx.AsyncClient):
    chunks = await events(openrouter_http, ask("<speak>Good morning.</speak>", VOICE, **SPEAK))
    said = [chunk["choices"][0]["delta"].get("audio", {}) for chunk in chunks if chunk["choices"]]
    assert "".join(audio.get("transcript", "") for audio in said) == "Good morning."
    chunks = await events(openrouter_http, ask("a song", "google/lyria-3-clip-preview", **SPEAK))
    (song,) = [chunk["choices"][0]["delta"]["audio"]["data"] for chunk in chunks if '"data"' in json.dumps(chunk)]
    assert media_of(base64.b64decode(song)).container == "mp3"
    assert chunks[-1]["usage"]["cost"] == 0.04


async def test_a_model_that_is_down_is_answered_for_by_the_next(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient
):
    await openrouter.limit(down_models=[GPT])
    assert (await openrouter_http.post(CHAT, json=ask())).status_code == 503
    answer = (await openrouter_http.post(CHAT, json=ask(models=[GPT, GEMINI]))).json()
    assert answer["model"] == GEMINI


async def test_a_provider_that_asks_more_than_is_allowed_does_not_answer(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient
):
    allowed = ask(provider={"max_price": {"prompt": "0.15", "completion": "0.6"}})
    cheap = (await openrouter_http.post(CHAT, json=allowed)).json()["usage"]["cost"]
    await openrouter.limit(times_dearer=1.5)
    refused = await openrouter_http.post(CHAT, json=allowed)
    assert refused.status_code == 404
    assert "max_price" in refused.json()["error"]["message"]
    dear = (await openrouter_http.post(CHAT, json=ask())).json()["usage"]["cost"]
    assert dear == pytest.approx(1.5 * cheap)
    assert [call.charged for call in (await openrouter.state()).calls] == [True, False, True]
    await openrouter_http.post(CHAT, json=ask(provider={"max_price": {"prompt": 0.15}}))
    assert await openrouter.forgive()


async def test_a_model_may_ignore_its_limit(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.say("on and on " * 20, ignores_limit=True)
    answer = (await openrouter_http.post(CHAT, json=ask(max_tokens=2))).json()
    assert answer["usage"]["completion_tokens"] == 60


# --- the dedicated endpoints -----------------------------------------------------------------------------------------


async def test_transcriptions_by_json(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    body = {"model": "openai/whisper-1", "input_audio": {"data": b64(encoded(2.0)), "format": "mp3"}}
    first = (await openrouter_http.post("/audio/transcriptions", json=body)).json()
    assert first["text"].startswith("You sent audio: mp3/mp3, ")
    assert first["usage"]["cost"] == pytest.approx(first["usage"]["seconds"] * 0.0001)
    await openrouter.answer(Script(text="hello world", cost_usd=0.0005), model="*transcribe")
    second = await openrouter_http.post(
        "/audio/transcriptions",
        json={**body, "model": "openai/gpt-4o-mini-transcribe", "response_format": "verbose_json"},
    )
    assert second.json()["text"] == second.json()["segments"][0]["text"] == "hello world"
    assert second.json()["usage"]["output_tokens"] == 2
    assert [call.cost_usd for call in (await openrouter.state()).charged] == [first["usage"]["cost"], 0.0005]


async def test_transcriptions_by_form(openrouter_http: httpx.AsyncClient):
    data = encoded(1.0, "ogg", "libopus")
    response = await openrouter_http.post(
        "/audio/transcriptions",
        data={"model": "openai/whisper-1", "temperature": "0", "language": "en"},
        files={"file": ("note.ogg", data, "audio/ogg")},
    )
    assert response.json()["text"].startswith(f"You sent audio: ogg/opus, {len(data)} bytes")


async def test_speech_is_pcm_unless_told_otherwise(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    body = {"model": "hexgrad/kokoro-82m", "input": "Good morning, everyone.", "voice": "af_alloy"}
    raw = await openrouter_http.post("/audio/speech", json=body)
    assert raw.headers["Content-Type"] == "audio/pcm;rate=24000;channels=1"
    assert len(raw.content) == 2 * 24_000 * 1.5
    made = await openrouter_http.post("/audio/speech", json={**body, "response_format": "mp3"})
    assert made.headers["Content-Type"] == "audio/mpeg"
    media = media_of(made.content)
    assert (media.container, media.codec) == ("mp3", "mp3")
    assert media.seconds == pytest.approx(1.5, abs=0.1)
    assert made.headers["X-Generation-Id"] == (await openrouter.state()).calls[1].generation_id
    assert [call.cost_usd for call in (await openrouter.state()).charged] == [pytest.approx(23 * 0.00000062)] * 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"response_format": "opus"}, "Invalid option"),
        ({"voice": "nobody"}, "Voice 'nobody' is not one of: af_alloy"),
        (
            {"model": "google/gemini-3.1-flash-tts-preview", "voice": "Kore", "response_format": "mp3"},
            "does not support",
        ),
        ({"model": GPT}, "does not make speech"),
    ],
)
async def test_speech_refusals(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, change: dict[str, str], complaint: str
):
    body = {"model": "hexgrad/kokoro-82m", "input": "Good morning.", "voice": "af_alloy", **change}
    response = await openrouter_http.post("/audio/speech", json=body)
    assert response.status_code == 400
    assert complaint in response.json()["error"]["message"]
    assert complaint in (await openrouter.forgive())[0]


async def test_an_unlisted_model_does_not_exist(openrouter_http: httpx.AsyncClient):
    response = await openrouter_http.post("/audio/speech", json={"model": "openai/tts-1", "input": "x", "voice": "y"})
    assert response.json()["error"]["message"] == "Model openai/tts-1 does not exist"


# --- catalogue and money ---------------------------------------------------------------------------------------------


async def test_the_catalogue_is_public_and_filtered(openrouter: FakeOpenRouter):
    async with httpx.AsyncClient(base_url=openrouter.api) as anyone:
        listed = (await anyone.get("/models")).json()
        names = {row["id"]: row for row in listed["data"]}
        assert listed["total_count"] == len(names) == 5
        assert "audio" in names[GEMINI]["architecture"]["input_modalities"]
        assert "audio" in names[VOICE]["architecture"]["output_modalities"]
        assert float(names[GEMINI]["pricing"]["audio"]) > float(names[GEMINI]["pricing"]["prompt"])
        everything = (await anyone.get("/models", params={"output_modalities": "all"})).json()["data"]
        assert {"openai/whisper-1", "hexgrad/kokoro-82m"} < {row["id"] for row in everything}
        heard = (await anyone.get("/models", params={"input_modalities": "audio", "limit": 1})).json()
        assert (len(heard["data"]), heard["total_count"]) == (1, 2)
        assert (await anyone.get("/models/user")).status_code == 401
    assert (await openrouter.state()).reads["GET /api/v1/models"] == 3


async def test_the_key_shows_what_was_spent_and_runs_dry(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient
):
    await openrouter.limit(limit_usd=0.01)
    await openrouter.say("x", cost_usd=0.01)
    await openrouter_http.post(CHAT, json=ask())
    shown = (await openrouter_http.get("/key")).json()["data"]
    assert (shown["usage"], shown["limit"], shown["limit_remaining"]) == (0.01, 0.01, 0)
    refused = await openrouter_http.post(CHAT, json=ask())
    assert refused.status_code == refused.json()["error"]["code"] == 402
    assert len((await openrouter.state()).charged) == 1


async def test_generations_are_found_once_they_have_ended(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient
):
    await openrouter.say("hello", ttft_s=0.3, cost_usd=0.002)
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(openrouter_http.post(CHAT, json=ask(user="u1", session_id="s1")))
        generation = (await openrouter.wait_for(1)).calls[0].generation_id
        assert (await openrouter_http.get("/generation", params={"id": generation})).status_code == 404
    assert asked.result().headers["X-Generation-Id"] == generation
    found = (await openrouter_http.get("/generation", params={"id": generation})).json()["data"]
    assert (found["total_cost"], found["model"], found["external_user"], found["session_id"]) == (
        0.002,
        GPT,
        "u1",
        "s1",
    )
    await openrouter.limit(generation_delay_s=60)
    assert (await openrouter_http.get("/generation", params={"id": generation})).status_code == 404


async def test_keys_and_rates_are_checked(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    for headers in ({"Authorization": ""}, {"Authorization": "Key a:b"}):
        refused = await openrouter_http.post(CHAT, json=ask(), headers=headers)
        assert refused.json()["error"]["code"] == refused.status_code == 401
    await openrouter.limit(rate_requests=2, rate_seconds=30)
    answers = [await openrouter_http.post(CHAT, json=ask()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 31
    assert answers[-1].headers["X-RateLimit-Remaining"] == "0"
    assert answers[-1].json()["error"]["metadata"]["error_type"] == "rate_limit_exceeded"


# --- it catches slips ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        (CHAT, ask(temprature=1), "temprature"),
        (CHAT, ask(temperature=3), "$.temperature"),
        (CHAT, {"model": GPT, "messages": []}, "$.messages"),
        (CHAT, {"model": GPT, "messages": [{"role": "bot", "content": "x"}]}, "$.messages[0]"),
        (CHAT, sent([{"type": "audio_url", "audio_url": {"url": "x"}}]), "audio_url"),
        (CHAT, sent([{"type": "input_audio", "input_audio": {"data": "AAAA"}}]), "'format' is a required property"),
        ("/audio/transcriptions", {"model": "openai/whisper-1"}, "'input_audio' is a required property"),
        ("/audio/speech", {"model": "hexgrad/kokoro-82m", "voice": "af_alloy"}, "'input' is a required property"),
        ("/completions", {"model": GPT}, "is not served"),
    ],
)
async def test_our_schemas_refuse(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, path: str, body: dict[str, Any], complaint: str
):
    response = await openrouter_http.post(path, json=body)
    assert response.json()["error"]["code"] == response.status_code
    assert response.status_code in {400, 404}
    assert complaint in (await openrouter.forgive())[0]


@pytest.mark.parametrize("content", [b"{", b"[]"])
async def test_a_body_must_be_a_json_object(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, content: bytes
):
    headers = {"Content-Type": "application/json"}
    assert (await openrouter_http.post(CHAT, content=content, headers=headers)).status_code == 400
    assert len(await openrouter.forgive()) == 1


@pytest.mark.skipif(schema_validator("ChatRequest") is None, reason="the vendor's specification is absent")
async def test_the_vendors_specification_refuses(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    body = ask(provider={"max_price": {"prompt": 1}})
    assert (await openrouter_http.post(CHAT, json=body)).status_code == 400
    (violation,) = await openrouter.forgive()
    assert "(specification): $.provider.max_price.prompt" in violation


@pytest.mark.skipif(schema_validator("ChatRequest") is None, reason="the vendor's specification is absent")
async def test_answers_conform_to_the_vendors_specification(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient
):
    await openrouter.answer(Script(reasoning="let me see"))
    audio = {"data": b64(wav(1.0)), "format": "wav"}
    heard = {"model": "openai/gpt-4o-mini-transcribe", "input_audio": audio, "response_format": "verbose_json"}
    chat = await openrouter_http.post(CHAT, json=spoken(wav(1.0), "wav"))
    found = {"id": chat.headers["X-Generation-Id"]}
    answers = [
        (response_validator(CHAT, method="post"), chat),
        (response_validator("/models"), await openrouter_http.get("/models", params={"output_modalities": "all"})),
        (response_validator("/key"), await openrouter_http.get("/key")),
        (response_validator("/generation"), await openrouter_http.get("/generation", params=found)),
        (
            response_validator("/audio/transcriptions", method="post"),
            await openrouter_http.post("/audio/transcriptions", json=heard),
        ),
    ]
    for validator, answer in answers:
        assert validator is not None
        assert [error.message for error in validator.iter_errors(answer.json())] == []
    stream = schema_validator("ChatStreamChunk")
    assert stream is not None
    for chunk in [*await events(openrouter_http, ask()), *await events(openrouter_http, ask("x", VOICE, **SPEAK))]:
        assert [error.message for error in stream.iter_errors(chunk)] == []


async def test_the_control_api_refuses_unknown_settings(openrouter: FakeOpenRouter):
    with pytest.raises(ValueError, match="KeyError: 'limit_eur'"):
        await openrouter.limit(limit_eur=1)


# --- the process -----------------------------------------------------------------------------------------------------


async def test_it_serves_many_at_once_without_validation():
    async with running("tests.fakes.openrouter", "--no-validate") as base_url, driving(base_url) as fake:
        calls = 300
        body, headers = json.dumps(ask(stream=True)), {"Authorization": "Bearer x", "Content-Type": "application/json"}
        pending = iter(range(calls))

        async def keep_asking() -> None:
            for _ in pending:
                async with fake._session.post(f"{fake.api}{CHAT}", data=body, headers=headers) as response:
                    assert (await response.read()).endswith(b"data: [DONE]\n\n")

        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(keep_asking())
        assert len((await fake.state()).charged) == calls


async def test_it_ends_on_sigterm_while_an_answer_is_open():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.openrouter", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = json.loads(await process.stdout.readline())["port"]
    base_url = f"http://127.0.0.1:{port}"
    async with driving(base_url) as fake, httpx.AsyncClient(base_url=fake.api) as http:
        await fake.say("late", ttft_s=60)
        async with http.stream("POST", CHAT, json=ask(stream=True), headers={"Authorization": "Bearer x"}) as response:
            assert response.status_code == 200
            process.terminate()
            async with asyncio.timeout(5):
                assert await process.wait() == 0
    assert await process.stdout.read() == b""
