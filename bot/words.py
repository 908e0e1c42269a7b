"""What Mynah says, in the language of whoever reads it: English in the code, the others in gettext catalogues.

A sentence is written once, whole, with named blanks, where it is said: `say("I take {limit} MB here.", limit=30)`. It
is said in the language that `speaking` set, English where nobody did. What is only said later, and what a log reads
too, is a `phrase`: English by itself, and in the reader's language as soon as `say` says it, alone or within another.

The catalogues stand in `bot/locale`; `python docs/words.py` keeps them in step with the code.
See https://docs.python.org/3/library/gettext.html.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from types import MappingProxyType
from typing import Self

from typing_extensions import override

ENGLISH = "en"

LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        ENGLISH: "English",
        "de": "Deutsch",
        "es": "Español",
        "fr": "Français",
        "pt": "Português",
        "ja": "日本語",
        "zh": "中文",
    }
)
"""The languages that Mynah speaks, by ISO 639-1 code, each by its own name."""

DOMAIN = "mynah"
"""Of the catalogues, in the sense of gettext."""

CATALOGUES = files("bot") / "locale"
"""Where they stand."""

PROBLEMS_OF_A_CATALOGUE = (OSError, UnicodeError, LookupError, struct.error)
"""What reading one may raise: it is not there, or it is no catalogue."""

_taught: dict[str, NullTranslations] = {}
"""Catalogues that somebody tries out."""

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


class Phrase(str):
    """A sentence for later: by itself it is English; `say` says it in the reader's language."""

    __slots__ = ("blanks", "template")

    template: str
    """With its blanks open."""
    blanks: Mapping[str, object]
    """What fills them."""

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[str, Mapping[str, object]]]:
        """Let it be copied with its blanks."""
        return type(self), (self.template, self.blanks)

    def __new__(cls, template: str, blanks: Mapping[str, object]) -> Self:
        """Fill the blanks in English, and remember both."""
        made = super().__new__(cls, _filled(template, blanks))
        made.template, made.blanks = template, blanks
        return made


def phrase(template: str, /, **blanks: object) -> Phrase:
    """Return a sentence that is said later.

    Args:
        template: the English sentence, with a named blank for whatever changes.
        blanks: what fills them.
    """
    return Phrase(template, blanks)


def say(template: str, /, **blanks: object) -> str:
    """Say a sentence in the language that is spoken now.

    Args:
        template: the English sentence, with a named blank for whatever changes; or a phrase, said as it stands.
        blanks: what fills them; phrases among them are said in the same language.
    """
    if isinstance(template, Phrase):
        return say(template.template, **template.blanks)
    return _filled(_catalogue(_language.get()).gettext(template) if template else "", _said(blanks))


def say_count(one: str, many: str, count: int, /, **blanks: object) -> str:
    """Say a sentence about a number of things; the number fills the blank `{count}`.

    Args:
        one: the English sentence for one thing.
        many: the same for none or several.
        count: how many there are.
        blanks: what fills the other blanks.
    """
    template = _catalogue(_language.get()).ngettext(one, many, count)
    return _filled(template, {"count": count, **_said(blanks)})


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak somebody's language, for as long as the context is open.

    Args:
        locale: as platforms write it (`de`, `pt-BR`, `zh_TW`); one that Mynah does not speak, or none, is English.
    """
    token = _language.set(language_of(locale) or ENGLISH)
    try:
        yield
    finally:
        _language.reset(token)


def language_of(locale: str) -> str:
    """Return the language of a locale that Mynah speaks, empty when it does not speak it."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES or language in _taught else ""


def spoken() -> str:
    """Return the language that is spoken now, by its code."""
    return _language.get()


def open_catalogues() -> Sequence[str]:
    """Read every catalogue, so that nobody waits for a file when something is first said in a language.

    Returns:
        The languages whose catalogue cannot be read; who speaks them is spoken to in English.
    """
    return [language for language in LANGUAGES if language != ENGLISH and not _read(language)]


@contextmanager
def teaching(language: str, catalogue: NullTranslations) -> Iterator[None]:
    """Speak one more language, for as long as the context is open: to try a catalogue out.

    Args:
        language: its code; of one that is spoken already, this takes the place of its catalogue.
        catalogue: what is said in it.
    """
    _taught[language] = catalogue
    try:
        yield
    finally:
        del _taught[language]


def _said(blanks: Mapping[str, object]) -> Mapping[str, object]:
    return {name: say(value) if isinstance(value, Phrase) else value for name, value in blanks.items()}


def _filled(template: str, blanks: Mapping[str, object]) -> str:
    return template.format(**blanks) if blanks else template


def _catalogue(language: str) -> NullTranslations:
    return _taught.get(language) or _read(language) or _ENGLISH


_ENGLISH = NullTranslations()


@cache
def _read(language: str) -> NullTranslations | None:
    """Return the catalogue of a language; None where there is none, for better English than no answer."""
    if language == ENGLISH:
        return _ENGLISH
    try:
        with (CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
            return GNUTranslations(file)
    except PROBLEMS_OF_A_CATALOGUE:
        return None
