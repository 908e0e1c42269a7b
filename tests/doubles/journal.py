"""The journal in memory, fenced by the leases of `MemoryJobs`."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import override

from bot.domain.budgets import Hold
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
        ledger.watch(store)
        self._clock = clock

    @override
    async def steps(self, job: JobId) -> Mapping[str, Step]:
        return dict(self._store.steps.get(job, {}))

    @override
    async def begin(self, lease: Lease, name: str, hold: Hold | None = None) -> None:
        held = hold if hold and hold.amount else None
        self._check(lease, name, StepState.BEGAN)
        if held is not None:
            self._ledger.check(lease.job, name, held)
        self._enter(lease, name, StepState.BEGAN, vendor_id=None, digest="")
        self._ledger.begin(lease.job, name, held)

    @override
    async def accepted(
        self, lease: Lease, name: str, vendor_id: str, digest: str = "", usage: UsageRecord | None = None
    ) -> None:
        self._enter(lease, name, StepState.ACCEPTED, vendor_id=vendor_id, digest=digest)
        if usage is not None:
            self._ledger.name(usage)

    @override
    async def done(
        self, lease: Lease, name: str, result: Mapping[str, object], usage: UsageRecord | None = None
    ) -> None:
        self._enter(lease, name, StepState.DONE, result=json.loads(json.dumps(dict(result))))
        if usage is not None:
            self._ledger.record(usage)

    @override
    async def failed(self, lease: Lease, name: str, reason: str, usage: UsageRecord | None = None) -> None:
        self._enter(lease, name, StepState.FAILED)
        if usage is None:
            self._ledger.dismiss(lease.job, name)
        else:
            self._ledger.record(usage)

    @override
    async def unknown(self, lease: Lease, name: str, reason: str, usage: UsageRecord | None = None) -> None:
        self._enter(lease, name, StepState.UNKNOWN)
        if usage is not None:
            self._ledger.record(usage)

    def _enter(self, lease: Lease, name: str, state: StepState, **changes: Any) -> None:
        step = self._check(lease, name, state) or Step(name=name, state=state)
        steps = self._store.steps.setdefault(lease.job, {})
        steps[name] = replace(step, state=state, at=self._clock.now(), **changes)

    def _check(self, lease: Lease, name: str, state: StepState) -> Step | None:
        """Return a step that may enter a state now."""
        self._store.check(lease)
        step = self._store.steps.get(lease.job, {}).get(name)
        if state not in FOLLOWS[step.state if step else None]:
            raise ValueError(f"{lease.job}: the step {name} cannot become {state} from where it is")
        return step
