"""The live view of a turn: typing, for as long as it works. It never holds a turn up, and its failures are only logged.

Typing is shown for ten seconds at a time. A command shows by itself that somebody is at work. There is no plan of the
stages: Discord has no such thing, and a post that lists them would be in the way of the answer that takes its place.
https://docs.discord.com/developers/resources/channel#trigger-typing-indicator
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from typing_extensions import override

from adapters.discord.client import Client
from adapters.discord.homes import Homes
from adapters.discord.outcomes import read
from bot.domain.errors import MynahError, PlatformProblem
from bot.domain.messages import Message
from bot.ports import Live, Stage

log = structlog.get_logger()

REFRESH_SECONDS = 8.0
"""Discord stops showing it after ten."""


class Typing(Live):
    """Shows the same for every stage: Discord has no words for what somebody is busy with."""

    @override
    async def expect(self, stages: Sequence[Stage]) -> None:
        return

    @override
    async def stage(self, stage: Stage) -> None:
        return

    @override
    async def topic(self, words: str) -> None:
        return


@asynccontextmanager
async def typing(client: Client, homes: Homes, message: Message) -> AsyncIterator[Live]:
    """Show that somebody is at work on a message."""
    if "token" in message.handle:
        yield Typing()
        return
    failure: MynahError | None = None
    async with asyncio.TaskGroup() as group:
        showing = group.create_task(_show(client, homes, message))
        try:
            yield Typing()
        except MynahError as error:  # kept out of the group, which would wrap it
            failure = error
        finally:
            showing.cancel()
    if failure is not None:
        raise failure


async def _show(client: Client, homes: Homes, message: Message) -> None:
    """Type where the answer will stand, as far as that is known, until cancelled."""
    while True:
        try:
            await read(client.http.send_typing(homes.known(message).channel))
        except PlatformProblem as error:
            log.info("typing not shown", reason=error.reason)
        await asyncio.sleep(REFRESH_SECONDS)
