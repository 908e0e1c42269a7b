"""What models charge and what they can do, in words."""

from collections.abc import Iterator
from decimal import Decimal

from bot.domain.models import Capabilities, Modality
from bot.domain.money import CallKind, Price

MILLION = 1_000_000
MINUTE_SECONDS = 60
PAGE_CHARACTERS = 1_000


def show_price(can: Capabilities) -> str:
    """Write what a model charges: `free`, `unknown`, or `$0.15 in, $0.60 out per million tokens`."""
    if can.free:
        return "free"
    if can.price is None:
        return "unknown"
    return ", ".join(_parts(can.price)) or "free"


def _parts(price: Price) -> Iterator[str]:
    if price.prompt or price.completion:
        yield f"{_dollars(price.prompt * MILLION)} in, {_dollars(price.completion * MILLION)} out per million tokens"
    if price.audio_in not in (None, price.prompt):
        yield f"{_dollars(price.audio_in * MILLION)} per million tokens of sound heard"
    if price.audio_out not in (None, price.completion):
        yield f"{_dollars(price.audio_out * MILLION)} per million tokens of sound spoken"
    if price.second:
        yield f"{_dollars(price.second * MINUTE_SECONDS)} a minute"
    if price.character:
        yield f"{_dollars(price.character * PAGE_CHARACTERS)} per 1,000 characters"
    if price.picture:
        yield f"{_dollars(price.picture)} a picture"
    if price.request:
        yield f"{_dollars(price.request)} a call"


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
