"""Receipts: what one reply took, call by call."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.journal import Step, StepState
from bot.domain.money import Nanodollars, Usage, UsageRecord, show_amount, show_dollars
from bot.words import Phrase, phrase, say, say_count

DEEDS: Mapping[str, Phrase] = {
    "hear": phrase("Wrote down: {model}, {facts}"),
    "summary": phrase("Summed up: {model}, {facts}"),
    "answer": phrase("Answered: {model}, {facts}"),
    "speak": phrase("Spoke: {model}, {facts}"),
}
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
        called = DEEDS.get(self.step.partition(":")[0], phrase("Called: {model}, {facts}"))
        deed = phrase("Came to nothing: {model}, {facts}") if self.came_to_nothing else called
        return say(deed.template, model=self.model, facts=", ".join(self._facts()))

    def _facts(self) -> Iterator[str]:
        yield f"{datetime.fromtimestamp(self.at / 1000, UTC):%H:%M:%S} UTC"
        if self.usage.tokens_in is not None or self.usage.tokens_out is not None:
            tokens_in, tokens_out = _count(self.usage.tokens_in), _count(self.usage.tokens_out)
            yield say("{tokens_in} tokens in, {tokens_out} out", tokens_in=tokens_in, tokens_out=tokens_out)
        if self.usage.audio_ms is not None:
            yield say("{seconds} s of sound", seconds=f"{self.usage.audio_ms / 1000:.1f}")
        yield say("took {seconds} s", seconds=f"{self.duration_ms / 1000:.1f}")
        yield say("free") if self.usage.cost == 0 else say("cost {cost}", cost=show_dollars(self.usage.cost))
        if self.instead_of:
            yield say("instead of {model}", model=model_and_reason(self.instead_of))


def _count(tokens: int | None) -> str:
    return say("unknown") if tokens is None else f"{tokens:,}"


def model_and_reason(kept: str) -> str:
    """Return a model that did not answer, and why, as a phrase again: the journal keeps it as `gateway/model: reason`."""
    model, apart, reason = kept.partition(": ")
    return phrase("{model}: {reason}", model=model, reason=phrase(reason)) if apart else kept


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
    calls = say_count("{count} call of unknown cost", "{count} calls of unknown cost", unknown)
    return say("{amount} and {calls}", amount=show_amount(known), calls=calls) if known else calls


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
