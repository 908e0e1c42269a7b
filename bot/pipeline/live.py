"""The answer growing in the thread: posted once, then edited at a pace that the platform allows.

The first post of the growing text is the first post of the reply (`post:text:0`), so nothing has to be taken back when
the answer is complete: deliver edits it to the final text. Failures here never fail the turn; deliver tries again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from bot.domain.errors import MynahError, PlatformProblem, StorageProblem
from bot.domain.messages import GROWING, TextPart
from bot.domain.text import split_text
from bot.pipeline.posts import post, posted
from bot.pipeline.run import Run
from bot.ports import Paced

log = structlog.get_logger()

DRAFT = "post:text:0"
"""The step of the first post of a reply's text."""


class Draft:
    """The text of a reply while it grows."""

    def __init__(self, run: Run, prefix: str) -> None:
        self._run = run
        self._prefix = self._text = prefix
        self._shown = ""
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()
        if prefix:
            self._changed.set()

    def restart(self) -> None:
        """Begin the answer anew: another model takes over."""
        self._text = self._prefix

    def grow(self, text: str) -> None:
        """Take the next piece of the answer; it is shown at the next edit."""
        self._text += text if self._text != self._prefix else text.lstrip()  # as the whole answer will be stripped
        self._changed.set()

    def close(self) -> None:
        """Show no more; an edit under way is finished first."""
        self._closed.set()
        self._changed.set()

    async def show_while_it_grows(self) -> None:
        """Post the text when it begins, and edit it as it grows, until closed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._closed.is_set():
                return
            await self._show()
            await self._pause()

    async def _show(self) -> None:
        limit = self._run.platform.abilities.text_limit
        pieces = split_text(self._text, limit - len(GROWING))
        if not pieces or pieces[0] == self._shown:
            return
        part = TextPart(text=pieces[0], growing=True)
        try:
            made = posted(self._run, DRAFT)
            if made is None and not _may_begin(self._run):
                return
            if made is None:
                await post(self._run, DRAFT, part)
            else:
                async with self._run.in_flight():
                    await self._run.platform.edit(made, part, answering=self._run.message)
            self._shown = self._run.shown = pieces[0]
        except (PlatformProblem, StorageProblem) as error:
            log.info("draft not shown", reason=str(error))

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._run.platform.abilities.edit_seconds):
                await self._closed.wait()


@asynccontextmanager
async def opened(run: Run, *, shown: bool) -> AsyncIterator[None]:
    """Let the reply stand there before it says anything, and show what the turn is busy with meanwhile.

    It is posted beside the work, which it does not hold up; once it was begun, it is posted or given up before the
    context is left.

    Args:
        run: the job.
        shown: False posts nothing, for replies that are not written and turns without a plan.
    """
    if not (shown and run.platform.abilities.shows_plan and _may_begin(run)) or run.earlier.post(DRAFT) is not None:
        yield  # a reply that is redone stands there already
        return
    failure: MynahError | None = None
    async with asyncio.TaskGroup() as group:
        group.create_task(_open(run))
        try:
            yield
        except MynahError as error:  # kept out of the group, which would wrap it
            failure = error
    if failure is not None:
        raise failure


def _may_begin(run: Run) -> bool:
    """Return whether the reply may grow; where the platform has no room for that now, it is posted when it is whole."""
    platform = run.platform
    return run.step(DRAFT) is not None or not isinstance(platform, Paced) or platform.has_room(run.message)


async def _open(run: Run) -> None:
    try:
        await post(run, DRAFT, TextPart(text="", growing=True))
    except (PlatformProblem, StorageProblem) as error:
        log.info("plan not shown", reason=str(error))


@asynccontextmanager
async def growing(run: Run, prefix: str, *, shown: bool) -> AsyncIterator[Draft]:
    """Show a text while it grows, for as long as the context is open.

    Args:
        run: the job.
        prefix: what stands before the answer, for example the transcript.
        shown: False only collects, for replies that are not written.
    """
    draft = Draft(run, prefix)
    if not shown:
        yield draft
        return
    failure: MynahError | None = None
    async with asyncio.TaskGroup() as group:
        group.create_task(draft.show_while_it_grows())
        try:
            yield draft
        except MynahError as error:  # kept out of the group, which would wrap it
            failure = error
        finally:
            draft.close()
    if failure is not None:
        raise failure
