"""Rights: who may change the settings of a channel. Slack tells apps nothing of channel managers.

So admins and owners of the workspace may, whoever of it created the channel may, and everybody in their own direct messages.
In a channel that is shared with others, those others may not: https://docs.slack.dev/apis/slack-connect
"""

from collections.abc import Mapping
from typing import Any

from adapters.slack.clients import Clients
from adapters.slack.outcomes import STRANGERS, SlackRefusal, read
from adapters.slack.translate import Identity

MOST_CREATORS = 10_000
"""Channels whose creators are remembered."""


class Rights:
    """Asks Slack who somebody is. That person may wait for it with three seconds to go."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._creators: dict[tuple[str, str], str] = {}

    async def may_manage(self, channel: str, person: str, me: Identity) -> bool:
        """Return whether somebody may change the settings of a channel; raises as `read` does."""
        if channel.startswith("D"):
            return True
        user = await self._member(person, me)
        return user is not None and (_administers(user) or await self._creator(channel, me) == person)

    async def may_administer(self, person: str, me: Identity) -> bool:
        """Return whether somebody is an admin or owner of the workspace; raises as `read` does."""
        user = await self._member(person, me)
        return user is not None and _administers(user)

    async def _member(self, person: str, me: Identity) -> Mapping[str, Any] | None:
        """Return somebody as Slack shows them, https://docs.slack.dev/reference/objects/user-object; None if not of the workspace."""
        try:
            user = (await read(self._clients.of(me.team).users_info(user=person)))["user"]
        except SlackRefusal as error:
            if error.error in STRANGERS:
                return None
            raise
        return user if _is_of(user, me.team) else None

    async def _creator(self, channel: str, me: Identity) -> str:
        """Return who created a channel, asked once: it never changes."""
        key = (me.team, channel)
        if key not in self._creators:
            found = (await read(self._clients.of(me.team).conversations_info(channel=channel)))["channel"]
            if len(self._creators) >= MOST_CREATORS:
                self._creators.clear()
            self._creators[key] = str(found.get("creator") or "")
        return self._creators[key]


def _administers(user: Mapping[str, Any]) -> bool:
    return bool(user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner"))


def _is_of(user: Mapping[str, Any], team: str) -> bool:
    """Whether somebody belongs to a workspace; in an organisation people belong to several, and one of them comes first."""
    workspaces = (user.get("enterprise_user") or {}).get("teams") or ()
    return not user.get("is_stranger") and team in {user.get("team_id"), *workspaces}
