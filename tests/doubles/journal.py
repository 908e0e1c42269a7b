"""The journal in memory, fenced by the leases of `MemoryJobs`."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import override

from bot.domain.jobs import Lease
from bot.domain.journal import FOLLOWS, Step, StepState
from bot.domain.messages import JobId
from bot.domain.money import UsageRecord
from bot.ports import Clock, Journal
from tests.doubles.jobs import MemoryStore
from tests.doubles.ledger import MemoryLedger


class MemoryJournal(Journal):
    """The steps of a store."""

    def __init__(self, store: MemoryStore, ledger: MemoryLedger, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock

    @override
    async def steps(self, job: JobId) -> Mapping[str, Step]:
        return dict(self._store.steps.get(job, {}))

    @override
    async def begin(self, lease: Lease, name: str) -> None:
        self._enter(lease, name, StepState.BEGAN, vendor_id=None)

    @override
    async def accepted(self, lease: Lease, name: str, vendor_id: str) -> None:
        self._enter(lease, name, StepState.ACCEPTED, vendor_id=vendor_id)

    @override
    async def done(
        self, lease: Lease, name: str, result: Mapping[str, object], usage: UsageRecord | None = None
    ) -> None:
        self._enter(lease, name, StepState.DONE, result=json.loads(json.dumps(dict(result))))
        if usage is not None:
            self._ledger.records.append(usage)

    @override
    async def failed(self, lease: Lease, name: str, reason: str, usage: UsageRecord | None = None) -> None:
        self._enter(lease, name, StepState.FAILED)
        if usage is not None:
            self._ledger.records.append(usage)

    @override
    async def unknown(self, lease: Lease, name: str, reason: str) -> None:
        self._enter(lease, name, StepState.UNKNOWN)

    def _enter(self, lease: Lease, name: str, state: StepState, **changes: Any) -> None:
        self._store.check(lease)
        steps = self._store.steps.setdefault(lease.job, {})
        step = steps.get(name)
        if state not in FOLLOWS[step.state if step else None]:
            raise ValueError(f"{lease.job}: the step {name} cannot become {state} from where it is")
        step = step or Step(name=name, state=state)
        steps[name] = replace(step, state=state, at=self._clock.now(), **changes)
