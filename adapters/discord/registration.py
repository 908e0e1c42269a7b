"""What Discord is told of the commands, made from the one table. No I/O.

`/ask`, `/transcribe` and `/say` stand by themselves, everything else behind `/mynah`. Discord hides a whole command from
people, never a part of one; so what is for who manages the channel stands by its own name, too, which only they see until
an admin of the server offers it to others. Those that work on messages stand in the menu of every message. Whoever adds
the app to their own account has what needs no more than the message everywhere, also where the bot is not.

https://docs.discord.com/developers/interactions/application-commands
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import discord

from bot.domain.budgets import Period
from bot.domain.channels import SETTINGS
from bot.domain.commands import COMMANDS, DOOR, DOOR_DESCRIPTION, SHORTCUTS, Answer, Command, Option, OptionKind
from bot.domain.panel import MODEL_FIELDS
from bot.words import say, speaking

SLASH, MENU = 1, 3
SUBCOMMAND, STRING, ATTACHMENT = 1, 3, 11
IN_SERVERS, IN_DIRECT_MESSAGES, AMONG_PEOPLE = 0, 1, 2
BY_SERVERS, BY_PEOPLE = 0, 1

WITH_US: Mapping[str, Any] = {"contexts": [IN_SERVERS, IN_DIRECT_MESSAGES], "integration_types": [BY_SERVERS]}
ANYWHERE: Mapping[str, Any] = {
    "contexts": [IN_SERVERS, IN_DIRECT_MESSAGES, AMONG_PEOPLE],
    "integration_types": [BY_SERVERS, BY_PEOPLE],
}

MANAGE_CHANNELS = discord.Permissions(manage_channels=True)

SUGGESTIONS: Mapping[tuple[str, str], Sequence[str]] = {
    ("settings", "name"): tuple(SETTINGS),
    ("budget", "period"): tuple(Period),
    ("help", "command"): tuple(COMMANDS),
    ("model", "kind"): tuple(MODEL_FIELDS.values()),
}
"""What is suggested while somebody types, by command and option."""

ASKED = frozenset({("model", "model"), ("voice", "voice"), ("settings", "value")})
"""The options for which it depends on where somebody types, and on what models there are."""

Translations = Callable[[str], Mapping[str, str]]
"""Returns what a text of the table is in other languages, by Discord's names of them (`pt-BR`)."""


LOCALES: Mapping[str, str] = {
    "de": "de",
    "es-ES": "es",
    "es-419": "es",
    "fr": "fr",
    "pt-BR": "pt",
    "ja": "ja",
    "zh-CN": "zh",
    "zh-TW": "zh",
}
"""Our languages by Discord's names of them, https://docs.discord.com/developers/reference#locales."""


def said_everywhere(text: str) -> Mapping[str, str]:
    """Return a text as our catalogues say it; nothing for a language that says it in English."""
    found = {}
    for locale, language in LOCALES.items():
        with speaking(language):
            found[locale] = say(text)
    return {locale: said for locale, said in found.items() if said != text}


def to_registration(translations: Translations = said_everywhere) -> list[dict[str, Any]]:
    """Return every command as Discord registers it.

    Args:
        translations: of names, titles and descriptions. Who types a name in English finds it in every language, so that
            what others tell them holds.
    """
    own = [command for command in COMMANDS.values() if command.short or command.hidden]
    menus = [_menu(command, translations) for command in SHORTCUTS.values()]
    return [*(_own(command, translations) for command in own), _door(translations), *menus]


def _own(command: Command, translations: Translations) -> dict[str, Any]:
    return {
        **_named(SLASH, command, translations),
        **(ANYWHERE if command.answer is Answer.TURN else WITH_US),
        **({"default_member_permissions": MANAGE_CHANNELS.value} if command.hidden else {}),
    }


def _door(translations: Translations) -> dict[str, Any]:
    behind = [_named(SUBCOMMAND, command, translations) for command in COMMANDS.values() if not command.short]
    described = _said("description", DOOR_DESCRIPTION, translations)
    return {"name": DOOR, "type": SLASH, **described, "options": behind, **ANYWHERE}


def _named(kind: int, command: Command, translations: Translations) -> dict[str, Any]:
    return {
        "type": kind,
        **_words(command.name, command.description, translations),
        "options": [_option(command, option, translations) for option in command.options],
    }


def _option(command: Command, option: Option, translations: Translations) -> dict[str, Any]:
    return {
        "type": ATTACHMENT if option.kind is OptionKind.FILE else STRING,
        **_words(option.name, option.description, translations),
        "required": option.required,
        **({"autocomplete": True} if (command.name, option.name) in {*SUGGESTIONS, *ASKED} else {}),
    }


def _menu(command: Command, translations: Translations) -> dict[str, Any]:
    reads_on = command.shortcut is not None and command.shortcut.reads_on
    return {**_said("name", menu_title(command), translations), "type": MENU, **(WITH_US if reads_on else ANYWHERE)}


def menu_title(command: Command) -> str:
    """Return what a command is called in the menu of a message."""
    return command.shortcut.titled(in_threads=False) if command.shortcut else command.name


def _words(name: str, description: str, translations: Translations) -> dict[str, Any]:
    return _said("name", name, translations) | _said("description", description, translations)


def _said(what: str, text: str, translations: Translations) -> dict[str, Any]:
    """Return a text in English, and in the languages that say it otherwise."""
    elsewhere = dict(translations(text))
    return {what: text, **({f"{what}_localizations": elsewhere} if elsewhere else {})}


# --- whether it changed ------------------------------------------------------


def fingerprint(commands: Iterable[Mapping[str, Any]]) -> str:
    """Return a hash of commands, alike for those that we would register and those that Discord says it has."""
    return hashlib.sha256(json.dumps(sorted(map(_essence, commands), key=json.dumps)).encode()).hexdigest()


def _essence(command: Mapping[str, Any]) -> list[Any]:
    """Return what of a command or option is ours, without what Discord adds and with what it leaves out."""
    names, descriptions = (command.get(f"{what}_localizations") or {} for what in ("name", "description"))
    return [
        command["name"],
        command.get("type", SLASH),
        command.get("description") or "",
        [_essence(option) for option in command.get("options") or ()],
        [bool(command.get("required")), bool(command.get("autocomplete"))],
        [sorted(command.get("contexts") or ()), sorted(command.get("integration_types") or ())],
        str(command.get("default_member_permissions") or ""),
        [sorted(names.items()), sorted(descriptions.items())],
    ]
