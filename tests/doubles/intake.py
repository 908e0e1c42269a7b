"""An intake that remembers what it was handed, and can refuse to store."""

import asyncio
import time
from collections.abc import Callable, Mapping

from typing_extensions import override

from bot.domain.commands import CommandCall
from bot.domain.errors import StorageUnavailable
from bot.domain.messages import JobId, Message, Place
from bot.ports import Intake


class RecordingIntake(Intake):
    """Takes everything but what bots say; knows each message once."""

    def __init__(self) -> None:
        self.messages: dict[JobId, Message] = {}
        """What was stored, in order."""
        self.offered: list[Message] = []
        """Every call of `accept`, in order."""
        self.calls: list[CommandCall] = []
        """The commands that were answered at once."""
        self.answer = "Done."
        """What they are answered."""
        self.failures = 0
        """How many of the next messages cannot be stored."""
        self._changed = asyncio.Event()

    @override
    async def accept(self, message: Message) -> bool:
        self.offered.append(message)
        self._wake()
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("the disk is full")
        if message.author.is_bot or message.job_id in self.messages:
            return False
        self.messages[message.job_id] = message
        return True

    @override
    async def command(self, call: CommandCall) -> str:
        self.calls.append(call)
        self._wake()
        return self.answer

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        marks: dict[Place, str] = {}
        for message in self.messages.values():
            if message.place.platform == platform:
                marks[message.place] = max(marks.get(message.place, ""), message.key, key=lambda key: (len(key), key))
        return marks

    @property
    def texts(self) -> list[str]:
        """The texts of what was stored, in order."""
        return [message.text for message in self.messages.values()]

    async def wait(self, holds: Callable[["RecordingIntake"], bool], *, seconds: float = 10) -> None:
        """Wait until something holds; raises TimeoutError, which says what was there instead."""
        deadline = time.monotonic() + seconds
        while not holds(self):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not after {seconds} s: stored {list(self.messages)}, offered {len(self.offered)}")
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def wait_stored(self, count: int = 1, *, seconds: float = 10) -> list[Message]:
        """Wait until so many messages are stored; returns all of them."""
        await self.wait(lambda intake: len(intake.messages) >= count, seconds=seconds)
        return list(self.messages.values())

    def _wake(self) -> None:
        self._changed.set()
