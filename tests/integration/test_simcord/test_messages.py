"""Messages: answered in threads and below, changed, forwarded, and not read.

simcord says in the channel that a thread was begun, which Discord says only of threads that no message began; it lists who
is named in a message of ours among its mentions, notified or not.
"""

from pathlib import Path

from bot.domain.money import CallKind
from tests.integration.test_simcord.harness import Stage, buttons, open_stage, open_world, recording

LONG = "extraordinarily " * 150


async def test_a_mention_is_answered_in_a_thread_made_from_it(stage: Stage):
    message = await stage.ask("how high is the oak?")
    (thread,) = stage.channel.threads
    assert (thread.id, thread.name) == (message.id, "how high is the oak?")
    assert [post.content for post in stage.said(thread)] == ["Good morning to you, too."]
    await stage.ada.send(thread, "and the elm?", reply_to=stage.said(thread)[-1])
    await stage.work()
    assert len(stage.said(thread)) == 2


async def test_a_recording_is_heard_and_answered(stage: Stage):
    message = await stage.ask(attachments=[recording()])
    (reply,) = stage.replies(message)
    assert reply.content == "> Good morning, Mynah.\n\nGood morning to you, too."


async def test_a_long_answer_goes_on_in_the_thread(stage: Stage):
    stage.gateway.answers[CallKind.CHAT] = LONG
    first, second = stage.replies(await stage.ask("how come?"))
    assert f"{first.content}{second.content}".split() == LONG.split()
    assert (len(buttons(first)), len(buttons(second))) == (0, 5)


async def test_what_a_model_says_calls_nobody(stage: Stage):
    stage.gateway.answers[CallKind.CHAT] = f"@everyone @here <@{stage.bob.id}> look at this"
    (reply,) = stage.replies(await stage.ask("who is there?"))
    stored = stage.env.backend.get_message(reply.channel.id, reply.id)
    assert (stored.content, stored.mention_everyone) == (stage.gateway.answers[CallKind.CHAT], False)
    assert not stored.ping_user_ids


async def test_an_edit_is_answered_in_the_place_of_the_old_answer(stage: Stage):
    message = await stage.ask("how high is the oak?")
    (before,) = stage.replies(message)
    stage.gateway.answers[CallKind.CHAT] = "Thirty feet."
    await stage.ada.edit(message, f"{stage.mention} how high is the elm?")
    await stage.work()
    assert [(post.id, post.content) for post in stage.replies(message)] == [(before.id, "Thirty feet.")]


async def test_a_deleted_message_takes_its_answer_along(stage: Stage):
    message = await stage.ask("how high is the oak?")
    await stage.ada.delete(message)
    await stage.work()
    assert stage.replies(message) == []


async def test_a_direct_message_is_answered_as_a_reply(stage: Stage):
    message = await stage.bob.user.send_dm("hello")
    await stage.work()
    (reply,) = stage.said(stage.bob.user.dm_channel)
    assert (reply.content, reply.reference.message_id) == ("Good morning to you, too.", message.id)


async def test_a_forwarded_recording_is_heard(stage: Stage):
    message = await stage.bob.send(stage.channel, "listen", attachments=[recording()])
    await stage.ada.forward(message, stage.ada.user.dm_channel)
    await stage.work()
    (reply,) = stage.said(stage.ada.user.dm_channel)
    assert reply.content.startswith("> Good morning, Mynah.")


async def test_without_the_intent_mentions_and_direct_messages_are_heard_alone(tmp_path: Path):
    async with open_world(tmp_path, message_content=False) as world, open_stage(world) as stage:
        await stage.bob.send(stage.channel, "not for you", attachments=[recording()])
        message = await stage.ask("how high is the oak?")
        await stage.bob.user.send_dm("hello")
        await stage.work()
        assert "CENSORED MESSAGE_CREATE" in " ".join(stage.env.transcript().split())
        assert len(stage.gateway.requests) == 2
        assert len(stage.replies(message)) == len(stage.said(stage.bob.user.dm_channel)) == 1
