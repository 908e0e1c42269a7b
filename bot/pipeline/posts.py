"""posts: what is seen by others, each exactly once, also across crashes.

A post that is journalled already is not made again; one that may have been made is looked for first, by its key.
"""

import structlog

from bot.domain.errors import PostInDoubt, PostNotDone, PostRefused
from bot.domain.journal import StepState
from bot.domain.messages import Part, PostId, TextPart
from bot.pipeline.run import Run

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
    made = await _find(run, name) if run.step(name) is not None else None
    if made is None:
        await run.house.journal.begin(run.job.lease, name)
        run.note(name, StepState.BEGAN)
        made = await _post_or_find(run, name, part)
    await run.house.journal.done(run.job.lease, name, {"post": made})
    run.note(name, StepState.DONE, {"post": made})
    return made


async def edit(run: Run, post: PostId, part: TextPart) -> None:
    """Replace the text of a post, waiting for a busy platform.

    Raises:
        PostNotDone: the platform is busy for longer than a turn waits.
        PostRefused: it can never be edited.
    """
    for attempt in range(TRIES):
        try:
            return await run.platform.edit(post, part, answering=run.message)
        except PostNotDone as error:
            await _wait(run, error, attempt)
    raise PostNotDone("the platform did not take the edit")


async def _post_or_find(run: Run, name: str, part: Part) -> PostId:
    for attempt in range(TRIES):
        try:
            return await run.platform.post(part, answering=run.message, key=_key(run, name))
        except PostInDoubt as error:
            log.warning("post in doubt", step=name, reason=error.reason)
            found = await _find(run, name)
            if found is not None:
                return found
        except PostNotDone as error:
            await _wait(run, error, attempt)
        except PostRefused as error:
            await run.house.journal.failed(run.job.lease, name, error.reason)
            raise
    raise PostNotDone("the platform did not take it")


async def _find(run: Run, name: str) -> PostId | None:
    for attempt in range(TRIES):
        try:
            return await run.platform.find(answering=run.message, key=_key(run, name))
        except PostNotDone as error:
            await _wait(run, error, attempt)
    raise PostNotDone("the platform cannot be asked what was posted")


async def _wait(run: Run, error: PostNotDone, attempt: int) -> None:
    delay = max(error.retry_after or 0.0, 0.5 * 2**attempt)
    if delay > LONGEST_WAIT_SECONDS:
        raise error
    log.warning("platform busy", seconds=delay, reason=error.reason)
    await run.house.clock.sleep(delay)


def _key(run: Run, name: str) -> str:
    return f"{run.job.id}/{name}"
