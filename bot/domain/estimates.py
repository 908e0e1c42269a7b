"""The most that a call can cost: what is held against the budgets before it is made.

Nothing here guesses what is likely. A token is at least one byte of text, so the bytes bound the tokens of a prompt;
`max_tokens` bounds those of an answer; sound, pictures and videos are bounded by what the hungriest models are known
to count. What a context cannot hold cannot be charged.
"""

import math
from collections.abc import Sequence
from decimal import Decimal

from bot.domain.models import Capabilities, ChatRequest, ChatTurn, Request, SpeechRequest, TranscriptionRequest
from bot.domain.money import NANOS, Nanodollars, Price, Usage

FRAME_TOKENS = 64
"""What a request and each of its turns take beside their text, generously."""

SOUND_TOKENS_A_SECOND = 50
"""Gemini counts 32 (https://ai.google.dev/gemini-api/docs/audio), OpenAI's models 10."""

VIDEO_TOKENS_A_SECOND = 400
"""Gemini counts about 300: https://ai.google.dev/gemini-api/docs/video-understanding."""

PICTURE_TOKENS = 50_000
"""gpt-4o-mini counts up to 48,000 for a picture in high detail: https://platform.openai.com/docs/guides/images."""

LONGEST_LINK_TOKENS = 1_000_000
"""Of a video that only the provider sees, where the model's context is not known."""

INSTRUCTION_TOKENS = 512
"""Of what a chat model is told when it is to write a recording down, generously."""


def transcript_tokens(seconds: float) -> int:
    """Return the most tokens that the transcript of a recording may have: twice of what the fastest speech takes."""
    return min(256 + math.ceil(12 * seconds), 8_192)


def speech_tokens(text: str) -> int:
    """Return the most tokens of sound and words that reading a text aloud may take, for models that chat their speech.

    A second holds at least eight characters and takes about twenty tokens of sound; the words come along as text.
    """
    return 4 * len(text.encode()) + 2 * FRAME_TOKENS


def prompt_tokens(turns: Sequence[ChatTurn], can: Capabilities) -> int:
    """Return the most tokens that a model may count for what is said to it in words, in sound and in pictures."""
    return _word_tokens(turns) + sum(_seen_tokens(turn, can) for turn in turns) + _sound_tokens(turns)


def worst_case(request: Request, can: Capabilities) -> Nanodollars | None:
    """Return the most that a call can cost; None when nobody says what the model charges."""
    if can.free:
        return Nanodollars(0)
    if can.price is None:
        return None
    return Nanodollars(math.ceil((_dollars(request, can, can.price) + can.price.request) * NANOS))


def listed_cost(request: Request, usage: Usage, price: Price) -> Nanodollars | None:
    """Return what a finished call did cost by its price, for gateways that never tell; None where they do not count.

    Sound and words are counted together, so where they are priced apart, all of it is taken for the dearer.
    """
    tokens_in = _counted(usage.tokens_in, max(price.prompt, _hearing(price)))
    tokens_out = _counted(usage.tokens_out, _speaking(price))
    heard = _counted(usage.audio_ms, price.second if isinstance(request, TranscriptionRequest) else Decimal(0))
    if tokens_in is None or tokens_out is None or heard is None:
        return None
    pictures = sum(len(turn.pictures) for turn in request.turns) if isinstance(request, ChatRequest) else 0
    characters = len(request.text) if isinstance(request, SpeechRequest) else 0
    other = pictures * (price.picture or Decimal(0)) + characters * price.character + price.request
    return Nanodollars(math.ceil((tokens_in + tokens_out + heard / 1000 + other) * NANOS))


def _counted(count: int | None, price: Decimal) -> Decimal | None:
    """Return what a count costs; None where it is not known, but costs something."""
    return Decimal(0) if price == 0 else None if count is None else count * price


def _dollars(request: Request, can: Capabilities, price: Price) -> Decimal:
    match request:
        case ChatRequest():
            return _chat(request, can, price)
        case TranscriptionRequest():
            return _transcription(request, price)
        case SpeechRequest():
            return _speech(request, price)


def _chat(request: ChatRequest, can: Capabilities, price: Price) -> Decimal:
    seen = sum(_seen_tokens(turn, can) for turn in request.turns)
    return (
        _within(can, _word_tokens(request.turns) + seen) * price.prompt
        + _within(can, _sound_tokens(request.turns)) * _hearing(price)
        + request.max_tokens * (_speaking(price) if request.aloud else price.completion)
        + sum(len(turn.pictures) for turn in request.turns) * (price.picture or Decimal(0))
    )


def _word_tokens(turns: Sequence[ChatTurn]) -> int:
    return sum(len(turn.text.encode(errors="surrogatepass")) + FRAME_TOKENS for turn in turns) + FRAME_TOKENS


def _sound_tokens(turns: Sequence[ChatTurn]) -> int:
    return math.ceil(sum(file.seconds for turn in turns for file in turn.audio) * SOUND_TOKENS_A_SECOND)


def _seen_tokens(turn: ChatTurn, can: Capabilities) -> int:
    watched = sum(math.ceil(file.seconds * VIDEO_TOKENS_A_SECOND) for file in turn.videos)
    links = len(turn.links) * (can.context_tokens or LONGEST_LINK_TOKENS)
    return watched + links + len(turn.pictures) * PICTURE_TOKENS


def _within(can: Capabilities, tokens: int) -> int:
    return tokens if can.context_tokens is None else min(tokens, can.context_tokens)


def _transcription(request: TranscriptionRequest, price: Price) -> Decimal:
    seconds = math.ceil(request.audio.seconds) + 1  # a started second may count as a whole one
    return (
        seconds * (price.second + SOUND_TOKENS_A_SECOND * _hearing(price))
        + INSTRUCTION_TOKENS * price.prompt
        + transcript_tokens(request.audio.seconds) * price.completion
    )


def _speech(request: SpeechRequest, price: Price) -> Decimal:
    return (
        len(request.text) * price.character
        + (len(request.text.encode()) + FRAME_TOKENS) * price.prompt
        + speech_tokens(request.text) * _speaking(price)
    )


def _hearing(price: Price) -> Decimal:
    return price.prompt if price.audio_in is None else price.audio_in


def _speaking(price: Price) -> Decimal:
    return max(price.completion, price.audio_out or Decimal(0))
