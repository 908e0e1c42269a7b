"""Work on its way, and what was done of it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from bot.domain.budgets import Hold
from bot.domain.jobs import Job, JobStatus, Lease
from bot.domain.journal import Step
from bot.domain.messages import JobId, Message, Place
from bot.domain.money import UsageRecord
from bot.domain.records import Dispute


class Jobs(Protocol):
    """Stored jobs. Every write after a claim is fenced: raises LeaseLost when the lease is over."""

    async def submit(self, message: Message, *, pause: float = 0.0) -> bool:
        """Store a message as a job in one INSERT, and advance its place's mark; False when it is known already.

        The mark stays where it is when messages before it may not be stored yet (`Message.moves_mark`), and there is none
        of what is done with a message of others (`Message.aside`), by which nobody takes part. What repeats a job
        (`Message.repeats`) whose words were erased is not stored: False.

        Args:
            message: what was said.
            pause: seconds to wait for more of the same author, to be answered together as `bot.domain.gathering` says;
                what waits for more already goes on waiting with it. 0 answers it for itself.

        Raises:
            StorageUnavailable: nothing was stored.
        """
        ...

    async def follow(
        self,
        message: Message,
        *,
        member: Message | None = None,
        without: JobId | None = None,
        repeats: JobId | None = None,
    ) -> bool:
        """Store what has become of a message as its next job, and stop the jobs before it, in one commit.

        It runs before what waits in its lane, and moves no mark. False when that revision is known already, or when what
        it is made of is not there any more: the words that it repeats, or who is to be left out.

        Args:
            message: the next revision.
            member: one of those that are answered together with it, as it reads now; takes its place in the same commit.
            without: one of those that is gone (`Message.subject`): belongs to them no longer, from that commit on.
            repeats: the job whose words it takes over.

        Raises:
            StorageUnavailable: nothing was stored, and nothing stopped.
        """
        ...

    async def revise(self, message: Message, *, was: Message) -> bool:
        """Replace the message of a job that nobody has begun; False when somebody has, or has replaced it already.

        Args:
            message: as it is to read.
            was: as it was known to read.
        """
        ...

    async def claim(self, limit: int, platforms: Collection[str], *, only: str | None = None) -> Sequence[Job]:
        """Take at most so many jobs of these platforms that may run now, the first open one of each lane, oldest first.

        Args:
            limit: how many at most.
            platforms: by name.
            only: the conversation (`Place.conversation`) that they are of; None for any.

        First in its lane is what was said first (`Message.position`), in whichever order they were stored.

        Messages that are answered together (`bot.domain.gathering`) count as one: the last of them is taken, and the
        others come with it as `Job.gathered`. A process claims only what it can reply to, so that a command line at work
        beside a service takes none of its jobs.
        """
        ...

    async def wait(self, seconds: float) -> None:
        """Return when a job may have become ready, at the latest after so long."""
        ...

    async def heartbeat(self) -> None:
        """Say that this process lives, and make the jobs of dead processes ready again."""
        ...

    async def is_served(self) -> bool:
        """Return whether some process lives that runs jobs: its heartbeat is fresh."""
        ...

    async def finish(self, lease: Lease) -> None:
        """The turn is over and all is said; what it had summed up for itself is forgotten, as when it is buried."""
        ...

    async def retry(self, lease: Lease, *, delay_seconds: float, reason: str) -> None:
        """Try again later."""
        ...

    async def bury(self, lease: Lease, *, reason: str) -> None:
        """Never try again."""
        ...

    async def ask(self, lease: Lease, *, reason: str) -> None:
        """Wait for a human's decision; the lane goes on."""
        ...

    async def release(self, lease: Lease) -> None:
        """Hand a job back at once, without counting the try: this process is going down."""
        ...

    async def decide(self, job: JobId, *, repeat: bool) -> bool:
        """A human decided about an asked job; False when it is not asked.

        To repeat makes its steps in doubt `failed` and the job ready, in one commit; else the job is cancelled.
        """
        ...

    async def cancel(self, job: JobId) -> bool:
        """Stop a job that is not over; False when it is."""
        ...

    async def held(self) -> Collection[Lease]:
        """Return the leases that this process has: of a job that was stopped it has none any more."""
        ...

    async def get(self, job: JobId) -> Job | None:
        """Return one job."""
        ...

    async def of_message(self, subject: JobId) -> Sequence[Job]:
        """Return the jobs of a message (`Message.subject`), the first first."""
        ...

    async def under_way(self, within: str) -> Sequence[Job]:
        """Return the jobs in a conversation (`Place.conversation`) or workspace that are not over, the first first."""
        ...

    async def recent(self, limit: int, status: JobStatus | None = None) -> Sequence[Job]:
        """Return the newest jobs first."""
        ...

    async def newest(self, place: Place, status: JobStatus | None = None) -> Job | None:
        """Return the newest job of a thread, or at the top of a channel of the whole channel, that is in this state.

        Only those that answer count.
        """
        ...

    async def takes_part(self, message: Message) -> bool:
        """Return whether we took part in a message's thread when it was said: something was for us by then.

        So what was said among others before that is none of our business, also when it is read later.
        """
        ...

    async def sent(self, person: str, within: str, *, since: int, limit: int, refused: bool = False) -> Sequence[int]:
        """Return when the newest messages of a person came (ms since 1970), the newest first.

        Args:
            person: `bot.domain.budgets.user_scope`.
            within: one of the scopes of a place of that workspace.
            since: not older than this, in milliseconds since 1970.
            limit: at most so many.
            refused: those that were refused; else those that were not. An edit that is answered counts, too.
        """
        ...

    async def marks(self, platform: str) -> Mapping[Place, str]:
        """Return the mark of each place of a platform: all that was said there before it is stored."""
        ...

    async def caught_up(self, marks: Mapping[Place, str]) -> None:
        """Move the marks of places in which we take part: all that was said there before these messages was looked at.

        Raises:
            StorageUnavailable: none was moved.
        """
        ...


