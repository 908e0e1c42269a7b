"""Usage and budgets in memory: only records and open holds are kept, and every sum is made anew of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from typing_extensions import override

from bot.domain.budgets import EACH_USER, WARN_AT, Budget, Hold, Period, spending_scopes, tightest, user_among
from bot.domain.errors import BudgetExceeded
from bot.domain.jobs import Job, JobStatus
from bot.domain.journal import StepState
from bot.domain.messages import Author, JobId, Place
from bot.domain.money import CallKind, Dimension, Nanodollars, UnsettledCall, Usage, UsageRecord, UsageSum
from bot.ports import Clock, Ledger
from tests.doubles.audit import MemoryAudit
from tests.doubles.jobs import MemoryStore

NAMES: Mapping[Dimension, Callable[[UsageRecord], str]] = {
    Dimension.MODEL: lambda record: f"{record.gateway}/{record.model}",
    Dimension.CHANNEL: lambda record: f"{record.platform}:{record.workspace}:{record.channel}",
    Dimension.USER: lambda record: f"{record.platform}:{record.author}",
    Dimension.DAY: lambda record: datetime.fromtimestamp(record.at / 1000, UTC).date().isoformat(),
}


HANDED_BACK_MS = 600_000
KINDS = {"hear": CallKind.TRANSCRIPTION, "speak": CallKind.SPEECH}


@dataclass(kw_only=True)
class _Row:
    """What was used, and the number of the hold that waits for its cost; 0 is none."""

    record: UsageRecord
    hold: int


class MemoryLedger(Ledger):
    """What `MemoryJournal` wrote down."""

    def __init__(self, clock: Clock, audit: MemoryAudit | None = None) -> None:
        self._audit = audit or MemoryAudit(clock)
        self.holds: dict[int, Hold] = {}
        """Those that are open, by number."""
        self._clock = clock
        self._store = MemoryStore()
        self._rows: list[_Row] = []
        self._numbers = count(1)
        self._owners: dict[int, tuple[str, str]] = {}
        self._attempts: dict[tuple[str, str], int] = {}
        self._limits: dict[tuple[str, Period], tuple[Nanodollars, str]] = {}
        self._warned: dict[tuple[str, Period], dict[str, str]] = {}

    @property
    def records(self) -> list[UsageRecord]:
        """What was used, in the order in which it was first written down."""
        return [row.record for row in self._rows]

    def watch(self, store: MemoryStore) -> None:
        """Look from now on whether calls are under way in a store."""
        self._store = store

    # --- what the journal does ---------------------------------------------------

    def check(self, job: str, step: str, hold: Hold) -> None:
        """Raise BudgetExceeded when a hold does not fit, once what only the attempt before kept is let go."""
        before = self.holds, self._attempts
        self.holds, self._attempts = dict(self.holds), {**self._attempts, (job, step): 0}
        self._let_go(job, step, ended=False)
        budgets = self._applying(hold.scopes, hold.at)
        self.holds, self._attempts = before
        no = tightest([known for _, known in budgets if known.spent + known.held + hold.amount > known.limit])
        if no is not None:
            raise BudgetExceeded(
                scope=no.scope,
                period=no.period,
                limit=no.limit,
                left=no.left,
                needed=hold.amount,
                resets_at=no.period.ends(hold.at),
            )

    def begin(self, job: str, step: str, hold: Hold | None) -> None:
        """Open a hold for a new attempt; that of an older one stays where it is while its cost is not known."""
        self._attempts[job, step] = number = next(self._numbers) if hold else 0
        if hold is not None:
            self.holds[number], self._owners[number] = hold, (job, step)
        self._let_go(job, step, ended=False)

    def name(self, used: UsageRecord) -> None:
        """Keep a call that has a name by now, or what is known of it since."""
        for row in self._rows:
            if used.call is not None and _is_call(row.record, used):
                row.record = replace(used, at=row.record.at, usage=_told(row.record.usage, used.usage))
                return
        hold = self._attempts.get((used.job, used.step), 0)
        at = self.holds[hold].at if hold in self.holds else used.at
        self._rows.append(_Row(record=replace(used, at=at), hold=hold if used.usage.cost is None else 0))

    def record(self, used: UsageRecord) -> None:
        """Keep what a call used, and its cost, if it is known, in place of the hold of its attempt."""
        self._forget(used.job, used.step, None)
        self.name(used)
        self._let_go(used.job, used.step, ended=used.usage.cost is not None)

    def dismiss(self, job: str, step: str) -> None:
        """Forget the last call of an attempt, for which nothing was charged, and close its hold."""
        known = self._store.steps.get(JobId(job), {}).get(step)
        self._forget(job, step, None)
        if known is not None and known.vendor_id is not None:
            self._forget(job, step, known.vendor_id)
        self._let_go(job, step, ended=True)

    def _forget(self, job: str, step: str, call: str | None) -> None:
        """Forget a call of unknown cost; without a name, the one of the attempt that was held for."""
        attempt = self._attempts.get((job, step), 0)
        self._rows = [
            row
            for row in self._rows
            if row.record.usage.cost is not None
            or (row.record.job, row.record.step, row.record.call) != (job, step, call)
            or (call is None and (row.hold != attempt or not attempt))
        ]

    def _let_go(self, job: str, step: str, *, ended: bool) -> None:
        """Close the holds of a step that nothing waits for any more."""
        known = [row for row in self._of(job) if row.record.step == step and row.record.usage.cost is not None]
        closing = {row.hold for row in known} | ({self._attempts.get((job, step), 0)} if ended else set())
        for hold in closing - self._waiting(job) - self._under_way(job):
            self.holds.pop(hold, None)

    def _of(self, job: str) -> Sequence[_Row]:
        return [row for row in self._rows if row.record.job == job]

    def _waiting(self, job: str) -> set[int]:
        return {row.hold for row in self._of(job) if row.record.usage.cost is None}

    def _under_way(self, job: str) -> set[int]:
        """Return the holds of attempts that may still be carried on."""
        if self._status(job) not in {JobStatus.READY, JobStatus.RUNNING}:
            return set()
        steps = self._store.steps.get(JobId(job), {})
        cut_off = {name for name, step in steps.items() if step.state in {StepState.BEGAN, StepState.ACCEPTED}}
        return {hold for (owner, name), hold in self._attempts.items() if owner == job and name in cut_off}

    def _status(self, job: str) -> JobStatus | None:
        known = self._store.jobs.get(JobId(job))
        return None if known is None else known.status

    # --- reports -----------------------------------------------------------------

    @override
    async def sums(self, by: Dimension, *, since: int, place: Place | None = None) -> Sequence[UsageSum]:
        groups: dict[str, list[UsageRecord]] = {}
        for record in self.records:
            if record.at >= since and (place is None or _is_in(record, place)):
                groups.setdefault(NAMES[by](record), []).append(record)
        sums = [_sum(name, records) for name, records in groups.items()]
        return sorted(sums, key=lambda line: (-line.cost, -line.calls, line.name))

    @override
    async def of_job(self, job: JobId) -> Sequence[UsageRecord]:
        return [record for record in self.records if record.job == job]

    @override
    async def held(self, job: JobId) -> Nanodollars:
        return Nanodollars(sum(hold.amount for number, hold in self.holds.items() if self._owners[number][0] == job))

    @override
    async def spent(self, gateway: str, period: Period) -> UsageSum:
        label = period.label(self._clock.now())
        return _sum(gateway, [one for one in self.records if (one.gateway, period.label(one.at)) == (gateway, label)])

    # --- budgets -----------------------------------------------------------------

    @override
    async def set_budget(self, scope: str, period: Period, limit: Nanodollars | None, *, by: str) -> None:
        self._warned.pop((scope, period), None)
        old = self._limits.get((scope, period))
        if old or limit is not None:
            new = None if limit is None else str(limit)
            self._audit.add(scope, f"budget a {period}", str(old[0]) if old else None, new, by=by)
        if limit is None:
            self._limits.pop((scope, period), None)
        else:
            self._limits[scope, period] = (limit, by)

    @override
    async def budgets(self) -> Sequence[Budget]:
        return [self._budget(scope, period, scope, self._clock.now()) for scope, period in sorted(self._limits)]

    @override
    async def standing(self, scopes: Sequence[str]) -> Sequence[Budget]:
        return [known for _, known in self._applying(scopes, self._clock.now())]

    @override
    async def warn(self, scopes: Sequence[str]) -> Sequence[Budget]:
        return [
            known
            for source, known in self._applying(scopes, self._clock.now())
            if known.spent and known.spent >= WARN_AT * known.limit and self._is_first(source, known)
        ]

    @override
    async def unwarn(self, budget: Budget) -> None:
        own = (budget.scope, budget.period)
        source = own if own in self._limits else (EACH_USER, budget.period)
        self._warned.get(source, {}).pop(budget.scope, None)

    def _is_first(self, source: str, known: Budget) -> bool:
        warned, label = self._warned.setdefault((source, known.period), {}), known.period.label(self._clock.now())
        told, warned[known.scope] = warned.get(known.scope), label
        return told != label

    def _applying(self, scopes: Sequence[str], at: int) -> Sequence[tuple[str, Budget]]:
        """Return the budgets of some scopes, each with the scope that it was set for."""
        return [
            (source, self._budget(source, period, scope, at))
            for scope in scopes
            for period in Period
            if (source := self._source(scope, period, scopes)) is not None
        ]

    def _source(self, scope: str, period: Period, scopes: Sequence[str]) -> str | None:
        if (scope, period) in self._limits:
            return scope
        return EACH_USER if scope == user_among(scopes) and (EACH_USER, period) in self._limits else None

    def _budget(self, source: str, period: Period, scope: str, at: int) -> Budget:
        limit, by = self._limits[source, period]
        label = period.label(at)
        spent = [
            record.usage.cost or 0
            for record in self.records
            if scope in scopes_of(record) and period.label(record.at) == label
        ]
        held = [hold.amount for hold in self.holds.values() if scope in hold.scopes and period.label(hold.at) == label]
        return Budget(
            scope=scope,
            period=period,
            limit=limit,
            spent=Nanodollars(sum(spent)),
            held=Nanodollars(sum(held)),
            by=by,
        )

    # --- settling ----------------------------------------------------------------

    @override
    async def unsettled(self, limit: int, *, gateway: str | None = None) -> Sequence[UnsettledCall]:
        unknown = [
            record
            for record in self.records
            if record.usage.cost is None
            and record.call is not None
            and gateway in {None, record.gateway}
            and not self._is_under_way(record)
        ]
        newest = sorted(enumerate(unknown), key=lambda one: (one[1].at, one[0]), reverse=True)
        return [
            UnsettledCall(
                job=record.job, step=record.step, gateway=record.gateway, call=record.call or "", at=record.at
            )
            for _, record in newest[:limit]
        ]

    def _is_under_way(self, record: UsageRecord) -> bool:
        job = self._store.jobs.get(JobId(record.job))
        step = self._store.steps.get(JobId(record.job), {}).get(record.step)
        if job is None or step is None or (step.state, step.vendor_id) != (StepState.ACCEPTED, record.call):
            return False
        since = self._clock.now() - HANDED_BACK_MS
        return job.status is JobStatus.RUNNING or (
            job.status is JobStatus.READY and (step.at > since or job.run_at > since)
        )

    @override
    async def settle(self, call: UnsettledCall, usage: Usage) -> bool:
        for row in self._rows:
            if _is_call(row.record, call) and row.record.usage.cost is None and usage.cost is not None:
                self._pay(row, usage)
                return True
        return False

    def _pay(self, row: _Row, usage: Usage) -> None:
        row.record = replace(row.record, usage=_told(row.record.usage, usage))
        self._let_go(row.record.job, row.record.step, ended=False)

    @override
    async def write_off(self, job: JobId, cost: Nanodollars, *, by: str) -> bool:
        known = self._store.jobs.get(job)
        if known is None or known.status in {JobStatus.READY, JobStatus.RUNNING}:
            return False
        for hold in sorted(self.holds):
            if self._owners[hold][0] == job and hold not in self._waiting(job):
                self._rows.append(_Row(record=_described(known, self._owners[hold][1], self.holds[hold].at), hold=hold))
        rows = [row for row in self._of(job) if row.record.usage.cost is None]
        for number, row in enumerate(sorted(rows, key=lambda row: row.record.at)):
            self._pay(row, Usage(cost=Nanodollars(0) if number else cost))
        return bool(rows)


def scopes_of(record: UsageRecord) -> Sequence[str]:
    place = Place(platform=record.platform, workspace=record.workspace, channel=record.channel)
    return spending_scopes(place, Author(id=record.author))


def _is_call(record: UsageRecord, call: UsageRecord | UnsettledCall) -> bool:
    return (record.job, record.step, record.call) == (call.job, call.step, call.call)


def _described(job: Job, step: str, at: int) -> UsageRecord:
    """Return what the name of a step says of a call that was never named."""
    before, _, model = step.partition("/")
    what, _, gateway = before.rpartition(":")
    place = job.message.place
    return UsageRecord(
        job=job.id,
        step=step,
        at=at,
        platform=place.platform,
        workspace=place.workspace,
        channel=place.channel,
        author=job.message.author.id,
        gateway=gateway if model else "",
        model=model or step,
        kind=KINDS.get(what.partition(":")[0], CallKind.CHAT),
        usage=Usage(),
        duration_ms=0,
    )


def _told(before: Usage, now: Usage) -> Usage:
    """Return what is known of a call; what is not told anew stays as it was."""
    return Usage(
        tokens_in=before.tokens_in if now.tokens_in is None else now.tokens_in,
        tokens_out=before.tokens_out if now.tokens_out is None else now.tokens_out,
        audio_ms=before.audio_ms if now.audio_ms is None else now.audio_ms,
        cost=before.cost if now.cost is None else now.cost,
    )


def _is_in(record: UsageRecord, place: Place) -> bool:
    return (record.platform, record.workspace, record.channel) == (place.platform, place.workspace, place.channel)


def _sum(name: str, records: Sequence[UsageRecord]) -> UsageSum:
    usages = [record.usage for record in records]
    return UsageSum(
        name=name,
        calls=len(usages),
        tokens_in=sum(usage.tokens_in or 0 for usage in usages),
        tokens_out=sum(usage.tokens_out or 0 for usage in usages),
        audio_ms=sum(usage.audio_ms or 0 for usage in usages),
        cost=Nanodollars(sum(usage.cost or 0 for usage in usages)),
        unknown_costs=sum(usage.cost is None for usage in usages),
    )
