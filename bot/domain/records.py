"""What is kept of people's words, how it ends, and who changed what: the values of the Records and Audit ports."""

from dataclasses import dataclass

from bot.domain.messages import JobId
from bot.words import say, say_count


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What was erased."""

    jobs: tuple[JobId, ...] = ()
    """Whose messages were emptied; what else belongs to these jobs is to go, too."""
    results: int = 0
    """Transcripts, answers and other results of steps."""
    turns: int = 0
    """What conversations remembered, one for each message."""

    def __add__(self, other: "Erased") -> "Erased":
        """Return what was erased altogether."""
        return Erased(jobs=self.jobs + other.jobs, results=self.results + other.results, turns=self.turns + other.turns)

    @property
    def words(self) -> str:
        """The counts, for people."""
        return say(
            "{messages}, {results} and {turns}",
            messages=say_count("{count} message", "{count} messages", len(self.jobs)),
            results=say_count("{count} transcript or answer", "{count} transcripts and answers", self.results),
            turns=say_count("{count} remembered turn", "{count} remembered turns", self.turns),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What an admin, or whoever manages a channel, changed."""

    at: int
    """When, in milliseconds since 1970 (UTC)."""
    by: str
    """Who: a person by the platform's id, or `command line`."""
    scope: str
    """Where."""
    name: str
    """What: a setting, `budget a day`, `budget a month` (in nano-dollars), `forget`."""
    old: str | None
    """The value before; None where there was none."""
    new: str | None
    """The value since then; None when it was taken back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispute:
    """Something that one process should have for itself, and does not."""

    name: str
    """What, for example a connection."""
    holder: str
    """Who had it first (`process 17 on gull`)."""
    rival: str
    """Who else has it, in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratings:
    """What people found of replies."""

    good: int = 0
    """How often somebody found one good."""
    bad: int = 0
    """How often somebody did not."""
