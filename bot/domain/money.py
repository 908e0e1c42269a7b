"""Money and what was used: integer nano-dollars, because sums of floats lie and `usage.cost` has nine decimals.

Unknown is not zero: a cost that nobody told us is None, and it stays None in every sum that it is part of.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType, Self

from bot.words import say

NANOS = 1_000_000_000

Nanodollars = NewType("Nanodollars", int)
"""A billionth of a US dollar."""


def nanodollars(dollars: str | float | Decimal) -> Nanodollars:
    """Convert US dollars, as gateways write them (JSON number or text), to whole nano-dollars, halves to even."""
    return Nanodollars(int((Decimal(str(dollars)) * NANOS).to_integral_value()))


def show_dollars(cost: Nanodollars | None) -> str:
    """Write a cost for people, exactly: `$1.20`, `$0.00095`, `free` for zero, `unknown` for None."""
    if cost is None:
        return say("unknown")
    return say("free") if cost == 0 else show_amount(cost)


def show_amount(amount: Nanodollars) -> str:
    """Write a sum of money for people, exactly, with two decimals or as many as it takes: `$0.00`, `$12.345`."""
    whole, part = divmod(abs(amount), NANOS)
    decimals = f"{part:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}${whole}.{decimals}"


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
class Price:
    """What a model charges, in US dollars. What is not priced costs nothing: a model without a price list has no Price."""

    prompt: Decimal = Decimal(0)
    """For one token of the request."""
    completion: Decimal = Decimal(0)
    """For one token of the answer, those of thinking included."""
    audio_in: Decimal | None = None
    """For one token of sound that is heard; None when it is priced like text."""
    audio_out: Decimal | None = None
    """For one token of sound that is spoken; None when it is priced like text."""
    request: Decimal = Decimal(0)
    """For each call."""
    picture: Decimal | None = None
    """For one picture; None when it is priced by its tokens."""
    second: Decimal = Decimal(0)
    """For one second of a recording, where a transcription is priced by its length."""
    character: Decimal = Decimal(0)
    """For one character that is spoken, where speech is priced by its text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageRecord:
    """One row for each model call: who, where, what, how much."""

    job: str
    """The job that made the call."""
    step: str
    """The journal step of the job. A step that was charged for nothing and then done has a row for each."""
    at: int
    """When it began, in milliseconds since 1970 (UTC): the day and month that it counts for, as its hold did."""
    call: str | None = None
    """The gateway's own name of the call; None when it named none."""
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


@dataclass(frozen=True, kw_only=True, slots=True)
class UnsettledCall:
    """A call whose cost nobody has told us yet."""

    job: str
    """The job that made it."""
    step: str
    """Its journal step."""
    gateway: str
    """Who knows the cost."""
    call: str
    """The gateway's own name of it."""
    at: int
    """When it began, in milliseconds since 1970 (UTC)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What a gateway says of our key. Days and months are those of UTC."""

    spent_today: Nanodollars
    """Charged since midnight."""
    spent_this_month: Nanodollars
    """Charged since the first of the month."""
    left: Nanodollars | None = None
    """What the key may still spend; None without a limit."""


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
