"""The settings of a channel as a form: what stands in it, what may be chosen, and what comes back. Pure.

It is made from `SETTINGS` and the channel's budgets, for platforms to make modals and panels from. Everything in it is a
text: a setting's as `show_setting` writes it, several models with commas between them, money as `$5.00`. What comes back
is all right or refused by field, and only what somebody changed counts: what others changed meanwhile stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.budget_text import show_budget
from bot.domain.budgets import Budget, Period
from bot.domain.channels import (
    DEFAULT_ORIGIN,
    SERVICE_ORIGIN,
    SETTINGS,
    SettledConfig,
    show_setting,
)
from bot.domain.models import Capabilities, Catalogue, ModelRef
from bot.domain.money import show_amount
from bot.domain.prices import short_price
from bot.domain.shortcuts import LANGUAGES
from bot.words import Phrase, phrase, say

TAKE_BACK = "default"
"""What comes back to take a setting back, so that what is set more broadly holds; so does an empty field."""

EMPTY = "-"
"""What comes back for an empty setting: the model's own voice, a language that the model finds out."""

WORDS_LIMIT = 3_000
"""Characters of a field, on every platform."""


class EntryKind(StrEnum):
    """What is filled in."""

    MODELS = "models"
    """One or several models of the catalogue, best first."""
    VOICE = "voice"
    """One of the speech model's voices."""
    LANGUAGE = "language"
    """A language."""
    ONE_OF = "one-of"
    """One of `Entry.choices`."""
    WORDS = "words"
    """Lines of text."""
    NUMBER = "number"
    """A number."""
    DOLLARS = "dollars"
    """An amount of money; nothing for no limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Something that can be chosen."""

    value: str
    """What comes back."""
    label: str
    """What people read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the table that the form is made from."""

    name: str
    """The setting, or `budget_day`, `budget_month`."""
    label: Phrase
    """At most 45 characters, in every language."""
    kind: EntryKind
    """What is filled in."""
    models: str = ""
    """What the models are for: `chat`, `transcription`, `video` or `speech`."""
    choices: Mapping[str, Phrase] = field(default_factory=dict)
    """What may be chosen, by what is set."""


_MEDIA = {
    "transcribe": phrase("Write down what is said"),
    "answer": phrase("Answer it"),
    "both": phrase("Write it down and answer it"),
    "ignore": phrase("Ignore them"),
}
_SWITCH = {"on": phrase("Yes"), "off": phrase("No")}
_REPLY = {
    "text": phrase("In writing"),
    "voice": phrase("By voice"),
    "both": phrase("In writing and by voice"),
    "mirror": phrase("The way that one is spoken to"),
}

ROWS: Sequence[Row] = (
    Row(name="chat_model", label=phrase("Models that answer"), kind=EntryKind.MODELS, models="chat"),
    Row(
        name="transcription_model",
        label=phrase("Models that write down recordings"),
        kind=EntryKind.MODELS,
        models="transcription",
    ),
    Row(name="video_model", label=phrase("Models that take videos"), kind=EntryKind.MODELS, models="video"),
    Row(name="speech_model", label=phrase("Models that speak"), kind=EntryKind.MODELS, models="speech"),
    Row(name="voice", label=phrase("Voice"), kind=EntryKind.VOICE),
    Row(name="reply", label=phrase("How to reply"), kind=EntryKind.ONE_OF, choices=_REPLY),
    Row(name="voice_notes", label=phrase("Voice notes"), kind=EntryKind.ONE_OF, choices=_MEDIA),
    Row(name="videos", label=phrase("Videos"), kind=EntryKind.ONE_OF, choices=_MEDIA),
    Row(name="language", label=phrase("Spoken language"), kind=EntryKind.LANGUAGE),
    Row(name="system_prompt", label=phrase("Prompt"), kind=EntryKind.WORDS),
    Row(name="budget_day", label=phrase("Budget of a day, in dollars"), kind=EntryKind.DOLLARS),
    Row(name="budget_month", label=phrase("Budget of a month, in dollars"), kind=EntryKind.DOLLARS),
    Row(name="retention_days", label=phrase("Days that words are kept"), kind=EntryKind.NUMBER),
    Row(name="buttons", label=phrase("Buttons under replies"), kind=EntryKind.ONE_OF, choices=_SWITCH),
)
"""The settings that people change without typing, in the order in which they stand; `/settings` has all of them."""

BUDGETS: Mapping[str, Period] = {"budget_day": Period.DAY, "budget_month": Period.MONTH}
"""The fields that are no settings but limits of the channel's own."""

MODEL_FIELDS: Mapping[str, str] = {row.name: row.models for row in ROWS if row.models}
"""What models are for, by the field."""

