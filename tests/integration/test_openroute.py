"""OpenRoute.cn: chat alone, sound in wav and mp3 alone, and a cost only where it tells one."""

import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import openai
import pytest
import pytest_asyncio

from adapters.gateways.breaker import Breaker
from adapters.gateways.endpoints import OPENROUTE
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from adapters.storage.clock import SystemClock
from bot.app.remote import remote_gateways
from bot.domain.audio import AudioLimits, How, MediaFacts, MediaFile, MediaFormat, plan_conversion
from bot.domain.errors import ModelBusy, ModelCannot, ModelInDoubt, ModelProblem
from bot.domain.journal import Step, StepState
from bot.domain.models import (
    Accepted,
    ChatRequest,
    ChatTurn,
    Finished,
    ModelRef,
    Origin,
    Role,
    SpeechRequest,
    TranscriptionRequest,
)
from bot.domain.money import CallKind, Price
from tests.contracts.gateway import GatewayContract
from tests.fakes.openrouter.client import Action, FakeOpenRouter, driving
from tests.fakes.process import running
from tests.fakes.renewed import renewed
from tests.integration.gateway_calls import FREE, HEARS, READS, ask, everything, problem_of, recovered, text_of
from tests.integration.gateway_harness import FakeHarness
from tests.integration.recordings import babbled
from tests.integration.test_gateways_page.columns import PlainSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-openroute-0123456789"
HASTE = Patience(connect=0.5, idle=0.5, quiet=0.5, total=2, listing=1)
SERVICE = AudioLimits(max_bytes=25_000_000, max_seconds=1800)
CHAT = "*/chat/completions"
SERVER_ERRORS: tuple[tuple[Action, dict[str, int]], ...] = (
    (Action.ERROR, {}),
    (Action.OK_ERROR, {}),
    (Action.MIDSTREAM_ERROR, {"after": 0}),
    (Action.MIDSTREAM_ERROR, {"after": 1}),
)
"""Where an answer can say "500"."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fake_url() -> AsyncIterator[str]:
    async with running("tests.fakes.openrouter", "--openroute") as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def fake(fake_url: str) -> AsyncIterator[FakeOpenRouter]:
    async with driving(fake_url) as driver, renewed(driver):
        yield driver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(fake_url: str) -> AsyncIterator[RemoteGateway]:
    async with RemoteGateway(OPENROUTE, KEY, f"{fake_url}/api/v1", patience=HASTE) as opened:
        yield opened


@pytest.fixture
def gateway(shared: RemoteGateway, monkeypatch: pytest.MonkeyPatch) -> RemoteGateway:
    """One for all tests; no test's failures make it rest for the next one."""
    monkeypatch.setattr(shared._client, "_breaker", Breaker("openroute"))
    return shared


@asynccontextmanager
async def priced(fake: FakeOpenRouter, **prices: dict[str, str]) -> AsyncIterator[RemoteGateway]:
    """Open it as the service does whose settings have these prices."""
    with tempfile.TemporaryDirectory() as folder:
        settings = PlainSettings(data=folder, openroute={"key": KEY, "base_url": fake.api}, prices=prices)
        (gateway,) = remote_gateways(settings, SystemClock(), serving=False)
        assert isinstance(gateway, RemoteGateway)
        async with gateway:
            await gateway.catalogue()
            yield gateway


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> MediaFile:
    return babbled(tmp_path_factory.mktemp("sound") / "note.wav", 2.0)


class TestContract(GatewayContract):
    @pytest.fixture
    def harness(self, fake: FakeOpenRouter, gateway: RemoteGateway, note: MediaFile) -> FakeHarness:
        requests = (ask(), TranscriptionRequest(model=HEARS, audio=note), ask(model=FREE))
        return FakeHarness(gateway=gateway, requests=requests, fake=fake)


# --- what it has -------------------------------------------------------------


