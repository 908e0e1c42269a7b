"""Commands used in a server and in direct messages.

simcord keeps no length and loudness of sound, so a voice message is known here by its flag alone.
"""

from bot.domain.money import CallKind
from tests.integration.test_simcord.harness import Stage, buttons, recording

LONG = "extraordinarily " * 150
FIFTEEN_MINUTES = 15 * 60


async def test_a_question_is_answered_where_it_was_asked(stage: Stage):
    result = await stage.ada.slash(stage.channel, "ask", question="how high is the oak?")
    assert result.deferred
    await stage.work()
    assert (result.deferred, result.ephemeral) == (False, False)
    assert result.response.content == "Good morning to you, too."
    assert [each["emoji"]["name"] for each in buttons(result.response)] == ["🔁", "🔊", "🧾", "👍", "👎"]


async def test_what_is_answered_at_once_is_for_its_author(stage: Stage):
    await stage.use("ask", question="how high is the oak?")
    result = await stage.use("mynah usage", by=stage.bob)
    assert result.ephemeral
    assert "this month" in result.response.content


async def test_a_file_is_written_down(stage: Stage):
    result = await stage.use("transcribe", recording=recording())
    assert result.response.content == "> Good morning, Mynah."


async def test_without_a_file_the_last_recording_is_meant(stage: Stage):
    result = await stage.use("transcribe")
    assert (result.ephemeral, len(stage.gateway.requests)) == (True, 0)
    assert "no recording" in result.response.content
    await stage.bob.send(stage.channel, "listen", attachments=[recording()])
    result = await stage.use("transcribe")
    assert result.response.content == "> Good morning, Mynah."


async def test_a_link_leads_to_a_recording(stage: Stage):
    message = await stage.bob.send(stage.channel, "listen", attachments=[recording()])
    result = await stage.use("transcribe", message=message.jump_url)
    assert result.response.content == "> Good morning, Mynah."


async def test_a_text_is_spoken_in_the_place_of_the_first_answer(stage: Stage):
    result = await stage.use("say", text="hello there")
    (clip,) = stage.said(stage.channel)
    assert (clip.flags.voice, len(clip.attachments), result.response) == (True, 1, None)


async def test_a_long_answer_goes_on_below_the_first_message(stage: Stage):
    stage.gateway.answers[CallKind.CHAT] = LONG
    result = await stage.use("ask", question="how come?")
    first, second = stage.said(stage.channel)
    assert (first.id, second.reference.message_id) == (result.response.id, result.response.id)
    assert max(len(first.content), len(second.content)) <= 2000
    assert (len(buttons(first)), len(buttons(second))) == (0, 5)


async def test_a_long_answer_for_one_person_goes_on_for_them_alone(stage: Stage):
    message = await stage.bob.send(stage.channel, "Guten Morgen")
    stage.gateway.answers[CallKind.CHAT] = LONG
    result = await stage.choose("Translate", message)
    (more,) = result.followups
    assert (result.ephemeral, more.ephemeral, stage.said(stage.channel)) == (True, True, [])


async def test_in_a_direct_message_it_is_answered_there(stage: Stage):
    result = await stage.bob.user.slash("ask", question="how high is the oak?")
    await stage.work()
    assert result.response.content == "Good morning to you, too."
    assert [post.content for post in stage.said(stage.bob.user.dm_channel)] == [result.response.content]


async def test_an_answer_that_comes_too_late_for_its_token_stands_in_the_channel(stage: Stage):
    result = await stage.ada.slash(stage.channel, "ask", question="how high is the oak?")
    await stage.env.advance_time(FIFTEEN_MINUTES)
    stage.clock.advance(FIFTEEN_MINUTES)
    await stage.work()
    waiting, answer = stage.said(stage.channel)
    assert (waiting.id, waiting.content) == (result.response.id, "")
    assert answer.content == "Good morning to you, too."
