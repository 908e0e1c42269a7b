"""Money where people talk: what may be spent, what was, on what, and what is only repeated when somebody says so."""

import pytest

from tests.acceptance.scenes import Scene
from tests.acceptance.stages import Stage
from tests.acceptance.test_commands import CHAT, exactly_charged, in_public
from tests.fakes.openrouter.client import Action

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]


async def told_after(stage: Stage, scene: Scene, text: str) -> str:
    """Say something to Mynah, and return its reply when the turn is over."""
    message = await scene.write(f"{scene.mention} {text}")
    await scene.wait(message, texts=1)
    await stage.over(message)
    return (await scene.replies(message))[0].text


# --- budgets -----------------------------------------------------------------


async def test_a_budget_that_is_used_up_refuses_politely_and_is_lifted_again(stage: Stage):
    await stage.openrouter.say("Good morning.")
    scene = await stage.scene.among_others()
    assert "No budget counts here" in await scene.use("budget")
    assert "Only people who may manage" in await scene.use("budget", period="day", dollars="0.01")

    done = await scene.use("budget", manages=True, period="day", dollars="$0.0001")
    assert "**This channel**, $0.0001 a day: $0.00 spent, $0.0001 left. Starts anew on" in done
    refusal = await told_after(stage, scene, "hello?")
    assert "The budget of $0.0001 for this day does not allow that" in refusal
    assert "00:00 UTC" in refusal
    assert "can choose what costs nothing: local/smollm2-135m-instruct" in refusal
    assert await stage.charged() == 0

    assert "$0.05 a day" in await scene.use("budget", manages=True, period="day", dollars="0.05")
    assert await told_after(stage, scene, "hello?") == "Good morning."
    charged = await exactly_charged(stage)
    assert f"$0.05 a day: {charged} spent, $0.0" in await scene.use("budget")
    assert f"$0.05 a day: {charged} spent, $0.0" in await scene.use("usage")
    assert "No budget counts here" in await scene.use("budget", manages=True, period="day", dollars="off")


async def test_the_budget_of_one_channel_does_not_count_in_another(stage: Stage):
    scene, elsewhere = await stage.scene.among_others(), await stage.scene.among_others()
    await scene.use("budget", manages=True, period="month", dollars="0")
    assert "does not allow that" in await told_after(stage, scene, "hello?")
    assert "No budget counts here" in await elsewhere.use("budget")
    await stage.openrouter.say("Good morning.")
    assert await told_after(stage, elsewhere, "hello?") == "Good morning."


# --- receipts ----------------------------------------------------------------


async def test_a_receipt_tells_what_the_newest_reply_took(stage: Stage):
    scene = await stage.scene.among_others()
    assert await scene.use("receipt") == "There is no finished reply here yet."
    await told_after(stage, scene, "hello?")
    title, answered, total = (await scene.use("receipt")).splitlines()
    charged = await exactly_charged(stage)
    assert title.startswith("The newest reply here, to <@")
    assert answered.startswith(f"- Answered: {CHAT}, ")
    assert " tokens in, " in answered
    assert answered.endswith(f" s, cost {charged}")
    assert total == f"Sum: {charged}."
    assert len(await in_public(stage, scene)) == (1 if scene.name == "slack" else 0), (
        "a receipt is for its reader alone"
    )


# --- decisions ---------------------------------------------------------------


async def test_what_may_have_been_charged_is_repeated_when_who_asked_says_so(stage: Stage):
    scene = await stage.scene.among_others()
    assert await scene.use("retry") == "Nothing here waits for a decision."
    await stage.openrouter.fail(Action.DROP_AFTER, path="*/chat/completions")
    message = await scene.write(f"{scene.mention} how high is the oak?")
    await scene.wait(message, texts=1)
    assert await stage.over(message) == "asked"
    assert await stage.charged() == 1

    await stage.openrouter.say("Forty feet.")
    told = await scene.use("retry")
    assert "I try again: “how high is the oak?”" in told
    assert "may be charged a second time" in told
    replies = await scene.wait(message, texts=2)
    assert "Forty feet." in [reply.text for reply in replies]
    assert await stage.charged() == 2
    assert await scene.use("retry") == "Nothing here waits for a decision."
