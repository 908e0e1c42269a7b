"""What places are set to, and what was said there."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.domain.channels import SettledConfig
from bot.domain.conversation import Past
from bot.domain.messages import JobId, Place
from bot.domain.models import ChatTurn


class Channels(Protocol):
    """Settings of places."""

    async def config(self, place: Place) -> SettledConfig:
        """Return the settings in force, each with its origin."""
        ...

    async def set(self, scope: str, name: str, value: str, *, by: str) -> None:
        """Set one value at a scope; `by` says who, for the history.

        Raises:
            SettingInvalid: there is no such setting, or it does not take that value.
        """
        ...

    async def unset(self, scope: str, name: str, *, by: str) -> bool:
        """Take a value back; False when it was not set there."""
        ...

    async def change(self, scope: str, values: Mapping[str, str | None], *, by: str) -> None:
        """Set several values at a scope, or take them back (None), in one commit; each is noted in the history.

        Raises:
            SettingInvalid: one of them cannot be set there; none was.
        """
        ...

    async def erase(self, workspace: str, *, by: str) -> None:
        """Erase every value that is set at a workspace's scope or below, and those that stand in their history."""
        ...


class Conversations(Protocol):
    """What was said in a thread."""

    async def remember(self, job: JobId, place: Place, turns: Sequence[ChatTurn]) -> None:
        """Keep what was said in one turn, once for each job."""
        ...

    async def recall(self, place: Place, most: int) -> Past:
        """Return what was said since the last summary, and that summary.

        Args:
            place: where.
            most: of what was said word for word, the newest is returned, up to the exchange in which it reaches so many
                bytes of UTF-8.
        """
        ...

    async def summarise(self, place: Place, jobs: Sequence[JobId], summary: str, *, before: str = "") -> bool:
        """Keep a summary of all that was said up to and including a turn, in place of that and of the last summary.

        Args:
            place: where it was said.
            jobs: whose words it is made of, the oldest first.
            summary: the words.
            before: the last summary, which it is made of too; empty where there was none.

        Returns:
            False when something that it is made of was erased meanwhile; then nothing is kept.
        """
        ...

    async def correct(self, job: JobId, old: str, new: str) -> None:
        """Put corrected words in place of others in what was said to a job.

        A summary that stands for it goes: what else it stands for is remembered word for word again.
        """
        ...
