"""Five kinds of gateway behind one channel: one command switches, and the same voice note is answered by each."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation, Service
from tests.acceptance.stages import KEY, open_scene
from tests.fakes.fal.client import FakeFal, driving as driving_fal
from tests.fakes.openai_server.client import FakeServer, driving as driving_server
from tests.fakes.openrouter.client import FakeOpenRouter, driving
from tests.fakes.process import running

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120), pytest.mark.slow]

ANSWER = "A fine answer."


@dataclass(frozen=True, kw_only=True)
class Crossroads:
    """A service with every kind of gateway."""

    scene: Scene
    service: Service
    installation: Installation
    openrouter: FakeOpenRouter
    openroute: FakeOpenRouter
    fal: FakeFal
    server: FakeServer

    async def posts(self) -> dict[str, int]:
        """Return how many calls each paid gateway saw."""
        return {
            "openrouter": len((await self.openrouter.state()).calls),
            "openroute": len((await self.openroute.state()).calls),
            "fal": len((await self.fal.state()).calls),
            "home": len((await self.server.state()).calls),
        }

    async def violations(self) -> list[str]:
        fakes = (self.openrouter, self.openroute, self.fal, self.server)
        return [violation for fake in fakes for violation in (await fake.state()).violations]


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["slack", "discord"])
async def crossroads(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Crossroads]:
    async with (
        open_scene(request.param) as scene,
        running("tests.fakes.openrouter") as openrouter_url,
        running("tests.fakes.openrouter", "--openroute") as openroute_url,
        running("tests.fakes.fal") as fal_url,
        running("tests.fakes.openai_server") as server_url,
        driving(openrouter_url) as openrouter,
        driving(openroute_url) as openroute,
        driving_fal(fal_url) as fal,
        driving_server(server_url) as server,
    ):
        await server.become("localai")
        await server.say(ANSWER)
        await openrouter.say(ANSWER)
        await openroute.say(ANSWER)
        await fal.script(text=ANSWER)
        settings = {
            **scene.settings,
            "OPENROUTER__KEY": KEY,
            "OPENROUTER__BASE_URL": openrouter.api,
            "OPENROUTE__KEY": "sk-openroute-loopback",
            "OPENROUTE__BASE_URL": openroute.api,
            "FAL__KEY": "id:secret",
            "FAL__RUN_URL": fal.run_url,
            "FAL__QUEUE_URL": fal.queue_url,
            "FAL__REST_URL": fal.rest_url,
            "FAL__API_URL": fal.api_url,
            "SERVERS__HOME__BASE_URL": server.api,
            "CHANNELS__REPLY": "text",
        }
        installation = Installation(folder=tmp_path_factory.mktemp("crossroads"), settings=settings)
        async with installation.serving() as service:
            await scene.ready()
            yield Crossroads(
                scene=scene,
                service=service,
                installation=installation,
                openrouter=openrouter,
                openroute=openroute,
                fal=fal,
                server=server,
            )
            assert list(await scene.violations()) == []


WAYS = {
    "openrouter": ("openrouter/openai/gpt-4o-mini", "openrouter/openai/whisper-1", 2),
    "openrouter, a chat model that hears": (
        "openrouter/google/gemini-2.5-flash",
        "openrouter/google/gemini-2.5-flash",
        2,
    ),
    "openroute": ("openroute/google/gemini-2.5-flash", "openroute/google/gemini-2.5-flash", 2),
    "fal": ("fal/google/gemini-3-flash-preview", "fal/google/gemini-3-flash-preview", 2),
    "a server": ("home/qwen3-1.7b", "home/whisper-base.en", 2),
    "embedded": ("local/smollm2-135m-instruct", "local/whisper-tiny.en", 0),
}
"""Who answers, who writes down, and how many calls that takes over the network."""


@pytest.mark.parametrize(("mind", "ears", "posts"), WAYS.values(), ids=WAYS)
async def test_one_command_switches_and_the_same_voice_note_is_answered(
    crossroads: Crossroads, mind: str, ears: str, posts: int
):
    scene = await crossroads.scene.among_others()
    before = await crossroads.posts()
    assert "Done." in await scene.use("model", manages=True, kind="chat", model=mind)
    assert "Done." in await scene.use("model", manages=True, kind="transcription", model=ears)

    message = await scene.speak(text=scene.mention)
    (reply,) = await scene.wait(message, texts=1)
    assert reply.text.startswith("> ")
    assert posts == 0 or reply.text == f"> {ANSWER}\n\n{ANSWER}"

    gateway = mind.partition("/")[0]
    grown = {name: count - before[name] for name, count in (await crossroads.posts()).items()}
    assert grown == {name: posts if name == gateway else 0 for name in before}
    used = {row["model"] for row in await crossroads.installation.read("usage")}
    assert {mind, ears} <= used
    assert await crossroads.violations() == []


async def test_every_gateway_says_in_the_doctor_that_it_is_there(crossroads: Crossroads):
    _, out, _ = await crossroads.installation.run("doctor")
    for name in ("openrouter", "openroute", "fal", "home"):
        assert any(line.startswith(f"✓ {name}") for line in out.splitlines()), out


async def test_the_models_of_all_are_listed_with_their_prices(crossroads: Crossroads):
    listed = {row["model"]: row for row in await crossroads.installation.read("models")}
    assert {name.partition("/")[0] for name in listed} == {"local", "openrouter", "openroute", "fal", "home"}
    assert listed["local/whisper-tiny.en"]["free"]
    assert listed["home/qwen3-1.7b"]["free"]
    assert not listed["openrouter/openai/whisper-1"]["free"]


async def test_a_gateway_that_says_no_is_stood_in_for_by_another(crossroads: Crossroads):
    scene = await crossroads.scene.among_others()
    chain = "fal/google/gemini-2.5-flash, home/qwen3-1.7b"
    await scene.use("model", manages=True, kind="chat", model=chain)
    await crossroads.fal.script(containing="stand in", status=422, body={"detail": "The prompt is too long."})
    message = await scene.write(f"{scene.mention} who will stand in?")
    (reply,) = await scene.wait(message, texts=1)
    assert reply.text.startswith(f"{ANSWER}\n\n")
    assert "home/qwen3-1.7b answered instead of fal/google/gemini-2.5-flash" in reply.text
    assert len((await crossroads.fal.state()).charged) == len(
        [call for call in (await crossroads.fal.state()).calls if call.status == 200]
    )