TITLE = phrase("Settings of this channel")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing in the form, in the language of who sees it."""

    name: str
    """As in `Row`."""
    label: str
    """What it is."""
    hint: str
    """What it means, where it comes from, how a budget stands."""
    kind: EntryKind
    """What is filled in."""
    value: str
    """What holds now; empty for nothing."""
    here: bool
    """Whether it is set for this channel itself."""
    choices: tuple[Choice, ...] = ()
    """What may be chosen, where that is little; who is asked for more is `Intake.suggest`."""
    chosen: tuple[Choice, ...] = ()
    """What holds now, where something is chosen: several models, else at most one."""

    @property
    def fits(self) -> bool:
        """Whether it can be filled in; a longer text is left to `/settings`."""
        return len(self.value) <= WORDS_LIMIT


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsForm:
    """What a channel is set to."""

    title: str
    """At most 45 characters."""
    language: str
    """Of who sees it."""
    entries: tuple[Entry, ...] = ()
    """In the order in which they stand; none for who may not change anything."""
    refusal: str = ""
    """Why somebody may not change anything; empty when they may."""

    def entry(self, name: str) -> Entry:
        """Return an entry by its name."""
        return next(entry for entry in self.entries if entry.name == name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a form that was sent."""

    form: SettingsForm
    """As it stands now."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Why nothing was changed, in a sentence for each field that has to be corrected."""
    changed: tuple[str, ...] = ()
    """What was changed, and what is to be minded about it; a sentence each."""


# --- out ---------------------------------------------------------------------


def to_entries(
    settled: SettledConfig, budgets: Sequence[Budget], known: Catalogue, channel: str, now: int
) -> list[Entry]:
    """Return what stands in the form of a channel.

    Args:
        settled: its settings.
        budgets: that are set for it.
        known: what its models can do, as far as that is known.
        channel: its scope.
        now: in milliseconds since 1970.
    """
    limits = {budget.period: budget for budget in budgets if budget.scope == channel}
    entries = [_budget(row, limits.get(BUDGETS[row.name]), now) if row.name in BUDGETS else None for row in ROWS]
    return [entry or _entry(row, settled, known, channel) for row, entry in zip(ROWS, entries, strict=True)]


def _budget(row: Row, budget: Budget | None, now: int) -> Entry:
    stands = (
        show_budget(budget, now, whose=say("This channel")).replace("**", "") if budget else say("No limit is set.")
    )
    value = show_amount(budget.limit) if budget else ""
    return Entry(name=row.name, label=say(row.label), hint=stands, kind=row.kind, value=value, here=budget is not None)


def _entry(row: Row, settled: SettledConfig, known: Catalogue, channel: str) -> Entry:
    value, origin = show_setting(getattr(settled.config, row.name)), settled.origins[row.name]
    here = origin == channel
    choices = _choices(row, settled, known, here=here)
    return Entry(
        name=row.name,
        label=say(row.label),
        hint=_from_where(origin, channel),
        kind=row.kind,
        value=value,
        here=here,
        choices=choices,
        chosen=_chosen(row, value, choices, known),
    )


def _from_where(origin: str, channel: str) -> str:
    if origin == channel:
        return say("Set for this channel.")
    words = {
        DEFAULT_ORIGIN: phrase("Nobody has set it."),
        SERVICE_ORIGIN: phrase("Set for every channel, in the settings file."),
    }
    return say(words.get(origin, phrase("Set for the whole workspace.")))


def _choices(row: Row, settled: SettledConfig, known: Catalogue, *, here: bool) -> tuple[Choice, ...]:
    back = (Choice(value=TAKE_BACK, label=say("As it is everywhere else")),) if here else ()
    match row.kind:
        case EntryKind.ONE_OF:
            return (*(Choice(value=value, label=say(label)) for value, label in row.choices.items()), *back)
        case EntryKind.VOICE:
            return (*voices(known.get(settled.config.speech_model[0])), *back)
        case EntryKind.LANGUAGE:
            return (*languages(), *back)
        case _:
            return ()


def _chosen(row: Row, value: str, choices: Sequence[Choice], known: Catalogue) -> tuple[Choice, ...]:
    if row.kind is EntryKind.MODELS:
        return tuple(Choice(value=name, label=_priced(name, known)) for name in value.split(", "))
    if row.kind not in {EntryKind.ONE_OF, EntryKind.VOICE, EntryKind.LANGUAGE}:
        return ()
    wanted = value or EMPTY
    return (next((each for each in choices if each.value == wanted), Choice(value=wanted, label=wanted)),)


def _priced(name: str, known: Catalogue) -> str:
    ref = ModelRef.parse(name)
    return f"{name} · {short_price(known[ref])}" if ref in known else name


def voices(can: Capabilities | None) -> tuple[Choice, ...]:
    """Return what a model can speak with, its own choice first."""
    known = can.voices if can else ()
    return (Choice(value=EMPTY, label=say("The model's own voice")), *(Choice(value=v, label=v) for v in known))


def languages() -> tuple[Choice, ...]:
    """Return the languages that may be spoken, by their names; none first, which lets the model find out."""
    named = sorted((say(name), tag) for tag, name in LANGUAGES.items() if "-" not in tag)
    return (
        Choice(value=EMPTY, label=say("Found out by the model")),
        *(Choice(value=tag, label=f"{name} ({tag})") for name, tag in named),
    )


SETTINGS_IN_FORM = frozenset(row.name for row in ROWS) & SETTINGS.keys()
"""The settings that the form has."""
