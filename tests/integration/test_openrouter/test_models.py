"""The models."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.gateways.gateway import RemoteGateway
from bot.domain.audio import MediaFormat
from bot.domain.errors import (
    ModelCannot,
    ModelRefused,
    ModelUnknown,
)
from bot.domain.models import (
    ChatRequest,
    ChatTurn,
    ModelRef,
    Role,
)
from bot.domain.money import CallKind
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import FREE, HEARS, READS, ask, everything, problem_of, text_of
from tests.integration.recordings import tone
from tests.integration.test_openrouter.harness import SPEAKS, TALKS, WRITES_DOWN

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_listing_says_what_models_can_do(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    hears, reads = await gateway.capabilities(HEARS), await gateway.capabilities(READS)
    assert hears.kinds == {CallKind.CHAT, CallKind.TRANSCRIPTION}
    assert hears.audio_formats[:2] == (MediaFormat.MP3, MediaFormat.OGG)
    assert hears.audio_limits is not None
    assert hears.audio_limits.max_bytes == hears.most_bytes == 14_000_000
    assert hears.context_tokens == 1_048_576
    assert hears.video_links
    assert {MediaFormat.MP4, MediaFormat.WEBM} <= {*hears.video_formats}
    assert reads.kinds == {CallKind.CHAT}
    assert reads.picture_formats == (MediaFormat.JPEG, MediaFormat.PNG, MediaFormat.WEBP, MediaFormat.GIF)
    assert not reads.hears()
    assert not reads.video_formats
    assert not reads.video_links
    assert not reads.free
    assert (await gateway.capabilities(FREE)).free
    with pytest.raises(ModelUnknown):
        await gateway.capabilities("no/such-model")
    assert (await gateway.catalogue())[ModelRef(gateway="openrouter", name=HEARS)] == hears


async def test_models_that_speak_tell_their_voices(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    chats, speaks = await gateway.capabilities(TALKS), await gateway.capabilities(SPEAKS)
    assert chats.kinds == {CallKind.CHAT, CallKind.TRANSCRIPTION, CallKind.SPEECH}
    assert chats.audio_formats == (MediaFormat.MP3, MediaFormat.WAV)
    assert "alloy" in chats.voices
    assert speaks.kinds == {CallKind.SPEECH}
    assert speaks.voices == ("af_alloy", "af_bella", "am_adam")
    assert (await gateway.capabilities(WRITES_DOWN)).kinds == {CallKind.TRANSCRIPTION}


async def test_every_offered_format_is_taken(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    for ref, found in (await gateway.catalogue()).items():
        if found.hears():
            offered = {form.value for form in found.audio_formats}
            assert {"wav", "mp3"} <= offered, ref


async def test_without_a_listing_the_well_known_models_can_be_used(fake: FakeOpenRouter, fresh: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, method="GET", path="*/models*", status=503, times=5)
    assert (await fresh.capabilities(HEARS)).hears()
    assert ModelRef(gateway="openrouter", name=READS) in await fresh.catalogue()
    assert (await fresh.capabilities("new/model")).kinds == {CallKind.CHAT}
    # And it is not asked again for every turn.
    assert (await fake.state()).reads == {"GET /api/v1/models/user": 1}
    assert text_of(await everything(fresh, ask("hi"))) == "You said: hi"


async def test_a_model_that_may_not_think_is_told_so(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await gateway.catalogue()
    await everything(gateway, ask())
    await everything(gateway, ask(reasoning=True))
    efforts = [json.loads(await fake.body(index))["reasoning"]["effort"] for index in (0, 1)]
    assert efforts == ["none", "medium"]


async def test_a_model_that_nobody_knows_is_asked_where_there_is_no_listing(
    fake: FakeOpenRouter, fresh: RemoteGateway
) -> None:
    problem, _ = await problem_of(fresh, ask(model="new/model"))
    assert type(problem) is ModelRefused
    assert json.loads(await fake.body(0))["reasoning"] == {"effort": "none"}


async def test_a_model_that_is_not_listed_is_not_asked(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await gateway.catalogue()
    problem, _ = await problem_of(gateway, ask(model="no/such-model"))
    assert type(problem) is ModelUnknown
    assert "openrouter/no/such-model" in problem.sentence
    assert (await fake.state()).calls == ()


async def test_a_variant_is_the_same_model_on_other_terms(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    base, variant = await gateway.capabilities(HEARS), await gateway.capabilities(f"{HEARS}:nitro")
    # Other terms may be dearer.
    assert variant == replace(base, price=None)
    assert not (await gateway.capabilities(f"{FREE}:nitro")).free


@pytest.mark.parametrize("form", [MediaFormat.M4A, MediaFormat.WAV])
async def test_sound_that_a_model_does_not_hear_is_not_sent(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path, form: MediaFormat
) -> None:
    file = replace(tone(tmp_path / "f.wav"), format=form)
    model = READS if form is MediaFormat.WAV else HEARS
    turn = ChatTurn(role=Role.USER, audio=(file,))
    problem, _ = await problem_of(gateway, ChatRequest(model=model, turns=(turn,), max_tokens=50))
    assert type(problem) is ModelCannot
    assert (await fake.state()).calls == ()
