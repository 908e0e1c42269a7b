"""Every way of calling, and every kind of request."""

import asyncio
from pathlib import Path

import pytest

from adapters.gateways.fal.gateway import FalGateway
from adapters.gateways.fal.marks import mark_of
from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import ModelCannot, ModelRefused, ModelUnknown
from bot.domain.models import (
    Accepted,
    ChatTurn,
    Finished,
    ReasoningDelta,
    Role,
    SpeechRequest,
    TextDelta,
)
from bot.domain.money import nanodollars
from tests.fakes.fal.client import FakeFal
from tests.integration.gateway_calls import HEARS, everything, finished, text_of
from tests.integration.test_fal.conftest import (
    DATA,
    KEY,
    QUICK,
    Opener,
    ask,
    listen,
    long_recording,
    problem_of,
    recording,
)

pytestmark = pytest.mark.asyncio(loop_scope="package")

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def turn(**holds: object) -> ChatTurn:
    return ChatTurn(role=Role.USER, **holds)  # type: ignore[arg-type]


def video(name: str = "video.mp4") -> MediaFile:
    path = DATA / name
    return MediaFile(path=str(path), format=MediaFormat.MP4, seconds=2, bytes=path.stat().st_size)


# --- the queue ---------------------------------------------------------------


async def test_the_queue_names_the_call_before_anything_else(fake: FakeFal, gateway: FalGateway):
    await fake.script(text="Hello there.", queue_s=0.1, work_s=0.1, logs=("at work",))
    deltas = await everything(gateway, ask())
    call = (await fake.state()).calls[0]
    assert deltas[0] == Accepted(id=call.request_id)
    assert text_of(deltas) == "Hello there."
    assert finished(deltas).usage.cost == nanodollars(call.charged_usd)
    assert finished(deltas).usage.tokens_out == 3
    assert call.endpoint == "openrouter/router"
    assert call.input == {"prompt": "Say hello", "model": "openai/gpt-4o-mini", "max_tokens": 500}


async def test_everything_that_is_asked_reaches_the_model(fake: FakeFal, gateway: FalGateway):
    await fake.script(text="Four.", reasoning="Two and two.")
    turns = (
        ChatTurn(role=Role.SYSTEM, text="You are brief."),
        ChatTurn(role=Role.USER, text="Hi"),
        ChatTurn(role=Role.ASSISTANT, text="Hello!"),
        ChatTurn(role=Role.USER, text="What is 2+2?"),
    )
    deltas = await everything(gateway, ask(turns=turns, temperature=0.5, reasoning=True))
    sent = (await fake.state()).calls[0].input
    assert sent["system_prompt"] == "You are brief."
    assert sent["prompt"].index("<user>\nHi\n</user>") < sent["prompt"].index("<assistant>\nHello!\n</assistant>")
    assert (sent["temperature"], sent["reasoning"], sent["max_tokens"]) == (0.5, True, 500)
    assert [type(delta) for delta in deltas] == [Accepted, ReasoningDelta, TextDelta, Finished]


async def test_a_slow_call_is_asked_for_ever_more_seldom(fake: FakeFal, gateway: FalGateway):
    await fake.script(work_s=1)
    await everything(gateway, ask())
    assert 5 <= (await fake.state()).count("/status") <= 16


async def test_a_long_call_is_told_by_the_stream_of_changes(fake: FakeFal, opened: Opener):
    await fake.script(queue_s=0.3, work_s=0.5)
    waits = QUICK.__class__(first=0.05, longest=30, stream_after=0.1, total=5, cancel=1, seek=0.2)
    async with opened(waits=waits) as gateway:
        deltas = await everything(gateway, ask())
    seen = await fake.state()
    assert text_of(deltas)
    assert seen.count("/status/stream") == 1
    assert seen.count("/status") <= 4


async def test_a_broken_stream_of_changes_costs_only_time(fake: FakeFal, opened: Opener):
    await fake.script(work_s=0.6)
    await fake.fail("drop_before", path="*/status/stream", times=9)
    waits = QUICK.__class__(first=0.02, longest=0.1, stream_after=0.05, total=5, cancel=1, seek=0.2)
    async with opened(waits=waits) as gateway:
        assert text_of(await everything(gateway, ask()))


async def test_an_answer_of_as_many_tokens_as_allowed_was_cut_short(fake: FakeFal, gateway: FalGateway):
    await fake.script(text="x" * 2000)
    assert finished(await everything(gateway, ask())).truncated
    await fake.script(text="So far", partial=True)
    assert finished(await everything(gateway, ask())).truncated


