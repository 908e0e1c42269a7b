"""The roles that people have in servers, of whom messages do not tell them: those that are read from the history.

https://docs.discord.com/developers/resources/guild#get-guild-member
"""

from collections.abc import Collection
from dataclasses import dataclass

from adapters.discord.client import Client
from adapters.discord.outcomes import GONE, DiscordRefusal, read
from bot.ports import Clock

MEMBER_MS = 300_000
"""How long somebody's roles count as known."""

UNKNOWN_MEMBER = 10007
"""What Discord says of who is not in the server (any more)."""

MOST_MEMBERS = 1_000
"""Whose roles are remembered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    roles: frozenset[str]
    at: int


class DiscordDirectory:
    """Members of all servers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._members: dict[tuple[str, str], _Member] = {}

    async def roles(self, client: Client, person: str, *, workspace: str, among: Collection[str]) -> Collection[str]:
        """Return those of some roles that somebody has in a server; raises as `Directory.groups` does."""
        wanted = {name for name in among if name.isascii() and name.isdecimal() and name != person}
        if not workspace or not wanted or not person.isdecimal():
            return ()
        known = self._members.get((workspace, person))
        if known is None or self._clock.now() - known.at > MEMBER_MS:
            if len(self._members) >= MOST_MEMBERS:
                self._members.clear()
            known = _Member(roles=await _roles(client, person, workspace), at=self._clock.now())
            self._members[workspace, person] = known
        return wanted & known.roles


async def _roles(client: Client, person: str, workspace: str) -> frozenset[str]:
    try:
        member = await read(client.http.get_member(int(workspace), int(person)))
    except DiscordRefusal as error:
        if error.code == UNKNOWN_MEMBER or error.code in GONE:
            return frozenset()
        raise
    return frozenset({workspace, *map(str, member["roles"])})
