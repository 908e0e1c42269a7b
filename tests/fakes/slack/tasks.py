"""What the fake does by and by: redeliveries and shares, all of which can be called off."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """Background work inside one TaskGroup: a failure ends the whole process, so that none goes unseen."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` until it ends or is called off."""
        task = self._group.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def cancel(self) -> None:
        """Call everything off."""
        for task in self._running:
            task.cancel()