# --- at once and streamed ----------------------------------------------------


async def test_sync_is_one_request(fake: FakeFal, opened: Opener):
    async with opened(way="sync") as gateway:
        deltas = await everything(gateway, ask())
    seen = await fake.state()
    assert [call.way for call in seen.calls] == ["run"]
    assert deltas[0] == Accepted(id=seen.calls[0].request_id)
    assert text_of(deltas) == "You said: Say hello. "
    assert finished(deltas).usage.cost == nanodollars(seen.calls[0].charged_usd)


async def test_a_stream_brings_each_word_once(fake: FakeFal, opened: Opener):
    await fake.script(text="one two\u2028three vier — fünf", reasoning="Counting.", work_s=0.1)
    async with opened(way="stream") as gateway:
        deltas = await everything(gateway, ask(reasoning=True))
    words = [delta.text for delta in deltas if isinstance(delta, TextDelta)]
    assert words == ["one", " two\u2028three", " vier", " —", " fünf"]
    assert [delta.text for delta in deltas if isinstance(delta, ReasoningDelta)] == ["Counting."]
    assert finished(deltas).usage.cost
    assert not finished(deltas).truncated


async def test_sound_is_never_streamed_because_its_endpoint_does_not(fake: FakeFal, opened: Opener):
    async with opened(way="stream") as gateway:
        await everything(gateway, listen(recording("clip.mp3")))
        await everything(gateway, ask(model=HEARS, turns=(turn(text="What is this?", videos=(video(),)),)))
    assert [call.way for call in (await fake.state()).calls] == ["queue", "stream"]


# --- sound -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["clip.mp3", "clip.wav", "clip.flac", "clip.m4a", "voice-note.ogg"])
async def test_a_short_recording_travels_in_the_request(fake: FakeFal, gateway: FalGateway, name: str):
    deltas = await everything(gateway, listen(recording(name), language="en"))
    call = (await fake.state()).calls[0]
    assert call.endpoint == "openrouter/router/audio"
    assert call.input["audio_url"].startswith("data:audio/")
    assert call.input["temperature"] == 0
    assert "en (ISO 639-1)" in call.input["prompt"]
    assert name.rpartition(".")[2] in text_of(deltas)
    assert finished(deltas).usage.audio_ms == 3000
    assert (await fake.state()).files == ()


async def test_a_long_recording_is_uploaded_for_an_hour(fake: FakeFal, gateway: FalGateway, tmp_path: Path):
    file = long_recording(tmp_path)
    deltas = await everything(gateway, listen(file, call="c0ffee"))
    seen = await fake.state()
    assert [(f.name, f.content_type, f.lives_s, f.size, f.saw_key) for f in seen.files] == [
        (f"{mark_of('c0ffee', KEY)}-0.wav", "audio/wav", 3600, file.bytes, False)
    ]
    assert seen.calls[0].input["audio_url"] == seen.files[0].url
    assert "wav/pcm_s16le" in text_of(deltas)


async def test_an_upload_is_tried_again_and_the_call_is_made_once(fake: FakeFal, gateway: FalGateway, tmp_path: Path):
    await fake.fail("error", method="PUT", path="/cdn/*", status=503)
    await fake.fail("drop_after", path="*/upload/initiate")
    await everything(gateway, listen(long_recording(tmp_path)))
    seen = await fake.state()
    assert len(seen.calls) == 1
    assert seen.calls[0].status == 200


async def test_silence_is_an_empty_transcript(fake: FakeFal, gateway: FalGateway):
    await fake.script(text="`NO_SPEECH`.")
    deltas = await everything(gateway, listen(recording("clip.mp3")))
    assert [type(delta) for delta in deltas] == [Accepted, Finished]


async def test_a_voice_note_is_answered_by_a_model_that_hears(fake: FakeFal, gateway: FalGateway):
    deltas = await everything(gateway, ask(model=HEARS, turns=(turn(audio=(recording("voice-note.ogg"),)),)))
    assert "ogg/opus" in text_of(deltas)


# --- videos and pictures -----------------------------------------------------