async def test_openai_s_client_works_with_the_fake(fake: FakeOpenRouter):
    async with openai.AsyncOpenAI(base_url=fake.api, api_key=KEY, max_retries=0) as client:
        answer = await client.chat.completions.create(model=READS, messages=[{"role": "user", "content": "hello"}])
        assert answer.choices[0].message.content == "You said: hello"
        assert [model async for model in client.models.list()]
        with pytest.raises(openai.NotFoundError):
            await client.audio.speech.create(model="hexgrad/kokoro-82m", voice="af_alloy", input="hello")
    assert await fake.forgive()


async def test_it_hears_wav_and_mp3_and_chats_alone(gateway: RemoteGateway):
    catalogue = await gateway.catalogue()
    hears = {able.audio_formats for able in catalogue.values() if able.hears()}
    assert hears == {(MediaFormat.MP3, MediaFormat.WAV)}
    assert ModelRef(gateway="openroute", name=HEARS) in catalogue
    assert all(CallKind.SPEECH not in able.kinds and not able.video_links for able in catalogue.values())


async def test_a_voice_note_of_discord_is_planned_into_what_it_hears(gateway: RemoteGateway):
    opus = MediaFacts(
        format=MediaFormat.OGG,
        container="ogg",
        codec="opus",
        rate=48_000,
        channels=1,
        seconds=8.0,
        bytes=30_000,
        has_video=False,
    )
    able = await gateway.capabilities(HEARS)
    assert able.audio_limits is not None
    conversion = plan_conversion(opus, able.audio_formats, model=able.audio_limits, service=SERVICE)
    assert conversion.how is How.CONVERTED
    assert conversion.format in {MediaFormat.WAV, MediaFormat.MP3}


async def test_ogg_is_refused_before_anything_is_sent(fake: FakeOpenRouter, gateway: RemoteGateway, note: MediaFile):
    ogg = MediaFile(path=note.path, format=MediaFormat.OGG, seconds=2.0, bytes=note.bytes)
    with pytest.raises(ModelCannot):
        await everything(gateway, TranscriptionRequest(model=HEARS, audio=ogg))
    assert (await fake.state()).calls == ()


@pytest.mark.parametrize("model", ["hexgrad/kokoro-82m", "openai/gpt-audio-mini"])
async def test_nothing_is_spoken_there(fake: FakeOpenRouter, gateway: RemoteGateway, model: str):
    await gateway.catalogue()
    with pytest.raises(ModelProblem) as caught:
        await everything(gateway, SpeechRequest(model=model, text="Good morning!"))
    assert caught.value.sentence
    assert (await fake.state()).calls == ()


# --- what is sent ------------------------------------------------------------


async def test_only_what_it_documents_is_sent(fake: FakeOpenRouter, gateway: RemoteGateway, note: MediaFile):
    origin = Origin(call="c", author="a", conversation="t")
    turn = ChatTurn(role=Role.USER, text="What is this?", audio=(note,))
    request = ChatRequest(origin=origin, model=HEARS, turns=(turn,), max_tokens=500, reasoning=True, fallbacks=(READS,))
    assert "You sent audio: wav/pcm_s16le" in text_of(await everything(gateway, request))
    body = json.loads(await fake.body(0))
    assert body.keys() == {"model", "messages", "stream", "stream_options", "max_tokens"}
    headers = {name.lower() for name in await fake.headers(0)}
    assert not {name for name in headers if name.startswith("x-openrouter")}
    assert "http-referer" not in headers


# --- money -------------------------------------------------------------------


async def test_a_cost_that_is_not_told_is_unknown(fake: FakeOpenRouter, gateway: RemoteGateway):
    *_, finished = await everything(gateway, ask())
    assert isinstance(finished, Finished)
    assert finished.usage.cost is None
    assert finished.usage.tokens_out


async def test_a_cost_that_is_told_is_taken(fake: FakeOpenRouter, gateway: RemoteGateway):
    await fake.say("Hello.", cost_usd=0.000_95)
    *_, finished = await everything(gateway, ask())
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 950_000


