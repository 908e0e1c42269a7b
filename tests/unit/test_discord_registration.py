"""What Discord is told of the commands: within its limits, offered where it works, and translated."""

import re
from collections.abc import Iterator, Mapping
from gettext import NullTranslations
from typing import Any

import discord
import pytest

from adapters.discord.registration import LOCALES, SLASH, fingerprint, said_everywhere, to_registration
from bot.domain.commands import COMMANDS, SHORTCUTS
from bot.words import ENGLISH, LANGUAGES, teaching

MOST_CHARACTERS = 8_000
MOST_OPTIONS = 25
MOST_OF_A_NAME = 32
MOST_OF_A_DESCRIPTION = 100
MANAGE_CHANNELS = 1 << 4

REGISTERED = {each["name"]: each for each in to_registration()}
GERMAN = {"ask": "fragen", "question": "frage", "usage": "verbrauch", "Translate": "Übersetzen"}


def characters(node: Mapping[str, Any]) -> int:
    """Count what Discord counts, the longest translation of each text included."""
    longest = sum(
        max(len(text) for text in (str(node.get(name) or ""), *(node.get(f"{name}_localizations") or {}).values()))
        for name in ("name", "description")
    )
    return longest + sum(characters(option) for option in node.get("options") or ())


def in_german(text: str) -> Mapping[str, str]:
    return {"de": GERMAN.get(text, f"auf Deutsch: {text}")[:100]}


def test_all_stays_within_the_limits():
    for command in to_registration(in_german):
        assert characters(command) < MOST_CHARACTERS
        assert len(command.get("options") or ()) <= MOST_OPTIONS


def test_one_door_has_what_has_no_name_of_its_own():
    behind = [option["name"] for option in REGISTERED["mynah"]["options"]]
    assert behind == [name for name, command in COMMANDS.items() if not command.short]
    assert {"settings", "model", "voice", "usage", "budget", "receipt", "retry", "forget", "help"} <= set(behind)


def test_what_is_for_managers_is_hidden_from_others():
    hidden = {name for name, each in REGISTERED.items() if each.get("default_member_permissions") == MANAGE_CHANNELS}
    assert hidden == {"model", "voice", "settings"}


def test_menus_and_turns_are_offered_anywhere_but_for_what_reads_on():
    anywhere = {name for name, each in REGISTERED.items() if each["integration_types"] == [0, 1]}
    assert anywhere == {"ask", "transcribe", "say", "mynah", "Transcribe", "Read aloud", "Translate"}
    assert all(REGISTERED[name]["contexts"] == [0, 1, 2] for name in anywhere)
    assert REGISTERED["Summarise from here"]["integration_types"] == [0]
    assert REGISTERED["Summarise from here"]["contexts"] == [0, 1]


def test_menus_of_messages_have_titles_alone():
    menus = [each for each in to_registration() if each["type"] == 3]
    assert len(menus) == len(SHORTCUTS)
    assert not any(set(each) & {"description", "options"} for each in menus)


def test_names_and_texts_are_translated():
    translated = {each["name"]: each for each in to_registration(in_german)}
    assert translated["ask"]["name_localizations"] == {"de": "fragen"}
    assert translated["ask"]["options"][0]["name_localizations"] == {"de": "frage"}
    behind = {each["name"]: each for each in translated["mynah"]["options"]}
    assert behind["usage"]["name_localizations"] == {"de": "verbrauch"}
    assert "name_localizations" not in translated["mynah"]
    assert translated["say"]["description_localizations"]["de"].startswith("auf Deutsch: Speak")
    assert translated["Translate"]["name_localizations"] == {"de": "Übersetzen"}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_fits_and_is_one_that_discord_knows(language: str):
    locales = {locale for locale, spoken in LOCALES.items() if spoken == language}
    assert bool(locales) is (language != ENGLISH)
    for locale in locales:
        assert locale in {each.value for each in discord.Locale}
        for told in (said for command in to_registration() for said in localised(command, locale)):
            assert 1 <= len(told["description"]) <= MOST_OF_A_DESCRIPTION, told
            assert 1 <= len(told["name"]) <= MOST_OF_A_NAME, told


def localised(node: Mapping[str, Any], locale: str) -> Iterator[Mapping[str, str]]:
    """Yield what a command and its options are called in a locale, and how they are described."""
    name = (node.get("name_localizations") or {}).get(locale, node["name"])
    described = (node.get("description_localizations") or {}).get(locale, node.get("description", "-"))
    yield {"name": name, "description": described}
    for option in node.get("options") or ():
        yield from localised(option, locale)


@pytest.mark.parametrize("locale", ["en-US", *LOCALES])
def test_what_people_type_is_of_one_word_and_no_two_are_alike(locale: str):
    typed = [each for each in to_registration() if each["type"] == SLASH]
    taking = [*typed, *REGISTERED["mynah"]["options"]]
    for siblings in (typed, *(each["options"] for each in taking)):
        names = [next(localised(each, locale))["name"] for each in siblings]
        assert len(set(names)) == len(names), names
        assert all(re.fullmatch(r"[\w'-]{1,32}", name) and name == name.lower() for name in names), names


def test_what_is_registered_comes_from_the_catalogues():
    title = next(iter(SHORTCUTS.values())).shortcut
    assert title is not None
    assert said_everywhere(title.title).keys() <= LOCALES.keys()
    catalogue = NullTranslations()
    catalogue.gettext = lambda _text: "Aufschreiben"  # type: ignore[method-assign]
    with teaching("de", catalogue):
        menu = next(each for each in to_registration() if each["name"] == title.title)
    assert menu["name_localizations"]["de"] == "Aufschreiben"


def test_only_what_changed_changes_the_fingerprint():
    said_back = [
        {**each, "id": "1", "version": "2", "nsfw": False, "description": each.get("description", "")}
        for each in reversed(to_registration())
    ]
    assert fingerprint(said_back) == fingerprint(to_registration())
    assert fingerprint(to_registration(in_german)) != fingerprint(to_registration())
    mynah = dict(REGISTERED["mynah"])
    mynah["options"] = mynah["options"][1:]
    assert fingerprint([*(each for each in to_registration() if each["name"] != "mynah"), mynah]) != fingerprint(
        to_registration()
    )
