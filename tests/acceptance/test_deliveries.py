"""Events that come twice, late, or not at all: each message is answered once."""

import pytest

from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage
from tests.fakes.openrouter.client import FakeOpenRouter, Script

pytestmark = [pytest.mark.timeout(90), pytest.mark.slow]

shared = pytest.mark.asyncio(loop_scope="session")
on_slack = pytest.mark.parametrize("shared_stage", ["slack"], indirect=True, scope="session")
on_discord = pytest.mark.parametrize("shared_stage", ["discord"], indirect=True, scope="session")


async def answered_once(stage: Stage, scene: Scene, message: str, *, calls: int = 1) -> None:
    """Wait for the answer, and for that of something that is said later; by then a second one would have come."""
    await scene.wait(message, texts=1)
    await stage.over(message)
    later = await scene.write(f"{scene.mention} anything else?")
    await scene.wait(later, texts=1)
    await stage.over(later)
    assert len([reply for reply in await scene.replies(message) if "One answer." in reply.text]) == 1
    assert await stage.charged() == calls + 1


async def say_things(openrouter: FakeOpenRouter) -> None:
    await openrouter.answer(Script(text="Another answer."), containing="else?")
    await openrouter.answer(Script(text="One answer."), model="openai/*", times=1)
    await openrouter.answer(Script(text="What was said."), model="google/*")


@shared
@on_slack
async def test_slack_delivers_again_what_was_not_acknowledged_in_time(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, SlackScene)
    await say_things(stage.openrouter)
    with stage.asleep():
        posted = await scene.fake.post(scene.channel, scene.user, "Hello?")
        again = await scene.fake.wait_until(lambda state: _attempts(state, posted.deliveries[0]) >= 2)
        assert again["deliveries"][-1]["attempts"][0]["failure"] == "timeout"
    await answered_once(stage, scene, posted.ts)
    assert (await scene.fake.wait_delivered(posted.deliveries[0])).state == "acked"


def _attempts(state: dict[str, list[dict[str, list[object]]]], delivery: str) -> int:
    return next(len(each["attempts"]) for each in state["deliveries"] if each["id"] == delivery)


@shared
@on_slack
async def test_slack_delivers_again_what_was_answered_already(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, SlackScene)
    await say_things(stage.openrouter)
    posted = await scene.fake.post(scene.channel, scene.user, "Hello?")
    await scene.wait(posted.ts, texts=1)
    await stage.over(posted.ts)
    assert (await scene.fake.wait_delivered(await scene.fake.send_again(posted.deliveries[0]))).state == "acked"
    await answered_once(stage, scene, posted.ts)


@shared
@on_slack
async def test_slack_tells_twice_of_a_mention_with_a_voice_note(stage: Stage):
    scene = await stage.scene.among_others()
    assert isinstance(scene, SlackScene)
    await say_things(stage.openrouter)
    message = await scene.speak(text=f"{scene.mention} what do you think?")
    await answered_once(stage, scene, message, calls=2)
    told = [each.payload["event"]["type"] for each in await scene.fake.deliveries() if message in str(each.payload)]
    assert {"message", "app_mention"} <= set(told)


@shared
@on_slack
async def test_slack_loses_the_connection_before_the_acknowledgement(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, SlackScene)
    await say_things(stage.openrouter)
    await scene.fake.cut_socket_after(1)
    posted = await scene.fake.post(scene.channel, scene.user, "Hello?")
    await answered_once(stage, scene, posted.ts)
    delivery = await scene.fake.wait_delivered(posted.deliveries[0])
    assert (delivery.state, len(delivery.attempts) >= 2) == ("acked", True)


@shared
@on_discord
async def test_discord_announces_a_message_again(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, DiscordScene)
    await say_things(stage.openrouter)
    message = await scene.write("Hello?")
    await scene.fake.announce_again(int(message))
    await scene.wait(message, texts=1)
    await scene.fake.announce_again(int(message))
    await answered_once(stage, scene, message)


@shared
@on_discord
async def test_discord_resumes_a_session_that_was_cut(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, DiscordScene)
    await say_things(stage.openrouter)
    before = await scene.fake.gateway()
    await scene.fake.hold_gateway()
    message = await scene.write("Hello?")
    await scene.fake.release_gateway()
    await answered_once(stage, scene, message)
    after = await scene.fake.gateway()
    assert (after["resumes"] - before["resumes"], after["identifies"] - before["identifies"]) == (1, 0)


@shared
@on_discord
async def test_discord_forgets_a_session_and_what_was_said_meanwhile(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, DiscordScene)
    known = await scene.write("Good morning")
    await scene.wait(known, texts=1)
    await stage.over(known)
    await stage.openrouter.reset()
    await say_things(stage.openrouter)
    before = await scene.fake.gateway()
    await scene.fake.hold_gateway()
    message = await scene.write("Hello?")
    await scene.fake.forbid_resume()
    await scene.fake.release_gateway()
    await answered_once(stage, scene, message)
    assert (await scene.fake.gateway())["identifies"] - before["identifies"] == 1


async def test_what_was_said_while_the_service_was_down_is_answered(
    scene: Scene, remote_installation: Installation, openrouter: FakeOpenRouter
):
    others = await scene.among_others()
    async with remote_installation.serving(CHANNELS=TEXT_ONLY) as service:
        await scene.ready()
        greetings = [(place, await place.write(f"{place.mention} good morning")) for place in (scene, others)]
        for place, greeting in greetings:
            await place.wait(greeting, texts=1)
        await service.wait_until(lambda _: sum(line.get("event") == "turn done" for line in service.log) == 2)
    await openrouter.say("Here I am again.")
    missed = [
        (scene, await scene.write("Are you there?", told=False)),
        (others, await others.write(f"{others.mention} and here?", told=False)),
        (others, await others.write("This is between us.", told=False)),
    ]
    async with remote_installation.serving(CHANNELS=TEXT_ONLY) as service:
        for place, message in missed[:2]:
            assert [reply.text for reply in await place.wait(message, texts=1)] == ["Here I am again."]
        await service.wait_until(lambda _: sum(line.get("event") == "turn done" for line in service.log) == 2)
    assert len((await openrouter.state()).charged) == 4
    for place, greeting in greetings[1:]:
        assert len(await place.replies(greeting)) == 1


TEXT_ONLY = '{"chat_model": "openrouter/openai/gpt-4o-mini", "reply": "text"}'
