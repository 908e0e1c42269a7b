"""A request made ready for fal, or refused, before anything is sent. No network here."""

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.gateways.dictation import dictated
from adapters.gateways.fal.codec import Answer, Input, encode
from adapters.gateways.fal.marks import mark_of
from adapters.gateways.fal.models import capabilities, is_name
from adapters.gateways.problems import Call
from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import ModelCannot, ModelRefused, ModelUnknown
from bot.domain.models import Capabilities, ChatRequest, ChatTurn, Request, SpeechRequest, TranscriptionRequest
from bot.words import Phrase, phrase


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request, ready to be sent."""

    call: Call
    """What it is about."""
    sent: Input
    """What fal is sent."""
    answer: Answer
    """Reads what comes back."""
    name: str
    """Our own name of the call; empty where nobody gave one."""
    mark: str
    """What proves that a request is this call; empty where it has no name."""


def asked(request: Request, call: Call) -> Asked:
    """Make a request ready.

    Raises:
        ModelUnknown: the name is none of OpenRouter's.
        ModelCannot: the model, or fal's router, does not do that.
        ModelRefused: its files are too large.
    """
    known(request.model, call)
    chat, can = _chat(request, call), capabilities(request.model)
    if request.kind not in can.kinds:
        raise ModelCannot(phrase("{model} does not hear", model=call.model), model=call.model)
    _check(chat, can, call)
    heard = [file.seconds for turn in chat.turns for file in turn.audio]
    answer = Answer(
        call,
        max_tokens=chat.max_tokens,
        audio_ms=round(1000 * sum(heard)) if heard else None,
        transcript=isinstance(request, TranscriptionRequest),
    )
    name = request.origin.call
    return Asked(call=call, sent=encode(chat, call), answer=answer, name=name, mark=mark_of(name, call.secret))


def known(model: str, call: Call) -> None:
    """Make sure that a name can be one of OpenRouter's.

    Raises:
        ModelUnknown: it cannot.
    """
    if not is_name(model):
        reason = phrase("fal's models have OpenRouter's names, such as google/gemini-2.5-flash")
        raise ModelUnknown(reason, model=call.model)


def _chat(request: Request, call: Call) -> ChatRequest:
    match request:
        case ChatRequest(aloud=True) | SpeechRequest():
            raise ModelCannot(phrase("fal's router does not speak; choose another model for that"), model=call.model)
        case ChatRequest():
            return request
        case TranscriptionRequest():
            return dictated(request)


def _check(chat: ChatRequest, can: Capabilities, call: Call) -> None:
    for turn in chat.turns:
        for does, file in _wrong(turn, can):
            raise ModelCannot(phrase(does.template, model=call.model, format=file.format), model=call.model)
        if turn.links and not can.video_links:
            raise ModelCannot(
                phrase("{model} does not watch videos by their addresses", model=call.model), model=call.model
            )
    size = sum(file.bytes for turn in chat.turns for file in (*turn.audio, *turn.videos, *turn.pictures))
    if can.most_bytes is not None and size > can.most_bytes:
        reason = phrase(
            "{size} MB are more than the {limit} MB of one request",
            size=f"{size / 1000000:.1f}",
            limit=f"{can.most_bytes / 1000000:.0f}",
        )
        raise ModelRefused(reason, model=call.model)


def _wrong(turn: ChatTurn, can: Capabilities) -> Iterator[tuple[Phrase, MediaFile]]:
    senses: tuple[tuple[Phrase, tuple[MediaFile, ...], tuple[MediaFormat, ...]], ...] = (
        (phrase("{model} does not hear {format} files"), turn.audio, can.audio_formats),
        (phrase("{model} does not watch {format} files"), turn.videos, can.video_formats),
        (phrase("{model} does not look at {format} files"), turn.pictures, can.picture_formats),
    )
    for does, files, formats in senses:
        yield from ((does, file) for file in files if file.format not in formats)
