"""What a message is made of when it is drawn, whichever platform it was sent to."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A paragraph; `**bold**`, `_italic_` and `` `code` `` are drawn so."""

    text: str
    small: bool = False
    heading: bool = False
    quoted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Buttons:
    """A row of buttons or menus."""

    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A clip that is played in place."""

    seconds: float
    loudness: tuple[int, ...] = ()
    """0 to 255."""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file that can be opened."""

    name: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A step of a plan."""

    title: str
    state: str
    """`pending`, `in_progress`, `complete` or `error`."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """Something to fill in, or to choose."""

    label: str
    value: str = ""
    menu: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A line between two parts."""


Element = Text | Buttons | Voice | File | Task | Field | Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message, a panel or a form."""

    author: str
    elements: tuple[Element, ...]
    bot: bool = True
    note: str = ""
    """Beside the author, for example `only you can see this`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skin:
    """How a platform looks."""

    paper: str
    ink: str
    faint: str
    line: str
    accent: str
    box: str


SLACK = Skin(paper="#ffffff", ink="#1d1c1d", faint="#616061", line="#dddddd", accent="#1264a3", box="#f8f8f8")
DISCORD = Skin(paper="#313338", ink="#dbdee1", faint="#949ba4", line="#4e5058", accent="#5865f2", box="#2b2d31")
