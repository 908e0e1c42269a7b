"""Slash commands, made from the one table: interaction -> Message or CommandCall. No I/O.

A command that was used where the bot is not, by somebody who has the app for themselves, is answered to them alone, and
is a conversation with them alone, a direct one: https://docs.discord.com/developers/resources/application#installation-context.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import discord

from adapters.discord.registration import ASKED, ATTACHMENT, SLASH, STRING, SUBCOMMAND, SUGGESTIONS
from adapters.discord.translate import NAME_LIMIT, PRIVATE, Spot, roles_of, spot_of, to_link
from bot.domain.commands import COMMANDS, DOOR, Answer, Command, CommandCall, OptionKind
from bot.domain.messages import Addressed, Attachment, Author, Message
from bot.domain.money import CallKind
from bot.domain.panel import EMPTY, MODEL_FIELDS, TAKE_BACK, Choice
from bot.domain.shortcuts import Given, given
from bot.domain.suggestions import Room, cut

MOST_SUGGESTIONS = 25
ROOM = Room(most=MOST_SUGGESTIONS, label=100, value=100)
"""What a menu, or what is suggested while somebody types, shows."""

UNNAMED = frozenset({EMPTY, TAKE_BACK})
"""Choices of menus that commands do not take."""


# --- what is used ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """A command as somebody used it."""

    key: str
    """The interaction's id."""
    command: Command
    """From the table."""
    options: Mapping[str, str]
    """The texts that were given, by the option's name."""
    attachments: tuple[Attachment, ...]
    """The files that were given."""
    spot: Spot
    """Where."""
    author: Author
    """Who."""
    may_manage: bool
    """Whether this person manages the channel; everybody does with their own direct messages."""
    may_administer: bool
    """Whether this person is in charge of the server."""
    private: bool
    """Whether it is answered to its author alone, because the bot is not where it was used."""
    handle: Mapping[str, str]
    """What is needed to answer it."""

    @property
    def wants_recording(self) -> bool:
        """Whether it is about a recording and none was given: the last one in the channel is meant."""
        takes_one = any(option.kind is OptionKind.FILE for option in self.command.options)
        return self.command.answer is Answer.TURN and takes_one and not self.attachments and not self.options

    @property
    def given(self) -> Given:
        """What the turn works on."""
        return given(self.command, self.options, to_link)


def to_used(interaction: discord.Interaction) -> Used | None:
    """Read an interaction; None when the table does not have its command, or it was used where nobody can answer.

    See https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object.
    """
    data: Mapping[str, Any] = dict(interaction.data or {})
    name, options = _named(data)
    command, spot, private = COMMANDS.get(name), spot_in(interaction), is_away(interaction)
    if data.get("type", SLASH) != SLASH or command is None or spot is None:
        return None
    files = (data.get("resolved") or {}).get("attachments") or {}
    texts = {o["name"]: str(o["value"]).strip() for o in options if o["type"] == STRING}
    return Used(
        key=str(interaction.id),
        command=command,
        options={option: text for option, text in texts.items() if text},
        attachments=tuple(_attachment(files[str(o["value"])]) for o in options if o["type"] == ATTACHMENT),
        spot=spot,
        author=author_of(interaction),
        may_manage=not private and (spot.guild is None or interaction.permissions.manage_channels),
        may_administer=not private and spot.guild is not None and interaction.permissions.manage_guild,
        private=private,
        handle=handle_of(interaction, spot, private=private),
    )


def _named(data: Mapping[str, Any]) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """Return the command that is meant, and its options: those of `/mynah` are commands themselves."""
    name, options = str(data.get("name")), data.get("options") or ()
    if name == DOOR and options and options[0]["type"] == SUBCOMMAND:
        return str(options[0]["name"]), options[0].get("options") or ()
    return name, options


def is_away(interaction: discord.Interaction) -> bool:
    """Return whether something was used where the bot is not: by who has the app for themselves, and not with the bot."""
    if interaction.guild_id is not None:
        return not interaction.is_guild_integration()
    return bool(interaction.context.private_channel)


def spot_in(interaction: discord.Interaction) -> Spot | None:
    """Return where something was used; where the bot is not, the server does not count, and each has a place of their own."""
    if is_away(interaction):
        channel, person = interaction.channel_id, interaction.user.id
        return None if channel is None else Spot(guild=None, channel=channel, person=person)
    return spot_of(interaction.channel, interaction.guild_id)


