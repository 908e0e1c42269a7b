"""Models that only transcribe or only speak."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import BodyPartReader, MultipartReader, StreamReader
from aiohttp.base_protocol import BaseProtocol

from adapters.gateways.audio_endpoints import (
    SoundAnswer,
    TranscriptAnswer,
    encode_speech,
    transcription_form,
    transcription_json,
)
from bot.domain.audio import MediaFormat
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelRefused
from bot.domain.models import Delta, Finished, Segment, SoundDelta, SpeechRequest, TextDelta, TranscriptionRequest
from bot.domain.money import Usage
from tests.unit.wire import asked, deltas, recording, sent, sound_of, text_of

SAY = SpeechRequest(model="m", text='Say "hi"\u2028')


async def test_a_recording_is_sent_as_json(tmp_path: Path) -> None:
    file = recording(tmp_path / "f", b"sound", MediaFormat.M4A)
    body = await sent(transcription_json(TranscriptionRequest(model="a/b", audio=file, language="de")))
    assert json.loads(body) == {
        "model": "a/b",
        "response_format": "json",
        "language": "de",
        "input_audio": {"data": "c291bmQ=", "format": "m4a"},
    }


@pytest.mark.parametrize(
    ("form", "name", "kind"),
    [
        (MediaFormat.OGG, "recording.ogg", "audio/ogg"),
        (MediaFormat.MP3, "recording.mp3", "audio/mpeg"),
        (MediaFormat.M4A, "recording.m4a", "audio/mp4"),
    ],
)
async def test_a_recording_is_sent_as_a_form(tmp_path: Path, form: MediaFormat, name: str, kind: str) -> None:
    data = b"\r\n--b\r\n\x00\xff" * 100
    request = TranscriptionRequest(model="a/b", audio=recording(tmp_path / "f", data, form), language="de")
    body = await sent(transcription_form(request, "boundary", times=True))
    stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), limit=2**16)
    stream.feed_data(body)
    stream.feed_eof()
    parts: dict[str, bytes] = {}
    async for part in MultipartReader({"Content-Type": "multipart/form-data; boundary=boundary"}, stream):
        assert isinstance(part, BodyPartReader)
        parts[str(part.name)] = bytes(await part.read())
        if part.name == "file":
            assert (part.filename, part.headers["Content-Type"]) == (name, kind)
    assert parts == {"model": b"a/b", "response_format": b"verbose_json", "language": b"de", "file": data}


async def test_speech_is_asked_for_in_a_form_that_is_always_said() -> None:
    assert json.loads(await sent(encode_speech(SAY, voice="alto", form=MediaFormat.PCM16))) == {
        "model": "m",
        "input": 'Say "hi"\u2028',
        "voice": "alto",
        "response_format": "pcm",
    }
    assert json.loads(await sent(encode_speech(SAY, voice=None, form=MediaFormat.MP3))) == {
        "model": "m",
        "input": 'Say "hi"\u2028',
        "response_format": "mp3",
    }


# --- transcripts -------------------------------------------------------------


async def transcript(body: Any, **more: Any) -> list[Delta]:
    answer = TranscriptAnswer(asked(audio_ms=2_500, **more))
    return await deltas([json.dumps(body).encode()], answer, kind="application/json")


@pytest.mark.parametrize(
    ("told", "used"),
    [
        ({"seconds": 9.2, "cost": 0.000508}, Usage(audio_ms=9_200, cost=508_000)),
        (
            {"seconds": 9.2, "cost": 0.5, "input_tokens": 83, "output_tokens": 30},
            Usage(tokens_in=83, tokens_out=30, audio_ms=9_200, cost=500_000_000),
        ),
        ({"type": "tokens", "input_tokens": 3, "output_tokens": 4}, Usage(tokens_in=3, tokens_out=4, audio_ms=2_500)),
        (None, Usage(audio_ms=2_500)),
        ({"seconds": -1, "cost": "0.1"}, Usage(audio_ms=2_500)),
    ],
)
async def test_a_transcript_tells_what_it_used(told: Any, used: Usage) -> None:
    assert await transcript({"text": "Hello.", "usage": told}) == [TextDelta(text="Hello."), Finished(usage=used)]


async def test_what_costs_nothing_costs_nothing_though_nobody_says_so() -> None:
    assert (await transcript({"text": "Hi"}, free=True))[-1] == Finished(usage=Usage(audio_ms=2_500, cost=0))


@pytest.mark.parametrize("text", ["", " \n"])
async def test_silence_is_an_empty_transcript(text: str) -> None:
    assert await transcript({"text": text}) == [Finished(usage=Usage(audio_ms=2_500))]


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        ((" Good", " morning."), "Good morning."),
        (("Good", "morning."), "Good morning."),
        (("今日は", "晴れ"), "今日は晴れ"),
    ],
)
async def test_times_are_told_where_the_model_tells_them(texts: tuple[str, str], whole: str) -> None:
    rows = [{"id": index, "start": index, "end": index + 0.5, "text": text} for index, text in enumerate(texts)]
    *segments, finished = await transcript({"text": whole, "duration": 3.5, "segments": rows})
    assert [(each.start, each.end) for each in segments if isinstance(each, Segment)] == [(0.0, 0.5), (1.0, 1.5)]
    assert "".join(each.text for each in segments if isinstance(each, Segment)).strip() == whole
    assert finished == Finished(usage=Usage(audio_ms=3_500))


@pytest.mark.parametrize(
    "rows", [[{"start": 1, "end": 0, "text": "Hi"}], [{"text": "Hi"}], ["Hi"], [], None, [{"start": 1, "end": 2}]]
)
async def test_times_that_make_no_sense_are_left_out(rows: Any) -> None:
    assert text_of(await transcript({"text": "Hi", "segments": rows})) == "Hi"


async def test_an_error_in_place_of_a_transcript_or_a_sound_tells_what_was_charged() -> None:
    body = {"error": {"code": 429, "message": "slow down"}, "usage": {"cost": 0.01}}
    with pytest.raises(ModelInDoubt) as no_transcript:
        await transcript(body)
    assert no_transcript.value.usage == Usage(audio_ms=2_500, cost=10_000_000)
    with pytest.raises(ModelInDoubt) as no_sound:
        await speech(json.dumps(body).encode(), "application/json")
    assert no_sound.value.usage == Usage(cost=10_000_000)


@pytest.mark.parametrize("insured", [True, False])
async def test_a_server_error_in_place_of_them_was_not_charged_only_where_the_gateway_says_so(insured: bool) -> None:
    body = {"error": {"code": 500, "message": "oh"}}
    with pytest.raises(ModelBusy if insured else ModelInDoubt):
        await transcript(body, insured=insured)
    with pytest.raises(ModelBusy if insured else ModelInDoubt):
        await speech(json.dumps(body).encode(), "application/json", insured=insured)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"code": 429, "message": "slow down"}}, ModelBusy),
        ({"error": {"code": 400, "message": "corrupted"}}, ModelRefused),
        ({"words": []}, ModelInDoubt),
        ([], ModelInDoubt),
    ],
)
async def test_a_good_status_with_no_transcript_in_its_body(body: Any, kind: type[ModelProblem]) -> None:
    with pytest.raises(ModelProblem) as caught:
        await transcript(body)
    assert type(caught.value) is kind


async def test_an_answer_without_a_body_is_in_doubt() -> None:
    with pytest.raises(ModelInDoubt):
        await deltas([], TranscriptAnswer(asked()), kind="application/json")


# --- speech ------------------------------------------------------------------


async def speech(data: bytes, kind: str, form: MediaFormat = MediaFormat.MP3, **more: Any) -> list[Delta]:
    parts = [data[start : start + 1_000] for start in range(0, len(data), 1_000)]
    return await deltas(parts, SoundAnswer(asked(**more), form), kind=kind)


async def test_headerless_speech_has_the_rate_that_its_type_tells() -> None:
    found = await speech(bytes(32_000), "audio/pcm;rate=16000;channels=1", MediaFormat.PCM16)
    assert sound_of(found) == bytes(32_000)
    assert isinstance(found[0], SoundDelta)
    assert (found[0].format, found[0].rate) == (MediaFormat.PCM16, 16_000)
    assert found[-1] == Finished(usage=Usage(audio_ms=1_000))


@pytest.mark.parametrize(
    ("head", "kind", "form"),
    [
        (b"ID3\x04", "audio/mpeg", MediaFormat.MP3),
        (b"\x01\x02", "audio/mpeg", MediaFormat.MP3),
        (b"RIFF", "audio/wav", MediaFormat.WAV),
        (b"OggS", "application/octet-stream", MediaFormat.OGG),
        (b"fLaC", "", MediaFormat.FLAC),
    ],
)
async def test_speech_is_what_its_bytes_are(head: bytes, kind: str, form: MediaFormat) -> None:
    *sounds, finished = await speech(head + bytes(5_000), kind)
    assert {(each.format, each.rate) for each in sounds if isinstance(each, SoundDelta)} == {(form, 0)}
    assert len(sounds) > 1
    # What it cost is only told later, when the call is asked after by its name.
    assert finished == Finished(usage=Usage())


async def test_free_speech_is_free() -> None:
    assert (await speech(b"ID3....", "audio/mpeg", free=True))[-1] == Finished(usage=Usage(cost=0))


@pytest.mark.parametrize(
    ("data", "kind", "problem"),
    [
        (b"", "audio/mpeg", ModelRefused),
        (b'{"error":{"code":429,"message":"slow down"}}', "application/json", ModelBusy),
        (b"<html>", "text/html", ModelInDoubt),
        (b"{", "application/json", ModelInDoubt),
    ],
)
async def test_what_is_not_speech_is_a_problem(data: bytes, kind: str, problem: type[ModelProblem]) -> None:
    with pytest.raises(ModelProblem) as caught:
        await speech(data, kind)
    assert type(caught.value) is problem
