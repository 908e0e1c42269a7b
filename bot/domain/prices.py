"""What models charge and what they can do, in words."""

from collections.abc import Iterator
from decimal import Decimal

from bot.domain.models import Capabilities, Modality
from bot.domain.money import CallKind, Price
from bot.words import say

MILLION = 1_000_000
MINUTE_SECONDS = 60
PAGE_CHARACTERS = 1_000


def show_price(can: Capabilities) -> str:
    """Write what a model charges: `free`, `unknown`, or `$0.15 in, $0.60 out per million tokens`."""
    if can.free:
        return say("free")
    if can.price is None:
        return say("unknown")
    return ", ".join(_parts(can.price)) or say("free")


def _parts(price: Price) -> Iterator[str]:
    if price.prompt or price.completion:
        said, answered = _dollars(price.prompt * MILLION), _dollars(price.completion * MILLION)
        yield say("{said} in, {answered} out per million tokens", said=said, answered=answered)
    if price.audio_in not in (None, price.prompt):
        yield say("{price} per million tokens of sound heard", price=_dollars(price.audio_in * MILLION))
    if price.audio_out not in (None, price.completion):
        yield say("{price} per million tokens of sound spoken", price=_dollars(price.audio_out * MILLION))
    if price.second:
        yield say("{price} a minute", price=_dollars(price.second * MINUTE_SECONDS))
    if price.character:
        yield say("{price} per 1,000 characters", price=_dollars(price.character * PAGE_CHARACTERS))
    if price.picture:
        yield say("{price} a picture", price=_dollars(price.picture))
    if price.request:
        yield say("{price} a call", price=_dollars(price.request))


def short_price(can: Capabilities) -> str:
    """Write the most important of what a model charges, to stand in a list: `$0.30 / $2.50 per million tokens`."""
    if can.free or can.price == Price():
        return say("free")
    return say("price not known") if can.price is None else _short(can.price)


def _short(price: Price) -> str:
    if price.second:
        return say("{price} a minute", price=_dollars(price.second * MINUTE_SECONDS))
    if price.character:
        return say("{price} per 1,000 characters", price=_dollars(price.character * PAGE_CHARACTERS))
    if price.prompt or price.completion:
        said, answered = _dollars(price.prompt * MILLION), _dollars(price.completion * MILLION)
        return say("{said} / {answered} per million tokens", said=said, answered=answered)
    return ", ".join(_parts(price))


def _dollars(amount: Decimal) -> str:
    whole, _, part = f"{amount:f}".partition(".")
    return f"${whole}.{part.rstrip('0').ljust(2, '0')}"


def abilities(can: Capabilities) -> tuple[str, ...]:
    """Return what a model does, in verbs: `chats`, `hears`, `sees`, `watches`, `writes down`, `speaks`."""
    verbs = {
        "chats": CallKind.CHAT in can.kinds,
        "hears": can.hears(),
        "sees": bool(can.picture_formats) or Modality.IMAGE in can.inputs,
        "watches": bool(can.video_formats) or can.video_links,
        "writes down": CallKind.TRANSCRIPTION in can.kinds,
        "speaks": CallKind.SPEECH in can.kinds or Modality.AUDIO in can.outputs,
    }
    return tuple(verb for verb, does in verbs.items() if does)


def shortcoming(kind: str, can: Capabilities) -> tuple[str, str]:
    """Return what a model lacks to be used for something, and what another one needs (as `House.able` takes it).

    Args:
        kind: what it is chosen for: `chat`, `transcription`, `video` or `speech`.
        can: what it can do.

    Returns:
        Two empty texts when it lacks nothing.
    """
    match kind:
        case "chat" if CallKind.CHAT not in can.kinds:
            return "cannot chat", CallKind.CHAT
        case "transcription" | "video" if not can.hears():
            return "cannot hear", Modality.AUDIO
        case "speech" if CallKind.SPEECH not in can.kinds:
            return "cannot speak", CallKind.SPEECH
        case _:
            return "", ""
