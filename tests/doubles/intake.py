"""An intake that remembers what it was handed, and can refuse to store."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from typing_extensions import override

from adapters.storage.clock import SystemClock
from bot.domain.commands import CommandCall
from bot.domain.controls import Press, Response
from bot.domain.errors import StorageUnavailable
from bot.domain.home import Home
from bot.domain.messages import Author, JobId, Message, Place
from bot.domain.panel import Choice, Outcome, SettingsForm
from bot.domain.suggestions import Room
from bot.ports import Intake
from tests.doubles.locks import MemoryLocks
from tests.doubles.panel import RecordingPanel


class RecordingIntake(Intake):
    """Takes everything but what bots say; knows each message once."""

    failures = 0
    """How many of the next messages cannot be stored."""
    rounds = 0
    """How often it was told how far places were caught up on."""

    def __init__(self) -> None:
        self.messages: dict[JobId, Message] = {}
        """What was stored, in order."""
        self.offered: list[Message] = []
        """Every call of `accept`, in order."""
        self.calls: list[CommandCall] = []
        """The commands that were answered at once."""
        self.edits: list[tuple[Message, int]] = []
        """Edited messages as they read then, and when they were said first."""
        self.deletions: list[tuple[Place, str]] = []
        """Where a message was deleted, and which."""
        self.stops: list[tuple[Place, str, bool]] = []
        """Where somebody stopped us, who, and whether they may manage the channel."""
        self.happened: list[tuple[str, str]] = []
        """All that became of messages afterwards and was stored, in order."""
        self.answer = "Done."
        """What they are answered."""
        self.presses: list[Press] = []
        """What was pressed, and what was filled in."""
        self.respond: Callable[[Press], Response] = lambda _: Response(text=self.answer)
        """What comes of it."""
        self.panel = RecordingPanel()
        """Settings of channels, and pages of people."""
        self.read_to: dict[Place, str] = {}
        """How far places were caught up on."""
        self.languages: dict[str, str] = {}
        """Of people, by id; of others it is their locale."""
        self.locks = MemoryLocks(SystemClock())
        """Of one process among others."""
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
    async def edited(self, message: Message, *, said_at: int) -> bool:
        self.edits.append((message, said_at))
        self._note("edited", message.text)
        return True

    @override
    async def deleted(self, place: Place, key: str) -> bool:
        self.deletions.append((place, key))
        self._note("deleted", key)
        return True

    @override
    async def stop(self, place: Place, *, by: str, may_manage: bool = False) -> int:
        self.stops.append((place, by, may_manage))
        self._note("stop", by)
        return 1

    @override
    async def file_deleted(self, platform: str, workspace: str, file: str) -> int:
        self._note("file deleted", f"{platform}:{workspace}:{file}")
        return 1

    @override
    async def channel_deleted(self, place: Place) -> bool:
        self._note("channel deleted", place.scopes[-1])
        return True

    @override
    async def left(self, platform: str, workspace: str) -> bool:
        self._note("left", f"{platform}:{workspace}")
        return True

    def _note(self, what: str, about: str) -> None:
        """Remember what happened, unless it cannot be stored."""
        self._wake()
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("the disk is full")
        self.happened.append((what, about))

    @override
    async def command(self, call: CommandCall) -> str:
        self.calls.append(call)
        self._wake()
        return self.answer

    @override
    async def press(self, press: Press) -> Response:
        self.presses.append(press)
        self._wake()
        return self.respond(press)

    @override
    async def settings(self, call: CommandCall) -> SettingsForm:
        self.calls.append(call)
        self._wake()
        return self.panel.opened(call)

    @override
    async def change_settings(
        self, call: CommandCall, filled: Mapping[str, str], *, shown: Mapping[str, str]
    ) -> Outcome:
        self._wake()
        return self.panel.take(call, filled, shown)

    @override
    async def suggest(
        self, name: str, typed: str, *, place: Place, author: Author, room: Room, filled: Mapping[str, str]
    ) -> Sequence[Choice]:
        self.panel.typed.append((name, typed, dict(filled)))
        self._wake()
        return [each for each in self.panel.choices if typed in each.value][: room.most]

    @override
    async def home(self, place: Place, author: Author, *, channels: Sequence[str] | None) -> Home:
        self._wake()
        return self.panel.home(channels)

    @override
    async def refusal(self, place: Place, author: Author) -> str:
        return self.panel.refusals.get(author.id, "")

    @override
    async def language(self, place: Place, author: Author) -> str:
        return self.languages.get(author.id, author.locale)

    @override
    async def marks(self, platform: str) -> Mapping[Place, str]:
        marks: dict[Place, str] = {}
        for message in self.messages.values():
            if message.place.platform == platform:
                known = (marks.get(message.place, ""), message.key if message.moves_mark else "")
                marks[message.place] = max(*known, self.read_to.get(message.place, ""), key=lambda key: (len(key), key))
        return {place: key for place, key in marks.items() if key}

    @override
    async def caught_up(self, marks: Mapping[Place, str]) -> None:
        self.read_to |= marks
        self.rounds += 1
        self._wake()

    @override
    async def lock(self, name: str, *, seconds: float) -> bool:
        return await self.locks.take(name, seconds=seconds) is None

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
