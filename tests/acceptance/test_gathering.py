"""Messages in quick succession are answered together, once, under the last of them, whatever happens meanwhile."""

import json
from dataclasses import replace

import pytest

from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation
from tests.acceptance.stages import remote
from tests.fakes.openrouter.client import FakeOpenRouter, Script

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

MODELS = (
    '{"chat_model": "openrouter/openai/gpt-4o-mini", "transcription_model": "openrouter/google/gemini-2.5-flash", '
    '"reply": "text", "gather_seconds": "2.5"}'
)
ANSWER = "A fine answer."


@pytest.fixture
def patient(installation: Installation, openrouter: FakeOpenRouter) -> Installation:
    """Mynah that waits long enough for a slow machine's next message."""
    return replace(installation, settings={**installation.settings, **remote(openrouter, MODELS)})


async def asked(openrouter: FakeOpenRouter) -> list[str]:
    """Return what the chat model was asked, each time."""
    calls = (await openrouter.state()).calls
    bodies = [json.loads(await openrouter.body(index)) for index in range(len(calls))]
    return [body["messages"][-1]["content"] for body in bodies if "gpt-4o-mini" in body["model"]]


async def test_what_is_written_and_said_in_quick_succession_is_answered_once_under_the_last(
    scene: Scene, patient: Installation, openrouter: FakeOpenRouter
):
    await openrouter.answer(Script(text=ANSWER))
    await openrouter.answer(Script(text="What I said."), model="google/*")
    async with patient.serving() as service:
        await scene.ready()
        first = await scene.write("Hi!")
        second = await scene.speak()
        last = await scene.write("What do you make of that?")
        replies = await scene.wait(last, texts=1)
        begun = await service.wait_for("turn begins")
        await service.wait_for("turn done")
        assert begun["together"] == 3
        assert str(begun["job"]).endswith(f":{last}")
    assert [reply.text.endswith(ANSWER) for reply in replies] == [True]
    (words,) = await asked(openrouter)
    assert words == "Hi!\nWhat do you make of that?\n\nWhat I said."
    if scene.name == "slack":
        assert [list(await scene.replies(each)) for each in (first, second)] == [[], []]
    runs = await patient.read("runs", "list")
    assert {run["status"] for run in runs} == {"done"}
    assert len(runs) == 3


@pytest.mark.parametrize("death", ["after:submit", "after:claim", "before:done:answer", "before:finish"])
async def test_a_crash_loses_none_of_them_and_answers_none_twice(
    scene: Scene, patient: Installation, openrouter: FakeOpenRouter, death: str
):
    await openrouter.answer(Script(text=ANSWER))
    await openrouter.answer(Script(text="What I said."), model="google/*")
    async with patient.serving("tests.acceptance.mortal", TEST_DEATH=death) as service:
        await scene.ready()
        await scene.write("Look here:")
        last = await scene.speak()
        assert await service.ended() == -9
    async with patient.serving() as service:
        replies = await scene.wait(last, texts=1)
        await service.wait_for("turn done")
    assert [reply.text.endswith(ANSWER) for reply in replies] == [True]
    words = await asked(openrouter)
    assert all("Look here:" in each and "What I said." in each for each in words), words
    runs = await patient.read("runs", "list")
    assert sorted(run["status"] for run in runs) == ["done", "done"]
    assert len((await openrouter.state()).charged) == 2
