"""Commands and menus as a second Discord understands them: what they take, who sees them, and where.

simcord lets nobody who has an app for themselves use it where its bot is not, and has no private groups: those contexts
are registered here, and used in front of our own fake.
"""

from collections.abc import Mapping

import pytest
from simcord.backend.errors import SetupError

from adapters.discord.registration import fingerprint, menu_title, to_registration
from bot.domain.channels import ReplyAs
from bot.domain.commands import COMMANDS, DOOR, SHORTCUTS
from tests.integration.test_simcord.harness import Stage, World, open_stage

SLASH, MENU = 1, 3
EVERYBODYS = {command.call.removeprefix("/") for command in COMMANDS.values()}
HIDDEN = {command.name for command in COMMANDS.values() if command.hidden}


def menus(stage: Stage) -> Mapping[str, Mapping[str, object]]:
    return {str(each["name"]): each for each in stage.registered() if each["type"] == MENU}


async def test_everything_in_the_table_is_registered_as_it_was_sent(stage: Stage):
    assert fingerprint(stage.registered()) == fingerprint(to_registration())
    assert set(menus(stage)) == {menu_title(command) for command in SHORTCUTS.values()}


async def test_commands_and_what_they_take_have_names_in_the_readers_language(stage: Stage):
    registered = {each["name"]: each for each in stage.registered()}
    ask, behind = registered["ask"], {each["name"]: each for each in registered[DOOR]["options"]}
    assert (ask["name_localizations"]["de"], ask["name_localizations"]["ja"]) == ("fragen", "質問")
    assert ask["options"][0]["name_localizations"]["pt-BR"] == "pergunta"
    assert behind["settings"]["name_localizations"]["es-419"] == "configuración"


async def test_what_changes_a_channel_is_seen_by_who_manages_it(stage: Stage):
    assert set(stage.ada.available_commands(stage.channel)) == EVERYBODYS | HIDDEN
    assert set(stage.bob.available_commands(stage.channel)) == EVERYBODYS
    with pytest.raises(SetupError, match="default-member-permissions"):
        await stage.bob.slash(stage.channel, "settings")


async def test_in_direct_messages_everybody_has_everything(stage: Stage):
    assert set(stage.bob.user.available_commands()) == EVERYBODYS | HIDDEN


async def test_only_what_reads_on_needs_the_bot_to_be_there(stage: Stage):
    alone = {name for name, menu in menus(stage).items() if menu["integration_types"] == [0]}
    assert alone == {menu_title(command) for command in SHORTCUTS.values() if command.shortcut.reads_on}


async def test_who_is_offered_the_settings_without_managing_the_channel_changes_nothing(stage: Stage):
    (command,) = [each for each in stage.registered() if each["name"] == "settings"]
    stage.guild.set_command_permissions(int(command["id"]), {stage.bob: True})
    result = await stage.use("settings", by=stage.bob, name="reply", value="voice")
    assert result.ephemeral
    assert "manage" in result.response.content
    assert "channel" in result.response.content


async def test_commands_are_registered_once_for_all_processes(world: World):
    async with open_stage(world) as stage:
        pass
    async with world.serving():
        await stage.env.settle()
    assert [path for path in stage.requests("PUT") if path.endswith("/commands")] == [
        f"/applications/{stage.env.backend.application_id}/commands"
    ]


@pytest.mark.parametrize(
    ("name", "option", "typed", "values"),
    [
        ("model", "model", "mi", {"scripted/mind"}),
        ("voice", "voice", "al", {"alto"}),
        (f"{DOOR} help", "command", "rec", {"receipt"}),
        ("settings", "name", "retention", {"retention_days"}),
    ],
)
async def test_what_fits_is_suggested(stage: Stage, name: str, option: str, typed: str, values: set[str]):
    found = await stage.ada.autocomplete(stage.channel, name, option, typed)
    assert {choice["value"] for choice in found} == values


async def test_values_are_suggested_for_the_setting_that_was_chosen(stage: Stage):
    found = await stage.ada.autocomplete(stage.channel, "settings", "value", "", name="reply")
    assert {choice["value"] for choice in found} == {reply.value for reply in ReplyAs}
