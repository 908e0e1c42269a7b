"""The answer growing in the thread: posted once, then edited at a pace that the platform allows.

The first post of the growing text is the first post of the reply (`post:text:0`), so nothing has to be taken back when
the answer is complete: deliver edits it to the final text. Failures here never fail the turn; deliver tries again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from bot.domain.errors import MynahError, PlatformProblem, StorageProblem
from bot.domain.messages import TextPart
from bot.domain.text import split_text
from bot.pipeline.posts import post, posted
from bot.pipeline.run import Run

log = structlog.get_logger()

DRAFT = "post:text:0"
"""The step of the first post of a reply's text."""

GROWING = " …"
"""Shown behind a text that still grows."""


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
        self._text += text
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
        part = TextPart(text=pieces[0] + GROWING, growing=True)
        try:
            made = posted(self._run, DRAFT)
            if made is None:
                await post(self._run, DRAFT, part)
            else:
                await self._run.platform.edit(made, part, answering=self._run.message)
            self._shown = pieces[0]
        except (PlatformProblem, StorageProblem) as error:
            log.info("draft not shown", reason=str(error))

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._run.platform.abilities.edit_seconds):
                await self._closed.wait()


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
