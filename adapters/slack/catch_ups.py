"""Catching up in all workspaces, a few at a time: each has its own tokens, and so its own limits.

The marks are looked at before anything new is taken, for all workspaces at once, and each is read from there, however long
it waits for its turn or for Slack. Until a workspace is caught up, nothing that is stored moves its marks: when the process
ends before that, the next one begins at the same marks again, and what is stored already is known.
"""

import asyncio
from collections.abc import Mapping

import structlog

from adapters.slack.catch_up import PAUSES, CatchUp, Marks
from adapters.slack.clients import Clients
from adapters.slack.translate import PLATFORM
from bot.domain.errors import MynahError
from bot.ports import Clock, Intake

log = structlog.get_logger()

AT_ONCE = 8
"""Workspaces that are caught up on side by side."""


class CatchUps:
    """Reads what was missed, at the start and whenever a connection was lost."""

    def __init__(self, clients: Clients, intake: Intake, clock: Clock, *, longest_seconds: int) -> None:
        """Prepare.

        Args:
            clients: of all workspaces.
            intake: what messages are handed to; it also knows the marks.
            clock: to know what is too old, and to wait.
            longest_seconds: what was missed longer ago is left.
        """
        self._clients = clients
        self._intake = intake
        self._clock = clock
        self._longest = longest_seconds
        self._again = asyncio.Event()
        self._outdated = False
        """Whether something may have been missed since the marks were looked at."""
        self._room = asyncio.Semaphore(AT_ONCE)
        self._noted: Mapping[str, Mapping[str, Marks]] = {}
        self._under_way: dict[str, CatchUp] = {}

    def again(self) -> None:
        """Ask for another round."""
        self._outdated = True
        self._again.set()

    async def look(self) -> None:
        """Note from where each channel of each workspace is to be read, as soon as that is to be had."""
        while True:
            try:
                workspaces = await self._clients.tokens.workspaces()
                marks = await self._marks()
            except MynahError as error:
                log.warning("marks not read", reason=str(error))
                await self._clock.sleep(PAUSES[0])
            else:
                self._noted = {workspace: marks[workspace] for workspace in workspaces if workspace in marks}
                return

    async def run(self) -> None:
        """Catch up on what was noted, and again when asked, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for workspace, channels in self._noted.items():
                    if workspace not in self._under_way:
                        self._under_way[workspace] = self._begun(workspace)
                        group.create_task(self._catch_up(workspace))
                    self._under_way[workspace].note(channels)
                self._outdated = self._again.is_set()
                await self._again.wait()
                self._again.clear()
                await self.look()

    async def passed(self, workspace: str, channel: str) -> bool:
        """Wait until a channel's older messages are stored, so that a conversation stays in order.

        Only in the first moments of a round: when it lasts, new messages pass. Returns whether the workspace is caught up.
        """
        catch_up = self._under_way.get(workspace)
        if catch_up is not None:
            await catch_up.passed(channel)
        return not self._outdated and workspace not in self._under_way

    async def _marks(self) -> dict[str, dict[str, dict[str, str]]]:
        """Return the marks by workspace, channel and thread."""
        found: dict[str, dict[str, dict[str, str]]] = {}
        for place, mark in (await self._intake.marks(PLATFORM)).items():
            found.setdefault(place.workspace, {}).setdefault(place.channel, {})[place.thread or ""] = mark
        return found

    def _begun(self, workspace: str) -> CatchUp:
        return CatchUp(workspace, self._clients, self._intake, self._clock, longest_seconds=self._longest)

    async def _catch_up(self, workspace: str) -> None:
        """Catch up on a workspace; who has to wait for Slack leaves the room to others."""
        while True:
            async with self._room:
                pause = await self._under_way[workspace].go_on()
            if pause is None:
                break
            await self._clock.sleep(pause)
        del self._under_way[workspace]
