"""Who is heard: those who speak to Mynah, and nobody else."""

import pytest

from tests.acceptance.scenes import Scene
from tests.acceptance.stages import Stage
from tests.fakes.openrouter.client import Script

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]


async def let_time_pass(stage: Stage, scene: Scene) -> None:
    """Ask something and wait for the answer: what was said before would have been answered by then."""
    marker = await scene.write(f"{scene.mention} are you there?")
    await scene.wait(marker, texts=1)
    await stage.over(marker)


async def test_a_thread_goes_on_without_a_mention(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("Because.")
    first = await scene.write(f"{scene.mention} why?")
    assert [reply.text for reply in await scene.wait(first, texts=1)] == ["Because."]
    await stage.over(first)
    second = await scene.write("And why is that?", under=first)
    assert [reply.text for reply in await scene.wait(second, texts=1)] == ["Because."]
    assert b"And why is that?" in await stage.openrouter.body(1)
    assert b"Because." in await stage.openrouter.body(1)


async def test_what_others_say_to_each_other_is_none_of_its_business(stage: Stage):
    scene = await stage.scene.among_others()
    chat, note = await scene.write("Lunch?"), await scene.speak()
    await let_time_pass(stage, scene)
    assert [*await scene.replies(chat), *await scene.replies(note)] == []
    assert await stage.charged() == 1


async def test_a_bot_is_not_answered(stage: Stage):
    scene = await stage.scene.among_others()
    await scene.robot(f"{scene.mention} are you a bot too?")
    await let_time_pass(stage, scene)
    assert await stage.charged() == 1


async def test_voice_notes_are_heard_unmentioned_where_an_admin_wants_it(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.answer(Script(text="What a day."), model="google/*")
    status, out, err = await stage.installation.run("channels", "set", scene.scope, "hear_unmentioned", "on")
    assert (status, err) == (0, "")
    assert "hear_unmentioned = on" in out
    explained = await stage.installation.read("channels", "explain", scene.scope)
    assert {"setting": "hear_unmentioned", "value": "on", "from": scene.scope} in explained

    message = await scene.speak()
    (reply,) = await scene.wait(message, texts=1)
    assert reply.text.startswith("> What a day.")

    await stage.over(message)
    assert "Done." in await scene.use("settings", manages=True, name="hear_unmentioned", value="default")
    note = await scene.speak()
    await let_time_pass(stage, scene)
    assert await scene.replies(note) == []
