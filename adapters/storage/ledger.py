"""What was used, in SQL: one row for each model call, and the budgets that what they cost counts for."""

from collections.abc import Sequence

from typing_extensions import override

from adapters.storage.budgets import all_budgets, budget, changing, standing, warning
from adapters.storage.database import Database
from adapters.storage.spending import find_unsettled, settling
from adapters.storage.sql import Row, load
from bot.domain.budgets import Budget, Period
from bot.domain.messages import JobId, Place
from bot.domain.money import CallKind, Dimension, Nanodollars, UnsettledCall, Usage, UsageRecord, UsageSum
from bot.ports import Clock, Ledger

SQL = load("ledger")


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
        return [_record(row) for row in await self._database.read(SQL["of_job"](job=job))]

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
    async def unsettled(self, limit: int, *, gateway: str | None = None) -> Sequence[UnsettledCall]:
        rows = await self._database.read(SQL["unsettled"](limit=limit, gateway=gateway))
        return [_unsettled(row) for row in rows]

    @override
    async def settle(self, call: UnsettledCall, usage: Usage) -> bool:
        rows = await self._database.read(find_unsettled(call))
        if not rows or usage.cost is None:
            return False
        (row,) = rows
        first, *rest = settling(_record(row), usage, row=row["id"], hold=row["hold"])
        try:
            await self._database.write(first.required(_SettledMeanwhile), *rest)
        except _SettledMeanwhile:
            return False
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


def _record(row: Row) -> UsageRecord:
    return UsageRecord(
        job=row["job"],
        step=row["step"],
        at=row["at"],
        call=row["call"],
        platform=row["platform"],
        workspace=row["workspace"],
        channel=row["channel"],
        author=row["author"],
        gateway=row["gateway"],
        model=row["model"],
        kind=CallKind(row["kind"]),
        usage=Usage(
            tokens_in=row["tokens_in"],
            tokens_out=row["tokens_out"],
            audio_ms=row["audio_ms"],
            cost=row["cost_nano"],
        ),
        duration_ms=row["duration_ms"],
    )
