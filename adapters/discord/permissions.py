"""Who may read a channel, from what Discord says of it. No I/O.

https://docs.discord.com/developers/topics/permissions#permission-overwrites
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from discord import Permissions

Data = Mapping[str, Any]

READING = Permissions(view_channel=True, read_message_history=True)


def may_read(guild: Data, channel: Data, member: Data) -> bool:
    """Return whether a member of a server may read what was said in one of its channels.

    Args:
        guild: with its roles, https://docs.discord.com/developers/resources/guild#guild-object.
        channel: no thread, https://docs.discord.com/developers/resources/channel#channel-object.
        member: https://docs.discord.com/developers/resources/guild#guild-member-object.
    """
    person, everybody = str(member["user"]["id"]), str(guild["id"])
    roles = {everybody, *map(str, member["roles"])}
    granted = _all_of(int(role["permissions"]) for role in guild["roles"] if str(role["id"]) in roles)
    if str(guild["owner_id"]) == person or Permissions(granted).administrator:
        return True
    for layer in ({everybody}, roles - {everybody}, {person}):
        granted = _overwritten(granted, channel, layer)
    return READING.is_subset(Permissions(granted))


def _overwritten(granted: int, channel: Data, whom: Collection[str]) -> int:
    rules = [rule for rule in channel.get("permission_overwrites") or () if str(rule["id"]) in whom]
    return granted & ~_all_of(int(rule["deny"]) for rule in rules) | _all_of(int(rule["allow"]) for rule in rules)


def _all_of(bits: Iterable[int]) -> int:
    found = 0
    for each in bits:
        found |= each
    return found
