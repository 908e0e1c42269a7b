"""The journal in SQL: see `bot.domain.journal` for its states."""

from collections.abc import Mapping, Sequence

from typing_extensions import override

from adapters.storage.budgets import fitting
from adapters.storage.codec import result_from_json, result_to_json
from adapters.storage.database import Database
from adapters.storage.spending import dismissing, holding, naming, new_hold, recording, releasing
from adapters.storage.sql import Parameter, Row, Statement, load
from bot.domain.budgets import Hold
from bot.domain.errors import LeaseLost
from bot.domain.jobs import Lease
from bot.domain.journal import Step, StepState
from bot.domain.messages import JobId
from bot.domain.money import UsageRecord
from bot.ports import Clock, Journal

SQL = load("journal")


class SqlJournal(Journal):
    """The steps of a database.

    What `bot.domain.journal.FOLLOWS` does not allow is a mistake of the caller: it raises ValueError and changes nothing.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @override
    async def steps(self, job: JobId) -> Mapping[str, Step]:
        return {row["name"]: _step(row) for row in await self._database.read(SQL["steps"](job=job))}

    @override
    async def begin(self, lease: Lease, name: str, hold: Hold | None = None) -> None:
        # What was held for an attempt whose call is known by now is let go first: nobody carries it on any more.
        before = releasing(lease.job, name)
        if hold is None or hold.amount == 0:
            return await self._enter(lease, name, StepState.BEGAN, *before, hold=None)
        held = new_hold()
        money = (fitting(hold), *holding(held, hold, job=lease.job, step=name))
        return await self._enter(lease, name, StepState.BEGAN, *before, *money, hold=held)

    @override
    async def accepted(
        self, lease: Lease, name: str, vendor_id: str, digest: str = "", usage: UsageRecord | None = None
    ) -> None:
        row = () if usage is None else naming(usage)
        await self._enter(lease, name, StepState.ACCEPTED, *row, vendor_id=vendor_id, digest=digest)

    @override
    async def done(
        self, lease: Lease, name: str, result: Mapping[str, object], usage: UsageRecord | None = None
    ) -> None:
        await self._enter(lease, name, StepState.DONE, *_used(usage), result=result_to_json(result))

    @override
    async def failed(self, lease: Lease, name: str, reason: str, usage: UsageRecord | None = None) -> None:
        money = dismissing(lease.job, name) if usage is None else recording(usage)
        await self._enter(lease, name, StepState.FAILED, *money, reason=reason)

    @override
    async def unknown(self, lease: Lease, name: str, reason: str, usage: UsageRecord | None = None) -> None:
        await self._enter(lease, name, StepState.UNKNOWN, *_used(usage), reason=reason)

    async def _enter(
        self, lease: Lease, name: str, state: StepState, *together: Statement, **parameters: Parameter
    ) -> None:
        """Bring a step into a state, if the lease still holds; other statements are part of the same commit."""
        holds = SQL["holds_lease"](job=lease.job, owner=lease.owner, epoch=lease.epoch)
        enter = SQL[_QUERIES[state]](job=lease.job, name=name, epoch=lease.epoch, now=self._clock.now(), **parameters)
        await self._database.write(
            holds.required(lambda: LeaseLost(f"{lease.job} is no longer ours, epoch {lease.epoch} is over")),
            enter.required(lambda: ValueError(f"{lease.job}: the step {name} cannot become {state} from where it is")),
            *together,
        )


_QUERIES: Mapping[StepState, str] = {
    StepState.BEGAN: "begin",
    StepState.ACCEPTED: "accepted",
    StepState.DONE: "done",
    StepState.FAILED: "failed",
    StepState.UNKNOWN: "unknown",
}


def _used(usage: UsageRecord | None) -> Sequence[Statement]:
    return () if usage is None else recording(usage)


def _step(row: Row) -> Step:
    return Step(
        name=row["name"],
        state=StepState(row["state"]),
        vendor_id=row["vendor_id"],
        digest=row["digest"],
        result=None if row["result"] is None else result_from_json(row["result"]),
        at=row["at"],
    )
