"""alone: a connection that should be held by one process is watched, and said aloud when it is not.

Two processes with one token share what the platform sends: with one database that is only wasteful, with two of them
each answers a part of what people say, out of the other's settings and memory. A process takes a right for each of its
connections and keeps it while it lives; who does not get it says so, in its log and through the doctor.
"""

import structlog

from bot.domain.errors import StorageProblem
from bot.domain.records import Dispute
from bot.pipeline.house import House
from bot.ports import Connected, Connection

log = structlog.get_logger()

EVERY_SECONDS = 5.0

SECONDS = 20.0
"""How long a right lasts that its process does not renew; the doctor tells of a dispute for as long."""


async def watch_connections_for_ever(house: House) -> None:
    """Look again and again whether this process alone holds its connections, until cancelled."""
    watch = ConnectionWatch(house)
    try:
        while True:
            try:
                await watch.look()
            except StorageProblem as error:
                log.warning("connections not watched", reason=str(error))
            await house.clock.sleep(EVERY_SECONDS)
    finally:
        await watch.leave()


class ConnectionWatch:
    """What this process holds, and who else does."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._held: set[str] = set()
        self._told: dict[str, Dispute] = {}

    async def look(self) -> None:
        """Take the rights to all connections; tell of those that are not ours alone, once for each rival.

        Raises:
            StorageProblem: they cannot be taken.
        """
        for platform in self._house.platforms.values():
            for connection in platform.connections() if isinstance(platform, Connected) else ():
                self._tell(connection.name, await self._dispute(connection))

    async def leave(self) -> None:
        """Give the rights back, so that the next process finds them free."""
        try:
            for name in self._held:
                await self._house.locks.release(name)
        except StorageProblem as error:
            log.info("rights not given back", reason=str(error))

    async def _dispute(self, connection: Connection) -> Dispute | None:
        locks, name = self._house.locks, connection.name
        holder = await locks.take(name, seconds=SECONDS)
        if holder is not None:
            rival = "a second process"
        elif connection.strangers:
            rival = f"a process with another database ({connection.strangers} connections that are not ours)"
        else:
            rival = ""
        if holder is None:
            self._held.add(name)
        if rival:
            await locks.dispute(name, rival, seconds=SECONDS)
        return Dispute(name=name, holder=holder or "this process", rival=rival) if rival else None

    def _tell(self, name: str, dispute: Dispute | None) -> None:
        if dispute is None:
            if self._told.pop(name, None):
                log.info("connection is ours alone again", connection=name)
        elif self._told.get(name) != dispute:
            self._told[name] = dispute
            log.warning("connection is not ours alone", connection=name, advice=warning(dispute))


def warning(dispute: Dispute) -> str:
    """Say what a dispute means."""
    return (
        f"{dispute.rival.capitalize()} is connected beside {dispute.holder}, with the same {dispute.name}: "
        "what people say reaches either of them."
    )


ADVICE = "Run one of them, give each a token of its own, or split Discord's shards between them (discord.shards)."
