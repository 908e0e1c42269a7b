"""Usage in memory."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from typing_extensions import override

from bot.domain.messages import JobId, Place
from bot.domain.money import Dimension, Nanodollars, UsageRecord, UsageSum
from bot.ports import Ledger

NAMES: Mapping[Dimension, Callable[[UsageRecord], str]] = {
    Dimension.MODEL: lambda record: f"{record.gateway}/{record.model}",
    Dimension.CHANNEL: lambda record: f"{record.platform}:{record.workspace}:{record.channel}",
    Dimension.USER: lambda record: f"{record.platform}:{record.author}",
    Dimension.DAY: lambda record: datetime.fromtimestamp(record.at / 1000, UTC).date().isoformat(),
}


class MemoryLedger(Ledger):
    """A list of records, which `MemoryJournal` fills."""

    def __init__(self) -> None:
        self.records: list[UsageRecord] = []

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
