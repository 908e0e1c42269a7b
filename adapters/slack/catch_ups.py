"""Catching up in all workspaces, a few at a time: each has its own tokens, and so its own limits."""

import asyncio

import structlog

from adapters.slack.catch_up import CatchUp
from adapters.slack.clients import Clients
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
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, CatchUp] = {}

    def again(self) -> None:
        """Ask for another round."""
        self._again.set()

    async def run(self) -> None:
        """Catch up now, and again when asked, until cancelled."""
        while True:
            self._again.clear()
            await self._round()
            await self._again.wait()

    async def passed(self, workspace: str, channel: str) -> None:
        """Wait until a channel's older messages are stored, so that a conversation stays in order.

        Only in the first moments of a round: when it lasts, new messages pass.
        """
        catch_up = self._under_way.get(workspace)
        if catch_up is not None:
            await catch_up.passed(channel)

    async def _round(self) -> None:
        try:
            workspaces = await self._clients.tokens.workspaces()
        except MynahError as error:
            log.warning("workspaces not listed", reason=str(error))
            return
        async with asyncio.TaskGroup() as group:
            for workspace in workspaces:
                group.create_task(self._catch_up(workspace))

    async def _catch_up(self, workspace: str) -> None:
        async with self._room:
            try:
                me = await self._clients.identity(workspace)
            except MynahError as error:
                log.warning("not caught up", workspace=workspace, reason=str(error))
                return
            client = self._clients.of(me.team)
            catch_up = CatchUp(client, self._intake, me, self._clock, longest_seconds=self._longest)
            self._under_way[workspace] = catch_up
            try:
                await catch_up.round()
            finally:
                del self._under_way[workspace]
