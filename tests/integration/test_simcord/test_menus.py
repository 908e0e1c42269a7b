"""What stands in the menu of a message, also where the bot may not read: who chooses a message shows it.

simcord hides words from a bot without the message-content intent as Discord does, in events, histories and menus.
"""

from pathlib import Path

import pytest

from bot.domain.models import ChatRequest
from tests.integration.test_simcord.harness import Stage, open_stage, open_world, recording


async def test_a_recording_is_written_down_for_everybody(stage: Stage):
    message = await stage.bob.send(stage.channel, "listen", attachments=[recording()])
    result = await stage.choose("Transcribe", message)
    assert (result.ephemeral, result.response.content) == (False, "> Good morning, Mynah.")


async def test_words_are_read_aloud_as_a_reply_to_them(stage: Stage):
    message = await stage.bob.send(stage.channel, "listen")
    await stage.choose("Read aloud", message)
    (clip,) = stage.said(stage.channel)
    assert (clip.flags.voice, clip.reference.message_id) == (True, message.id)


async def test_a_translation_is_for_who_asked(stage: Stage):
    message = await stage.bob.send(stage.channel, "Guten Morgen")
    result = await stage.choose("Translate", message)
    assert (result.ephemeral, result.response.content) == (True, "Good morning to you, too.")
    assert asked(stage).endswith("Guten Morgen")


async def test_what_was_said_from_a_message_on_is_summed_up(stage: Stage):
    for words in ("before", "first", "second", "third"):
        await stage.bob.send(stage.channel, words)
    first = stage.channel.history()[1]
    result = await stage.choose("Summarise from here", first)
    assert result.ephemeral
    assert [word in asked(stage) for word in ("before", "first", "second", "third")] == [False, True, True, True]


async def test_a_message_without_a_recording_has_nothing_to_write_down(stage: Stage):
    message = await stage.bob.send(stage.channel, "words alone")
    result = await stage.choose("Transcribe", message)
    assert result.response.content.startswith("There is no recording in that message")


@pytest.mark.parametrize("name", ["Transcribe", "Translate"])
async def test_what_is_chosen_is_told_to_who_may_not_read(tmp_path: Path, name: str):
    async with open_world(tmp_path, message_content=False) as world, open_stage(world) as stage:
        message = await stage.bob.send(stage.channel, "Guten Morgen", attachments=[recording()])
        await stage.work()
        assert not stage.gateway.requests
        result = await stage.choose(name, message)
        assert result.response.content.endswith(("Good morning, Mynah.", "Good morning to you, too."))


async def test_what_may_not_be_read_is_not_summed_up(tmp_path: Path):
    async with open_world(tmp_path, message_content=False) as world, open_stage(world) as stage:
        first = await stage.bob.send(stage.channel, "first")
        await stage.bob.send(stage.channel, "second")
        result = await stage.choose("Summarise from here", first)
        assert result.ephemeral
        assert result.response.content.startswith("There are no words from that message on, or I cannot reach it")
        assert not stage.gateway.requests


def asked(stage: Stage) -> str:
    """Return what the model was asked last."""
    request = stage.gateway.requests[-1]
    assert isinstance(request, ChatRequest)
    return request.turns[-1].text
