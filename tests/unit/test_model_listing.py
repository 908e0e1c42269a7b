import json
from decimal import Decimal
from typing import Any

import pytest

from adapters.gateways.endpoints import OPENROUTE, OPENROUTER
from adapters.gateways.listing import parse_listing
from adapters.gateways.profiles import ModelFacts, built_in
from bot.domain.audio import MediaFormat
from bot.domain.estimates import PICTURE_TOKENS
from bot.domain.models import Modality
from bot.domain.money import CallKind, Price


def row(**more: Any) -> dict[str, Any]:
    architecture = {"input_modalities": ["text"], "output_modalities": ["text"]}
    return {"id": "a/b", "architecture": architecture, "pricing": {"prompt": "0.1"}, "context_length": 9000, **more}


def listed(**more: Any) -> ModelFacts:
    return parse_listing(json.dumps({"data": [row(**more)]}).encode(), OPENROUTER)["a/b"]


def senses(inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
    return {"architecture": {"input_modalities": inputs, "output_modalities": outputs}}


def test_a_model_that_reads() -> None:
    found = listed().capabilities
    assert found.kinds == {CallKind.CHAT}
    assert found.inputs == {Modality.TEXT}
    assert found.context_tokens == 9000
    assert not found.hears()


def test_a_model_that_hears_takes_what_every_provider_takes() -> None:
    found = listed(**senses(["text", "audio", "file", 7, {}], ["text"])).capabilities
    assert found.kinds == {CallKind.CHAT, CallKind.TRANSCRIPTION}
    assert found.inputs == {Modality.TEXT, Modality.AUDIO}
    assert set(found.audio_formats) == {MediaFormat.MP3, MediaFormat.WAV}
    assert found.hears()


def test_a_family_may_take_more() -> None:
    rows = [row(id="google/gemini-9", **senses(["text", "audio"], ["text"]))]
    found = parse_listing(json.dumps({"data": rows}).encode(), OPENROUTER)["google/gemini-9"].capabilities
    assert MediaFormat.OGG in found.audio_formats
    assert found.audio_formats[0] is MediaFormat.MP3


@pytest.mark.parametrize("context", [None, 0, -1, "9000"])
def test_a_context_that_nobody_tells_is_unknown(context: object) -> None:
    assert listed(context_length=context).capabilities.context_tokens is None


@pytest.mark.parametrize(
    ("pricing", "free"),
    [
        ({"prompt": "0", "completion": "0.0", "request": "0", "discount": 0.5}, True),
        ({"prompt": "0", "completion": "0.0000001"}, False),
        ({"prompt": "-1", "completion": "-1"}, False),
        ({"prompt": "0", "overrides": [{"min_prompt_tokens": 5, "prompt": "1"}]}, False),
        ({"prompt": "0", "overrides": []}, True),
        ({"prompt": "free"}, False),
        ({"prompt": None}, False),
        ({}, False),
        (None, False),
    ],
)
def test_only_what_certainly_costs_nothing_is_free(pricing: object, free: bool) -> None:
    assert listed(pricing=pricing).capabilities.free is free


@pytest.mark.parametrize(
    ("more", "quiet", "thinking"),
    [
        ({}, None, None),
        ({"supported_parameters": ["max_tokens", "reasoning"]}, "none", "medium"),
        ({"reasoning": {"mandatory": False, "supported_efforts": None}}, "none", "medium"),
        ({"reasoning": {"mandatory": False, "supported_efforts": ["high", "none"]}}, "none", "high"),
        (
            {"reasoning": {"mandatory": True, "supported_efforts": ["high", "medium", "low", "minimal"]}},
            "minimal",
            "medium",
        ),
        ({"reasoning": {"mandatory": True, "supported_efforts": ["xhigh", "high"]}}, "high", "high"),
        ({"reasoning": {"mandatory": True}}, "low", "medium"),
    ],
)
def test_how_much_a_model_is_told_to_think(more: dict[str, Any], quiet: str | None, thinking: str | None) -> None:
    found = listed(**more)
    assert (found.quiet, found.thinking) == (quiet, thinking)


@pytest.mark.parametrize(
    ("pricing", "price"),
    [
        ({"prompt": "0.1", "completion": "0.2"}, Price(prompt=Decimal("0.1"), completion=Decimal("0.2"))),
        ({"prompt": "0.1"}, Price(prompt=Decimal("0.1"))),
        # Thinking is a part of the answer, and may be the dearer one.
        (
            {"prompt": "1", "completion": "2", "internal_reasoning": "3"},
            Price(prompt=Decimal(1), completion=Decimal(3)),
        ),
        (
            {"prompt": "1", "completion": "2", "audio": "16", "audio_output": "32", "request": "5", "image": "0.5"},
            Price(
                prompt=Decimal(1),
                completion=Decimal(2),
                audio_in=Decimal(16),
                audio_out=Decimal(32),
                request=Decimal(5),
                picture=Decimal("0.5"),
            ),
        ),
        # A long context, or the middle of the day.
        (
            {
                "prompt": "1",
                "completion": "2",
                "overrides": [
                    {"min_prompt_tokens": 200_000, "prompt": "4", "audio": "9"},
                    {"utc_start": 0, "utc_end": 1200, "completion": "1"},
                ],
            },
            Price(prompt=Decimal(4), completion=Decimal(2), audio_in=Decimal(9)),
        ),
        # Tokens of a picture that cost more than those of text.
        (
            {"prompt": "0.000001", "completion": "0", "image": "0.001", "image_token": "0.000003"},
            Price(prompt=Decimal("0.000001"), picture=Decimal("0.001") + PICTURE_TOKENS * Decimal("0.000002")),
        ),
        # Nobody knows what a router will cost, or what is no number.
        ({"prompt": "-1", "completion": "-1"}, None),
        ({"prompt": "0.1", "completion": "-1"}, None),
        ({"prompt": "0.1", "overrides": [{"completion": "dear"}]}, None),
        ({"prompt": "NaN", "completion": "0"}, None),
        ({"prompt": "Infinity", "completion": "0"}, None),
        ({"prompt": None, "completion": "0"}, None),
        ({"completion": "0.1"}, None),
        ({}, None),
        ("free", None),
        (None, None),
    ],
)
def test_of_all_prices_that_may_apply_the_dearest_is_taken(pricing: object, price: Price | None) -> None:
    assert listed(pricing=pricing).capabilities.price == price


def test_what_only_speaks_is_priced_by_the_character() -> None:
    voices = {"supported_voices": ["alloy", "", None, "ash"]}
    found = listed(**senses(["text"], ["speech"]), pricing={"prompt": "0.00001", "completion": "0"}, **voices)
    assert found.capabilities.kinds == {CallKind.SPEECH}
    assert found.capabilities.outputs == {Modality.AUDIO}
    assert found.capabilities.voices == ("alloy", "ash")
    assert found.capabilities.price == Price(character=Decimal("0.00001"))
    assert not found.capabilities.hears()


@pytest.mark.parametrize(
    ("pricing", "price"),
    [
        ({"prompt": "0.0001", "completion": "0"}, Price(second=Decimal("0.0001"))),
        (
            {"prompt": "0.000001", "completion": "0.000005"},
            Price(prompt=Decimal("0.000001"), completion=Decimal("0.000005")),
        ),
        (
            {"prompt": "0.000001", "completion": "0", "audio": "0.000003"},
            Price(prompt=Decimal("0.000001"), audio_in=Decimal("0.000003")),
        ),
        ({"prompt": "-1", "completion": "0"}, None),
    ],
)
def test_what_only_transcribes_is_priced_by_the_second_or_by_the_token(
    pricing: dict[str, str], price: Price | None
) -> None:
    found = listed(**senses(["audio"], ["transcription"]), pricing=pricing).capabilities
    assert found.kinds == {CallKind.TRANSCRIPTION}
    assert found.outputs == {Modality.TEXT}
    assert found.price == price
    assert found.hears()
    assert {MediaFormat.OGG, MediaFormat.M4A, MediaFormat.WAV} <= set(found.audio_formats)


def test_a_gateway_without_the_paths_for_them_has_no_use_for_such_models() -> None:
    rows = [row(id="c/d", **senses(["audio"], ["transcription"])), row(id="e/f", **senses(["text"], ["speech"]))]
    assert parse_listing(json.dumps({"data": rows}).encode(), OPENROUTE) == {}


def test_models_that_are_for_something_else_are_left_out() -> None:
    rows = [row(), row(id="c/d", **senses(["text"], ["image"])), row(id="e/f", **senses(["text"], ["embeddings"]))]
    assert parse_listing(json.dumps({"data": rows}).encode(), OPENROUTER).keys() == {"a/b"}


def test_rows_that_are_none_are_left_out() -> None:
    rows = [None, 5, {}, {"id": 7}, {"id": ""}, {"id": "g/h"}, {"id": "i/j", "architecture": [], "pricing": 1}, row()]
    assert parse_listing(json.dumps({"data": rows}).encode(), OPENROUTER).keys() == {"a/b"}


@pytest.mark.parametrize("listing", [b"", b"<html>", b"[]", b"{}", b'{"data":{}}', b"null"])
def test_what_is_no_listing_is_refused(listing: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_listing(listing, OPENROUTER)


def test_the_well_known_models_need_no_listing() -> None:
    known = built_in(OPENROUTER)
    assert known["google/gemini-2.5-flash"].capabilities.hears()
    assert known["google/gemini-2.5-pro"].quiet == "low"
    assert not known["openai/gpt-4o-mini"].capabilities.hears()
    assert not any(facts.capabilities.free for facts in known.values())