def author_of(interaction: discord.Interaction) -> Author:
    """Return who used something."""
    user = interaction.user
    return Author(
        id=str(user.id),
        name=user.display_name,
        is_bot=user.bot,
        groups=roles_of(user),
        locale=str(interaction.locale),
        locale_here=str(interaction.guild_locale or ""),
    )


def handle_of(interaction: discord.Interaction, spot: Spot, *, private: bool) -> dict[str, str]:
    """Return what is needed to answer what somebody used."""
    handle = {
        "channel": str(spot.posts_to),
        "application": str(interaction.application_id),
        "token": interaction.token,
    }
    return {**handle, PRIVATE: "yes"} if private else handle


def _attachment(file: Mapping[str, Any]) -> Attachment:
    """Translate a file that was given to a command; it belongs to no message that could be asked for it again."""
    return Attachment(
        id=str(file["id"]),
        name=str(file.get("title") or file["filename"])[:NAME_LIMIT],
        declared_type=str(file.get("content_type") or "").partition(";")[0],
        declared_bytes=file.get("size"),
        declared_seconds=file.get("duration_secs"),
        handle={"url": str(file["url"])},
    )


def to_turn(used: Used, recording: tuple[Attachment, ...] = ()) -> Message:
    """Return the message that a command becomes: at the top of a server's channel a conversation of its own.

    Args:
        used: the command.
        recording: what is meant when none was given.
    """
    return Message(
        key=used.key,
        place=used.spot.place(int(used.key)),
        author=used.author,
        text=used.given.text,
        attachments=used.attachments or recording,
        addressed=Addressed.COMMAND,
        command=used.command.name,
        quoted=used.given.quoted,
        language=used.given.language,
        handle=used.handle,
    )


def to_call(used: Used) -> CommandCall:
    """Return the call of a command that is answered at once."""
    return CommandCall(
        name=used.command.name,
        options=used.options,
        place=used.spot.place(),
        author=used.author,
        may_manage=used.may_manage,
        may_administer=used.may_administer,
    )


def suggestions(interaction: discord.Interaction) -> list[str]:
    """Return what fits what somebody has typed so far."""
    name, _, focused = _focused(interaction)
    known = SUGGESTIONS.get((name, focused["name"]), ())
    return [name for name in known if str(focused["value"]).lower() in name][:MOST_SUGGESTIONS]


def _focused(interaction: discord.Interaction) -> tuple[str, Mapping[str, str], Mapping[str, Any]]:
    """Return the command that somebody types, what its options hold, and the option that they type into."""
    name, options = _named(dict(interaction.data or {}))
    focused = next((option for option in options if option.get("focused")), {"name": "", "value": ""})
    return name, {str(o["name"]): str(o["value"]) for o in options if o["type"] == STRING}, focused


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody types into an option for which the intake knows what fits."""

    name: str
    """The field of the settings."""
    typed: str
    """The part of it that is to be completed."""
    before: str
    """What stands before that part: of models there may be several, with commas between them."""
    spot: Spot
    """Where."""
    author: Author
    """Who."""


def to_asked(interaction: discord.Interaction) -> Asked | None:
    """Read what somebody types; None where the intake is not asked."""
    name, options, focused = _focused(interaction)
    spot = spot_in(interaction)
    if (name, focused["name"]) not in ASKED or spot is None or is_away(interaction):
        return None
    kind = options.get("kind") or CallKind.CHAT
    fields = {"model": f"{kind}_model", "voice": "voice", "settings": options.get("name", "")}
    before, comma, typed = str(focused["value"]).rpartition(",")
    several = fields[name] in MODEL_FIELDS
    return Asked(
        name=fields[name],
        typed=typed.strip() if several else str(focused["value"]),
        before=f"{before}{comma} " if several and comma else "",
        spot=spot,
        author=author_of(interaction),
    )


def to_choices(asked: Asked, found: Sequence[Choice]) -> list[Choice]:
    """Return what is offered for what somebody types, within what Discord shows."""
    named = [
        Choice(value=f"{asked.before}{each.value}", label=f"{asked.before}{each.label}")
        for each in found
        if each.value not in UNNAMED
    ]
    return [replace(each, label=cut(each.label, ROOM.label)) for each in named if len(each.value) <= ROOM.value]
