"""SIGKILL at every step, on both platforms: one reply, one charge, nothing lost."""

import pytest

from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation
from tests.fakes.openrouter.client import FakeOpenRouter, Script

pytestmark = [pytest.mark.timeout(240), pytest.mark.slow]

SAFE = [
    "before:submit",
    "after:submit",
    "before:done:hear",
    "after:done:hear",
    "before:done:answer",
    "after:done:answer",
    "after:begin:speak",
    "before:done:speak",
    "after:done:speak",
    "after:begin:post:clip",
    "before:done:post:clip",
    "after:done:post:clip",
    "before:finish",
    "after:finish",
]
"""Where everything is known after the restart, or can be had from the gateway for nothing, so the turn goes on by itself.

Before a step begins is after the last one.
"""

IN_DOUBT = ["after:begin:hear", "before:accepted:hear", "after:begin:answer", "before:accepted:answer"]
"""Where a paid call may have been made that nobody knows by name, so somebody is asked."""

UNDER_WAY = ["after:accepted:hear", "after:accepted:answer"]
"""Where the gateway named the call, and knows whether it came to its end."""

GROWING = ["after:begin:post:text", "before:done:post:text", "after:done:post:text"]
"""Where the first words are shown while the paid answer may still be under way."""

ANSWER = "A fine answer."


async def kill_once(scene: Scene, installation: Installation, death: str) -> str:
    """Greet, so that the place is known; then send a voice note to a service that dies of it."""
    async with installation.serving("tests.acceptance.mortal", TEST_DEATH=death) as service:
        await scene.ready()
        greeting = await scene.write("Hello")
        await scene.wait(greeting, texts=1)
        await service.wait_for("turn done")
        message = await scene.speak()
        assert await service.ended() == -9
    return message


async def stands_there_once(scene: Scene, message: str) -> None:
    replies = await scene.replies(message)
    assert [reply.text.endswith(ANSWER) for reply in replies] == [True, False]
    assert [bool(reply.clip) for reply in replies] == [False, True]


@pytest.mark.parametrize("death", SAFE)
async def test_the_turn_goes_on_where_it_was(
    scene: Scene, remote_installation: Installation, openrouter: FakeOpenRouter, death: str
):
    await openrouter.answer(Script(text=ANSWER))
    await openrouter.answer(Script(text="What I said."), model="google/*")
    message = await kill_once(scene, remote_installation, death)

    async with remote_installation.serving() as service:
        await scene.wait(message, texts=1, clips=1)
        if death != "after:finish":
            await service.wait_for("turn done")
    await stands_there_once(scene, message)
    assert len((await openrouter.state()).charged) == 3  # the greeting, the transcript, the answer
    usage = {row["model"]: row["calls"] for row in await remote_installation.read("usage")}
    assert usage == {
        "openrouter/openai/gpt-4o-mini": 2,
        "openrouter/google/gemini-2.5-flash": 1,
        "local/en_US-joe-medium": 1,
    }


@pytest.mark.parametrize("death", IN_DOUBT)
async def test_a_paid_call_in_doubt_is_not_made_again_by_itself(
    scene: Scene, remote_installation: Installation, openrouter: FakeOpenRouter, death: str
):
    await openrouter.answer(Script(text=ANSWER))
    message = await kill_once(scene, remote_installation, death)
    charged = len((await openrouter.state()).charged)

    async with remote_installation.serving():
        replies = await scene.wait(message, texts=1)
        assert "may have been charged" in replies[-1].text
        assert len((await openrouter.state()).charged) == charged

        [run] = await remote_installation.read("runs", "list", "--status", "asked")
        status, _, err = await remote_installation.run("runs", "retry", run["run"])
        assert (status, err) == (0, "")
        replies = await scene.wait(message, texts=1, clips=1)
        assert replies[-1].clip
    assert not await remote_installation.read("runs", "list", "--status", "asked")


@pytest.mark.parametrize("death", GROWING + UNDER_WAY)
async def test_an_answer_that_was_under_way_is_finished_by_itself_or_after_a_decision(
    scene: Scene, remote_installation: Installation, openrouter: FakeOpenRouter, death: str
):
    await openrouter.answer(Script(text=ANSWER))
    message = await kill_once(scene, remote_installation, death)
    charged = len((await openrouter.state()).charged)

    async with remote_installation.serving() as service:
        over = await service.wait_until(lambda line: line.get("event") in {"turn done", "turn waits for a decision"})
        again = 0 if over["event"] == "turn done" else 1
        assert len((await openrouter.state()).charged) <= max(charged, 3)
        for run in await remote_installation.read("runs", "list", "--status", "asked"):
            await remote_installation.run("runs", "retry", run["run"])
        await scene.wait(message, texts=1, clips=1)
        await service.wait_for("turn done")
    await stands_there_once(scene, message)
    assert len((await openrouter.state()).charged) <= 3 + again
