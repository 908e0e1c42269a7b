"""From words with times to segments: a sentence each, as subtitles need them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST = 12.0
"""Seconds after which a segment ends with the next word, whether the sentence does or not."""
PAUSE = 1.0
"""Seconds of silence that end a segment."""
ENDS = tuple(".?!…。？！")  # noqa: RUF001  the last ones are those of Chinese and Japanese


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedText:
    """A word, or a run of words, and when it was said."""

    text: str
    """Carries its own leading space."""
    start: float
    """In seconds."""
    end: float
    """In seconds."""


def group_words(words: Iterable[TimedText]) -> Iterator[TimedText]:
    """Join words to sentences; the texts of all segments together are those of all words."""
    run: list[TimedText] = []
    for word in words:
        if run and word.start - run[-1].end > PAUSE:
            yield _joined(run)
            run = []
        run.append(word)
        if word.text.endswith(ENDS) or word.end - run[0].start > LONGEST:
            yield _joined(run)
            run = []
    if run:
        yield _joined(run)


def _joined(run: list[TimedText]) -> TimedText:
    return TimedText(text="".join(word.text for word in run), start=run[0].start, end=run[-1].end)
