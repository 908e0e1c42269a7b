"""What Slack tells of people only when it is asked: their language, and the user groups that they are in.

A user group's members are asked for at once and kept some minutes, so that a rule that names a group costs next to
nothing. Where Slack refuses to tell, it is left alone for a while.
"""

from collections.abc import Collection
from dataclasses import dataclass

from adapters.slack.clients import Clients
from adapters.slack.outcomes import STRANGERS, SlackRefusal, read
from bot.domain.errors import PlatformProblem, PostNotDone
from bot.ports import Clock
from bot.words import phrase

GROUP_MS = 300_000
"""How long the members of a user group count as known."""

QUIET_MS = 60_000
"""How long nobody is asked about after Slack did not tell."""

NO_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})
"""What Slack says of a user group that there is not (any more), which nobody is in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Group:
    members: frozenset[str]
    at: int


class SlackDirectory:
    """People and user groups of all workspaces."""

    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self._groups: dict[tuple[str, str], _Group] = {}
        self._quiet: dict[tuple[str, str], int] = {}

    async def locale(self, person: str, *, workspace: str) -> str:
        """Return somebody's locale, https://docs.slack.dev/reference/methods/users.info; raises as `Directory` does."""
        self._check_quiet(workspace, "people")
        try:
            answer = await read(self._clients.of(workspace).users_info(user=person, include_locale=True))
        except PlatformProblem as error:
            if isinstance(error, SlackRefusal) and error.error in STRANGERS:
                return ""
            self._quiet[workspace, "people"] = self._clock.now() + QUIET_MS
            raise
        return str(answer["user"].get("locale") or "")

    async def groups(self, person: str, *, workspace: str, among: Collection[str]) -> Collection[str]:
        """Return those of some user groups that somebody is in; raises as `Directory` does."""
        groups = sorted(name for name in among if is_group(name))
        return [group for group in groups if person in await self._members(workspace, group)]

    async def _members(self, workspace: str, group: str) -> Collection[str]:
        """Return who is in a user group: as of some minutes ago, or of longer ago while Slack does not tell."""
        known = self._groups.get((workspace, group))
        if known is not None and self._clock.now() - known.at < GROUP_MS:
            return known.members
        try:
            members = frozenset(await self._asked(workspace, group))
        except PlatformProblem:
            self._quiet[workspace, group] = self._clock.now() + QUIET_MS
            if known is None:
                raise
            return known.members
        self._groups[workspace, group] = _Group(members=members, at=self._clock.now())
        return members

    async def _asked(self, workspace: str, group: str) -> Collection[str]:
        """Ask for the members of a user group, https://docs.slack.dev/reference/methods/usergroups.users.list."""
        self._check_quiet(workspace, group)
        try:
            answer = await read(self._clients.of(workspace).usergroups_users_list(usergroup=group))
        except SlackRefusal as error:
            if error.error in NO_GROUP:
                return ()
            raise
        return [str(member) for member in answer.get("users") or ()]

    def _check_quiet(self, workspace: str, what: str) -> None:
        if self._quiet.get((workspace, what), 0) > self._clock.now():
            raise PostNotDone(phrase("Slack did not tell a moment ago"))


def is_group(name: str) -> bool:
    """Return whether an id is that of a user group, as Slack makes them: `S0614TZR7`."""
    return name.startswith("S") and name.isalnum() and name.isupper()
