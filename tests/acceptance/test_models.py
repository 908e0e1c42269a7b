"""A remote model in trouble: one clear answer or one clear sentence, nothing paid twice, and the service goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.stages import Stage
from tests.fakes.openrouter.client import Action, Script

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]

on_slack = pytest.mark.parametrize("shared_stage", ["slack"], indirect=True, scope="session")

ANSWER = "A fine answer."


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What befalls a call, and what the person who asked is told."""

    fault: Mapping[str, Any]
    """As the fake takes it."""
    told: str
    """Part of the sentence."""
    charged: int = 0
    """How many calls were paid."""


REFUSED: Mapping[str, Trouble] = {
    "no credit": Trouble(fault={"action": Action.ERROR, "status": 402}, told="does not accept our account"),
    "an error in a good answer": Trouble(fault={"action": Action.OK_ERROR, "status": 400}, told="did not answer"),
    "a page instead of an answer": Trouble(
        fault={"action": Action.ERROR, "status": 403, "raw_body": "<html><b>Blocked</b></html>"},
        told="does not accept our account",
    ),
}
IN_DOUBT: Mapping[str, Trouble] = {
    "no end": Trouble(fault={"action": Action.NO_DONE}, told="may have been charged", charged=1),
    "cut in the middle": Trouble(
        fault={"action": Action.CUT_MID_STREAM, "after": 2}, told="may have been charged", charged=1
    ),
    "cut before the answer": Trouble(fault={"action": Action.DROP_AFTER}, told="may have been charged", charged=1),
}
PASSING: Mapping[str, Mapping[str, Any]] = {
    "busy": {"action": Action.ERROR, "status": 429, "retry_after_s": 1},
    "an error in a good answer": {"action": Action.OK_ERROR, "status": 502},
    "an error in the middle": {"action": Action.MIDSTREAM_ERROR, "after": 2},
}


async def plan(stage: Stage, **fault: Any) -> None:
    """Let the next call of a model go wrong; the list of models can be read."""
    await stage.openrouter.fail(path="*/chat/completions", **fault)


async def goes_on(stage: Stage) -> None:
    """Somebody else is answered as if nothing had happened."""
    scene = await stage.scene.alone()
    message = await scene.write("And me?")
    assert [reply.text for reply in await scene.wait(message, texts=1)] == [ANSWER]


@pytest.mark.parametrize("trouble", REFUSED.values(), ids=REFUSED)
async def test_what_a_model_refuses_is_told_in_a_sentence(stage: Stage, trouble: Trouble):
    await stage.openrouter.say(ANSWER)
    await plan(stage, **trouble.fault)
    message = await stage.scene.write("Hello?")
    await stage.scene.wait(message, texts=1)
    assert await stage.over(message) == "given up"
    (reply,) = await stage.scene.replies(message)
    assert trouble.told in reply.text
    assert "html" not in reply.text
    assert await stage.charged() == trouble.charged
    assert await stage.scene.use("usage") == "Nothing was used here this month."
    await goes_on(stage)


@pytest.mark.parametrize("trouble", IN_DOUBT.values(), ids=IN_DOUBT)
async def test_a_call_that_may_have_been_paid_is_told_and_not_made_again(stage: Stage, trouble: Trouble):
    await stage.openrouter.say(ANSWER)
    await plan(stage, **trouble.fault)
    message = await stage.scene.write("Hello?")
    assert await stage.over(message) == "asked"
    (reply,) = await stage.scene.replies(message)
    assert trouble.told in reply.text
    assert ANSWER.split(maxsplit=1)[0] not in reply.text.split()
    await goes_on(stage)
    assert await stage.charged() == trouble.charged + 1
    assert len((await stage.openrouter.state()).calls) == 2


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_what_passes_is_asked_again_and_paid_once(stage: Stage, fault: Mapping[str, Any]):
    await stage.openrouter.say(ANSWER)
    await plan(stage, **fault)
    message = await stage.scene.write("Hello?")
    assert await stage.over(message) == "done"
    assert [reply.text for reply in await stage.scene.replies(message)] == [ANSWER]
    state = await stage.openrouter.state()
    assert [call.charged for call in state.calls] == [False, True]
    assert " in 1 call this month" in await stage.scene.use("usage")


@on_slack
async def test_a_model_that_stays_busy_is_given_up_with_a_sentence(stage: Stage):
    await plan(stage, action=Action.ERROR, status=429, retry_after_s=0, times=99)
    message = await stage.scene.write("Hello?")
    await stage.scene.wait(message, texts=1)
    assert await stage.over(message) == "given up"
    (reply,) = await stage.scene.replies(message)
    assert "did not answer" in reply.text
    assert await stage.charged() == 0


async def test_a_model_that_says_nothing_is_not_asked_again(stage: Stage):
    await stage.openrouter.answer(Script(empty=True), times=1)
    message = await stage.scene.write("Hello?")
    await stage.scene.wait(message, texts=1)
    assert await stage.over(message) == "given up"
    (reply,) = await stage.scene.replies(message)
    assert "answered with nothing" in reply.text or "thinking" in reply.text
    assert await stage.charged() == 1
    await stage.openrouter.say(ANSWER)
    await goes_on(stage)


async def test_where_the_first_model_fails_the_second_answers(stage: Stage):
    both = "openrouter/openai/gpt-4o-mini, openrouter/google/gemini-2.5-flash"
    assert "Done." in await stage.scene.use("model", kind="chat", model=both)
    await stage.openrouter.say(ANSWER)
    await plan(stage, action=Action.MIDSTREAM_ERROR, after=2)
    message = await stage.scene.write("Hello?")
    assert await stage.over(message) == "done"
    (reply,) = await stage.scene.replies(message)
    assert reply.text.startswith(ANSWER)
    assert "openrouter/google/gemini-2.5-flash answered instead of openrouter/openai/gpt-4o-mini" in reply.text
    calls = (await stage.openrouter.state()).calls
    assert [call.model for call in calls if call.charged] == ["google/gemini-2.5-flash"]
