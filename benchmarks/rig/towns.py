"""What is asked of a platform on which many people talk in many places, with its rate limits switched on."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from benchmarks.rig.talk import Asked, Posted, Said


class Town(Protocol):
    """A platform with places in which people talk; every fourth place is a direct message."""

    name: str
    places: int
    """How many there are."""
    scarce: Mapping[str, int]
    """The most calls a minute of the methods that may be called the least, all places together."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What Mynah is set to, without the prefix `MYNAH_`."""
        ...

    async def ready(self) -> None:
        """Wait until the service listens."""
        ...

    async def say(self, place: int, words: str, mark: str, *, under: Said | None = None) -> Said:
        """Say something to the bot.

        Args:
            place: where.
            words: what; empty for a voice note.
            mark: a word in it that stands nowhere else.
            under: the message whose conversation is carried on; None begins a new one, where there are several.
        """
        ...

    async def version(self) -> int:
        """Return a number that changes with everything that happens."""
        ...

    async def posted(self) -> Sequence[Posted]:
        """Return everything that the bot has posted, in the order of time."""
        ...

    async def asked(self) -> Sequence[Asked]:
        """Return every request of the bot, in the order of time."""
        ...

    async def at_work(self) -> Sequence[str]:
        """Return the conversations in which the bot still seems to be at work."""
        ...

    async def violations(self) -> Sequence[str]:
        """Return what a correct client would not have done."""
        ...


def is_direct(place: int) -> bool:
    """Return whether a place is a direct message."""
    return place % 4 == 3
