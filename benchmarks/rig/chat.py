"""What is asked of a platform to measure a bot on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHANNELS = 64
"""Places that people write in, in turn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A recording that people send."""

    path: Path
    """The file."""
    seconds: float
    """Its length."""
    type: str
    """Its media type."""
    voice: bool
    """Whether it is sent as the platform's own voice message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One message and its reply, as the platform saw them; times in seconds since 1970."""

    asked_at: float
    """When the message was posted."""
    first_at: float | None
    """When the first text of the reply stood there."""
    done_at: float | None
    """When the whole answer stood there; None when it never did."""


class Chat(Protocol):
    """A platform on this machine, with people in it."""

    name: str

    @property
    def bare(self) -> Sequence[str]:
        """The module of the bare bot and its arguments, without the model's address."""
        ...

    @property
    def settings(self) -> Mapping[str, str]:
        """What Mynah is set to, without the prefix `MYNAH_`."""
        ...

    async def is_connected(self) -> bool:
        """Return whether a bot is there."""
        ...

    async def ask(self, number: int, text: str, *, told: bool = True) -> str:
        """Mention the bot in one of the channels; returns the message's id.

        Args:
            number: chooses the channel.
            text: what is asked.
            told: False when no bot is there to be told of it.
        """
        ...

    async def send(self, number: int, note: Note) -> str:
        """Send the bot a recording in a direct message; returns the message's id."""
        ...

    async def cut(self) -> None:
        """Cut every connection of the bot, as a network does."""
        ...

    async def version(self) -> int:
        """Return a number that changes with everything that happens."""
        ...

    async def turns(self, keys: Sequence[str], ending: str) -> Sequence[Turn]:
        """Return what became of messages; an answer is whole when it ends with `ending`."""
        ...

    async def acks(self) -> Sequence[float]:
        """Return how many seconds each acknowledgement of an event took; empty where events need none."""
        ...
