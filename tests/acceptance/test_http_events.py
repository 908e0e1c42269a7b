"""Slack's events by HTTP: signed and fresh ones are answered once, all others are turned away."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.acceptance.service import Installation
from tests.acceptance.slack_scene import SlackScene, open_slack
from tests.acceptance.stages import Stage, open_openrouter, remote
from tests.fakes.process import wait_for_port

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60), pytest.mark.slow]

FORGED = "1760000000.000100"
"""The time of a message that nobody wrote."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Stage]:
    """A service with a signing secret and no app token; Slack sends its events to a port of it."""
    port = unused_tcp_port_factory()
    async with open_slack() as scene, open_openrouter() as openrouter:
        await scene.fake.options(delivery="http", events_url=address(port))
        by_http = {"SLACK__SIGNING_SECRET": scene.fake.signing_secret, "SLACK__PORT": str(port)}
        sockets = {name: value for name, value in scene.settings.items() if name != "SLACK__APP_TOKEN"}
        settings = {**sockets, **by_http, **remote(openrouter)}
        installation = Installation(folder=tmp_path_factory.mktemp("mynah"), settings=settings)
        async with installation.serving() as service:
            await wait_for_port(port)
            yield Stage(scene=scene, openrouter=openrouter, installation=installation, service=service)
        assert await scene.violations() == []
        assert (await openrouter.state()).violations == ()


def address(port: object) -> str:
    return f"http://127.0.0.1:{port}/slack/events"


def slack(stage: Stage) -> SlackScene:
    assert isinstance(stage.scene, SlackScene)
    return stage.scene


async def test_a_signed_event_is_answered_once(stage: Stage):
    scene = slack(stage)
    await stage.openrouter.say("Hello, Ada.")
    posted = await scene.fake.post(scene.channel, scene.user, "Hello?")
    delivery = await scene.fake.wait_delivered(posted.deliveries[0])
    assert [attempt["status"] for attempt in delivery.attempts] == [200]
    assert [reply.text for reply in await scene.wait(posted.ts, texts=1)] == ["Hello, Ada."]
    await stage.over(posted.ts)

    again = await scene.fake.wait_delivered(await scene.fake.send_again(posted.deliveries[0]))
    assert [attempt["status"] for attempt in again.attempts] == [200]
    later = await scene.write("And now?")
    await scene.wait(later, texts=1)
    assert len(await scene.replies(posted.ts)) == 1
    assert await stage.charged() == 2


@pytest.mark.parametrize("signature", ["wrong", "stale", "missing"])
async def test_an_event_that_slack_did_not_sign_just_now_is_turned_away(stage: Stage, signature: str):
    scene = slack(stage)
    await scene.fake.options(retry_delays=[])
    await stage.openrouter.reset()
    event = {"type": "message", "channel_type": "im", "text": "Pay me.", "user": scene.user, "channel": scene.channel}
    forged = event | {"ts": FORGED, "event_ts": FORGED}
    url = address(stage.installation.settings["SLACK__PORT"])
    delivery = await scene.fake.wait_delivered(await scene.fake.send_event(forged, url=url, signature=signature))
    assert [attempt["status"] for attempt in delivery.attempts] == [401]

    known = await scene.write("Is anybody there?")
    await scene.wait(known, texts=1)
    assert await scene.fake.bot_messages(scene.channel, FORGED) == []
    assert [line for line in stage.service.log if FORGED in str(line.get("job"))] == []
    assert await stage.charged() == 1


async def test_a_command_by_http_is_answered_to_its_author(stage: Stage):
    assert "chat_model" in await stage.scene.use("settings", name="chat_model")
