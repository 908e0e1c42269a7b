"""Messages -> a picture (SVG) that shows them as their platform does; the same bytes for the same messages."""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any
from unicodedata import east_asian_width

from tests.pictures.elements import Buttons, Element, Field, File, Message, Rule, Skin, Task, Text, Voice

WIDTH = 640
LEFT = 60
RIGHT = 20
LINE = 20
SIZE = 14
LETTER = 7.4
"""How wide a letter is on average at that size."""

BOLD = 1.2
"""How much wider bold letters are, and capitals."""

BARS = 48
MARK = re.compile(r"\*\*(?P<bold>[^*]+)\*\*|(?<!\w)_(?P<italic>[^_]+)_(?!\w)|`(?P<code>[^`]+)`")
BULLET = re.compile(r"[-*•] +")
HANGING = 16
"""How far the lines of a list stand in."""

STYLES = {"bold": ' font-weight="700"', "italic": ' font-style="italic"', "code": ' font-family="monospace"'}
MONOSPACED = 1.2
"""How much wider its letters are."""

Span = tuple[str, str]
"""A piece of a line, and the attributes of its letters."""

STATES = {"pending": "○", "in_progress": "◐", "complete": "✓", "error": "✕"}


def draw(messages: Sequence[Message], skin: Skin) -> str:
    """Return a picture of messages, one below the other."""
    sheet = Sheet(skin)
    for message in messages:
        sheet.message(message)
    return sheet.svg()


class Sheet:
    """A picture in the making: everything is put below what is there."""

    def __init__(self, skin: Skin) -> None:
        self._skin = skin
        self._shapes: list[str] = []
        self._y = 16.0

    def svg(self) -> str:
        height = round(self._y + 8)
        style = "font-family:-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif"
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" style="{style}">'
        paper = f'<rect width="{WIDTH}" height="{height}" rx="8" fill="{self._skin.paper}"/>'
        return "\n".join([head, paper, *self._shapes, "</svg>", ""])

    def message(self, message: Message) -> None:
        colour = self._skin.accent if message.bot else self._skin.faint
        self._rect(16, self._y, 34, 34, fill=colour, radius=8)
        self._write(33, self._y + 22, message.author[0].upper(), fill="#ffffff", anchor="middle", bold=True)
        self._write(LEFT, self._y + 13, message.author, fill=self._skin.ink, bold=True)
        after = LEFT + _width(message.author) * BOLD + 10
        for tag in filter(None, ("APP" if message.bot else "", message.note)):
            self._write(after, self._y + 13, tag, fill=self._skin.faint, size=11)
            after += _width(tag) * 11 / SIZE * BOLD + 10
        self._y += 20
        for element in message.elements:
            DRAWN[type(element)](self, element)
        self._y += 16

    # --- what a message is made of -------------------------------------------

    def text(self, text: Text) -> None:
        size = 12 if text.small else 17 if text.heading else SIZE
        x = LEFT + (14 if text.quoted else 0)
        top = self._y
        for paragraph in text.text.splitlines():
            bullet = BULLET.match(paragraph)
            indent = HANGING if bullet else 0
            if bullet:
                self._write(x + 3, self._y + LINE - 5, "•", fill=self._skin.ink, size=size)
            words = paragraph[bullet.end() :] if bullet else paragraph
            for line in wrap(words, (WIDTH - RIGHT - x - indent) * SIZE / (size * LETTER)) or [()]:
                self._y += LINE * size / SIZE
                self._marked(x + indent, self._y - 5, line, text, size)
        if text.quoted:
            self._rect(LEFT, top + 2, 4, self._y - top, fill=self._skin.line, radius=2)
        self._y += 4

    def buttons(self, buttons: Buttons) -> None:
        x = float(LEFT)
        for label in buttons.labels:
            width = _width(label) + 24
            if x + width > WIDTH - RIGHT:
                x, self._y = float(LEFT), self._y + 36
            self._rect(x, self._y + 2, width, 28, fill=self._skin.box, line=self._skin.line)
            self._write(x + width / 2, self._y + 21, label, fill=self._skin.ink, anchor="middle", size=13)
            x += width + 8
        self._y += 38

    def voice(self, voice: Voice) -> None:
        self._rect(LEFT, self._y + 2, 380, 48, fill=self._skin.box, line=self._skin.line, radius=10)
        self._shapes.append(f'<circle cx="{LEFT + 26}" cy="{self._y + 26:g}" r="15" fill="{self._skin.accent}"/>')
        self._write(LEFT + 27, self._y + 31, "▶", fill="#ffffff", anchor="middle", size=13)
        for index, loud in enumerate(bars(voice.loudness)):
            height = 3 + loud * 27 / 255
            self._rect(LEFT + 54 + index * 5.5, self._y + 26 - height / 2, 3, height, fill=self._skin.faint, radius=1)
        minutes, seconds = divmod(round(voice.seconds), 60)
        length = f"{minutes}:{seconds:02}" if voice.seconds else ""
        self._write(LEFT + 366, self._y + 31, length, fill=self._skin.ink, anchor="end", size=12)
        self._y += 58

    def file(self, file: File) -> None:
        self._rect(LEFT, self._y + 2, 340, 44, fill=self._skin.box, line=self._skin.line)
        page = f"M{LEFT + 14} {self._y + 11:g}h11l6 6v20h-17z"
        self._shapes.append(f'<path d="{page}" fill="none" stroke="{self._skin.accent}" stroke-width="2"/>')
        self._write(LEFT + 42, self._y + 21, file.name, fill=self._skin.ink, bold=True, size=13)
        self._write(LEFT + 42, self._y + 38, file.detail, fill=self._skin.faint, size=11)
        self._y += 52

    def task(self, task: Task) -> None:
        self._rect(LEFT, self._y + 2, WIDTH - LEFT - RIGHT, 30, fill=self._skin.box, line=self._skin.line)
        self._write(LEFT + 12, self._y + 22, STATES[task.state], fill=self._skin.accent, bold=True)
        self._write(LEFT + 34, self._y + 22, task.title, fill=self._skin.ink, size=13)
        self._write(WIDTH - RIGHT - 12, self._y + 22, task.detail, fill=self._skin.faint, anchor="end", size=12)
        self._y += 36

    def field(self, field: Field) -> None:
        self._write(LEFT, self._y + 16, field.label, fill=self._skin.ink, bold=True, size=13)
        lines = wrap(field.value, (WIDTH - LEFT - RIGHT - 40) / LETTER) or [()]
        self._rect(
            LEFT, self._y + 22, WIDTH - LEFT - RIGHT, 12 + LINE * len(lines), fill=self._skin.box, line=self._skin.line
        )
        for number, line in enumerate(lines):
            words = "".join(word for word, _ in line)
            self._write(LEFT + 12, self._y + 42 + LINE * number, words, fill=self._skin.ink, size=13)
        if field.menu:
            self._write(WIDTH - RIGHT - 14, self._y + 42, "▾", fill=self._skin.faint, anchor="end")
        self._y += 42 + LINE * len(lines)

    def rule(self, _: Rule) -> None:
        self._rect(LEFT, self._y + 6, WIDTH - LEFT - RIGHT, 1, fill=self._skin.line)
        self._y += 14

    # --- shapes --------------------------------------------------------------

    def _rect(
        self, x: float, y: float, width: float, height: float, *, fill: str, line: str = "", radius: int = 6
    ) -> None:
        stroke = f' stroke="{line}"' if line else ""
        self._shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius}" fill="{fill}"{stroke}/>'
        )

    def _write(
        self, x: float, y: float, text: str, *, fill: str, anchor: str = "start", size: int = SIZE, bold: bool = False
    ) -> None:
        weight = ' font-weight="700"' if bold else ""
        self._shapes.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"{weight}>{escape(text)}</text>'
        )

    def _marked(self, x: float, y: float, line: Sequence[Span], text: Text, size: int) -> None:
        """Write a line whose parts are bold, italic or code."""
        ink = self._skin.faint if text.small else self._skin.ink
        weight = ' font-weight="700"' if text.heading else ""
        parts = "".join(f"<tspan{style}>{escape(part)}</tspan>" for part, style in line)
        self._shapes.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{ink}" xml:space="preserve"{weight}>{parts}</text>'
        )


