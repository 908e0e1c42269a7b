"""What stands in the menu of a message: interaction -> Message. No I/O.

The message that is meant comes along, with its words and files, also where the bot may not read and where it is not:
https://docs.discord.com/developers/interactions/application-commands#message-commands. What everybody there has something
of, the words of a recording or the sound of words, is answered below it. What is of use to who asked alone, and everything
where the bot is not, is shown to them alone, by the token of the interaction, and never in the channel.
"""

from collections.abc import Callable, Mapping
from typing import Any

import discord

from adapters.discord.commands import author_of, handle_of, is_away, spot_in
from adapters.discord.registration import MENU, menu_title
from adapters.discord.translate import Spot, to_quoted
from bot.domain.commands import SHORTCUTS, Command
from bot.domain.messages import Addressed, Message, Quoted

Read = Callable[[Mapping[str, Any], discord.Interaction], discord.Message]
"""Makes a message of what came along."""


def is_menu(interaction: discord.Interaction) -> bool:
    """Return whether somebody chose something from the menu of a message."""
    return dict(interaction.data or {}).get("type") == MENU


def to_turn_with(interaction: discord.Interaction, read: Read, me: int) -> Message | None:
    """Return the message that a choice becomes: it belongs to the conversation that its target is in, or begins.

    Args:
        interaction: see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object.
        read: makes a message of the target.
        me: our user's id.

    Returns:
        None when the table does not have it, or it was used where nobody can answer.
    """
    data: Mapping[str, Any] = dict(interaction.data or {})
    command = next((c for c in SHORTCUTS.values() if menu_title(c) == data.get("name")), None)
    spot, target = spot_in(interaction), str(data.get("target_id"))
    if command is None or command.shortcut is None or spot is None:
        return None
    private = command.shortcut.personal or is_away(interaction)
    return Message(
        key=str(interaction.id),
        place=spot.place(int(target)),
        author=author_of(interaction),
        addressed=Addressed.COMMAND,
        command=command.name,
        quoted=(_target(read(data["resolved"]["messages"][target], interaction), spot, me),),
        language=_language(command, interaction),
        handle={**handle_of(interaction, spot, private=private), "target": target},
    )


def _target(message: discord.Message, spot: Spot, me: int) -> Quoted:
    """Return the message that is meant; with nothing in it, when nothing of it is told."""
    where = Quoted(channel=str(spot.channel), key=str(message.id), handle={"channel": str(spot.posts_to)})
    return to_quoted(message, where, me) or where


def _language(command: Command, interaction: discord.Interaction) -> str:
    return str(interaction.locale) if command.name == "translate" else ""
