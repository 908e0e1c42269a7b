"""Receipts: what one reply took, call by call."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.journal import Step, StepState
from bot.domain.money import Nanodollars, Usage, UsageRecord, show_amount, show_dollars

DEEDS = {"hear": "Wrote down", "summary": "Summed up", "answer": "Answered", "speak": "Spoke"}
"""What a call was for, by the first word of its step."""

_ASKED = re.compile(r"(?:[^:/]*:)+?([^:/]+/.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptLine:
    """One model call."""

    step: str
    """Its journal step."""
    model: str
    """Who answered, as gateway/model."""
    instead_of: str
    """Who was asked first, with the reason why they did not answer where it is known; empty when they did."""
    came_to_nothing: bool
    """Whether no answer came of it, so that only what was charged all the same stands here."""
    at: int
    """When it began, in milliseconds since 1970 (UTC)."""
    duration_ms: int
    """How long it took."""
    usage: Usage
    """What it used, and what it cost."""

    @property
    def words(self) -> str:
        """The call for people, in one line."""
        deed = "Came to nothing" if self.came_to_nothing else DEEDS.get(self.step.partition(":")[0], "Called")
        return f"{deed}: {self.model}, {', '.join(self._facts())}"

    def _facts(self) -> Iterator[str]:
        yield f"{datetime.fromtimestamp(self.at / 1000, UTC):%H:%M:%S} UTC"
        if self.usage.tokens_in is not None or self.usage.tokens_out is not None:
            yield f"{_count(self.usage.tokens_in)} tokens in, {_count(self.usage.tokens_out)} out"
        if self.usage.audio_ms is not None:
            yield f"{self.usage.audio_ms / 1000:.1f} s of sound"
        yield f"took {self.duration_ms / 1000:.1f} s"
        yield f"cost {show_dollars(self.usage.cost)}" if self.usage.cost != 0 else "free"
        if self.instead_of:
            yield f"instead of {self.instead_of}"


def _count(tokens: int | None) -> str:
    return "unknown" if tokens is None else f"{tokens:,}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What one reply took."""

    lines: tuple[ReceiptLine, ...]
    """The calls, in order."""

    @property
    def sum_words(self) -> str:
        """What all of it cost, for people."""
        unknown = sum(line.usage.cost is None for line in self.lines)
        return cost_words(Nanodollars(sum(line.usage.cost or 0 for line in self.lines)), unknown)


def cost_words(known: Nanodollars, unknown: int) -> str:
    """Write a sum of costs for people, exactly: `$0.0012`, `free`, `$0.0012 and 2 calls of unknown cost`.

    Args:
        known: the sum of the costs that are known.
        unknown: how many calls have no known cost; the true sum is higher.
    """
    if not unknown:
        return show_dollars(known)
    calls = f"{unknown} {'call' if unknown == 1 else 'calls'} of unknown cost"
    return f"{show_amount(known)} and {calls}" if known else calls


def make_receipt(steps: Mapping[str, Step], records: Sequence[UsageRecord]) -> Receipt:
    """Return the receipt of a job, from its journal and its usage rows."""
    last = {record.step: index for index, record in enumerate(records)}
    return Receipt(
        lines=tuple(
            # A step that was charged for nothing and then done has a row for each.
            _line(record, steps.get(record.step), is_last=last[record.step] == index)
            for index, record in enumerate(records)
        )
    )


def _line(record: UsageRecord, step: Step | None, *, is_last: bool) -> ReceiptLine:
    model = f"{record.gateway}/{record.model}"
    done = is_last and step is not None and step.state is StepState.DONE
    result = step.result or {} if step is not None and done else {}
    asked = asked_model(record.step)
    return ReceiptLine(
        step=record.step,
        model=model,
        instead_of=str(result.get("instead_of") or ("" if asked in {model, ""} else asked)),
        came_to_nothing=not done,
        at=record.at,
        duration_ms=record.duration_ms,
        usage=record.usage,
    )


def asked_model(step: str) -> str:
    """Return the model that a step calls, by its name: `hear:0:0:local/whisper-tiny.en`; empty when it calls none."""
    found = _ASKED.fullmatch(step)
    return found[1] if found else ""
