"""Money and what was used: integer nano-dollars, because sums of floats lie and `usage.cost` has nine decimals.

Unknown is not zero: a cost that nobody told us is None, and it stays None in every sum that it is part of.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType, Self

NANOS = 1_000_000_000

Nanodollars = NewType("Nanodollars", int)
"""A billionth of a US dollar."""


def nanodollars(dollars: str | float | Decimal) -> Nanodollars:
    """Convert US dollars, as gateways write them (JSON number or text), to whole nano-dollars, halves to even."""
    return Nanodollars(int((Decimal(str(dollars)) * NANOS).to_integral_value()))


def show_dollars(cost: Nanodollars | None) -> str:
    """Write a cost for people: `$0.000950`, `free` for zero, `unknown` for None."""
    if cost is None:
        return "unknown"
    if cost == 0:
        return "free"
    return f"${Decimal(cost) / NANOS:.6f}"


class CallKind(StrEnum):
    """What a model was called for."""

    CHAT = "chat"
    TRANSCRIPTION = "transcription"
    SPEECH = "speech"


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What one model call used, as its gateway reports it."""

    tokens_in: int | None = None
    """Prompt tokens, those of sound included; None where the model does not count."""
    tokens_out: int | None = None
    """Completion tokens, those of reasoning included."""
    audio_ms: int | None = None
    """Length of the sound that was heard or spoken, in milliseconds."""
    cost: Nanodollars | None = None
    """What is charged; None when the gateway did not say."""

    def __add__(self, other: Self) -> "Usage":
        """Sum two calls; what one of them does not know is unknown in the sum."""
        return Usage(
            tokens_in=_sum(self.tokens_in, other.tokens_in),
            tokens_out=_sum(self.tokens_out, other.tokens_out),
            audio_ms=_sum(self.audio_ms, other.audio_ms),
            cost=None if self.cost is None or other.cost is None else Nanodollars(self.cost + other.cost),
        )


def _sum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageRecord:
    """One row for each model call: who, where, what, how much."""

    job: str
    """The job that made the call."""
    step: str
    """The journal step of the job. A step that was charged for nothing and then done has a row for each."""
    at: int
    """When it ended, in milliseconds since 1970 (UTC)."""
    platform: str
    """For example `slack`."""
    workspace: str
    """By the platform's id."""
    channel: str
    """By the platform's id."""
    author: str
    """Who asked, by the platform's id."""
    gateway: str
    """For example `local`, `openrouter`."""
    model: str
    """The gateway's name of the model that answered."""
    kind: CallKind
    """What it was called for."""
    usage: Usage
    """What the gateway reports."""
    duration_ms: int
    """From the request to the last byte of the answer."""


class Dimension(StrEnum):
    """What usage can be summed by."""

    MODEL = "model"
    CHANNEL = "channel"
    USER = "user"
    DAY = "day"


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageSum:
    """A line of a usage report."""

    name: str
    """The model, channel, user or day (UTC) that it sums."""
    calls: int
    """How many model calls."""
    tokens_in: int
    """Of the calls that count tokens."""
    tokens_out: int
    """Of the calls that count tokens."""
    audio_ms: int
    """Of the calls with sound."""
    cost: Nanodollars
    """Of the calls whose cost is known."""
    unknown_costs: int
    """How many calls have no known cost; the true sum is higher."""
