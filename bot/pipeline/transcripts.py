"""transcripts: of a long one its beginning stands in the reply, and all of it in files that are posted once."""

from collections.abc import Iterator, Sequence

import structlog

from bot.domain.errors import PostRefused
from bot.domain.messages import FilesPart, TextPart
from bot.domain.subtitles import file_stem, paragraphs, transcript_files
from bot.domain.text import quote, split_text
from bot.pipeline.hear import Heard
from bot.pipeline.posts import post
from bot.pipeline.run import Run

log = structlog.get_logger()

PAGE = 1_500
"""Characters of a transcript that is still shown as a whole."""

LONG_WORD = 20
"""Characters of a word on average, above which a language has no spaces between its words: then characters count."""


def is_long(item: Heard) -> bool:
    """Return whether a transcript is posted as files: it is to be shown, and longer than a page."""
    return item.listening.show and len(item.text) > PAGE


def beginning(item: Heard) -> str:
    """Return what a reply shows of a long transcript: how long it is, and its first paragraph."""
    size = f"{_length(item.seconds)}, {_amount(item.text)}"
    return f"_Recording of {size}. It begins like this; the files below have all of it:_\n{quote(_first(item))}"


def _first(item: Heard) -> str:
    return paragraphs(item.text, item.segments)[0]


def _length(seconds: float) -> str:
    """Say how long something is."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _amount(text: str) -> str:
    """Say how much was said."""
    words = len(text.split())
    return f"{len(text):,} characters" if len(text) > LONG_WORD * words else f"{words:,} words"


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
        if is_long(item):
            stem = file_stem(item.listening.media.attachment.name)
            stem = f"{stem}-{index + 1}" if stem in taken else stem
            taken.add(stem)
            yield index, stem, item


async def _write_out(run: Run, name: str, reason: str, item: Heard) -> None:
    whole = "\n\n".join(paragraphs(item.text, item.segments))
    told = f"_(I could not attach the transcript: {reason})_\n\n{whole}"
    for number, part in enumerate(split_text(told, run.platform.abilities.text_limit)):
        await post(run, f"{name}:{number}", TextPart(text=part))
