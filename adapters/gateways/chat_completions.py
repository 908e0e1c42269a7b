"""What is said to chat completions: a request becomes JSON, with places for its files. No network here.

The vendor's documents: https://openrouter.ai/docs/api_reference/overview for requests,
https://openrouter.ai/docs/guides/overview/multimodal/audio, …/images and …/videos for what else they hold.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from adapters.gateways.body import Body
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.youtube import watch_address
from bot.domain.audio import SEEN, MediaFile
from bot.domain.models import NOBODY, ChatRequest, ChatTurn, Origin
from bot.domain.money import Price

PATH = "/chat/completions"
MILLION = 1_000_000

FEWEST_TOKENS = 16
"""Some providers refuse fewer: https://openrouter.ai/docs/api_reference/parameters."""
SPOKEN_FORM = "pcm16"
"""The only form of sound that is streamed, and sound is only ever streamed: the documents' own example asks for wav,
and is refused by OpenAI with "'audio.format' does not support 'wav' when stream=true"."""
NO_PREFERENCES: Mapping[str, object] = MappingProxyType({})


def encode_chat(
    request: ChatRequest,
    endpoint: Endpoint,
    *,
    effort: str | None = None,
    voice: str | None = None,
    preferences: Mapping[str, object] = NO_PREFERENCES,
    price: Price | None = None,
) -> Body:
    """Make a chat request's body.

    Args:
        request: what is asked.
        endpoint: says what its gateway takes.
        effort: how much the model may think, in the gateway's words; None leaves it out.
        voice: to answer aloud with; None where the model knows none.
        preferences: of providers, https://openrouter.ai/docs/guides/routing/provider-selection.
        price: that was held for the model, and that no provider may exceed, unless the preferences say otherwise.
    """
    fields: dict[str, object] = {"model": request.model, "stream": True}
    if endpoint.asks_usage:
        fields["stream_options"] = {"include_usage": True}
    fields[endpoint.tokens_field] = max(FEWEST_TOKENS, request.max_tokens)
    if request.temperature is not None:
        fields["temperature"] = request.temperature
    if effort is not None and endpoint.reasons:
        fields["reasoning"] = {"effort": effort}
    if request.aloud:
        fields["modalities"] = ["text", "audio"]
        fields["audio"] = {**({} if voice is None else {"voice": voice}), "format": SPOKEN_FORM}
    if endpoint.routes:
        fields |= _routing(request, {**_bounded(price), **preferences})
    if endpoint.tells_origin and request.origin != NOBODY:
        fields |= _origin(request.origin)
    return tuple(_joined(_pieces(fields, request.turns)))


def _routing(request: ChatRequest, preferences: Mapping[str, object]) -> dict[str, object]:
    """Name who else may answer: https://openrouter.ai/docs/guides/routing/model-fallbacks."""
    models = {"models": [request.model, *request.fallbacks]} if request.fallbacks else {}
    return {**models, **({"provider": dict(preferences)} if preferences else {})}


def _bounded(price: Price | None) -> dict[str, object]:
    """Keep dearer providers from answering: https://openrouter.ai/docs/guides/routing/provider-selection#max-price.

    In US dollars for a million tokens, as text. Prices of other units are not told: the documents do not say what a
    unit of sound is, and a picture's price holds that of its tokens.
    """
    if price is None:
        return {}
    dollars = {"prompt": price.prompt * MILLION, "completion": price.completion * MILLION}
    most = {kind: f"{amount.normalize():f}" for kind, amount in dollars.items() if amount}
    return {"max_price": most} if most else {}


def _origin(origin: Origin) -> dict[str, object]:
    # The call's name makes the body of every step unlike all others, so no answer that the gateway kept of another
    # step can be taken for this one's: https://openrouter.ai/docs/guides/features/response-caching
    return {"user": origin.author, "session_id": origin.conversation, "metadata": {"call": origin.call}}


def _pieces(fields: dict[str, object], turns: Iterable[ChatTurn]) -> Iterator[str | MediaFile]:
    yield f'{dumped(fields)[:-1]},"messages":['
    for index, turn in enumerate(turns):
        yield "," if index else ""
        yield from _message(turn)
    yield "]}"


def _message(turn: ChatTurn) -> Iterator[str | MediaFile]:
    media = list(_media(turn))
    if not media:
        yield dumped({"role": turn.role.value, "content": turn.text})
        return
    yield f'{{"role":{dumped(turn.role.value)},"content":['
    if turn.text:
        yield f"{dumped({'type': 'text', 'text': turn.text})},"
    for index, part in enumerate(media):
        yield "," if index else ""
        yield from part
    yield "]}"


def _media(turn: ChatTurn) -> Iterator[tuple[str | MediaFile, ...]]:
    for file in turn.audio:
        # Raw base64 and no address: https://openrouter.ai/docs/guides/overview/multimodal/audio
        head = '{"type":"input_audio","input_audio":{"data":"'
        yield head, file, f'","format":{dumped(file.format.value)}}}}}'
    for file in turn.pictures:
        yield _seen("image_url", file)
    for file in turn.videos:
        yield _seen("video_url", file)
    for link in turn.links:
        yield (dumped({"type": "video_url", "video_url": {"url": watch_address(link)}}),)


def _seen(part: str, file: MediaFile) -> tuple[str | MediaFile, ...]:
    return f'{{"type":"{part}","{part}":{{"url":"data:{SEEN[file.format]};base64,', file, '"}}'


def _joined(pieces: Iterable[str | MediaFile]) -> Iterator[bytes | MediaFile]:
    """Join texts that stand side by side."""
    text: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            text.append(piece)
            continue
        yield "".join(text).encode()
        yield piece
        text.clear()
    yield "".join(text).encode()


def dumped(value: object) -> str:
    """Write JSON in ASCII: then no U+2028 and no half of a surrogate pair can break anything on the way."""
    return json.dumps(value, separators=(",", ":"))
