"""What a gateway says afterwards: what became of a call, what it cost, and what the key was charged. No network here.

The vendor's documents: https://openrouter.ai/docs/api/api-reference/generations/get-request-&-usage-metadata-for-a-generation
and https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key. All sums are US dollars; days and months are
those of UTC.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from adapters.gateways.reading import JSON, a_cost, a_count
from bot.domain.money import Account, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """The record of one call that is over."""

    usage: Usage
    """What was charged, and for how much."""
    reason: str | None
    """Why the answer ended; None where the model did not say."""
    cancelled: bool
    """Whether somebody hung up before its end."""
    created: datetime | None
    """When the call came; None where it is not told."""

    @property
    def complete(self) -> bool:
        """Whether the model said all that it had to say, to its end."""
        return not self.cancelled and self.reason not in {None, "", "error"}

    @property
    def unpaid(self) -> bool:
        """Whether it broke off, and nothing was charged for it."""
        return not self.complete and self.usage.cost == 0


def read_generation(answer: bytes) -> Generation:
    """Read the answer to `GET /generation?id=`.

    Raises:
        ValueError: it is none.
    """
    data = _data(answer)
    usage = Usage(
        tokens_in=_count(data, "native_tokens_prompt", "tokens_prompt"),
        tokens_out=_count(data, "native_tokens_completion", "tokens_completion"),
        cost=a_cost(data.get("total_cost")),
    )
    reason = data.get("finish_reason")
    return Generation(
        usage=usage,
        reason=reason if isinstance(reason, str) else None,
        cancelled=bool(data.get("cancelled")),
        created=_time(data.get("created_at")),
    )


def read_account(answer: bytes) -> Account:
    """Read the answer to `GET /key`.

    Raises:
        ValueError: it is none, or does not tell what was charged.
    """
    data = _data(answer)
    today, month = a_cost(data.get("usage_daily")), a_cost(data.get("usage_monthly"))
    if today is None or month is None:
        raise ValueError("no usage")
    left = data.get("limit_remaining")
    if isinstance(left, int | Decimal) and left < 0:
        left = 0
    return Account(spent_today=today, spent_this_month=month, left=a_cost(left))


def _data(answer: bytes) -> dict[str, Any]:
    match JSON.decode(answer.decode()):
        case {"data": dict(data)}:
            return data
        case _:
            raise ValueError("no data")


def _count(data: dict[str, Any], *names: str) -> int | None:
    """Return the first of some counts that is told."""
    return next((count for name in names if (count := a_count(data.get(name))) is not None), None)


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)
