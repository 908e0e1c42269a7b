"""What Mynah knows when it answers: the conversation so far, and the message that it is asked about."""

import json

import pytest

from bot.domain.conversation import MOST_TOKENS, SUMMARY_PROMPT
from tests.acceptance.stages import Stage
from tests.fakes.openrouter.client import Script

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]


async def said_to_model(stage: Stage, index: int = -1) -> list[tuple[str, str]]:
    """Return who says what in a call, by default in the last one."""
    calls = (await stage.openrouter.state()).calls
    body = json.loads(await stage.openrouter.body(range(len(calls))[index]))
    return [(turn["role"], turn["content"]) for turn in body["messages"] if isinstance(turn["content"], str)]


async def test_a_voice_note_that_it_was_not_told_of_is_heard_when_somebody_asks_about_it(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("She wants tea.")
    await stage.openrouter.answer(Script(text="I should like some tea."), model="google/*")
    note = await scene.speak()
    message = await scene.refer(f"{scene.mention} what does she want?", to=note)
    (reply,) = await scene.wait(message, texts=1)
    assert reply.text == "> I should like some tea.\n\nShe wants tea."
    assert await stage.over(message) == "done"
    role, words = (await said_to_model(stage))[-1]
    assert role == "user"
    assert "They refer to this message" in words
    assert words.endswith("> I should like some tea.\n\nwhat does she want?")


async def test_its_name_alone_under_a_voice_note_has_it_transcribed(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.answer(Script(text="I should like some tea."), model="google/*")
    message = await scene.refer(scene.mention, to=await scene.speak())
    (reply,) = await scene.wait(message, texts=1)
    assert reply.text.startswith("> I should like some tea.")
    assert await stage.over(message) == "done"


async def test_the_words_of_a_message_go_along_with_the_question(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("Sunny.")
    message = await scene.refer(f"{scene.mention} is that so?", to=await scene.write("It rains in Spain."))
    await scene.wait(message, texts=1)
    assert (await said_to_model(stage))[-1][1].endswith("> It rains in Spain.\n\nis that so?")


async def test_a_long_conversation_is_summed_up_and_goes_on(stage: Stage):
    scene = await stage.scene.among_others()
    await stage.openrouter.say("I see. " * 200)
    await stage.openrouter.answer(Script(text="They count birds."), containing=SUMMARY_PROMPT)
    first = message = await scene.write(f"{scene.mention} I count 1 bird. {'Chirp! ' * 250}")
    number = 1
    while await stage.over(message) == "done" and await stage.charged() == number:
        number += 1
        message = await scene.write(f"I count {number} birds. {'Chirp! ' * 250}", under=first)
    assert len(await scene.wait(message, texts=1)) == 1
    asked = [await said_to_model(stage, call) for call in range(number + 1)]
    assert [SUMMARY_PROMPT in turns[-1][1] for turns in asked] == [False] * (number - 1) + [True, False]
    assert "I count 1 bird." in asked[-2][0][1]
    (system, _), (_, oldest), *_ = asked[-1]
    assert system == "system"
    assert oldest.startswith("(Earlier in this conversation, in short: They count birds.)")
    assert sum(len(words.encode()) for _, words in asked[-1]) < MOST_TOKENS
    assert "Summed up: openrouter/openai/gpt-4o-mini" in await scene.use("receipt")
