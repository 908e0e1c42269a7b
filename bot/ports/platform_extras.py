"""What only some platforms, or gateways, can do; asked for with `isinstance`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bot.domain.health import Finding
from bot.domain.messages import Message


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A connection to a platform that only one process should hold."""

    name: str
    """What it is, in words, with a mark that tells its token from others; never the token itself."""
    strangers: int = 0
    """How many more of its kind the platform sees than we know of."""


@runtime_checkable
class Connected(Protocol):
    """A platform whose connections are told from those of other processes."""

    def connections(self) -> Sequence[Connection]:
        """Return what this process holds now."""
        ...


@runtime_checkable
class Directory(Protocol):
    """A platform that tells more of people when it is asked, because its messages do not."""

    async def locale(self, person: str, *, workspace: str) -> str:
        """Return somebody's locale as platforms write it (`de-DE`); empty where it is not known.

        Args:
            person: by the platform's id.
            workspace: where we know the person from.

        Raises:
            PlatformProblem: it could not be asked.
        """
        ...

    async def groups(self, person: str, *, workspace: str, among: Collection[str]) -> Collection[str]:
        """Return those of some groups that somebody is in.

        Args:
            person: by the platform's id.
            workspace: where.
            among: ids, of which those that name no group of the platform are passed over.

        Raises:
            PlatformProblem: it could not be asked.
        """
        ...


@runtime_checkable
class Paced(Protocol):
    """A platform that lets all replies together change only so often."""

    def has_room(self, answering: Message) -> bool:
        """Return whether the reply to a message may grow now, which takes several calls, or is better posted whole."""
        ...


@runtime_checkable
class Linked(Protocol):
    """A platform whose messages have links."""

    async def linked(self, link: str) -> Message | None:
        """Return the message that a link leads to, as it would have come in; None for a link of somewhere else.

        Raises:
            PlatformProblem: it cannot be seen; says why.
        """
        ...


@runtime_checkable
class Checked(Protocol):
    """What the doctor can look at."""

    async def check(self) -> Sequence[Finding]:
        """Look whether everything that it needs is there; what is wrong is a finding, never an error."""
        ...
