"""Recordings that are written down by models made for it; those that only chat are in `test_chat`."""

import base64
import json
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.gateways.endpoints import OPENROUTER, Form
from adapters.gateways.gateway import RemoteGateway
from bot.domain.audio import AudioLimits, MediaFile, MediaFormat
from bot.domain.errors import ModelCannot, ModelInDoubt, ModelProblem, ModelRefused
from bot.domain.models import Accepted, Finished, Origin, Segment, TextDelta, TranscriptionRequest
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import everything, problem_of, text_of
from tests.integration.recordings import tone
from tests.integration.test_openrouter.harness import KEY, WRITES_DOWN

pytestmark = pytest.mark.asyncio(loop_scope="module")

BY_TOKEN = "openai/gpt-4o-mini-transcribe"
NOTE = MediaFile(path="/nowhere", format=MediaFormat.MP3, seconds=2.0, bytes=1_000)
ROOMY = AudioLimits(max_bytes=25_000_000, max_seconds=3_600)


@pytest_asyncio.fixture(loop_scope="module")
async def forms(fake: FakeOpenRouter) -> AsyncIterator[RemoteGateway]:
    """The same gateway, as one that takes forms and tells times."""
    endpoint = replace(OPENROUTER, transcribes=Form.MULTIPART, tells_times=True, audio_limits=ROOMY)
    async with RemoteGateway(endpoint, KEY, fake.api) as opened:
        await opened.catalogue()
        yield opened


@pytest.mark.parametrize("model", [WRITES_DOWN, BY_TOKEN])
async def test_a_model_made_for_it_writes_down_what_is_said(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path, model: str
) -> None:
    await fake.say("Buy milk, please.", cost_usd=0.000_508)
    origin = Origin(call="c", author="a", conversation="t")
    file = tone(tmp_path / "f.wav", 64_044)
    request = TranscriptionRequest(model=model, audio=file, language="en", origin=origin)
    accepted, text, finished = await everything(gateway, request)
    (call,) = (await fake.state()).calls
    assert accepted == Accepted(id=call.generation_id)
    assert text == TextDelta(text="Buy milk, please.")
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 508_000
    assert finished.usage.audio_ms == 2_000
    assert finished.usage.tokens_out == (3 if model is BY_TOKEN else None)
    assert call.session_id == "t"
    body = json.loads(await fake.body(0))
    assert base64.b64decode(body.pop("input_audio")["data"]) == (tmp_path / "f.wav").read_bytes()
    assert body == {"model": model, "response_format": "json", "language": "en"}


async def test_where_nobody_speaks_there_are_no_words(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    await fake.say("")
    deltas = await everything(gateway, TranscriptionRequest(model=WRITES_DOWN, audio=tone(tmp_path / "f.wav")))
    assert [type(delta) for delta in deltas] == [Accepted, Finished]


async def test_a_form_with_a_file_tells_times(fake: FakeOpenRouter, forms: RemoteGateway, tmp_path: Path) -> None:
    await fake.say("Buy milk, please.")
    request = TranscriptionRequest(model=WRITES_DOWN, audio=tone(tmp_path / "f.wav"), language="en")
    _, segment, finished = await everything(forms, request)
    assert segment == Segment(text="Buy milk, please.", start=0.0, end=1.0)
    assert isinstance(finished, Finished)
    first, second = await fake.body(0), (await everything(forms, request)) and await fake.body(1)
    boundaries = {body.partition(b"\r\n")[0] for body in (first, second)}
    assert len(boundaries) == 2  # nobody can guess them


@pytest.mark.parametrize("way", ["json", "form"])
async def test_a_long_recording_is_sent_in_little_memory(
    fake: FakeOpenRouter, forms: RemoteGateway, tmp_path: Path, way: str
) -> None:
    endpoint = replace(OPENROUTER, transcribes=Form(way.replace("form", "multipart")), audio_limits=ROOMY)
    request = TranscriptionRequest(model=WRITES_DOWN, audio=tone(tmp_path / "f.wav", 20_000_000))
    async with RemoteGateway(endpoint, KEY, fake.api) as gateway:
        await gateway.catalogue()
        tracemalloc.start()
        try:
            deltas = await everything(gateway, request)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert "20000000 bytes" in text_of(deltas)
    assert peak < 3_000_000


@pytest.mark.parametrize("action", [Action.DROP_BEFORE, Action.DROP_AFTER, Action.CUT_MID_STREAM])
async def test_a_transcription_that_is_cut_off_is_in_doubt_and_was_asked_for_once(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path, action: Action
) -> None:
    request = TranscriptionRequest(model=WRITES_DOWN, audio=tone(tmp_path / "f.wav"))
    await everything(gateway, request)
    await fake.fail(action)
    problem, _ = await problem_of(gateway, request)
    assert type(problem) is ModelInDoubt
    assert len((await fake.state()).calls) == 2


@pytest.mark.parametrize(
    ("file", "kind", "reason"),
    [
        (replace(NOTE, format=MediaFormat.AIFF), ModelCannot, "does not hear aiff"),
        (replace(NOTE, bytes=14_000_001), ModelRefused, "14.0 MB of sound are more than the 14 MB"),
    ],
)
async def test_what_it_does_not_take_is_not_sent(
    fake: FakeOpenRouter, gateway: RemoteGateway, file: MediaFile, kind: type[ModelProblem], reason: str
) -> None:
    problem, _ = await problem_of(gateway, TranscriptionRequest(model=WRITES_DOWN, audio=file))
    assert type(problem) is kind
    assert reason in problem.sentence
    assert (await fake.state()).calls == ()


async def test_a_gateway_without_a_path_for_it_says_so(fake: FakeOpenRouter, tmp_path: Path) -> None:
    async with RemoteGateway(OPENROUTER, KEY, fake.api) as gateway:
        facts = await gateway.capabilities(WRITES_DOWN)
        assert facts.hears()
    endpoint = replace(OPENROUTER, transcribes=None, speaks=False)
    async with RemoteGateway(endpoint, KEY, fake.api) as gateway:
        assert all(ref.name != WRITES_DOWN for ref in await gateway.catalogue())
