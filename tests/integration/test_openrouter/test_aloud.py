"""Answers that are spoken, models that answer for others, and answers that do not end."""

import base64
import json
from dataclasses import replace

import pytest

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from bot.domain.audio import MediaFormat
from bot.domain.errors import ModelCannot, ModelProblem, ModelRefused
from bot.domain.models import Accepted, ChatRequest, Finished, Origin, SoundDelta
from tests.fakes.openrouter.client import FakeOpenRouter
from tests.fakes.openrouter.speech import tone
from tests.integration.gateway_calls import HEARS, READS, ask, everything, problem_of, sound_of, text_of
from tests.integration.test_openrouter.harness import KEY, TALKS

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORIGIN = Origin(call="c" * 64, author="a" * 64, conversation="t" * 64)
MUSIC = "google/lyria-3-clip-preview"


# --- aloud -------------------------------------------------------------------


@pytest.mark.parametrize("size", [19_200, 1_000, 7])
async def test_an_answer_is_spoken_and_no_byte_of_it_is_lost(
    fake: FakeOpenRouter, gateway: RemoteGateway, size: int
) -> None:
    samples = tone(0.5)
    audio = base64.b64encode(samples).decode()
    await fake.say("Good morning to you.", audio=audio, audio_chunk_bytes=size, cost_usd=0.0125)
    deltas = await everything(gateway, ask(model=TALKS, aloud=True, voice="ash"))
    assert text_of(deltas) == "Good morning to you."
    assert sound_of(deltas) == samples
    assert {(d.format, d.rate) for d in deltas if isinstance(d, SoundDelta)} == {(MediaFormat.PCM16, 24_000)}
    finished = deltas[-1]
    assert isinstance(finished, Finished)
    assert finished.usage.audio_ms == 500
    assert finished.usage.cost == 12_500_000
    body = json.loads(await fake.body(0))
    assert body["modalities"] == ["text", "audio"]
    assert body["audio"] == {"voice": "ash", "format": "pcm16"}


async def test_without_a_voice_the_first_one_speaks(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await everything(gateway, ask(model=TALKS, aloud=True))
    assert json.loads(await fake.body(0))["audio"]["voice"] == (await gateway.capabilities(TALKS)).voices[0] == "alloy"


async def test_music_is_a_whole_file(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    deltas = await everything(gateway, ask("a song about rain", model=MUSIC, aloud=True))
    (song,) = [delta for delta in deltas if isinstance(delta, SoundDelta)]
    assert (song.format, song.rate) == (MediaFormat.MP3, 0)
    assert len(song.data) > 1_000


@pytest.mark.parametrize(
    ("asked", "kind", "reason"),
    [
        (ask(model=READS, aloud=True), ModelCannot, "does not speak"),
        (ask(model=TALKS, aloud=True, voice="bob"), ModelRefused, "it has no voice bob; it has alloy, ash, "),
        (ask(model=TALKS), ModelCannot, "only for what is heard or said aloud"),
    ],
)
async def test_what_cannot_be_said_is_not_asked_for(
    fake: FakeOpenRouter, gateway: RemoteGateway, asked: ChatRequest, kind: type[ModelProblem], reason: str
) -> None:
    problem, _ = await problem_of(gateway, asked)
    assert type(problem) is kind
    assert reason in problem.sentence
    assert (await fake.state()).calls == ()


# --- who answers -------------------------------------------------------------


async def test_a_model_that_answered_for_another_is_named(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.limit(down_models=[HEARS])
    (*_, finished) = await everything(gateway, ask(model=HEARS, fallbacks=(READS,)))
    assert isinstance(finished, Finished)
    assert finished.model == READS
    await fake.limit(down_models=[])
    (*_, finished) = await everything(gateway, ask(model=HEARS, fallbacks=(READS,)))
    assert isinstance(finished, Finished)
    assert finished.model is None
    assert json.loads(await fake.body(1))["models"] == [HEARS, READS]


async def test_a_model_that_is_dearer_than_the_one_that_was_asked_does_not_answer_for_it(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    await fake.limit(down_models=[READS])
    problem, _ = await problem_of(gateway, ask(model=READS, fallbacks=(HEARS,)))
    assert "max_price" in problem.sentence
    assert (await fake.state()).charged == ()


async def test_providers_are_preferred_as_the_settings_say(fake: FakeOpenRouter) -> None:
    preferences = {"data_collection": "deny", "max_price": {"prompt": "1"}}
    async with RemoteGateway(OPENROUTER, KEY, fake.api, preferences=preferences) as gateway:
        await everything(gateway, ask())
    assert json.loads(await fake.body(0))["provider"] == preferences


async def test_a_gateway_is_told_where_a_call_comes_from_and_no_more(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    await everything(gateway, ask(origin=ORIGIN))
    (call,) = (await fake.state()).calls
    assert (call.user, call.session_id) == (ORIGIN.author, ORIGIN.conversation)
    assert json.loads(await fake.body(0))["metadata"] == {"call": ORIGIN.call}


# --- answers that are kept ---------------------------------------------------


async def test_what_was_sent_is_told_where_the_same_gives_the_same_answer(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    first, again = [await everything(gateway, ask(origin=ORIGIN)) for _ in range(2)]
    other = await everything(gateway, ask(origin=replace(ORIGIN, call="another")))
    calls = (await fake.state()).calls
    assert [call.cache for call in calls] == ["MISS", "HIT", "MISS"]
    assert [call.charged for call in calls] == [True, False, True]
    assert first[0] == Accepted(id=calls[0].generation_id, digest=calls[0].body_sha256)
    assert again[0] == Accepted(id=calls[1].generation_id, digest=calls[0].body_sha256)
    assert text_of(first) == text_of(again) == text_of(other)
    headers = {name.lower(): value for name, value in (await fake.headers(0)).items()}
    assert (headers["x-openrouter-cache"], headers["x-openrouter-cache-ttl"]) == ("true", "86400")


async def test_what_names_no_call_is_answered_anew(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    for _ in range(2):
        accepted, *_ = await everything(gateway, ask())
        assert isinstance(accepted, Accepted)
        assert accepted.digest == ""
    assert [call.cache for call in (await fake.state()).calls] == ["", ""]


# --- answers without end -----------------------------------------------------


async def test_a_model_that_ignores_its_limit_is_hung_up_on(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("and so on and on " * 2_000, ignores_limit=True, tokens_per_second=3_000)
    deltas = await everything(gateway, replace(ask(), max_tokens=100))
    finished = deltas[-1]
    assert isinstance(finished, Finished)
    assert finished.truncated
    assert finished.usage.cost is None
    assert len(text_of(deltas).split()) < 300
    seen = await fake.wait_for(1, ended=True)
    assert [call.outcome for call in seen.calls] == ["cancelled"]
    assert len(seen.calls) == 1


async def test_an_endless_answer_in_one_piece_is_cut_short_too(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("word " * 400, ignores_limit=True)
    (*_, finished) = await everything(gateway, replace(ask(), max_tokens=50))
    assert isinstance(finished, Finished)
    assert finished.truncated
