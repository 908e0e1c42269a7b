"""Transcripts as files: what was said, and when -> SubRip, WebVTT, and plain text in paragraphs. Pure.

A cue is what stands on a screen at once: at most two lines of 42 characters, for at most seven seconds, as broadcasters
have it. Models tell times for whole sentences or for single words, so a cue takes its times from its characters: within
a segment they are said at an even pace.

SubRip: https://www.matroska.org/technical/subtitles.html#srt-subtitles. WebVTT: https://www.w3.org/TR/webvtt1/.
"""

import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.domain.messages import NamedFile
from bot.domain.models import Segment

LINE = 42
"""Characters of a line of a cue."""

LINES = 2
"""Of a cue."""

LONGEST_CUE_MS = 7_000

CUE_PAUSE_MS = 1_000
"""A silence that ends a cue."""

PARAGRAPH_PAUSE_MS = 1_500
"""A silence that ends a paragraph which is not very short."""

SHORT, FULL, LONGEST = 200, 500, 900
"""Characters of a paragraph: below the first no pause ends it, from the second on the end of a sentence does, and it
never grows longer than the third."""

LATEST_SECONDS = 3_600_000.0
"""No recording is so long: what a model tells beyond it is wrong."""

STEM = 60
"""Characters of a file's name, without its extension."""

UNNAMED = "transcript"
RECORDERS = frozenset({"", "audio", "audio_message", "recording", "video_message", "voice-message", "voice-note"})
"""What apps call everything that is recorded in them: names that say nothing."""

_TOKEN = re.compile(r"\s*(?:[^\s\u3002\uff01\uff1f]{1,40}[\u3002\uff01\uff1f]{0,2}|[\u3002\uff01\uff1f]{1,40})")
"""A word with what is before it. Where words have no spaces between them, a stretch that may be torn from the next."""

_SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019»)\]]*$")
_BLANK_LINE = re.compile(r"\n\s*\n")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}\s*$")
_UNSAFE = re.compile(r"[^\w.()-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """Some words, and when they are on the screen."""

    start: int
    """Milliseconds from the beginning; never before the end of the cue before it."""
    end: int
    """Milliseconds from the beginning, after its start."""
    text: str
    """One or two lines; never blank."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


# --- files ------------------------------------------------------------------


def file_stem(name: str) -> str:
    """Return what the files of a transcript are called, without extension, after a recording's untrusted name."""
    safe = _UNSAFE.sub("_", _EXTENSION.sub("", name)).lstrip("._-()")[:STEM].rstrip("._-(")
    return UNNAMED if safe.lower() in RECORDERS else safe


def transcript_files(stem: str, text: str, segments: Sequence[Segment] = ()) -> tuple[NamedFile, ...]:
    """Return a transcript as plain text and, where its times are known, as subtitles.

    Args:
        stem: the files' name without extension.
        text: all of the words.
        segments: the same words with times in the whole recording; empty when the model told none.
    """
    plain = "\n\n".join(paragraphs(text, segments)) + "\n"
    written = [("txt", plain)]
    if segments:
        shown = cues(segments)
        written += [("srt", to_srt(shown)), ("vtt", to_vtt(shown))]
    return tuple(NamedFile(name=f"{stem}.{end}", content=body.encode(errors="replace")) for end, body in written)


def to_srt(shown: Sequence[Cue]) -> str:
    """Write cues as SubRip."""
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{cue.text}\n"
        for number, cue in enumerate(shown, start=1)
    )


def to_vtt(shown: Sequence[Cue]) -> str:
    """Write cues as WebVTT, whose text has markup: what looks like it is escaped."""
    return "WEBVTT\n" + "".join(
        f"\n{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_escaped(cue.text)}\n" for cue in shown
    )


def _clock(ms: int, point: str) -> str:
    seconds, thousandths = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{thousandths:03}"


def _escaped(text: str) -> str:
    return text.replace("\0", "\ufffd").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# --- cues -------------------------------------------------------------------


