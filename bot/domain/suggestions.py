"""What fits what somebody has typed so far: models with their prices in words, voices, languages. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.models import Capabilities, Catalogue, ModelRef
from bot.domain.panel import Choice
from bot.domain.prices import short_price, shortcoming

CUT = "…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """How much of a list a platform shows."""

    most: int
    """Choices."""
    label: int
    """Characters of what people read."""
    value: int
    """Characters of what comes back."""


def model_choices(kind: str, typed: str, catalogue: Catalogue, room: Room) -> Sequence[Choice]:
    """Return the models that can do something and fit what was typed: free ones first, then the cheapest.

    Args:
        kind: what they are for: `chat`, `transcription`, `video` or `speech`.
        typed: words that their names have, in any order.
        catalogue: what there is.
        room: how much is shown; a model whose name is too long to come back is left out.
    """
    words = typed.lower().split()
    found = [
        (ref, can)
        for ref, can in catalogue.items()
        if not shortcoming(kind, can)[0]
        and len(str(ref)) <= room.value
        and all(word in str(ref).lower() for word in words)
    ]
    found.sort(key=lambda each: _rank(*each))
    several = {ref.gateway for ref in catalogue}
    return [
        Choice(value=str(ref), label=_label(ref, can, room.label, alone=len(several) == 1))
        for ref, can in found[: room.most]
    ]


def _rank(ref: ModelRef, can: Capabilities) -> tuple[bool, bool, float, str]:
    """Order free models first, and those last whose price nobody says."""
    price = can.price
    cost = 0.0 if price is None else float(price.prompt + price.completion)
    return not can.free, price is None and not can.free, cost, str(ref)


def _label(ref: ModelRef, can: Capabilities, limit: int, *, alone: bool) -> str:
    """Return `google/gemini-2.5-flash · $0.30 / $2.50 per million tokens`, its gateway before it where there are others."""
    end = f" · {short_price(can)}"
    names = (ref.name,) if alone else (str(ref), ref.name)
    fitting = next((name for name in names if len(name) + len(end) <= limit), "")
    return f"{fitting or cut(ref.name, limit - len(end))}{end}" if len(end) < limit else cut(str(ref), limit)


def cut(text: str, limit: int) -> str:
    """Return a text within so many characters."""
    return text if len(text) <= limit else f"{text[: max(limit - len(CUT), 0)]}{CUT}"


def fitting(choices: Iterable[Choice], typed: str, room: Room) -> Sequence[Choice]:
    """Return those choices that fit what was typed, cut to what a platform shows."""
    words = typed.lower().split()
    found = [
        Choice(value=each.value, label=cut(each.label, room.label))
        for each in choices
        if len(each.value) <= room.value and all(word in f"{each.label} {each.value}".lower() for word in words)
    ]
    return found[: room.most]
