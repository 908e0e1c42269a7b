"""Who a message really notifies: https://docs.discord.com/developers/resources/message#allowed-mentions-object."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

USER = re.compile(r"<@!?(\d+)>")
ROLE = re.compile(r"<@&(\d+)>")
EVERYONE = re.compile(r"@(?:everyone|here)\b")

BY_DEFAULT: Mapping[str, Any] = {"parse": ["users", "roles", "everyone"], "replied_user": True}
IN_INTERACTIONS: Mapping[str, Any] = {"parse": ["users"]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentions:
    """The users and roles that a message notifies."""

    users: list[str]
    roles: list[str]
    everyone: bool


def mentioned(content: str, allowed: Mapping[str, Any], *, replied_to: str | None = None) -> Mentions:
    """Return who a text notifies.

    Args:
        content: the message's text.
        allowed: the allowed mentions object in force.
        replied_to: the author of the message that this one replies to.
    """
    parse = allowed.get("parse") or []
    users = _allowed(USER.findall(content), "users" in parse, allowed.get("users") or [])
    if replied_to is not None and allowed.get("replied_user") and replied_to not in users:
        users.append(replied_to)
    roles = _allowed(ROLE.findall(content), "roles" in parse, allowed.get("roles") or [])
    return Mentions(users=users, roles=roles, everyone="everyone" in parse and bool(EVERYONE.search(content)))


def _allowed(found: list[str], parsed: bool, listed: list[str | int]) -> list[str]:
    return [each for each in dict.fromkeys(found) if parsed or each in map(str, listed)]
