"""Slash commands, made from the one table: table -> what Discord registers, interaction -> Message or CommandCall. No I/O.

https://docs.discord.com/developers/interactions/application-commands
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord.translate import NAME_LIMIT, Spot, spot_of
from bot.domain.budgets import Period
from bot.domain.channels import SETTINGS
from bot.domain.commands import COMMANDS, Answer, Command, CommandCall, Option, OptionKind
from bot.domain.messages import Addressed, Attachment, Author, Message

SLASH = 1
STRING, ATTACHMENT = 3, 11
IN_SERVERS, IN_DIRECT_MESSAGES = 0, 1
INSTALLED_IN_SERVERS = 0

MANAGE_CHANNELS = discord.Permissions(manage_channels=True)

SUGGESTIONS: Mapping[tuple[str, str], Sequence[str]] = {
    ("settings", "name"): tuple(SETTINGS),
    ("budget", "period"): tuple(Period),
}
"""What is suggested while somebody types, by command and option."""

MOST_SUGGESTIONS = 25


# --- what is registered ------------------------------------------------------


def to_registration() -> list[dict[str, Any]]:
    """Return every command as Discord registers it."""
    return [_registered(command) for command in COMMANDS.values()]


def _registered(command: Command) -> dict[str, Any]:
    hidden = command.changes and not command.everybody
    return {
        "name": command.name,
        "type": SLASH,
        "description": command.description,
        "options": [_registered_option(command, option) for option in command.options],
        "contexts": [IN_SERVERS, IN_DIRECT_MESSAGES],
        "integration_types": [INSTALLED_IN_SERVERS],
        **({"default_member_permissions": MANAGE_CHANNELS.value} if hidden else {}),
    }


def _registered_option(command: Command, option: Option) -> dict[str, Any]:
    return {
        "name": option.name,
        "type": ATTACHMENT if option.kind is OptionKind.FILE else STRING,
        "description": option.description,
        "required": option.required,
        **({"autocomplete": True} if (command.name, option.name) in SUGGESTIONS else {}),
    }


def fingerprint(commands: Iterable[Mapping[str, Any]]) -> str:
    """Return a hash of commands, alike for those that we would register and those that Discord says it has."""
    return hashlib.sha256(json.dumps(sorted(map(_essence, commands))).encode()).hexdigest()


def _essence(command: Mapping[str, Any]) -> list[Any]:
    """Return what of a command is ours, without what Discord adds and with what it leaves out."""
    options = [
        [o["name"], o["type"], o["description"], bool(o.get("required")), bool(o.get("autocomplete"))]
        for o in command.get("options") or ()
    ]
    contexts, installs = sorted(command.get("contexts") or ()), sorted(command.get("integration_types") or ())
    permissions = str(command.get("default_member_permissions") or "")
    return [
        command["name"],
        command.get("type", SLASH),
        command["description"],
        options,
        contexts,
        installs,
        permissions,
    ]


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
    handle: Mapping[str, str]
    """What is needed to answer it."""

    @property
    def wants_recording(self) -> bool:
        """Whether it is about a recording and none was given: the last one in the channel is meant."""
        only_files = all(option.kind is OptionKind.FILE for option in self.command.options)
        return self.command.answer is Answer.TURN and only_files and not self.attachments


def to_used(interaction: discord.Interaction) -> Used | None:
    """Read an interaction; None when the table does not have its command, or it was used where nobody can answer.

    See https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object.
    """
    data: Mapping[str, Any] = dict(interaction.data or {})
    command = COMMANDS.get(str(data.get("name")))
    spot = spot_of(interaction.channel, interaction.guild_id)
    if command is None or spot is None:
        return None
    files = (data.get("resolved") or {}).get("attachments") or {}
    given = data.get("options") or ()
    return Used(
        key=str(interaction.id),
        command=command,
        options={o["name"]: str(o["value"]).strip() for o in given if o["type"] == STRING and str(o["value"]).strip()},
        attachments=tuple(_attachment(files[str(o["value"])]) for o in given if o["type"] == ATTACHMENT),
        spot=spot,
        author=Author(id=str(interaction.user.id), name=interaction.user.display_name, is_bot=interaction.user.bot),
        may_manage=spot.guild is None or interaction.permissions.manage_channels,
        handle={
            "channel": str(spot.posts_to),
            "application": str(interaction.application_id),
            "token": interaction.token,
        },
    )


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
        text=" ".join(used.options.values()),
        attachments=used.attachments or recording,
        addressed=Addressed.COMMAND,
        command=used.command.name,
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
    )


def suggestions(interaction: discord.Interaction) -> list[str]:
    """Return what fits what somebody has typed so far."""
    data: Mapping[str, Any] = dict(interaction.data or {})
    focused = next((option for option in data.get("options") or () if option.get("focused")), {"name": "", "value": ""})
    known = SUGGESTIONS.get((str(data.get("name")), focused["name"]), ())
    return [name for name in known if str(focused["value"]).lower() in name][:MOST_SUGGESTIONS]
