"""What a listing says of prices, read: https://openrouter.ai/docs/guides/overview/models#pricing-object. No network here.

A price bounds what a call can cost, so of several that may apply the dearest is taken: a long context costs more than a
short one, and the middle of the day more than the night (`overrides`). A price that is negative is not known: routers,
which hand a request on to another model, are listed with -1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.domain.estimates import PICTURE_TOKENS
from bot.domain.money import CallKind, Price

READ = frozenset(
    {"prompt", "completion", "request", "image", "image_token", "audio", "audio_output", "internal_reasoning"}
)
"""What we may be charged for; nobody here searches the web or writes to a provider's cache."""

DEAREST = Decimal(1_000)
"""US dollars for one of anything: more than that is no price."""


def read_price(pricing: object, kinds: frozenset[CallKind]) -> Price | None:
    """Read the prices of one model, in US dollars; None where they are not known.

    What makes speech alone is priced by the character of the text
    (https://openrouter.ai/docs/guides/overview/multimodal/tts#pricing). What transcribes alone is priced by the second,
    or by the token like a chat model (https://openrouter.ai/docs/guides/overview/multimodal/stt#pricing); which of both
    is not said, but only tokens are counted in the answer too.
    """
    try:
        price = _read(pricing)
    except (ValueError, InvalidOperation):
        return None
    if kinds == {CallKind.SPEECH}:
        return replace(price, prompt=Decimal(0), character=price.prompt)
    if kinds == {CallKind.TRANSCRIPTION} and not price.completion and price.audio_in is None:
        return replace(price, prompt=Decimal(0), second=price.prompt)
    return price


def is_free(pricing: object) -> bool:
    """Whether every price is known, and is zero."""
    prices = {name: price for name, price in _object(pricing).items() if name != "discount"}
    return bool(prices) and not prices.pop("overrides", None) and all(map(_is_zero, prices.values()))


def _read(pricing: object) -> Price:
    dearest: dict[str, Decimal] = {}
    for name, price in _entries(pricing):
        dearest[name] = max(price, dearest.get(name, price))
    if "prompt" not in dearest:
        raise ValueError("no prices")
    prompt = dearest["prompt"]
    return Price(
        prompt=prompt,
        completion=max(dearest.get("completion", Decimal(0)), dearest.get("internal_reasoning", Decimal(0))),
        audio_in=dearest.get("audio"),
        audio_out=dearest.get("audio_output"),
        request=dearest.get("request", Decimal(0)),
        picture=_picture(dearest.get("image"), dearest.get("image_token", prompt) - prompt),
    )


def _picture(picture: Decimal | None, more_a_token: Decimal) -> Decimal | None:
    """Return the price of a picture, with what its tokens cost more than those of text."""
    return picture if more_a_token <= 0 else (picture or Decimal(0)) + PICTURE_TOKENS * more_a_token


def _entries(pricing: object) -> Iterator[tuple[str, Decimal]]:
    """Yield every price by its name, those of all conditions.

    Raises:
        ValueError, InvalidOperation: one of them is none.
    """
    prices = _object(pricing)
    overrides = prices.get("overrides") or []
    for table in (prices, *map(_object, overrides if isinstance(overrides, list) else [])):
        for name in READ & table.keys():
            yield name, _price(table[name])


def _price(value: object) -> Decimal:
    price = Decimal(str(value))
    if not 0 <= price < DEAREST:
        raise ValueError("no price")
    return price


def _is_zero(price: object) -> bool:
    try:
        return Decimal(str(price)) == 0
    except InvalidOperation:
        return False


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
