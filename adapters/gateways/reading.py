"""What answers are made of: JSON that is untrusted, counts and sums of money. No network here."""

import json
from decimal import Decimal
from typing import Any

from adapters.gateways.problems import Call
from bot.domain.errors import ModelInDoubt
from bot.domain.money import Nanodollars, nanodollars
from bot.words import phrase

DEAREST = Decimal(1_000_000)
"""US dollars: more than that is no cost. A column of 64 bits holds it in nano-dollars, and the sum of thousands."""
MOST = 2**40
"""Tokens of one call: more than that is no count. A column of 64 bits holds the sum of millions."""
LONGEST = 1_000_000_000
"""Seconds: more than that is no length."""
JSON = json.JSONDecoder(parse_float=Decimal)
"""Made once: `json.loads` with an option makes one for every event."""


def decoded(data: str, call: Call) -> dict[str, Any]:
    """Decode a JSON object; its numbers with a point are Decimals.

    Raises:
        ModelInDoubt: it is none.
    """
    try:
        found = JSON.decode(data)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ModelInDoubt(phrase("the answer cannot be read"), model=call.model) from error
    if not isinstance(found, dict):
        raise ModelInDoubt(phrase("the answer cannot be read"), model=call.model)
    return found


def an_object(value: object) -> dict[str, Any]:
    """Return an object as it is, and an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def a_list(value: object) -> list[Any]:
    """Return a list as it is, and an empty one in place of anything else."""
    return value if isinstance(value, list) else []


def a_text(value: object) -> str:
    """Return a text as it is, and an empty one in place of anything else."""
    return value if isinstance(value, str) else ""


def a_count(value: object) -> int | None:
    """Return a count of tokens; None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else None


def seconds(value: object) -> float | None:
    """Return a length in seconds; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return float(value) if Decimal(value).is_finite() and 0 <= value <= LONGEST else None


def a_cost(value: object) -> Nanodollars | None:
    """Return US dollars as nano-dollars; what is no sensible sum is unknown."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    dollars = Decimal(value)
    return nanodollars(dollars) if dollars.is_finite() and 0 <= dollars < DEAREST else None
