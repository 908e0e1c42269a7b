"""The buttons under a reply, pressed by people on both platforms."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from bot.domain.messages import Action
from tests.acceptance.scenes import Reply, Scene
from tests.acceptance.stages import Stage
from tests.fakes.openrouter.client import Script

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(90), pytest.mark.slow]

HEARD, TRUE = "I should like some tea.", "I should like some beans."
HEARING = {"model": "google/*"}


async def answered(stage: Stage, scene: Scene, text: str = "Certainly.") -> str:
    """Let somebody send a voice note; returns the message when its reply is complete."""
    await stage.openrouter.say(text)
    await stage.openrouter.answer(Script(text=HEARD), **HEARING)
    message = await scene.speak()
    await scene.wait(message, texts=1)
    assert await stage.over(message) == "done"
    return message


def texts(replies: Sequence[Reply]) -> list[str]:
    return [reply.text for reply in replies if reply.text]


def is_complete(found: Sequence[Reply]) -> bool:
    return len(texts(found)) == 2 and not any(reply.grows for reply in found)


async def asked_last(stage: Stage) -> str:
    """Return the last words of the last call."""
    calls = (await stage.openrouter.state()).calls
    body = json.loads(await stage.openrouter.body(len(calls) - 1))
    return str(body["messages"][-1]["content"])


async def test_a_reply_is_answered_again_below_and_two_presses_pay_once(stage: Stage):
    scene = stage.scene
    message = await answered(stage, scene)
    paid = await stage.charged()
    await stage.openrouter.say("With milk?")
    async with asyncio.TaskGroup() as group:
        presses = [group.create_task(scene.press(message, Action.AGAIN)) for _ in range(2)]
    told = "\n".join(press.result() for press in presses)
    assert "I answer that again, below." in told
    assert "I am at it already." in told or "I have answered that again already" in told
    found = await scene.until(message, is_complete, seconds=30)
    assert texts(found) == [f"> {HEARD}\n\nCertainly.", f"> {HEARD}\n\nWith milk?"]
    await asyncio.sleep(1)
    assert await stage.charged() == paid + 1


async def test_a_reply_is_read_aloud(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("Certainly.")
    message = await scene.write(f"{scene.mention} tea?")
    await scene.wait(message, texts=1)
    assert await stage.over(message) == "done"
    assert await scene.press(message, Action.SPEAK) == "I read it aloud, below."
    found = await scene.wait(message, texts=1, clips=1)
    assert sum(bool(reply.clip) for reply in found) == 1


async def test_a_receipt_and_opinions_are_for_who_pressed(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("Certainly.")
    message = await scene.write(f"{scene.mention} tea?")
    await scene.wait(message, texts=1)
    assert await stage.over(message) == "done"
    assert "Answered: openrouter/openai/gpt-4o-mini" in await scene.press(message, Action.RECEIPT)
    assert "noted that it was good" in await scene.press(message, Action.GOOD, stranger=True)
    assert "noted that it was not good" in await scene.press(message, Action.BAD)
    assert "Replies this month: 👍 1, 👎 1." in await scene.use("usage")
    assert len(await scene.replies(message)) == 1


async def test_corrected_words_stand_in_the_reply_and_are_answered_again(stage: Stage):
    scene = stage.scene
    message = await answered(stage, scene)
    assert await scene.press(message, Action.CORRECT) == ""
    assert (await scene.form())["words0"] == HEARD
    before = await stage.charged()
    await stage.openrouter.say("Beans it is.")
    assert await scene.fill_in(words0=TRUE, answer=True) == "Corrected. I answer again with these words, below."

    def corrected(found: Sequence[Reply]) -> bool:
        return texts(found) == [f"> {TRUE}\n\nCertainly.", f"> {TRUE}\n\nBeans it is."]

    await scene.until(message, corrected, seconds=30)
    assert await asked_last(stage) == TRUE
    assert await stage.charged() == before + 1


async def test_only_who_may_corrects(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("Certainly.")
    await stage.openrouter.answer(Script(text=HEARD), **HEARING)
    message = await scene.speak(text=scene.mention)
    await scene.wait(message, texts=1)
    assert await stage.over(message) == "done"
    told = await scene.press(message, Action.CORRECT, stranger=True)
    assert told.startswith("Only ")
    assert told.endswith("whose message it is, or who manages this channel can correct that.")