async def test_the_call_is_named_by_the_answer_itself(fake: FakeOpenRouter, gateway: RemoteGateway):
    first, *_ = await everything(gateway, ask())
    (call,) = (await fake.state()).calls
    assert first == Accepted(id=call.generation_id)


async def test_the_doctor_tells_what_the_key_was_charged(fake: FakeOpenRouter, gateway: RemoteGateway):
    await fake.say("Hello.", cost_usd=0.25)
    await everything(gateway, ask())
    money, models = await gateway.check()
    assert money.what == "openroute takes the key, which has no limit; it was charged $0.25 this month."
    assert models.ok


async def test_the_doctor_knows_a_key_that_is_refused(fake: FakeOpenRouter, gateway: RemoteGateway):
    await fake.limit(refused_keys=[KEY])
    (wrong,) = await gateway.check()
    assert not wrong.ok
    assert "does not take the key" in wrong.what
    assert "openroute.key" in wrong.fix


async def test_a_server_error_may_have_been_charged(fake: FakeOpenRouter, gateway: RemoteGateway):
    for number, (action, more) in enumerate(SERVER_ERRORS):
        await fake.fail(action, path=CHAT, status=500, charged=True, **more)
        problem, _ = await problem_of(gateway, ask())
        assert type(problem) is ModelInDoubt
        assert "may have been charged" in problem.sentence
        assert len((await fake.state()).calls) == number + 1


async def test_a_server_error_of_a_free_model_was_free(fake: FakeOpenRouter, gateway: RemoteGateway):
    await gateway.catalogue()
    for number, (action, more) in enumerate(SERVER_ERRORS):
        await fake.fail(action, path=CHAT, status=500, **more)
        problem, _ = await problem_of(gateway, ask(model=FREE))
        assert type(problem) is ModelBusy
        assert len((await fake.state()).calls) == number + 1


async def test_a_model_that_the_settings_price_is_not_free(fake: FakeOpenRouter):
    """Whatever the gateway's listing says: its cost is not zero, and what breaks off is in doubt."""
    async with priced(fake, **{f"openroute/{FREE}": {"completion": "0.00001"}}) as gateway:
        able = await gateway.capabilities(FREE)
        assert (able.free, able.price) == (False, Price(completion=Decimal("0.00001")))
        *_, finished = await everything(gateway, ask(model=FREE))
        assert isinstance(finished, Finished)
        assert finished.usage.cost is None
        await fake.fail(Action.DROP_AFTER, path=CHAT)
        problem, _ = await problem_of(gateway, ask(model=FREE))
        assert type(problem) is ModelInDoubt
        with pytest.raises(ModelInDoubt):
            await recovered(gateway, Step(name="answer", state=StepState.BEGAN), ask(model=FREE))
    assert len((await fake.state()).calls) == 2


async def test_the_first_price_that_fits_is_taken_and_none_makes_a_model_free(fake: FakeOpenRouter):
    prices = {f"openroute/{FREE}": {}, "openroute/*": {"prompt": "0.5"}, f"openroute/{READS}": {}}
    async with priced(fake, **prices) as gateway:
        assert (await gateway.capabilities(FREE)).free
        able = (await gateway.catalogue())[ModelRef(gateway="openroute", name=READS)]
        assert able.price == Price(prompt=Decimal("0.5"))
    async with priced(fake, **{f"openroute/{READS}": {}}) as gateway:
        assert not (await gateway.capabilities(READS)).free


# --- after a crash -----------------------------------------------------------


@pytest.mark.parametrize("state", [StepState.BEGAN, StepState.ACCEPTED])
async def test_a_call_that_was_cut_off_is_in_doubt_and_not_made_again(
    fake: FakeOpenRouter, gateway: RemoteGateway, state: StepState
):
    await fake.fail(Action.CUT_MID_STREAM)
    with pytest.raises(ModelInDoubt):
        await everything(gateway, ask())
    step = Step(name="answer", state=state, vendor_id="gen-1" if state is StepState.ACCEPTED else None)
    with pytest.raises(ModelInDoubt):
        await recovered(gateway, step, ask())
    assert len((await fake.state()).charged) == 1