DRAWN: dict[type[Element], Callable[[Sheet, Any], None]] = {
    Text: Sheet.text,
    Buttons: Sheet.buttons,
    Voice: Sheet.voice,
    File: Sheet.file,
    Task: Sheet.task,
    Field: Sheet.field,
    Rule: Sheet.rule,
}


def marked(text: str) -> Iterator[Span]:
    """Part a text into what is written alike, each with the attributes of its letters."""
    end = 0
    for found in MARK.finditer(text):
        if found.start() > end:
            yield text[end : found.start()], ""
        kind = str(found.lastgroup)
        yield found[kind], STYLES[kind]
        end = found.end()
    if text[end:]:
        yield text[end:], ""


def wrap(text: str, letters: float) -> list[Sequence[Span]]:
    """Part a text into lines of so many letters, whose spans keep their style; wide letters count twice."""
    lines: list[Sequence[Span]] = []
    for paragraph in text.splitlines():
        line: list[Span] = []
        width = 0.0
        for word, style in _words(paragraph):
            wide = _letters(word) * (MONOSPACED if "monospace" in style else 1)
            if line and width + wide > letters:
                lines.append(_joined(line))
                line, width = [], 0.0
            if line or not word.isspace():
                line.append((word, style))
                width += wide
        lines.append(_joined(line))
    return lines


def _words(paragraph: str) -> Iterator[Span]:
    for part, style in marked(paragraph):
        for word in re.findall(r"\s+|[^\s\u3000-\u9fff\uff00-\uffef]+|.", part):
            yield word, style


def _joined(line: list[Span]) -> Sequence[Span]:
    """Return a line with what is written alike in one piece, and no space at its end."""
    joined: list[Span] = []
    for word, style in line[:-1] if line and line[-1][0].isspace() else line:
        if joined and joined[-1][1] == style:
            joined[-1] = joined[-1][0] + word, style
        else:
            joined.append((word, style))
    return tuple(joined)


def bars(loudness: Sequence[int]) -> list[int]:
    """Return as many bars as are drawn."""
    if not loudness:
        return [0] * BARS
    return [loudness[index * len(loudness) // BARS] for index in range(BARS)]


def _letters(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _width(text: str) -> float:
    return _letters(text) * LETTER
