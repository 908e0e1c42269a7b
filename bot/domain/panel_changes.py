"""What comes back from the form of a channel's settings: read as a whole, and refused by field. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.budget_text import parse_limit
from bot.domain.budgets import Period
from bot.domain.channels import models, parse_setting, show_setting
from bot.domain.errors import SettingInvalid
from bot.domain.models import Catalogue, ModelRef
from bot.domain.money import Nanodollars
from bot.domain.panel import BUDGETS, EMPTY, MODEL_FIELDS, ROWS, TAKE_BACK, WORDS_LIMIT, EntryKind, Row
from bot.domain.prices import shortcoming
from bot.domain.shortcuts import LANGUAGES
from bot.words import phrase, say


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What somebody wants to be different."""

    settings: Mapping[str, str | None] = field(default_factory=dict)
    """New values by setting; None takes one back."""
    budgets: Mapping[Period, Nanodollars | None] = field(default_factory=dict)
    """New limits; None lifts one."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """What is wrong, in a sentence by field; then nothing is to be changed."""


def touched(filled: Mapping[str, str], shown: Mapping[str, str]) -> dict[str, str]:
    """Return what somebody changed in a form, of the fields that it has.

    Args:
        filled: what stands in it now.
        shown: what stood in it when it opened; a field that is missing there was changed for sure.
    """
    known = [row.name for row in ROWS if row.name in filled]
    return {name: filled[name].strip() for name in known if filled[name].strip() != shown.get(name, "\0").strip()}


def named_models(filled: Mapping[str, str]) -> frozenset[ModelRef]:
    """Return the models that stand in a form; what is no model's name is left out."""
    found = [name for field_ in MODEL_FIELDS for name in filled.get(field_, "").split(",") if name.strip()]
    return frozenset(ref for name in found if (ref := _ref(name)))


def _ref(name: str) -> ModelRef | None:
    try:
        return ModelRef.parse(name)
    except SettingInvalid:
        return None


def read_form(filled: Mapping[str, str], speaker: ModelRef, known: Catalogue) -> Changes:
    """Read what somebody wants to be different, all of it.

    Args:
        filled: what was filled in, by field.
        speaker: the channel's first speech model, unless the form names another.
        known: what the speaker and the models that are named can do; those that nobody knows are missing.
    """
    reader = _Reader(filled=filled, speaker=speaker, known=known)
    read: dict[str, str | None] = {}
    limits: dict[Period, Nanodollars | None] = {}
    problems: dict[str, str] = {}
    for row in ROWS:
        if row.name not in filled:
            continue
        try:
            if row.name in BUDGETS:
                limits[BUDGETS[row.name]] = reader.limit(filled[row.name])
            else:
                read[row.name] = reader.setting(row)
        except SettingInvalid as error:
            problems[row.name] = say(error.reason)
    return Changes(problems=problems) if problems else Changes(settings=read, budgets=limits)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reader:
    filled: Mapping[str, str]
    speaker: ModelRef
    known: Catalogue

    def limit(self, text: str) -> Nanodollars | None:
        if text in {"", TAKE_BACK}:
            return None
        try:
            return parse_limit(text)
        except SettingInvalid as error:
            raise SettingInvalid(
                error.name, phrase("Please write an amount of dollars such as 5 or 0.50, or nothing for no limit.")
            ) from error

    def setting(self, row: Row) -> str | None:
        """Return a setting's new value; None to take it back.

        Raises:
            SettingInvalid: what is filled in cannot be set; the reason is a whole sentence.
        """
        text = self.filled[row.name]
        if text in {"", TAKE_BACK}:
            return None
        _CHECKS[row.kind](self, row, text)
        value = "" if text == EMPTY and row.kind in {EntryKind.VOICE, EntryKind.LANGUAGE} else text
        return show_setting(_parsed(row, value))

    def check_models(self, row: Row, text: str) -> None:
        if not all(_ref(name) for name in text.split(",")):
            raise SettingInvalid(row.name, phrase("Please choose models from the list."))
        for ref in models(text):
            if ref not in self.known:
                raise SettingInvalid(row.name, phrase("I do not know {model}. Please choose another.", model=ref))
            lacks, _ = shortcoming(row.models, self.known[ref])
            if lacks:
                raise SettingInvalid(row.name, phrase("{model} cannot do that. Please choose another.", model=ref))

    def check_voice(self, row: Row, text: str) -> None:
        first = _ref(self.filled.get("speech_model", "").partition(",")[0]) or self.speaker
        known = self.known[first].voices if first in self.known else ()
        if text != EMPTY and known and text not in known:
            reason = phrase("{model} does not have this voice. It has: {voices}.", model=first, voices=_few(known))
            raise SettingInvalid(row.name, reason)

    def check_language(self, row: Row, text: str) -> None:
        if text != EMPTY and (text not in LANGUAGES or "-" in text):
            raise SettingInvalid(row.name, phrase("I do not know that language. Please choose one from the list."))

    def check_choice(self, row: Row, text: str) -> None:
        if text not in row.choices:
            raise SettingInvalid(row.name, phrase("Please choose one from the list."))

    def check_words(self, row: Row, text: str) -> None:
        if len(text) > WORDS_LIMIT:
            raise SettingInvalid(row.name, phrase("This is longer than {limit} characters.", limit=WORDS_LIMIT))

    def check_number(self, row: Row, text: str) -> None:
        try:
            parse_setting(row.name, text)
        except SettingInvalid as error:
            raise SettingInvalid(row.name, phrase("Please write a whole number of days, from 0 to 3650.")) from error


_CHECKS = {
    EntryKind.MODELS: _Reader.check_models,
    EntryKind.VOICE: _Reader.check_voice,
    EntryKind.LANGUAGE: _Reader.check_language,
    EntryKind.ONE_OF: _Reader.check_choice,
    EntryKind.WORDS: _Reader.check_words,
    EntryKind.NUMBER: _Reader.check_number,
}

MOST_VOICES_TOLD = 8


def _few(names: Sequence[str]) -> str:
    return ", ".join((*names[:MOST_VOICES_TOLD], *(["…"] if len(names) > MOST_VOICES_TOLD else [])))


def _parsed(row: Row, value: str) -> object:
    """Return a value as it will be set, for whatever the checks above let through."""
    try:
        return parse_setting(row.name, value)
    except SettingInvalid as error:
        raise SettingInvalid(row.name, phrase("That cannot be set here.")) from error
