"""The listing of a gateway's models, read: https://openrouter.ai/docs/api/api-reference/models/get-models. No network here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.gateways.endpoints import Endpoint
from adapters.gateways.prices import is_free, read_price
from adapters.gateways.profiles import ModelFacts, capabilities, profile_of
from bot.domain.audio import MediaFormat
from bot.domain.models import Capabilities, Modality
from bot.domain.money import CallKind

DICTATED = (
    MediaFormat.MP3,
    MediaFormat.OGG,
    MediaFormat.WAV,
    MediaFormat.FLAC,
    MediaFormat.M4A,
    MediaFormat.WEBM,
    MediaFormat.AAC,
)
"""Sound that `/audio/transcriptions` takes, where nothing is known of a model's family: https://openrouter.ai/docs/guides/overview/multimodal/stt."""

EFFORTS = ("medium", "low", "high", "minimal", "xhigh", "max")
"""Of thinking, best first: https://openrouter.ai/docs/guides/best-practices/reasoning-tokens."""


def parse_listing(listing: bytes, endpoint: Endpoint) -> Mapping[str, ModelFacts]:
    """Read the answer to `GET /models`. Models that can be called for nothing that we call for are left out.

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
    architecture, pricing = _object(row.get("architecture")), row.get("pricing")
    outputs = _list(architecture.get("output_modalities"))
    found = capabilities(
        row["id"],
        _modalities(architecture.get("input_modalities")),
        _modalities(outputs),
        endpoint,
        row.get("context_length"),
    )
    if "transcription" in outputs and endpoint.transcribes is not None:
        found = _transcribing(row["id"], found, endpoint)
    if "speech" in outputs and endpoint.speaks:
        found = _speaking(found, row)
    quiet, thinking = _efforts(row)
    priced = replace(found, free=is_free(pricing), price=read_price(pricing, found.kinds))
    return ModelFacts(capabilities=priced, quiet=quiet, thinking=thinking)


def _transcribing(name: str, found: Capabilities, endpoint: Endpoint) -> Capabilities:
    return replace(
        found,
        kinds=found.kinds | {CallKind.TRANSCRIPTION},
        outputs=found.outputs | {Modality.TEXT},
        audio_formats=profile_of(name).audio_formats or DICTATED,
        audio_limits=endpoint.audio_limits,
    )


def _speaking(found: Capabilities, row: Mapping[str, Any]) -> Capabilities:
    voices = tuple(voice for voice in _list(row.get("supported_voices")) if isinstance(voice, str) and voice)
    return replace(
        found, kinds=found.kinds | {CallKind.SPEECH}, outputs=found.outputs | {Modality.AUDIO}, voices=voices
    )


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


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _modalities(names: object) -> frozenset[Modality]:
    known = {modality.value: modality for modality in Modality}
    return frozenset(known[name] for name in _list(names) if isinstance(name, str) and name in known)


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
