"""What the doctor says of a server: away, locked, empty and well are told apart."""

from collections.abc import Sequence
from typing import Any

from bot.domain.health import Finding
from tests.fakes.openai_server.client import Action, FakeServer
from tests.integration.test_servers.harness import connected


async def checked(base_url: str, **more: Any) -> Sequence[Finding]:
    async with connected(base_url, **more) as gateway:
        return await gateway.check()


async def test_a_server_that_is_well(server: FakeServer):
    answers, models = await checked(server.api)
    assert answers == Finding(ok=True, what="here answers.")
    assert models == Finding(ok=True, what="here listed 4 models just now.")
    assert (await server.state()).calls == ()


async def test_a_server_that_is_away(unused_tcp_port: int):
    (finding,) = await checked(f"http://127.0.0.1:{unused_tcp_port}/v1")
    assert not finding.ok
    assert finding.what == "here gave no answer: no connection could be made, so its models answer nobody now."
    assert finding.fix == "Start it, or correct servers.here.base_url of the settings."


async def test_a_server_that_wants_a_key(server: FakeServer):
    await server.become("llama.cpp", key="s3cret")
    (finding,) = await checked(server.api)
    assert not finding.ok
    assert finding.what == "here wants a key: Invalid API Key (401), so its models answer nobody."
    assert finding.fix == "Set servers.here.key."


async def test_a_server_that_does_not_take_the_key(server: FakeServer):
    await server.become("llama.cpp", key="s3cret")
    (finding,) = await checked(server.api, key="wr0ng")
    assert not finding.ok
    assert "here does not take the key" in finding.what
    assert "servers.here.key" in finding.fix
    assert "wr0ng" not in f"{finding}"


async def test_a_key_that_is_taken(server: FakeServer):
    await server.become("llama.cpp", key="s3cret")
    takes, models = await checked(server.api, key="s3cret")
    assert takes == Finding(ok=True, what="here takes the key.")
    assert models.ok


async def test_a_server_without_models(server: FakeServer):
    await server.become("empty")
    _, models = await checked(server.api)
    assert not models.ok
    assert models.what == "here has no models that can be used."
    assert models.fix == "Give it one, or name some in servers.here.models."


async def test_something_else_at_the_address(server: FakeServer):
    for _ in range(2):
        await server.fail(Action.PAGE, path="/v1/models", status=200)
    _, models = await checked(server.api)
    assert not models.ok
    assert models.what == "here does not list its models."


async def test_a_server_that_only_transcribes_and_lists_nothing(server: FakeServer):
    await server.become("bare")
    (known,) = await checked(server.api, abilities={"whisper-1": ("transcription",)})
    assert known.ok
    assert known.what == "here does not list its models: Not Found (404); the settings name 1."
    (unknown,) = await checked(server.api)
    assert not unknown.ok
    assert unknown.fix == "Name them in servers.here.models, or correct servers.here.base_url."
