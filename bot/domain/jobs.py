"""Jobs: one for each message, stored before the platform is told "received"; and one for what becomes of it afterwards.

    ready ──claim──> running ──finish──> done
      ^                │ │ └────bury───> failed      (after the last try, or an error that no retry mends)
      │                │ └─────ask────> asked        (a paid call is in doubt: a human decides)
      └──retry, crash──┘                  │
      └───────────────answer──────────────┘
    ready, running, asked ──cancel──> cancelled

Lanes: a conversation is a lane. Only the first open job of a lane may run, so a conversation stays in order; lanes run
side by side. `asked` does not hold its lane up: the conversation goes on while a human makes up their mind.

Together: what one person says in quick succession is answered by one turn. In the commit that claims the last message of
several, those before it get it as their `lead`; they wait for its end, which is theirs, and are claimed by nobody. So a
crash loses none of them: whoever claims the lead again gets them with it.

Afterwards: when a message was edited or deleted, or somebody stopped its reply, that is its next job (`Message.revision`,
`Message.errand`). It cancels the jobs before it in the commit that stores it, is the first of its lane, and takes over or
removes what they posted; so it survives a crash like any other job.

Leases: a claim makes the claimer the owner and raises the job's epoch. Every later write names both, and a write whose
epoch is over finds no row: a process that slept through its lease loses it without doing harm. An owner lives as long as
its heartbeat; the jobs of a dead owner become ready again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import ModelBusy, MynahError, PostNotDone
from bot.domain.messages import JobId, Message


class JobStatus(StrEnum):
    """See the module's picture."""

    READY = "ready"
    RUNNING = "running"
    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FOLLOWS: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.READY: frozenset({JobStatus.RUNNING, JobStatus.CANCELLED}),
    JobStatus.RUNNING: frozenset(
        {JobStatus.READY, JobStatus.DONE, JobStatus.FAILED, JobStatus.ASKED, JobStatus.CANCELLED}
    ),
    JobStatus.ASKED: frozenset({JobStatus.READY, JobStatus.CANCELLED}),
    JobStatus.DONE: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right to write about a running job."""

    job: JobId
    """Which job."""
    owner: str
    """Which process."""
    epoch: int
    """Raised at each claim: the fencing token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One message on its way to a reply."""

    id: JobId
    """`platform:workspace:channel:message`."""
    lane: str
    """The conversation."""
    status: JobStatus
    """See the module's picture."""
    message: Message
    """What was said."""
    gathered: tuple[Message, ...] = ()
    """What its author said just before it and is answered together with it, in order; only of a claimed job."""
    lead: JobId | None = None
    """The message that this one is answered together with (`Message.subject`); None for most."""
    tries: int
    """How often it was claimed."""
    epoch: int
    """How often it changed hands."""
    owner: str | None
    """Which process runs it; None when none does."""
    run_at: int
    """Not before this, in milliseconds since 1970 (UTC)."""
    created_at: int
    """When it was stored, in milliseconds since 1970 (UTC)."""
    ended_at: int | None
    """When it was done, failed or cancelled."""
    error: str | None
    """Why it failed, waits or is asked about; for admins."""

    @property
    def lease(self) -> Lease:
        """The lease of its owner; only for a job that this process claimed."""
        return Lease(job=self.id, owner=self.owner or "", epoch=self.epoch)


MAX_TRIES = 5
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryDecision:
    """What becomes of a job whose turn failed."""

    retry: bool
    """False buries it."""
    delay_seconds: float = 0.0
    """How long to wait first."""


def decide_retry(error: MynahError, tries: int, *, most: int = MAX_TRIES) -> RetryDecision:
    """Decide whether a failed turn is tried again, and when: doubling delays, or what the vendor asks for.

    Args:
        error: why it failed.
        tries: how often the job was claimed, this time included.
        most: how often it may be.
    """
    if not error.transient or tries >= most:
        return RetryDecision(retry=False)
    asked = error.retry_after if isinstance(error, ModelBusy | PostNotDone) else None
    doubled = min(FIRST_DELAY_SECONDS * 2 ** (tries - 1), LONGEST_DELAY_SECONDS)
    return RetryDecision(retry=True, delay_seconds=max(doubled, asked or 0.0))
