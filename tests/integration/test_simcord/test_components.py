"""Buttons under replies, forms and the panel of settings, with every component checked by a second Discord."""

from collections.abc import Mapping
from dataclasses import replace

import discord
from simcord.components import walk_components
from simcord.results import InteractionResult

from bot.domain.money import CallKind
from tests.integration.test_simcord.harness import Stage, World, buttons, open_stage, recording

HEARD, TRUE = "Good morning, Mynah.", "Good evening, Mynah."
COMPONENTS_V2 = 1 << 15


async def replied(stage: Stage) -> tuple[discord.Message, discord.Message]:
    """Let a recording be answered; returns the message and its reply."""
    message = await stage.ask(attachments=[recording()])
    (reply,) = stage.replies(message)
    return message, reply


def texts(stage: Stage, message: discord.Message) -> list[str]:
    return [reply.content for reply in stage.replies(message) if reply.content]


# --- the card ----------------------------------------------------------------


async def test_a_reply_has_its_buttons_below(stage: Stage):
    _, reply = await replied(stage)
    assert [each["emoji"]["name"] for each in buttons(reply)] == ["🔁", "🔊", "✏️", "🧾", "👍", "👎"]


async def test_what_a_reply_took_and_an_opinion_are_for_who_pressed(stage: Stage):
    _, reply = await replied(stage)
    receipt = await stage.press(reply, "🧾", by=stage.bob)
    opinion = await stage.press(reply, "👍", by=stage.bob)
    assert (receipt.ephemeral, opinion.ephemeral) == (True, True)
    assert "scripted/mind" in receipt.response.content
    assert "noted that it was good" in opinion.response.content


async def test_a_reply_is_answered_again_and_spoken_below(stage: Stage):
    message, reply = await replied(stage)
    stage.gateway.answers[CallKind.CHAT] = "And to you."
    again = await stage.press(reply, "🔁")
    spoken = await stage.press(reply, "🔊")
    assert (again.ephemeral, spoken.ephemeral) == (True, True)
    assert texts(stage, message) == [reply.content, f"> {HEARD}\n\nAnd to you."]
    assert [post.flags.voice for post in stage.replies(message)] == [False, False, True]


async def test_corrected_words_are_shown_and_answered_again(stage: Stage):
    message, reply = await replied(stage)
    form = await stage.press(reply, "✏️")
    words, choice = [control["component"] for control in form.modal["components"]]
    assert (words["value"], choice["default"]) == (HEARD, False)
    result = await stage.ada.submit_modal(form, {"words0": TRUE, "answer": True})
    await stage.work()
    assert (result.ephemeral, result.response.content.startswith("Corrected.")) == (True, True)
    assert [text.partition("\n")[0] for text in texts(stage, message)] == [f"> {TRUE}", f"> {TRUE}"]


async def test_only_who_said_it_or_manages_the_channel_corrects_it(stage: Stage):
    _, reply = await replied(stage)
    result = await stage.press(reply, "✏️", by=stage.bob)
    assert (result.modal, result.ephemeral) == (None, True)
    assert result.response.content.startswith("Only ")


async def test_a_button_and_a_command_outlive_the_process(world: World):
    async with open_stage(world) as stage:
        message, reply = await replied(stage)
        asked = await stage.ada.slash(stage.channel, "ask", question="how high is the oak?")
    async with world.serving() as house:
        later = replace(stage, house=house)
        await later.work()
        await later.press(reply, "🔁")
        assert asked.response.content == "Good morning to you, too."
        assert len(texts(later, message)) == 2


# --- the panel ---------------------------------------------------------------


def shown(panel: InteractionResult) -> str:
    """Return what stands in a panel."""
    return "\n".join(str(each["content"]) for each in walk_components(panel.response.components) if "content" in each)


def menu(panel: InteractionResult, name: str) -> Mapping[str, object]:
    """Return a menu of a panel."""
    (found,) = [each for each in walk_components(panel.response.components) if each.get("custom_id", "").endswith(name)]
    return dict(found)


async def test_the_settings_are_a_panel_for_who_asked(stage: Stage):
    panel = await stage.use("settings")
    assert (panel.ephemeral, panel.response.content) == (True, "")
    assert panel.response.flags.value & COMPONENTS_V2
    assert "Settings of this channel" in shown(panel)


async def test_a_choice_holds_at_once_and_the_panel_shows_it(stage: Stage):
    panel = await stage.use("settings")
    await stage.ada.select(panel.response, ["voice"], custom_id="settings|choose|reply")
    assert "✅ How to reply: By voice" in shown(panel)
    assert [each["value"] for each in menu(panel, "|reply")["options"] if each.get("default")] == ["voice"]
    message = await stage.ask("hello")
    assert [post.flags.voice for post in stage.replies(message)] == [True]


async def test_a_model_is_searched_by_a_form(stage: Stage):
    panel = await stage.use("settings")
    form = await stage.ada.select(panel.response, ["search"], custom_id="settings|choose|chat_model")
    await stage.ada.submit_modal(form, {"typed": "omni"})
    assert [each["value"] for each in menu(panel, "|chat_model")["options"]] == ["scripted/omni", "search"]
    await stage.ada.select(panel.response, ["scripted/omni"], custom_id="settings|choose|chat_model")
    await stage.ask("hello")
    assert stage.gateway.requests[-1].model == "omni"


async def test_a_prompt_is_filled_in(stage: Stage):
    panel = await stage.use("settings")
    form = await stage.ada.click(panel.response, label="Prompt…")
    await stage.ada.submit_modal(form, {"system_prompt": "Answer in verse."})
    assert "Answer in verse." in shown(panel)


async def test_a_panel_that_outlives_a_right_changes_nothing(stage: Stage):
    panel = await stage.use("settings")
    keepers = stage.guild.roles["keepers"]
    stage.env.backend.get_guild(stage.guild.id).members[stage.ada.id].role_ids.remove(keepers.id)
    await stage.ada.select(panel.response, ["voice"], custom_id="settings|choose|reply")
    assert "manage" in shown(panel)
    message = await stage.ask("hello")
    assert [post.flags.voice for post in stage.replies(message)] == [False]
