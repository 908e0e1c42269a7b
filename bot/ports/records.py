"""What is kept, judged and changed, and its end."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.domain.corrections import Correction
from bot.domain.messages import JobId, Place
from bot.domain.records import Change, Erased, Ratings


class Records(Protocol):
    """What is kept of people's words in jobs, steps and conversations, and how it is erased."""

    async def places(self) -> Sequence[Place]:
        """Return the places of whose messages something is kept."""
        ...

    async def expired(self, place: Place, *, before: int, waiting_before: int) -> Sequence[JobId]:
        """Return the jobs of a place of whose message something is kept although it is old.

        Args:
            place: one of `places`.
            before: those that were over at this time, in milliseconds since 1970.
            waiting_before: those that waited for a decision at this time already, and still do.
        """
        ...

    async def of_person(self, person: str) -> Sequence[JobId]:
        """Return the jobs of a person (`bot.domain.budgets.user_scope`) of whose message something is kept."""
        ...

    async def quoting(self, person: str) -> Sequence[JobId]:
        """Return the jobs of others in the workspace that run no more and keep what a person said.

        They refer to it, answer it together with others, or read aloud what was answered. What runs still looks for
        itself at its end (`bot.pipeline.retention.end_turn`).
        """
        ...

    async def of_workspace(self, workspace: str) -> Sequence[JobId]:
        """Return the jobs of a workspace (the first of `Place.scopes`) of whose message something is kept."""
        ...

    async def of_file(self, workspace: str, file: str) -> Sequence[JobId]:
        """Return the jobs among them that keep what was said in a file, by the platform's id.

        Their message came with it, refers to one that did, is answered together with such a one, or reads aloud what was
        answered.
        """
        ...

    async def of_place(self, place: Place) -> Sequence[JobId]:
        """Return the jobs of a thread, or of a channel with its threads, of whose message something is kept."""
        ...

    async def erase(self, jobs: Sequence[JobId]) -> Erased:
        """Stop those that are not over, and erase what was said in them; what they used and cost stays.

        Summaries that stand for it go, too: what else they stand for is remembered word for word again.

        Returns:
            What was erased; of jobs that hold nothing any more, nothing.
        """
        ...

    async def scrub(self) -> bool:
        """Overwrite what was erased also where the storage keeps older versions; False while somebody reads them."""
        ...


class Reviews(Protocol):
    """What people say of replies: whether they were good, and what was heard wrongly."""

    async def rate(self, job: JobId, person: str, *, good: bool) -> None:
        """Keep whether a person (by the platform's id) finds a reply good; what they said of it before is forgotten.

        Of a reply whose words were erased nothing is kept.
        """
        ...

    async def forget(self, person: str) -> None:
        """Forget what a person (`bot.domain.budgets.user_scope`) found of replies, those to others, too."""
        ...

    async def ratings(self, job: JobId) -> Ratings:
        """Count what people found of one reply."""
        ...

    async def rated(self, *, since: int, place: Place | None = None) -> Ratings:
        """Count what people found of replies since a time (ms since 1970), everywhere or in one channel."""
        ...

    async def correct(self, subject: JobId, corrections: Sequence[Correction]) -> None:
        """Keep what was said in recordings in truth, in one commit, in place of earlier corrections of the same recordings.

        Args:
            subject: `Message.subject` of what they came with, or were referred to by.
            corrections: one for each recording that is corrected.
        """
        ...

    async def corrections(self, subject: JobId) -> Mapping[str, Correction]:
        """Return what was corrected, by the recording."""
        ...


class Audit(Protocol):
    """Who changed what. Settings and budgets are noted by the ports that change them, in the same commit."""

    async def note(self, scope: str, name: str, value: str, *, by: str) -> None:
        """Write down something that was done once."""
        ...

    async def newest(self, limit: int, within: str = "", *, name: str | None = None) -> Sequence[Change]:
        """Return the newest changes first, of everything or of a scope and what is below it, or those of one name."""
        ...
