"""transcripts: of a long one its beginning stands in the reply, and all of it in files that are posted once."""

from collections.abc import Iterator, Sequence

import structlog

from bot.domain.errors import PostRefused
from bot.domain.messages import FilesPart, TextPart
from bot.domain.models import Segment
from bot.domain.subtitles import file_stem, paragraphs, transcript_files
from bot.domain.text import quote, split_text
from bot.pipeline.hear import Heard
from bot.pipeline.posts import post
from bot.pipeline.run import Run
from bot.words import say, say_count

log = structlog.get_logger()

PAGE = 1_500
"""Characters of a transcript that is still shown as a whole."""

LONG_WORD = 20
"""Characters of a word on average, above which a language has no spaces between its words: then characters count."""


def is_long(text: str) -> bool:
    """Return whether a transcript that is to be shown is too long for that, and is posted as files."""
    return len(text) > PAGE


def beginning(text: str, segments: Sequence[Segment], seconds: float) -> str:
    """Return what a reply shows of a long transcript: how long it is, and its first paragraph."""
    told = say(
        "Recording of {length}, {amount}. It begins like this; the files below have all of it:",
        length=_length(seconds),
        amount=_amount(text),
    )
    first, *_ = paragraphs(text, segments)
    return f"_{told}_\n{quote(first)}"


def _length(seconds: float) -> str:
    """Say how long something is."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return say("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
    return (
        say("{minutes} min {seconds} s", minutes=minutes, seconds=rest) if minutes else say("{seconds} s", seconds=rest)
    )


def _amount(text: str) -> str:
    """Say how much was said."""
    words = len(text.split())
    if len(text) > LONG_WORD * words:
        return say_count("{count} character", "{count} characters", len(text), count=f"{len(text):,}")
    return say_count("{count} word", "{count} words", words, count=f"{words:,}")


async def deliver_transcripts(run: Run, heard: Sequence[Heard]) -> None:
    """Post the files of every long transcript; where they are refused, its words follow as texts.

    Raises:
        PlatformProblem: neither can be posted.
    """
    for index, stem, item in _long(heard):
        files = FilesPart(files=transcript_files(stem, item.text, item.segments))
        name = f"post:files:{index}"
        try:
            await post(run, name, files)
        except PostRefused as error:
            log.info("transcript not attached", step=name, reason=error.reason)
            await _write_out(run, f"{name}:refused", error.reason, item)


def _long(heard: Sequence[Heard]) -> Iterator[tuple[int, str, Heard]]:
    """Yield the long transcripts with their index, each with a name of its own for its files."""
    taken: set[str] = set()
    for index, item in enumerate(heard):
        if item.listening.show and is_long(item.text):
            stem = file_stem(item.listening.media.attachment.name)
            stem = f"{stem}-{index + 1}" if stem in taken else stem
            taken.add(stem)
            yield index, stem, item


async def _write_out(run: Run, name: str, reason: str, item: Heard) -> None:
    whole = "\n\n".join(paragraphs(item.text, item.segments))
    told = f"_({say('I could not attach the transcript: {reason}', reason=reason)})_\n\n{whole}"
    for number, part in enumerate(split_text(told, run.platform.abilities.text_limit)):
        await post(run, f"{name}:{number}", TextPart(text=part))
