"""What was heard wrongly, corrected by people: the corrected words with their times. Pure."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.domain.models import Segment


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """What a person says was said in a recording."""

    recording: str
    """The attachment, by the platform's id."""
    text: str
    """All of the words."""
    segments: tuple[Segment, ...] = ()
    """The same words with their times; empty where those are not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """What was heard in a recording."""

    recording: str
    """The attachment, by the platform's id."""
    text: str
    """The words, as the model wrote them."""
    segments: tuple[Segment, ...] = ()
    """The same words with their times; empty where the model told none."""


def beginning(text: str, limit: int) -> str:
    """Return as much of the beginning of a text as fits, in whole words where that is possible; all of it when it fits."""
    if len(text) <= limit:
        return text
    space = text.rfind(" ", limit // 2, limit + 1)
    return text[: limit if space < 0 else space].rstrip()


def corrected(words: Correction | Transcript, piece: str, written: str) -> Correction:
    """Return the words with a piece at their beginning corrected; words that are new take the times of those around.

    Args:
        words: as they were.
        piece: what of their beginning was shown.
        written: what is said there in truth.
    """
    rest = words.text[len(piece) :]
    text = f"{written.strip()}{rest}".strip()
    return Correction(recording=words.recording, text=text, segments=_timed(words.segments, text))


def digest(texts: Sequence[str]) -> str:
    """Return eight characters that tell texts from others."""
    return hashlib.sha256("\0".join(texts).encode(errors="surrogatepass")).hexdigest()[:8]


MOST_ALIKE = 20_000
"""Pairs of equal words that are compared, in some hundredths of a second: a thousand words of a language make half as many."""


# --- times -------------------------------------------------------------------


def _timed(segments: Sequence[Segment], text: str) -> tuple[Segment, ...]:
    """Give the words of a text to the segments in which they are said; none where nothing is left of a segment.

    A word that stands in both stays where it is; what took the place of other words goes where the first of those was.
    """
    said = [(word, number) for number, segment in enumerate(segments) for word in segment.text.split()]
    found: list[list[str]] = [[] for _ in segments]
    new, at = text.split(), 0
    for _, old_start, old_end, start, end in _matches([word for word, _ in said], new):
        for offset, word in enumerate(new[start:end]):
            if old_end > old_start:
                at = said[min(old_start + offset, old_end - 1)][1]
            if found:
                found[at].append(word)
    return _joined(segments, found)


def _matches(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """Compare two lists of words. What begins and ends alike is set aside first, since to compare is slow for long ones.

    Of words that are too many and too much alike, the first takes the place of the first, and so on.
    """
    shortest = min(len(old), len(new))
    head = next((n for n in range(shortest) if old[n] != new[n]), shortest)
    tail = next((n for n in range(shortest - head) if old[-1 - n] != new[-1 - n]), shortest - head)
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    between: Sequence[tuple[str, int, int, int, int]] = [("replace", 0, len(inner_old), 0, len(inner_new))]
    if _alike(inner_old, inner_new) <= MOST_ALIKE:
        between = SequenceMatcher(None, inner_old, inner_new, autojunk=False).get_opcodes()
    moved = [(kind, a + head, b + head, c + head, d + head) for kind, a, b, c, d in between]
    return [
        ("equal", 0, head, 0, head),
        *moved,
        ("equal", len(old) - tail, len(old), len(new) - tail, len(new)),
    ]


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many pairs of an old and a new word are equal: the time of a comparison grows with them."""
    counts = Counter(old)
    return sum(counts[word] for word in new)


def _joined(segments: Sequence[Segment], words: Sequence[Sequence[str]]) -> tuple[Segment, ...]:
    timed: list[Segment] = []
    for segment, said in zip(segments, words, strict=True):
        if said:
            apart = segment.text[: len(segment.text) - len(segment.text.lstrip())]
            timed.append(Segment(start=segment.start, end=segment.end, text=f"{apart}{' '.join(said)}"))
    return tuple(timed)
