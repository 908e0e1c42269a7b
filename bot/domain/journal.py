"""The journal: what a turn has done that costs money or is seen by others.

A step is written before its effect (`began`) and after it (`done`, with the result). So after a crash every step is in
one of these states, and each has one safe continuation:

    (no row)  nothing happened                      → do it
    began     it may have happened                  → find out: ask the gateway or look in the thread
    accepted  the vendor named it                   → find out by that name
    done      it happened, the result is stored     → use the result, never do it again
    failed    it certainly came to nothing          → do it, or the next fallback
    unknown   nobody can tell whether it happened   → a human decides; to repeat makes it `failed`, and so free to do

A row is written only by the owner of the job's lease (`bot.domain.jobs.Lease`), so a process that slept through its
lease cannot overwrite what its successor did.

Money moves together with the steps: what a call may cost at the most is held when it begins (`bot.domain.budgets`), and
is replaced by what it did cost when it is done or failed. While nobody knows the cost, the hold stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class StepState(StrEnum):
    """See the module's table."""

    BEGAN = "began"
    ACCEPTED = "accepted"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


FOLLOWS: Mapping[StepState | None, frozenset[StepState]] = {
    None: frozenset({StepState.BEGAN}),
    StepState.BEGAN: frozenset(
        {StepState.BEGAN, StepState.ACCEPTED, StepState.DONE, StepState.FAILED, StepState.UNKNOWN}
    ),
    StepState.ACCEPTED: frozenset(
        {StepState.BEGAN, StepState.ACCEPTED, StepState.DONE, StepState.FAILED, StepState.UNKNOWN}
    ),
    StepState.FAILED: frozenset({StepState.BEGAN}),
    StepState.UNKNOWN: frozenset({StepState.BEGAN, StepState.DONE, StepState.FAILED}),
    StepState.DONE: frozenset(),
}
"""Which state may follow which; None is "no row"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One row of the journal."""

    name: str
    """What it is, unique in its job: `hear:0:0:local/whisper-tiny.en`, `answer:…`, `post:text:0`, `post:clip`."""
    state: StepState
    """See the module's table."""
    vendor_id: str | None = None
    """The vendor's name of the call, once it is known."""
    digest: str = ""
    """Of what was sent, where the vendor answers the same request the same way; empty where it was not told."""
    result: Mapping[str, object] | None = None
    """What came of it, as JSON; only when done."""
    at: int = 0
    """When the state was entered, in milliseconds since 1970 (UTC)."""
