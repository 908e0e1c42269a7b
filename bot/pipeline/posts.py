"""posts: what is seen by others, each exactly once, also across crashes.

A post that is journalled already is not made again; one that may have been made is looked for first, by its key. A text
takes the place of the one that an earlier run of the same message had posted there.
"""

import structlog

from bot.domain.errors import PostInDoubt, PostNotDone, PostRefused
from bot.domain.journal import StepState
from bot.domain.messages import Message, Part, PostId, TextPart
from bot.pipeline.run import Run
from bot.words import phrase

log = structlog.get_logger()

TRIES = 4
"""How often one post is tried within a turn; after that the whole job waits and is tried again."""

LONGEST_WAIT_SECONDS = 20.0
"""The longest that a turn itself waits for a busy platform."""


def posted(run: Run, name: str) -> PostId | None:
    """Return the post of a step, if it is done."""
    result = run.result(name)
    return None if result is None else PostId(str(result["post"]))


async def post(run: Run, name: str, part: Part) -> PostId:
    """Post one part, exactly once.

    Raises:
        PostNotDone: the platform is busy for longer than a turn waits.
        PostRefused: it will never be posted.
    """
    done = posted(run, name)
    if done is not None:
        return done
    made = await find(run, _key(run, name)) if run.step(name) is not None else None
    if made is None:
        await run.house.journal.begin(run.job.lease, name)
        run.note(name, StepState.BEGAN)
        made = await _taken_over(run, name, part) or await _post_or_find(run, name, part)
    await run.house.journal.done(run.job.lease, name, {"post": made})
    run.note(name, StepState.DONE, {"post": made})
    return made


async def edit(run: Run, post: PostId, part: TextPart, *, answering: Message | None = None) -> None:
    """Replace the text of a post, waiting for a busy platform.

    Args:
        run: the job.
        post: the post.
        part: what it is to say.
        answering: what it answers, where that is not the job's own message.

    Raises:
        PostNotDone: the platform is busy for longer than a turn waits.
        PostRefused: it can never be edited.
    """
    for attempt in range(TRIES):
        try:
            async with run.in_flight():
                return await run.platform.edit(post, part, answering=answering or run.message)
        except PostNotDone as error:
            await _wait(run, error, attempt)
    raise PostNotDone(phrase("the platform did not take the edit"))


async def remove(run: Run, post: PostId) -> None:
    """Remove a post, waiting for a busy platform; one that is gone already is fine.

    Raises:
        PostNotDone: the platform is busy for longer than a turn waits.
        PostRefused: it can never be removed.
    """
    for attempt in range(TRIES):
        try:
            return await run.platform.delete(post, answering=run.message)
        except PostNotDone as error:
            await _wait(run, error, attempt)
    raise PostNotDone(phrase("the platform did not remove it"))


async def _taken_over(run: Run, name: str, part: Part) -> PostId | None:
    """Write a text over the one of an earlier run; None where there is none, or it cannot be edited any more."""
    left = run.earlier.post(name)
    if left is None or not isinstance(part, TextPart):
        return None
    made = left.post or await find(run, left.key)
    if made is None:
        return None
    try:
        await edit(run, made, part)
    except PostRefused as error:
        log.info("old post not edited", step=name, reason=error.reason)
        return None
    return made


async def _post_or_find(run: Run, name: str, part: Part) -> PostId:
    for attempt in range(TRIES):
        try:
            async with run.in_flight():
                return await run.platform.post(part, answering=run.message, key=_key(run, name))
        except PostInDoubt as error:
            log.warning("post in doubt", step=name, reason=error.reason)
            found = await find(run, _key(run, name))
            if found is not None:
                return found
        except PostNotDone as error:
            await _wait(run, error, attempt)
        except PostRefused as error:
            await run.house.journal.failed(run.job.lease, name, error.reason)
            raise
    raise PostNotDone(phrase("the platform did not take it"))


async def find(run: Run, key: str) -> PostId | None:
    """Look for a post that may have been made, by what names it; None when it is certainly not there.

    Raises:
        PostNotDone: the platform cannot be asked now.
    """
    for attempt in range(TRIES):
        try:
            return await run.platform.find(answering=run.message, key=key)
        except PostNotDone as error:
            await _wait(run, error, attempt)
    raise PostNotDone(phrase("the platform cannot be asked what was posted"))


async def _wait(run: Run, error: PostNotDone, attempt: int) -> None:
    delay = max(error.retry_after or 0.0, 0.5 * 2**attempt)
    if delay > LONGEST_WAIT_SECONDS:
        raise error
    log.warning("platform busy", seconds=delay, reason=error.reason)
    await run.house.clock.sleep(delay)


def _key(run: Run, name: str) -> str:
    """Name a post; one that an earlier run may have made, and that nobody found, keeps its name, so that it is not made twice."""
    left = run.earlier.post(name)
    return left.key if left is not None and left.post is None else f"{run.job.id}/{name}"
