"""Shards: the parts that a bot's connection is split into, and which of them one process holds.

A server belongs to the shard `(server >> 22) % count`, and direct messages to the first one:
https://docs.discord.com/developers/events/gateway#sharding
"""

import re
from dataclasses import dataclass

from typing_extensions import override

from bot.domain.errors import SettingInvalid

SETTING = "discord.shards"

FORM = re.compile(r"(?:(\d+)(?:-(\d+))?/)?(\d+)", re.ASCII)
EXAMPLE = "must be of the form 16 (all of sixteen shards), 0-3/16 (the first four of them) or 5/16 (one)"

MOST = 100_000
"""More than any bot has; a longer number is a mistake."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardRange:
    """The shards of one process: `first` to `last` of `count`, the last one included."""

    first: int
    """Counted from zero."""
    last: int
    """Not below the first."""
    count: int
    """Of all processes together."""

    @property
    def is_part(self) -> bool:
        """Whether other processes hold the rest."""
        return len(self.ids) < self.count

    @property
    def ids(self) -> range:
        """The numbers of the shards."""
        return range(self.first, self.last + 1)

    @override
    def __str__(self) -> str:
        """Write it as `parse_shards` reads it."""
        if not self.is_part:
            return str(self.count)
        return f"{self.first}/{self.count}" if self.first == self.last else f"{self.first}-{self.last}/{self.count}"


def all_of(count: int) -> ShardRange:
    """Return the range of a process that holds every shard."""
    return ShardRange(first=0, last=count - 1, count=count)


def parse_shards(text: str) -> ShardRange | None:
    """Read which shards a process holds; None for an empty text: as many as Discord advises, and all of them.

    Raises:
        SettingInvalid: it has another form, or names shards that there are not.
    """
    if not text.strip():
        return None
    found = FORM.fullmatch(re.sub(r"\s", "", text))
    if found is None:
        raise SettingInvalid(SETTING, EXAMPLE)
    count = int(found[3])
    if not 0 < count <= MOST:
        raise SettingInvalid(SETTING, f"there are between 1 and {MOST} shards, not {found[3]}")
    if found[1] is None:
        return all_of(count)
    first = int(found[1])
    last = first if found[2] is None else int(found[2])
    if not first <= last < count:
        raise SettingInvalid(SETTING, f"of {count} shards, the first is 0 and the last is {count - 1}, not {text}")
    return ShardRange(first=first, last=last, count=count)


def shard_of(server: int | None, count: int) -> int:
    """Return the shard that is told what happens in a server; None for direct messages."""
    return 0 if server is None else (server >> 22) % count