async def test_videos_and_links_go_together_in_order(fake: FakeFal, gateway: FalGateway):
    links = ("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube.com/shorts/abcdefghijk")
    deltas = await everything(
        gateway, ask(model=HEARS, turns=(turn(text="What happens?", videos=(video(),), links=links),))
    )
    call = (await fake.state()).calls[0]
    assert call.endpoint == "openrouter/router/video"
    assert call.input["video_urls"][0].startswith("data:video/mp4;base64,")
    assert call.input["video_urls"][1:] == [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?v=abcdefghijk",
    ]
    assert "mp4/" in text_of(deltas)


async def test_pictures_are_looked_at(fake: FakeFal, gateway: FalGateway, tmp_path: Path):
    path = tmp_path / "p.jpeg"
    path.write_bytes(JPEG)
    picture = MediaFile(path=str(path), format=MediaFormat.JPEG, seconds=0, bytes=len(JPEG))
    deltas = await everything(gateway, ask(turns=(turn(text="What is this?", pictures=(picture, picture)),)))
    call = (await fake.state()).calls[0]
    assert call.endpoint == "openrouter/router/vision"
    assert [address[:23] for address in call.input["image_urls"]] == ["data:image/jpeg;base64,"] * 2
    assert text_of(deltas)


# --- what cannot be --------------------------------------------------------------


async def test_what_a_model_cannot_do_is_refused_before_anything_is_sent(
    fake: FakeFal, gateway: FalGateway, tmp_path: Path
):
    note, huge = recording("voice-note.ogg"), recording("clip.mp3")
    for request, kind, says in (
        (SpeechRequest(model=HEARS, text="Hello"), ModelCannot, "does not speak"),
        (ask(aloud=True), ModelCannot, "does not speak"),
        (listen(note, model="openai/gpt-4o-mini"), ModelCannot, "does not hear"),
        (listen(note, model="openai/gpt-audio-mini"), ModelCannot, "does not hear ogg"),
        (ask(turns=(turn(videos=(video(),)),)), ModelCannot, "does not watch mp4"),
        (ask(turns=(turn(text="?", links=("https://youtu.be/x",)),)), ModelCannot, "by their addresses"),
        (ask(model=HEARS, turns=(turn(audio=(note, note)),)), ModelCannot, "one recording"),
        (ask(model=HEARS, turns=(turn(audio=(note,), videos=(video(),)),)), ModelCannot, "by itself"),
        (ask(model="gemini"), ModelUnknown, "OpenRouter's names"),
        (
            listen(MediaFile(path=huge.path, format=huge.format, seconds=3, bytes=20_000_000)),
            ModelRefused,
            "20.0 MB are more than the 14 MB",
        ),
    ):
        problem, came = await problem_of(gateway, request)
        assert isinstance(problem, kind)
        assert says in problem.sentence
        assert came == []
    assert (await fake.state()).hits == {}


async def test_a_file_that_is_gone_is_a_refusal(fake: FakeFal, gateway: FalGateway, tmp_path: Path):
    for size in (10, 2_000_000):
        gone = MediaFile(path=str(tmp_path / "gone.mp3"), format=MediaFormat.MP3, seconds=1, bytes=size)
        problem, _ = await problem_of(gateway, listen(gone))
        assert isinstance(problem, ModelRefused)
    assert (await fake.state()).calls == ()


# --- giving up ---------------------------------------------------------------


async def test_a_cancelled_turn_cancels_its_request(fake: FakeFal, gateway: FalGateway):
    await fake.script(queue_s=10)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(everything(gateway, ask()))
        await fake.wait(lambda seen: seen.calls)
        await fake.wait(lambda seen: seen.count("/status"))
        task.cancel()
    seen = await fake.state()
    assert seen.calls[0].cancelled
    assert seen.charged == ()


async def test_closing_after_the_name_cancels_the_request(fake: FakeFal, gateway: FalGateway):
    await fake.script(queue_s=10)
    deltas = gateway.perform(ask())
    assert isinstance(await anext(deltas), Accepted)
    await deltas.aclose()
    assert (await fake.state()).calls[0].cancelled


async def test_a_service_that_stops_leaves_the_request_for_its_next_start(fake: FakeFal, opened: Opener):
    await fake.script(work_s=0.5)
    async with opened(carries_on=True) as gateway, asyncio.TaskGroup() as group:
        task = group.create_task(everything(gateway, ask()))
        await fake.wait(lambda seen: seen.count("/status"))
        task.cancel()
    seen = await fake.wait(lambda seen: not seen.running)
    assert not seen.calls[0].cancelled
    assert len(seen.charged) == 1
