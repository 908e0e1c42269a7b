"""Usage in SQL: one row for each model call, and the sum of each month."""

from collections.abc import Sequence
from datetime import UTC, datetime

from typing_extensions import override

from adapters.storage.database import Database
from adapters.storage.group_commit import Row
from adapters.storage.sql import Statement, load
from bot.domain.messages import JobId, Place
from bot.domain.money import CallKind, Dimension, Usage, UsageRecord, UsageSum
from bot.ports import Ledger

SQL = load("ledger")


class SqlLedger(Ledger):
    """The usage of a database; the journal writes it, together with the step that made the call."""

    def __init__(self, database: Database) -> None:
        self._database = database

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


def recording(record: UsageRecord) -> tuple[Statement, Statement]:
    """Return the statements that write down one model call: its row, and its part of the month's sum."""
    day = datetime.fromtimestamp(record.at / 1000, UTC).date().isoformat()
    who = {
        "platform": record.platform,
        "workspace": record.workspace,
        "channel": record.channel,
        "gateway": record.gateway,
        "model": record.model,
    }
    usage = record.usage
    row = SQL["record"](
        **who,
        job=record.job,
        step=record.step,
        at=record.at,
        day=day,
        author=record.author,
        kind=record.kind,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        audio_ms=usage.audio_ms,
        cost_nano=usage.cost,
        duration_ms=record.duration_ms,
    )
    month = SQL["add_to_month"](**who, month=day[:7], cost_nano=usage.cost or 0, unknown_costs=int(usage.cost is None))
    return row, month


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


def _record(row: Row) -> UsageRecord:
    return UsageRecord(
        job=row["job"],
        step=row["step"],
        at=row["at"],
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
