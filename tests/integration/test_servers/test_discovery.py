"""What a server can do is asked of it, told in the settings, or read from its last answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.gateways.copies import Copies
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.server_models import ServerModels
from adapters.gateways.servers import server_endpoint
from adapters.storage.clock import SystemClock
from bot.domain.audio import MediaFormat
from bot.domain.errors import ModelUnknown, ModelUnreachable
from bot.domain.models import Modality
from bot.domain.money import CallKind
from tests.fakes.openai_server.client import Action, FakeServer
from tests.integration.gateway_calls import ask, everything, problem_of, text_of
from tests.integration.test_servers.harness import HASTE, NAME, connected

NOBODY = "http://127.0.0.1:9/v1"


async def names(gateway: RemoteGateway) -> set[str]:
    return {ref.name for ref in await gateway.catalogue()}


@pytest.mark.parametrize(
    ("flavour", "reads", "count"),
    [
        ("ollama", ("/v1/models", "/api/tags"), 3),
        ("llama.cpp", ("/v1/models",), 1),
        ("vllm", ("/v1/models",), 2),
        ("speaches", ("/v1/models",), 3),
        ("localai", ("/v1/models", "/v1/models/capabilities"), 4),
    ],
)
async def test_a_server_is_asked_what_it_has(server: FakeServer, flavour: str, reads: tuple[str, ...], count: int):
    await server.become(flavour)
    async with connected(server.api) as gateway:
        catalogue = await gateway.catalogue()
    assert len(catalogue) == count
    assert all(able.free for able in catalogue.values())
    assert (await server.state()).reads == reads


async def test_the_settings_correct_what_a_server_says(server: FakeServer):
    await server.become("vllm")
    told = {"Qwen/Qwen2.5-7B-Instruct": ("chat", "image"), "openai/whisper-large-v3-turbo": ()}
    async with connected(server.api, abilities=told) as gateway:
        assert await names(gateway) == {"Qwen/Qwen2.5-7B-Instruct"}
        assert Modality.IMAGE in (await gateway.capabilities("Qwen/Qwen2.5-7B-Instruct")).inputs


async def test_ollama_s_models_need_no_latest(server: FakeServer):
    await server.become("ollama")
    async with connected(server.api) as gateway:
        assert "llama3.2" in await names(gateway)
        assert text_of(await everything(gateway, ask(model="llama3.2:latest"))) == "You said: hello"
        problem, _ = await problem_of(gateway, ask(model="mistral"))
    assert isinstance(problem, ModelUnknown)
    assert [call.model for call in (await server.state()).calls] == ["llama3.2:latest"]


async def test_what_more_a_server_could_tell_is_not_needed(server: FakeServer):
    await server.fail(Action.ERROR, path="/v1/models/capabilities", status=500)
    async with connected(server.api) as gateway:
        found = await gateway.catalogue()
    able = {ref.name: model.kinds for ref, model in found.items()}
    assert able["whisper-base.en"] == {CallKind.TRANSCRIPTION}
    assert able["voice-en-us-amy-low"] == {CallKind.SPEECH}
    assert able["qwen3-1.7b"] == {CallKind.CHAT}
    assert "bge-reranker-v2-m3" not in able


# --- a server that is away ---------------------------------------------------


async def test_a_server_that_is_away_is_known_from_the_settings():
    async with connected(NOBODY, abilities={"llama3.2": ("chat", "audio")}) as gateway:
        assert await names(gateway) == {"llama3.2"}
        assert (await gateway.capabilities("llama3.2")).audio_formats == (MediaFormat.WAV, MediaFormat.MP3)
        problem, came = await problem_of(gateway, ask(model="llama3.2"))
    assert isinstance(problem, ModelUnreachable)
    assert problem.sentence == "The model here/llama3.2 did not answer: no connection could be made."
    assert came == []


async def test_a_model_of_a_server_that_was_never_there_is_judged_by_its_name():
    async with connected(NOBODY) as gateway:
        assert (await gateway.capabilities("faster-whisper-small")).kinds == {CallKind.TRANSCRIPTION}
        assert (await gateway.capabilities("llama3.2")).kinds == {CallKind.CHAT}


async def test_a_server_that_went_away_is_known_from_its_last_answers(server: FakeServer, tmp_path: Path):
    endpoint = server_endpoint(NAME, server.api)
    shelf = replace(ServerModels(endpoint).shelf(Copies(tmp_path, SystemClock())), fresh_seconds=0)
    async with RemoteGateway(endpoint, "", patience=HASTE, shelf=shelf) as gateway:
        before = await gateway.catalogue()
    await server.fail(Action.ERROR, path="/v1/models", status=503)
    async with RemoteGateway(endpoint, "", patience=HASTE, shelf=shelf) as gateway:
        assert await gateway.catalogue() == before


async def test_a_server_that_comes_back_is_asked_again(server: FakeServer):
    await server.fail(Action.ERROR, path="/v1/models", status=503)
    endpoint = server_endpoint(NAME, server.api)
    shelf = replace(ServerModels(endpoint).shelf(), retry_seconds=0)
    async with RemoteGateway(endpoint, "", patience=HASTE, shelf=shelf) as gateway:
        assert await gateway.catalogue() == {}
        assert len(await gateway.catalogue()) == 4


# --- a key -------------------------------------------------------------------


async def test_without_a_key_nothing_is_said_of_one(server: FakeServer):
    async with connected(server.api) as gateway:
        await everything(gateway, ask(model="qwen3-1.7b"))
    assert (await server.last()).key == ""


async def test_a_key_is_sent_where_there_is_one(server: FakeServer):
    await server.become("vllm", key="token-abc123")
    async with connected(server.api, key="token-abc123") as gateway:
        await everything(gateway, ask(model="Qwen/Qwen2.5-7B-Instruct"))
    assert (await server.last()).key == "Bearer token-abc123"


# --- money -------------------------------------------------------------------


async def test_what_costs_money_is_not_free_and_is_in_doubt_after_a_crash(server: FakeServer):
    async with connected(server.api, paid=("here/qwen*",)) as gateway:
        assert not (await gateway.capabilities("qwen3-1.7b")).free
        *_, finished = await everything(gateway, ask(model="qwen3-1.7b"))
        assert finished.usage.cost is None  # type: ignore[union-attr]
        assert (await gateway.capabilities("whisper-base.en")).free
