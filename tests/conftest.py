"""What holds in every test: our code never blocks the event loop, and no task dies unseen."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest

from bot.words import open_catalogues
from tests.blocking import blocking_raises

NEVER_RETRIEVED = "never retrieved"


@pytest.fixture(autouse=True)
def nothing_blocks_the_event_loop() -> Iterator[None]:
    """Let every blocking call raise that our own code makes in an event loop; tests and fakes may wait for a file."""
    with blocking_raises():
        yield


@pytest.fixture(autouse=True, scope="session")
def catalogues() -> None:
    """Read what is said in other languages before any event loop runs, as the service does."""
    open_catalogues()


@pytest.fixture(autouse=True, scope="module")
def dead_tasks() -> Iterator[list[str]]:
    """Collect the tasks of a module's tests that failed and were never asked for their result.

    A task is only told of when its memory is freed, so those that are left at the end are looked for once more.
    See https://docs.python.org/3/library/asyncio-dev.html#detect-never-retrieved-exceptions.
    """
    report = asyncio.BaseEventLoop.default_exception_handler
    found: list[str] = []

    def note(loop: asyncio.BaseEventLoop, context: dict[str, Any]) -> None:
        if NEVER_RETRIEVED in context.get("message", ""):
            found.append(f"{context['message']}: {context.get('exception')!r} in {context.get('future')!r}")
        report(loop, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.BaseEventLoop, "default_exception_handler", note)
        yield found
        gc.collect()
    assert not found, found


@pytest.fixture(autouse=True)
def no_task_dies_unseen(dead_tasks: list[str]) -> Iterator[None]:
    """Fail the test in which it is found out that a task failed and nobody asked."""
    yield
    found, dead_tasks[:] = list(dead_tasks), []
    assert not found, found
