"""The listing of a gateway's models, read: https://openrouter.ai/docs/api/api-reference/models/get-models. No network here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.gateways.endpoints import Endpoint
from adapters.gateways.profiles import ModelFacts, capabilities
from bot.domain.models import Modality

PATH = "/models"

EFFORTS = ("medium", "low", "high", "minimal", "xhigh", "max")
"""Of thinking, best first: https://openrouter.ai/docs/guides/best-practices/reasoning-tokens."""


def parse_listing(listing: bytes, endpoint: Endpoint) -> Mapping[str, ModelFacts]:
    """Read the answer to `GET /models`. Models that answer with no text are left out.

    Raises:
        ValueError: it is no listing.
    """
    match json.loads(listing):
        case {"data": list(rows)}:
            pass
        case _:
            raise ValueError("no list of models")
    entries = [(row["id"], _facts(row, endpoint)) for row in rows if isinstance(row, dict) and _is_name(row.get("id"))]
    return {name: facts for name, facts in entries if facts.capabilities.kinds}


def _facts(row: Mapping[str, Any], endpoint: Endpoint) -> ModelFacts:
    architecture = _object(row.get("architecture"))
    found = capabilities(
        row["id"],
        _modalities(architecture.get("input_modalities")),
        _modalities(architecture.get("output_modalities")),
        endpoint,
        row.get("context_length"),
    )
    quiet, thinking = _efforts(row)
    return ModelFacts(capabilities=replace(found, free=_is_free(row.get("pricing"))), quiet=quiet, thinking=thinking)


def _efforts(row: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the efforts to think least and to think, by what the listing says of a model's reasoning."""
    reasoning = row.get("reasoning")
    if not isinstance(reasoning, dict):
        thinks = "reasoning" in _list(row.get("supported_parameters"))
        return ("none", "medium") if thinks else (None, None)
    # The highest first; null means that all are taken.
    supported = [effort for effort in _list(reasoning.get("supported_efforts")) if effort in EFFORTS]
    thinking = next((effort for effort in EFFORTS if not supported or effort in supported), "medium")
    least = supported[-1] if supported else "low"
    return (least if reasoning.get("mandatory") else "none"), thinking


def _is_free(pricing: object) -> bool:
    """Whether every price is known, and is zero."""
    prices = {name: price for name, price in _object(pricing).items() if name != "discount"}
    return bool(prices) and not prices.pop("overrides", None) and all(map(_is_zero, prices.values()))


def _is_zero(price: object) -> bool:
    try:
        return Decimal(str(price)) == 0
    except InvalidOperation:
        return False


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _modalities(names: object) -> frozenset[Modality]:
    known = {modality.value: modality for modality in Modality}
    return frozenset(known[name] for name in _list(names) if isinstance(name, str) and name in known)


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
