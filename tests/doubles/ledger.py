"""Usage and budgets in memory: only records and open holds are kept, and every sum is made anew of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from typing_extensions import override

from bot.domain.budgets import EACH_USER, WARN_AT, Budget, Hold, Period, spending_scopes, tightest, user_among
from bot.domain.errors import BudgetExceeded
from bot.domain.messages import Author, JobId, Place
from bot.domain.money import Dimension, Nanodollars, UnsettledCall, Usage, UsageRecord, UsageSum
from bot.ports import Clock, Ledger
from tests.doubles.audit import MemoryAudit

NAMES: Mapping[Dimension, Callable[[UsageRecord], str]] = {
    Dimension.MODEL: lambda record: f"{record.gateway}/{record.model}",
    Dimension.CHANNEL: lambda record: f"{record.platform}:{record.workspace}:{record.channel}",
    Dimension.USER: lambda record: f"{record.platform}:{record.author}",
    Dimension.DAY: lambda record: datetime.fromtimestamp(record.at / 1000, UTC).date().isoformat(),
}


class MemoryLedger(Ledger):
    """What `MemoryJournal` wrote down."""

    def __init__(self, clock: Clock, audit: MemoryAudit | None = None) -> None:
        self._audit = audit or MemoryAudit(clock)
        self.records: list[UsageRecord] = []
        self.holds: dict[int, Hold] = {}
        """Those that are open, by number; 0 is none."""
        self._clock = clock
        self._numbers = count(1)
        self._attempts: dict[tuple[str, str], int] = {}
        self._waiting: dict[tuple[str, str, str], int] = {}
        self._limits: dict[tuple[str, Period], tuple[Nanodollars, str]] = {}
        self._warned: dict[tuple[str, Period], dict[str, str]] = {}

    # --- what the journal does ---------------------------------------------------

    def check(self, hold: Hold) -> None:
        """Raise BudgetExceeded when a hold does not fit."""
        budgets = self._applying(hold.scopes, hold.at)
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
        """Open a hold for a new attempt; that of an older one stays where it is."""
        self._attempts[job, step] = number = next(self._numbers) if hold else 0
        if hold is not None:
            self.holds[number] = hold

    def record(self, used: UsageRecord) -> None:
        """Keep what a call used, and its cost in place of the hold of its attempt."""
        hold = self._attempts.get((used.job, used.step), 0)
        if hold in self.holds:
            used = replace(used, at=self.holds[hold].at)
        self.records = [known for known in self.records if used.call is None or not _is_unsettled(known, used)]
        self.records.append(used)
        if used.usage.cost is not None:
            self.release(used.job, used.step)
        elif used.call is not None:
            self._waiting[used.job, used.step, used.call] = hold

    def release(self, job: str, step: str) -> None:
        """Close the hold of an attempt, if it has one."""
        self.holds.pop(self._attempts.get((job, step), 0), None)

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
            if record.usage.cost is None and record.call is not None and gateway in {None, record.gateway}
        ]
        newest = sorted(enumerate(unknown), key=lambda one: (one[1].at, one[0]), reverse=True)
        return [
            UnsettledCall(
                job=record.job, step=record.step, gateway=record.gateway, call=record.call or "", at=record.at
            )
            for _, record in newest[:limit]
        ]

    @override
    async def settle(self, call: UnsettledCall, usage: Usage) -> bool:
        for number, record in enumerate(self.records):
            if _is_unsettled(record, call) and usage.cost is not None:
                self.records[number] = replace(record, usage=_told(record.usage, usage))
                self.holds.pop(self._waiting.pop((call.job, call.step, call.call)), None)
                return True
        return False


def scopes_of(record: UsageRecord) -> Sequence[str]:
    place = Place(platform=record.platform, workspace=record.workspace, channel=record.channel)
    return spending_scopes(place, Author(id=record.author))


def _is_unsettled(record: UsageRecord, call: UsageRecord | UnsettledCall) -> bool:
    same = (record.job, record.step, record.call) == (call.job, call.step, call.call)
    return same and record.usage.cost is None


def _told(before: Usage, now: Usage) -> Usage:
    """Return what is known of a call; what is not told anew stays as it was."""
    return Usage(
        tokens_in=before.tokens_in if now.tokens_in is None else now.tokens_in,
        tokens_out=before.tokens_out if now.tokens_out is None else now.tokens_out,
        audio_ms=before.audio_ms if now.audio_ms is None else now.audio_ms,
        cost=now.cost,
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
