"""ONE table of what a person can press, and of the forms that open: platforms make their buttons and dialogs from it.

A press comes with the name of the reply that it stands under, and nothing else has to be remembered: what stood there
before a restart works after it. A form comes back as another press of the same action, with what was filled in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.messages import Action, Author, JobId, Place
from bot.words import phrase


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """How an action looks, and what its press needs."""

    label: str
    """At most 25 characters."""
    mark: str
    """An emoji that stands for it."""
    opens: str = ""
    """The title of the form that it opens, at most 24 characters; empty where it is carried out at once."""
    guarded: bool = False
    """Whether it may matter that a person manages the channel."""
    judges: bool = False
    """Whether it says how good a reply is; those stand together."""


CONTROLS: Mapping[Action, Control] = {
    Action.AGAIN: Control(label=phrase("Answer again"), mark="🔁", guarded=True),
    Action.SPEAK: Control(label=phrase("Read aloud"), mark="🔊"),
    Action.CORRECT: Control(label=phrase("Correct"), mark="✏️", opens=phrase("Correct the words"), guarded=True),
    Action.RECEIPT: Control(label=phrase("Receipt"), mark="🧾"),
    Action.GOOD: Control(label=phrase("Good"), mark="👍", judges=True),
    Action.BAD: Control(label=phrase("Not good"), mark="👎", judges=True),
}


# --- a press -----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """Somebody pressed a button, or sent the form that it opened."""

    action: Action
    """Which."""
    job: JobId
    """What made the reply that the button stands under."""
    place: Place
    """Where."""
    author: Author
    """Who."""
    may_manage: bool = False
    """Whether the platform lets this person manage the channel; only known of guarded controls."""
    filled: Mapping[str, str] | None = None
    """What stands in the form, by the names of its fields; None for the button itself."""
    shown: str = ""
    """`Form.shown` of that form."""
    handle: Mapping[str, str] = field(default_factory=dict)
    """What the platform's adapter needs to post what comes of it."""


class FieldKind(StrEnum):
    """What is filled in."""

    TEXT = "text"
    """Words, of several lines."""
    CHOICE = "choice"
    """`yes` or nothing."""


YES = "yes"
"""What a choice says that was made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One thing to fill in."""

    name: str
    """What its value comes back by: letters and digits."""
    label: str
    """At most 45 characters."""
    hint: str = ""
    """What stands below it, at most 100 characters."""
    kind: FieldKind = FieldKind.TEXT
    """What is filled in."""
    value: str = ""
    """What stands in it at first."""
    limit: int = 3_000
    """Characters of it; within `Abilities.field_limit`."""


MOST_FIELDS = 5
"""Of a form, on every platform."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What is asked of a person who pressed a button."""

    press: Press
    """The press that it answers; what is filled in comes back as the same, with `filled`."""
    title: str
    """At most 24 characters."""
    fields: tuple[Field, ...]
    """One to `MOST_FIELDS`."""
    shown: str = ""
    """Tells what it was made from, at most 8 characters: so it is noticed when that has changed in the meantime."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What a press leads to, for whoever pressed alone."""

    text: str = ""
    """Markdown; empty where there is nothing to say."""
    actions: Sequence[Action] = ()
    """Buttons under it, about the same reply."""
    form: Form | None = None
    """What opens; then nothing is said."""
    language: str = ""
    """Of whoever pressed; what the buttons and the form have of the platform's own is said in it, too."""


# --- how a button says what it means -----------------------------------------

_APART = "|"
"""Stands in no action, and in no name of a job."""


def to_signal(action: Action, job: JobId, *rest: str) -> str:
    """Return the text by which a platform tells of a press: at most 100 characters on the platforms that there are."""
    return _APART.join((action, job, *rest))


def from_signal(signal: str) -> tuple[Action, JobId, Sequence[str]] | None:
    """Read such a text; None for one that is not ours, or was made by a newer version."""
    action, *rest = signal.split(_APART)
    if action not in set(Action) or not rest:
        return None
    return Action(action), JobId(rest[0]), rest[1:]
