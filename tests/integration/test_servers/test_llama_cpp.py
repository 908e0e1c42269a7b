"""The real thing: a llama.cpp server with the embedded model's weights, in its own process, over HTTP."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import httpx
import openai
import pytest
import pytest_asyncio

from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from adapters.local import weights
from bot.domain.audio import MediaFile
from bot.domain.errors import ModelCannot
from bot.domain.models import Accepted, Finished, Modality, ModelRef, Request, TextDelta, TranscriptionRequest
from bot.domain.money import CallKind
from tests.contracts.gateway import Call, GatewayContract
from tests.fakes.process import running
from tests.integration.gateway_calls import ask, everything, problem_of, text_of
from tests.integration.test_servers.harness import connected

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120), pytest.mark.slow]

MODEL = "smollm2-135m-instruct"
AT_EASE = Patience(idle=30, quiet=30, total=60)
LONG = "Tell me a long story about a dragon who lives in a castle."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def llama_url() -> AsyncIterator[str]:
    async with running("tests.integration.test_servers.llama_server", weights.look_up(MODEL, {}).path) as url:
        yield f"{url}/v1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(llama_url: str) -> AsyncIterator[RemoteGateway]:
    async with connected(llama_url, patience=AT_EASE) as opened:
        yield opened


async def busy(url: str) -> int:
    """How many of the server's slots are at work: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md."""
    async with httpx.AsyncClient(verify=False) as client:  # noqa: S501  plain HTTP on loopback
        slots = (await client.get(f"{url.removesuffix('/v1')}/slots")).json()
    return sum(slot["is_processing"] for slot in slots)


@dataclass(kw_only=True)
class Harness:
    gateway: RemoteGateway
    url: str
    requests: Sequence[Request] = (ask("Say hello.", model=MODEL, max_tokens=400, temperature=0.0),)
    calls: list[Call] = field(default_factory=list)

    async def running(self) -> int:
        return await busy(self.url)


class TestContract(GatewayContract):
    @pytest.fixture
    def harness(self, gateway: RemoteGateway, llama_url: str) -> Harness:
        return Harness(gateway=gateway, url=llama_url)


async def test_its_models_are_listed_with_what_they_can_do(gateway: RemoteGateway):
    ((ref, able),) = (await gateway.catalogue()).items()
    assert ref == ModelRef(gateway="here", name=MODEL)
    assert able.kinds == {CallKind.CHAT}
    assert able.inputs == {Modality.TEXT}
    assert able.context_tokens == 1024
    assert able.free


async def test_an_answer_is_named_streamed_and_counted_for_nothing(gateway: RemoteGateway):
    request = ask("What is the capital of France?", model=MODEL, max_tokens=40, temperature=0.0)
    named, *said, finished = await everything(gateway, request)
    assert isinstance(named, Accepted)
    assert named.id.startswith("chatcmpl-")
    assert len(said) > 3
    assert text_of(said).strip()
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 0
    assert finished.usage.tokens_in
    assert finished.usage.tokens_out


async def test_an_answer_ends_where_it_must(gateway: RemoteGateway):
    *_, finished = await everything(gateway, ask(LONG, model=MODEL, max_tokens=20, temperature=0.0))
    assert isinstance(finished, Finished)
    assert finished.usage.tokens_out == 20
    assert finished.truncated


async def test_hanging_up_stops_the_model(gateway: RemoteGateway, llama_url: str):
    async with aclosing(gateway.perform(ask(LONG, model=MODEL, max_tokens=900))) as deltas:
        async for delta in deltas:
            if isinstance(delta, TextDelta):
                break
        assert await busy(llama_url) == 1
    for _ in range(200):
        if not await busy(llama_url):
            return
    pytest.fail("the model went on for nobody")


async def test_what_it_cannot_do_is_known_before_anything_is_sent(gateway: RemoteGateway, note: MediaFile):
    problem, _ = await problem_of(gateway, TranscriptionRequest(model=MODEL, audio=note))
    assert isinstance(problem, ModelCannot)


async def test_openai_s_client_gets_the_same_answer(gateway: RemoteGateway, llama_url: str):
    request = ask("What is the capital of France?", model=MODEL, max_tokens=40, temperature=0.0)
    ours = text_of(await everything(gateway, request))
    async with openai.AsyncOpenAI(base_url=llama_url, api_key="unused", max_retries=0) as client:
        theirs = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "What is the capital of France?"}],
            max_tokens=40,
            temperature=0.0,
        )
    assert theirs.choices[0].message.content == ours
