"""amend: the words that a reply quotes, corrected in place; what cannot be edited, a transcript's files, is posted anew."""

from collections.abc import Mapping

import structlog

from bot.domain.corrections import Correction
from bot.domain.errors import PostRefused
from bot.domain.jobs import Job
from bot.domain.messages import FilesPart, PostId, TextPart
from bot.domain.subtitles import UNNAMED, file_stem, transcript_files
from bot.pipeline.card import Card, Listened, card_of, text_now
from bot.pipeline.deliver import text_parts
from bot.pipeline.posts import edit, post, remove
from bot.pipeline.run import Run
from bot.pipeline.transcripts import is_long

log = structlog.get_logger()

MOST_ADDED = 5
"""Posts by which earlier corrections may have made a reply longer."""


async def amend(run: Run) -> None:
    """Let the reply that is regarded quote the corrected words.

    Raises:
        PlatformProblem: it cannot be changed now.
    """
    runs = await run.house.jobs.of_message(run.message.subject)
    replied = next((job for job in runs if job.message.revision == run.message.regarding), None)
    card = card_of(run.earlier.runs.get(replied.id, {})) if replied else None
    if replied is None or card is None:  # it was erased meanwhile
        return
    corrections = await run.house.reviews.corrections(run.message.subject)
    await _rewrite(run, replied, card, text_now(card, corrections))
    await _post_files(run, replied, card, corrections)


async def _rewrite(run: Run, replied: Job, card: Card, text: str) -> None:
    """Write a text over the posts of a reply; what more it needs is posted, and what it needs no longer is removed."""
    own = _text_posts(run, replied)
    parts = text_parts(text, run.platform.abilities.text_limit, card.actions)
    for index, part in enumerate(parts):
        if not (index in own and await _is_edited(run, own[index], part, replied)):
            await post(run, _added(run, index), part)
    for index, made in own.items():
        if index >= len(parts):
            await remove(run, made)
    for index in range(len(parts), len(parts) + MOST_ADDED):
        left = run.earlier.post(_added(run, index))
        if left is not None and left.post is not None:
            await remove(run, left.post)


def _added(run: Run, index: int) -> str:
    """Name a part of the text for which the reply has no post: the same one in every correction of it."""
    return f"post:amended:{run.message.regarding}:{index}"


def _text_posts(run: Run, replied: Job) -> Mapping[int, PostId]:
    """Return the posts of a reply's text, by the part."""
    prefix = "post:text:"
    named = {name.removeprefix(prefix): step for name, step in run.earlier.runs[replied.id].items() if prefix in name}
    return {int(index): PostId(str(step.result["post"])) for index, step in named.items() if step.result}


async def _is_edited(run: Run, made: PostId, part: TextPart, replied: Job) -> bool:
    try:
        await edit(run, made, part, answering=replied.message)
    except PostRefused as error:
        log.info("reply not amended", post=made, reason=error.reason)
        return False
    return True


async def _post_files(run: Run, replied: Job, card: Card, corrections: Mapping[str, Correction]) -> None:
    """Post the files of the long transcripts that were corrected."""
    names = {file.id: file.name for file in replied.message.attachments}
    for index, each in enumerate(card.listened):
        words = corrections.get(each.words.recording)
        if words is None or not _is_as_files(each, words):
            continue
        stem = file_stem(names.get(each.words.recording, "")) or UNNAMED
        files = transcript_files(f"{stem}-corrected", words.text, words.segments)
        name = f"post:corrected:{run.message.regarding}:{index}"
        before = run.earlier.post(name)
        if before is not None and before.post is not None:
            await remove(run, before.post)
        try:
            await post(run, name, FilesPart(files=files))
        except PostRefused as error:
            log.info("transcript not attached", reason=error.reason)


def _is_as_files(each: Listened, words: Correction) -> bool:
    return each.shown and is_long(words.text)