class Journal(Protocol):
    """Stored steps. Every write is fenced: raises LeaseLost when the lease is over."""

    async def steps(self, job: JobId) -> Mapping[str, Step]:
        """Return the steps of a job by name."""
        ...

    async def begin(self, lease: Lease, name: str, hold: Hold | None = None) -> None:
        """Write down that an effect is about to happen, and hold back what it may cost, in one commit.

        What was held for the same step before, and never settled, stays held beside it.

        Raises:
            BudgetExceeded: it does not fit into a budget; nothing was written.
        """
        ...

    async def accepted(
        self, lease: Lease, name: str, vendor_id: str, digest: str = "", usage: UsageRecord | None = None
    ) -> None:
        """Write down the vendor's name of the call, the digest of what was sent, and a row for the call, in one commit.

        Args:
            lease: of the job.
            name: of the step.
            vendor_id: the vendor's name of the call.
            digest: of what was sent; empty where it was not told.
            usage: the call by that name, its cost unknown, which `Ledger.settle` can find whatever becomes of the job;
                None for an effect that is no model call, and for one that certainly costs nothing.

        The row waits for its cost with the hold of the attempt. An attempt that gets another name keeps the row of the
        one before, which may have been charged too, and is held until both are known.
        """
        ...

    async def done(
        self, lease: Lease, name: str, result: Mapping[str, object], usage: UsageRecord | None = None
    ) -> None:
        """Write down the result with its usage row, and the cost in place of the hold, in one commit.

        A cost that is not known leaves the hold as it is, until `Ledger.settle` knows better. A call that has a name has
        one row, whatever becomes of it: what is told here takes the place of what was known before.
        """
        ...

    async def failed(self, lease: Lease, name: str, reason: str, usage: UsageRecord | None = None) -> None:
        """Write down that nothing came of it, and what was charged all the same in place of the hold, in one commit.

        Without usage nothing was charged: the row that waited for the cost is gone, and the hold is released.
        """
        ...

    async def unknown(self, lease: Lease, name: str, reason: str, usage: UsageRecord | None = None) -> None:
        """Write down that nobody can tell whether it happened, and what may have been charged, in one commit.

        While the usage's cost is not known, the hold stays.
        """
        ...


class Locks(Protocol):
    """Rights that one process of a storage has at a time, each for a while."""

    async def take(self, name: str, *, seconds: float) -> str | None:
        """Take a right for so long, or keep it for so long from now.

        Returns:
            None when this process has it; else who has it (`process 17 on gull`).

        Raises:
            StorageUnavailable: nobody knows who has it.
        """
        ...

    async def release(self, name: str) -> None:
        """Give a right back; one that another process has stays there."""
        ...

    async def dispute(self, name: str, rival: str, *, seconds: float) -> None:
        """Note for so long that somebody else does what only the holder should; the doctor tells."""
        ...

    async def disputes(self) -> Sequence[Dispute]:
        """Return what is disputed now."""
        ...
