"""What the bot may not do, and what people are told then.

simcord tells the bot also of messages in channels that it cannot see, and lets it reply, attach files and send voice
messages where it has no such permission: those refusals are tried in front of our own fake.
"""

import pytest

from bot.domain.jobs import JobStatus
from tests.integration.test_simcord.harness import Stage, recording

MISSING_ACCESS, MISSING_PERMISSIONS = 50001, 50013
ANSWER = "Good morning to you, too."


@pytest.mark.parametrize("lacking", ["create_public_threads", "send_messages_in_threads"])
async def test_where_threads_are_not_for_us_we_reply_in_the_channel(stage: Stage, lacking: str):
    room = stage.room(**{lacking: True})
    message = await stage.ask("hello", channel=room)
    assert [reply.content for reply in stage.replies(message, room)] == [ANSWER]
    assert room.threads == []


async def test_a_thread_is_enough_to_answer(stage: Stage):
    room = stage.room(send_messages=True)
    message = await stage.ask("hello", channel=room)
    assert [reply.content for reply in stage.replies(message, room)] == [ANSWER]


async def test_who_calls_us_where_we_may_not_write_is_told_why(stage: Stage):
    room = stage.room(send_messages=True, send_messages_in_threads=True)
    message = await stage.ask("hello", channel=room)
    (told,) = stage.said(stage.ada.user.dm_channel)
    assert (list(stage.replies(message, room)), room.threads) == ([], [])
    assert told.content.startswith("I cannot answer where you spoke to me.")
    assert "Send Messages" in told.content
    assert [job.status for job in stage.house.store.jobs.values()] == [JobStatus.FAILED]


async def test_a_command_is_answered_where_we_may_not_write(stage: Stage):
    room = stage.room(send_messages=True, send_messages_in_threads=True)
    asked = await stage.ada.slash(room, "ask", question="how high is the oak?")
    spoken = await stage.ada.slash(room, "say", text="hello")
    await stage.work()
    assert asked.response.content == ANSWER
    assert [file.content_type for file in spoken.response.attachments] == ["audio/ogg"]


async def test_what_we_cannot_see_is_not_reached_by_its_link(stage: Stage):
    room = stage.room(view_channel=True)
    message = await stage.ada.send(room, "listen", attachments=[recording()])
    result = await stage.use("transcribe", message=message.jump_url)
    assert result.response.content.startswith("There is no recording in that message, or I cannot reach it")
    assert not stage.gateway.requests


@pytest.mark.parametrize(
    ("code", "advice"), [(MISSING_ACCESS, "View Channel"), (MISSING_PERMISSIONS, "Send Messages in Threads")]
)
async def test_a_refusal_is_explained(stage: Stage, code: int, advice: str):
    message = await stage.ada.send(stage.channel, f"{stage.mention} hello")
    stage.env.inject_error("POST", f"/channels/{message.id}/messages", status=403, code=code, times=None)
    await stage.work()
    (told,) = stage.said(stage.ada.user.dm_channel)
    assert advice in told.content


async def test_a_refusal_that_does_not_last_is_none(stage: Stage):
    message = await stage.ada.send(stage.channel, f"{stage.mention} hello")
    stage.env.inject_error("POST", f"/channels/{message.id}/messages", status=500)
    await stage.work()
    assert [reply.content for reply in stage.replies(message)] == [ANSWER]
