"""The buttons under a reply stand there for longer than a process lives."""

import pytest

from bot.domain.messages import Action
from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation
from tests.acceptance.test_reply_card import HEARD, HEARING, TRUE, is_complete, texts
from tests.fakes.openrouter.client import FakeOpenRouter, Script

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]


async def test_buttons_work_after_a_restart(
    scene: Scene, openrouter: FakeOpenRouter, remote_installation: Installation
):
    await openrouter.say("Certainly.")
    await openrouter.answer(Script(text=HEARD), **HEARING)
    async with remote_installation.serving() as service:
        await scene.ready()
        message = await scene.speak()
        await scene.wait(message, texts=1, clips=1)
        await service.wait_for("turn done")
        await scene.press(message, Action.CORRECT)
        service.kill()
        await service.ended()
    await openrouter.say("Beans it is.")
    async with remote_installation.serving() as service:
        await scene.ready()
        assert "Wrote down: openrouter/google/gemini-2.5-flash" in await scene.press(message, Action.RECEIPT)
        await scene.press(message, Action.GOOD)
        assert (await scene.fill_in(words0=TRUE, answer=True)).startswith("Corrected.")
        found = await scene.until(message, is_complete, seconds=60)
        assert texts(found) == [f"> {TRUE}\n\nCertainly.", f"> {TRUE}\n\nBeans it is."]
        runs = await remote_installation.read("runs", "list")
        shown = await remote_installation.read("runs", "show", runs[-1]["run"])
    assert (shown["good"], shown["bad"], shown["corrected"]) == (1, 0, True)
