"""afterwards: what is done about a message that was edited, deleted or stopped when it had a reply, or was getting one."""

from collections.abc import Iterable

import structlog

from bot.domain.errors import PlatformProblem, PostRefused
from bot.domain.messages import PostId, TextPart
from bot.pipeline.changes import erase_removed
from bot.pipeline.deliver import shown_so_far
from bot.pipeline.earlier import Left
from bot.pipeline.live import DRAFT
from bot.pipeline.posts import find, post, remove
from bot.pipeline.retention import erase_place, erase_workspace
from bot.pipeline.run import Run
from bot.words import say

log = structlog.get_logger()

GROWS = "post:text:"
"""Parts of a text: those of a new reply take the place of those of the old one."""


async def remove_reply(run: Run) -> None:
    """Remove every post of the earlier runs of a message that is gone; one that was on its way is looked for.

    What is held of it goes first, in case that whoever took the deletion in could not see to that.

    Raises:
        PostNotDone: not all could be removed now.
        StorageProblem: not all could be erased now.
    """
    await erase_removed(run.house, await run.house.jobs.of_message(run.message.subject))
    await _remove(run, run.earlier.posts())


async def withdraw_sound(run: Run) -> None:
    """Remove the clips and files of the reply that is redone: they cannot be edited, and say what no longer holds."""
    await _remove_if_may_be(
        run, (left for left in run.earlier.posts() if left.step.startswith(("post:clip", "post:files")))
    )


async def remove_surplus(run: Run) -> None:
    """Remove what is left of the reply that was redone: what the new one has no use for."""
    kept = run.posts()
    await _remove_if_may_be(run, (left for left in run.earlier.posts() if left.post not in kept), kept)


async def say_stopped(run: Run) -> None:
    """Show in a reply that was under way that it ends here; a text that was complete already stays as it is.

    Raises:
        PlatformProblem: it cannot be shown.
    """
    before = run.stopped_before
    if before.written if before is not None else run.earlier.is_answered:
        return
    text = shown_so_far(before) if before is not None else ""
    await post(run, DRAFT, TextPart(text="\n\n".join(filter(None, (text, f"_{say('Stopped.')}_")))))


async def purge(run: Run) -> None:
    """Erase all that is held of a workspace that does not have us any more, or of a channel or thread that is gone.

    Raises:
        StorageProblem: not all of it was erased.
    """
    place = run.message.place
    if place.channel:
        erased = await erase_place(run.house, place)
        log.info("channel erased", place=place.scopes[-1], messages=len(erased.jobs))
    else:
        erased = await erase_workspace(run.house, place.scopes[0])
        log.info("workspace erased", workspace=place.scopes[0], messages=len(erased.jobs))


async def _remove_if_may_be(run: Run, posts: Iterable[Left], kept: frozenset[PostId] = frozenset()) -> None:
    """Remove posts; the new reply does not wait for that."""
    try:
        await _remove(run, posts, kept)
    except PlatformProblem as error:
        log.warning("old reply not removed", reason=error.reason)


async def _remove(run: Run, posts: Iterable[Left], kept: frozenset[PostId] = frozenset()) -> None:
    for left in posts:
        made = left.post or await find(run, left.key)
        if made is None or made in kept:
            continue
        try:
            await remove(run, made)
        except PostRefused as error:
            log.warning("post not removed", step=left.step, reason=error.reason)
