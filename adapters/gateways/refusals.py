"""What a request asks and its model cannot do, found out before anything is sent."""

from collections.abc import Iterable

from bot.domain.audio import MediaFile
from bot.domain.errors import ModelCannot, ModelRefused
from bot.domain.models import Capabilities, ChatRequest, Modality, Request, SpeechRequest, TranscriptionRequest
from bot.words import Phrase, phrase

NO_FILES: tuple[MediaFile, ...] = ()


def sounds(request: Request) -> tuple[MediaFile, ...]:
    """Return the recordings of a request, in order."""
    match request:
        case ChatRequest():
            return tuple(file for turn in request.turns for file in turn.audio)
        case TranscriptionRequest():
            return (request.audio,)
        case SpeechRequest():
            return NO_FILES


def refuse_what_it_cannot(request: Request, able: Capabilities, model: str) -> None:
    """Refuse what the model cannot do.

    Args:
        request: what is asked.
        able: what the model can do.
        model: its full name, for the sentence.

    Raises:
        ModelCannot: another model may be able to.
        ModelRefused: it is too much, or a voice that it does not have.
    """
    if request.kind not in able.kinds:
        raise ModelCannot(
            phrase("{model} is for {kinds}", model=model, kinds=", ".join(sorted(able.kinds))), model=model
        )
    _refuse_unheard(request, able, model)
    if isinstance(request, ChatRequest):
        _refuse_unseen(request, able, model)
        if request.aloud and Modality.AUDIO not in able.outputs:
            raise ModelCannot(phrase("{model} does not speak", model=model), model=model)
    if not isinstance(request, TranscriptionRequest) and able.voices and request.voice not in {None, *able.voices}:
        raise ModelRefused(
            phrase("it has no voice {voice}; it has {voices}", voice=request.voice, voices=", ".join(able.voices)),
            model=model,
        )


TOO_MUCH_SOUND = phrase("{size} MB of sound are more than the {limit} MB of one request")
TOO_MUCH_TO_SEE = phrase("{size} MB of pictures and videos are more than the {limit} MB of one request")


def _refuse_unheard(request: Request, able: Capabilities, model: str) -> None:
    files = sounds(request)
    for file in files:
        if file.format not in able.audio_formats:
            raise ModelCannot(phrase("{model} does not hear {format}", model=model, format=file.format), model=model)
    if able.audio_limits is not None:
        _refuse_too_much(files, able.audio_limits.max_bytes, TOO_MUCH_SOUND, model)


def _refuse_unseen(request: ChatRequest, able: Capabilities, model: str) -> None:
    pictures = [file for turn in request.turns for file in turn.pictures]
    videos = [file for turn in request.turns for file in turn.videos]
    for file in pictures:
        if file.format not in able.picture_formats:
            raise ModelCannot(phrase("{model} does not look at {format}", model=model, format=file.format), model=model)
    for file in videos:
        if file.format not in able.video_formats:
            raise ModelCannot(phrase("{model} does not watch {format}", model=model, format=file.format), model=model)
    if not able.video_links and any(turn.links for turn in request.turns):
        raise ModelCannot(phrase("{model} does not watch videos by their address", model=model), model=model)
    if able.most_bytes is not None and (pictures or videos):
        _refuse_too_much((*pictures, *videos, *sounds(request)), able.most_bytes, TOO_MUCH_TO_SEE, model)


def _refuse_too_much(files: Iterable[MediaFile], limit: int, reason: Phrase, model: str) -> None:
    size = sum(file.bytes for file in files)
    if size > limit:
        blanks = {"size": f"{size / 1_000_000:.1f}", "limit": f"{limit / 1_000_000:.0f}"}
        raise ModelRefused(phrase(reason.template, **blanks), model=model)
