"""What was used, in SQL: one row for each model call, and the budgets that what they cost counts for."""

from collections.abc import Sequence

from typing_extensions import override

from adapters.storage.budgets import all_budgets, budget, changing, standing, taking_back, warning
from adapters.storage.database import Database
from adapters.storage.spending import find_unsettled, read_record, settling
from adapters.storage.sql import Row, load
from adapters.storage.write_off import describing, find_job, find_open, find_without_row, writing_off
from bot.domain.budgets import Budget, Period
from bot.domain.messages import JobId, Place
from bot.domain.money import Dimension, Nanodollars, UnsettledCall, Usage, UsageRecord, UsageSum
from bot.ports import Clock, Ledger

SQL = load("ledger")

HANDED_BACK_MS = 10 * 60_000
"""How long a job that was handed back counts as one that soon goes on: twice the longest delay between two tries."""


class SqlLedger(Ledger):
    """The usage of a database; the journal writes it, together with the step that made the call."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @override
    async def sums(self, by: Dimension, *, since: int, place: Place | None = None) -> Sequence[UsageSum]:
        if place is None:
            query = SQL["sums"](by=by, since=since)
        else:
            query = SQL["sums_of_channel"](
                by=by, since=since, platform=place.platform, workspace=place.workspace, channel=place.channel
            )
        return [_sum(row) for row in await self._database.read(query)]

    @override
    async def of_job(self, job: JobId) -> Sequence[UsageRecord]:
        return [read_record(row) for row in await self._database.read(SQL["of_job"](job=job))]

    @override
    async def held(self, job: JobId) -> Nanodollars:
        (row,) = await self._database.read(SQL["held"](job=job))
        return Nanodollars(row["held"])

    @override
    async def spent(self, gateway: str, period: Period) -> UsageSum:
        now = self._clock.now()
        (row,) = await self._database.read(
            SQL["spent"](gateway=gateway, since=period.begins(now), until=period.ends(now))
        )
        return _sum(row)

    @override
    async def set_budget(self, scope: str, period: Period, limit: Nanodollars | None, *, by: str) -> None:
        await self._database.write(*changing(scope, period, limit, by=by, now=self._clock.now()))

    @override
    async def budgets(self) -> Sequence[Budget]:
        return [budget(row) for row in await self._database.read(all_budgets(self._clock.now()))]

    @override
    async def standing(self, scopes: Sequence[str]) -> Sequence[Budget]:
        rows = await self._database.read(standing(scopes, self._clock.now()))
        return sorted(map(budget, rows), key=lambda known: (scopes.index(known.scope), known.period))

    @override
    async def warn(self, scopes: Sequence[str]) -> Sequence[Budget]:
        now, told = self._clock.now(), []
        for row in await self._database.read(standing(scopes, now)):
            note = warning(row, now)
            if note is not None and await self._database.write(note):
                told.append(budget(row))
        return sorted(told, key=lambda known: (scopes.index(known.scope), known.period))

    @override
    async def unwarn(self, budget: Budget) -> None:
        await self._database.write(taking_back(budget))

    @override
    async def unsettled(self, limit: int, *, gateway: str | None = None) -> Sequence[UnsettledCall]:
        before = self._clock.now() - HANDED_BACK_MS
        rows = await self._database.read(SQL["unsettled"](limit=limit, gateway=gateway, before=before))
        return [_unsettled(row) for row in rows]

    @override
    async def settle(self, call: UnsettledCall, usage: Usage) -> bool:
        rows = await self._database.read(find_unsettled(call))
        if not rows or usage.cost is None:
            return False
        (row,) = rows
        first, *rest = settling(read_record(row), usage, row=row["id"])
        try:
            await self._database.write(first.required(_SettledMeanwhile), *rest)
        except _SettledMeanwhile:
            return False
        return True

    @override
    async def write_off(self, job: JobId, cost: Nanodollars, *, by: str) -> bool:
        ended = await self._database.read(find_job(job))
        if not ended:
            return False
        for hold in await self._database.read(find_without_row(job)):
            await self._database.write(describing(ended[0], hold))
        rows = await self._database.read(find_open(job))
        if not rows:
            return False
        now = self._clock.now()
        statements = writing_off(job, rows, cost, by=by, now=now, otherwise=_SettledMeanwhile)
        try:
            await self._database.write(*statements)
        except _SettledMeanwhile:
            return await self.write_off(job, cost, by=by)
        return True


class _SettledMeanwhile(Exception):
    """Another process was quicker."""


def _sum(row: Row) -> UsageSum:
    return UsageSum(
        name=row["label"],
        calls=row["calls"],
        tokens_in=row["tokens_in"],
        tokens_out=row["tokens_out"],
        audio_ms=row["audio_ms"],
        cost=row["cost_nano"],
        unknown_costs=row["unknown_costs"],
    )


def _unsettled(row: Row) -> UnsettledCall:
    return UnsettledCall(job=row["job"], step=row["step"], gateway=row["gateway"], call=row["call"], at=row["at"])
