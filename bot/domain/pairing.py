"""Pairing: a stranger who writes a direct message gets a code once, and somebody in charge lets them in with it.

A code is short enough to be read out and holds for an hour. Who has one gets no second, and only some wait at once in a
workspace, so that strangers cannot fill it with codes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that are mistaken for each other: 0 and O, 1 and I."""

CODE_LENGTH = 8
CODE_MS = 3_600_000
"""How long a code holds."""

MOST_WAITING = 10
"""How many may wait at once in one workspace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing:
    """Somebody who asked to be let in, or was."""

    person: str
    """`bot.domain.budgets.user_scope` of their direct messages."""
    code: str
    """What lets them in; empty once they are."""
    asked_at: int
    """When they wrote first, in milliseconds since 1970 (UTC)."""
    paired_at: int | None = None
    """When they were let in; None while they wait."""
    paired_by: str = ""
    """Who let them in: a person by the platform's id, or `command line`."""

    @property
    def workspace(self) -> str:
        """The scope of the workspace of their direct messages."""
        return self.person.rpartition(":@")[0]


def new_code(choose: Callable[[Sequence[str]], str]) -> str:
    """Return a code that nobody can guess.

    Args:
        choose: picks one of several at random, fit for secrets.
    """
    return "".join(choose(LETTERS) for _ in range(CODE_LENGTH))


def read_code(text: str) -> str:
    """Return a code as it was made from the way that somebody typed it."""
    return "".join(text.split()).upper().replace("-", "")