def cues(segments: Sequence[Segment]) -> list[Cue]:
    """Cut what was said into cues, in order and without overlap; no character but white space is lost."""
    found: list[Cue] = []
    begun: list[_Token] = []
    for token in _tokens(segments):
        if begun and _is_over(begun, token):
            found.append(_cue(begun, after=found[-1].end if found else 0))
            begun = []
        begun.append(token)
    if begun:
        found.append(_cue(begun, after=found[-1].end if found else 0))
    return found


def _is_over(begun: Sequence[_Token], token: _Token) -> bool:
    """Return whether a cue ends before a token."""
    text = _flat(begun)
    return (
        token.start - begun[-1].end >= CUE_PAUSE_MS
        or token.end - begun[0].start > LONGEST_CUE_MS
        or (len(text) >= LINE and _ends_sentence(text))
        or len(_lines(_flat([*begun, token]))) > LINES
    )


def _cue(tokens: Sequence[_Token], *, after: int) -> Cue:
    start = max(tokens[0].start, after)
    return Cue(start=start, end=max(tokens[-1].end, start + 1), text="\n".join(_lines(_flat(tokens))))


def _flat(tokens: Sequence[_Token]) -> str:
    return " ".join("".join(token.text for token in tokens).split())


def _lines(text: str) -> list[str]:
    return textwrap.wrap(text, LINE, break_on_hyphens=False)


# --- paragraphs -------------------------------------------------------------


def paragraphs(text: str, segments: Sequence[Segment] = ()) -> list[str]:
    """Cut a transcript into paragraphs: where it has blank lines, after pauses, else after some sentences.

    Args:
        text: all of the words.
        segments: the same words with times; empty when they are not known.
    """
    found: list[str] = []
    begun: list[_Token] = []
    length = 0
    for token in _tokens(segments or [Segment(text=text, start=0.0, end=0.0)]):
        if begun and _is_new_paragraph(begun[-1], length, token):
            found.append(_paragraph(begun))
            begun, length = [], 0
        begun.append(token)
        length += len(token.text)
    return [*found, _paragraph(begun)] if begun else found


def _is_new_paragraph(last: _Token, length: int, token: _Token) -> bool:
    """Return whether a token begins a paragraph, behind one of so many characters that ends with another token."""
    return (
        _BLANK_LINE.search(token.text) is not None
        or (length >= SHORT and token.start - last.end >= PARAGRAPH_PAUSE_MS)
        or (length >= FULL and _ends_sentence(last.text))
        or length + len(token.text) > LONGEST
    )


def _paragraph(tokens: Sequence[_Token]) -> str:
    """Join tokens; lines that the model has made stay."""
    lines = "".join(token.text for token in tokens).split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _ends_sentence(text: str) -> bool:
    return _SENTENCE_END.search(text) is not None


# --- times ------------------------------------------------------------------


def _tokens(segments: Sequence[Segment]) -> Iterator[_Token]:
    """Cut the joined text of segments into tokens, which never run backwards in time."""
    times = list(_times(segments))
    for match in _TOKEN.finditer("".join(segment.text for segment in segments)):
        first = match.start() + len(match[0]) - len(match[0].lstrip())
        yield _Token(text=match[0], start=times[first][0], end=times[match.end() - 1][1])


def _times(segments: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    """Yield for every character when it is said, in milliseconds; the spaces around a segment take no time."""
    for (start, end), segment in zip(_spans(segments), segments, strict=True):
        before = len(segment.text) - len(segment.text.lstrip())
        count = max(len(segment.text.strip()), 1)
        steps = [
            start + (end - start) * min(max(at - before, 0), count) // count for at in range(len(segment.text) + 1)
        ]
        yield from pairwise(steps)


def _spans(segments: Sequence[Segment]) -> list[tuple[int, int]]:
    """Return when each segment is said: none begins before the one before it, none lasts into the next."""
    starts: list[int] = []
    for segment in segments:
        starts.append(max(_ms(segment.start), starts[-1] if starts else 0))
    ends = [max(_ms(segment.end), start) for segment, start in zip(segments, starts, strict=True)]
    return [(start, min(end, after)) for start, end, after in zip(starts, ends, [*starts[1:], *ends[-1:]], strict=True)]


def _ms(seconds: float) -> int:
    return round(min(max(seconds, 0.0), LATEST_SECONDS) * 1000) if math.isfinite(seconds) else 0
