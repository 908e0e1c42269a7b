"""Text on its way out: split to a platform's limit, and made fit to be read aloud."""

import re
from dataclasses import dataclass

FENCE = re.compile(r"^[ ]{0,3}(```+|~~~+)[^\n]*$", re.MULTILINE)
MARKS = re.compile(r"\*\*|__|~~|\|\||`|(?<!\w)[*_](?=\w)|(?<=[\w.,!?;:])[*_](?!\w)")
LINE_STARTS = re.compile(r"^[ \t]*(?:#{1,6}[ ]+|>[ ]?|[-*+][ ]+|\d+[.)][ ]+)", re.MULTILINE)
LINKS = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
ADDRESSES = re.compile(r"<?https?://\S+>?")
BLOCKS = re.compile(r"^[ ]{0,3}(```+|~~~+).*?(?:^[ ]{0,3}\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of the original text, and the code fence that is open where it starts and ends."""

    text: str
    """Exactly as in the original: all slices joined are the original."""
    opened: str
    """The line that opened the fence in which it starts; empty outside of code."""
    closing: str
    """What closes the fence in which it ends; empty outside of code."""

    @property
    def post(self) -> str:
        """The slice as a text that stands on its own: a code fence that it cuts is closed, and opened again."""
        start = f"{self.opened}\n" if self.opened else ""
        end = f"{'' if self.text.endswith(chr(10)) else chr(10)}{self.closing}" if self.closing else ""
        return f"{start}{self.text}{end}"


def split_text(text: str, limit: int) -> list[str]:
    """Split Markdown into posts of at most `limit` characters; blank ones, which no platform takes, are left out.

    Cuts fall between paragraphs where they can, else between lines, else between words, and outside of code where they
    can; a code block that is longer than a post is closed at its end and opened again in the next.
    """
    return [piece.post for piece in slices(text, limit) if piece.text.strip()]


def slices(text: str, limit: int) -> list[Slice]:
    """Cut a text into slices whose posts are at most `limit` characters long; joined, the slices are the text."""
    found: list[Slice] = []
    opened, start = "", 0
    while start < len(text):
        # Room for opening a fence again, and for closing one that may begin in this slice.
        room = max(limit - len(opened) - 1 - 2 * _longest_fence(text, opened, start, limit), 1)
        end = start + _cut(text[start : start + room + 1], room)
        after = _fence_after(text[start:end], opened)
        found.append(Slice(text[start:end], opened, _closing(after)))
        opened, start = after, end
    return found


def _longest_fence(text: str, opened: str, start: int, limit: int) -> int:
    marks = [len(match[1]) for match in FENCE.finditer(text[start : start + limit])]
    return max([len(_closing(opened)), *marks], default=0) + 1


def _cut(window: str, room: int) -> int:
    """Return where to cut a window, at most at `room`: after the best break in its second half, or at its end."""
    if len(window) <= room:
        return len(window)
    inside = window[:room]
    for mark in ("\n\n", "\n", " "):
        at = _last_break(inside, mark)
        if at is not None:
            return at
    return room


def _last_break(inside: str, mark: str) -> int | None:
    """Return the end of the last mark in the second half, outside of code if there is such a one."""
    ends = [match.end() for match in re.finditer(re.escape(mark), inside) if match.end() * 2 >= len(inside)]
    outside = [end for end in ends if not _fence_after(inside[:end], "")]
    return max(outside or ends, default=None)


def _fence_after(text: str, opened: str) -> str:
    """Return the line that opened the fence which is open after a text, given the one open before; empty for none."""
    for match in FENCE.finditer(text):
        line, mark = match[0].strip(), match[1]
        if not opened:
            opened = line
        elif line == mark and mark[0] == opened[0] and len(mark) >= len(_closing(opened)):
            opened = ""
    return opened


def _closing(opened: str) -> str:
    return opened[: len(opened) - len(opened.lstrip(opened[0]))] if opened else ""


def quote(text: str) -> str:
    """Return a text as a quotation in Markdown."""
    return "\n".join(f"> {line}" for line in text.splitlines())


def speakable(markdown: str) -> str:
    """Return what a person would read aloud: no code, no addresses, no markup."""
    text = BLOCKS.sub(" ", markdown)
    text = LINKS.sub(r"\1", text)
    text = ADDRESSES.sub("", text)
    text = LINE_STARTS.sub("", text)
    text = MARKS.sub("", text)
    return re.sub(r"[ \t]+", " ", re.sub(r"\s*\n\s*", "\n", text)).strip()
