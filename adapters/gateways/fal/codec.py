"""The router's endpoints, both ways: a request becomes an input, an output becomes deltas. No network here.

The vendor's documents: https://fal.ai/models/openrouter/router/api for text, and `/audio/api`, `/video/api` and
`/vision/api` beside it. What a request holds says which of them it goes to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.gateways.body import Body
from adapters.gateways.chat_completions import dumped
from adapters.gateways.dictation import Silence
from adapters.gateways.fal.prompt import prompt_of, system_of
from adapters.gateways.problems import Call, shorten
from adapters.gateways.reading import a_cost, a_count, a_text, an_object
from adapters.gateways.youtube import watch_address
from bot.domain.audio import ENCODINGS, SEEN, MediaFile
from bot.domain.errors import ModelCannot, ModelInDoubt, ModelRefused
from bot.domain.models import ChatRequest, Delta, Finished, ReasoningDelta, TextDelta
from bot.domain.money import Usage
from bot.words import phrase

APP = "openrouter/router"
TEXT, AUDIO, VIDEO, VISION = APP, f"{APP}/audio", f"{APP}/video", f"{APP}/vision"
ENDPOINTS = (TEXT, AUDIO, VIDEO, VISION)
STREAMS = frozenset({TEXT, VIDEO, VISION})
"""Those whose page offers streaming; that of `audio` does not."""

ONE_ADDRESS = {AUDIO: "audio_url"}
ADDRESSES = {VIDEO: "video_urls", VISION: "image_urls"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """What is sent to an endpoint."""

    endpoint: str
    """One of `ENDPOINTS`."""
    fields: dict[str, object]
    """All but the media."""
    files: tuple[MediaFile, ...] = ()
    """Media on this machine, in order."""
    links: tuple[str, ...] = ()
    """Media elsewhere, after the files."""

    @property
    def size(self) -> int:
        """Bytes of the files."""
        return sum(file.bytes for file in self.files)


def encode(request: ChatRequest, call: Call) -> Input:
    """Make the input of a chat request; a transcription is one too (`adapters.gateways.dictation`).

    Raises:
        ModelCannot: the router takes no such mixture.
    """
    audio = [file for turn in request.turns for file in turn.audio]
    videos = [file for turn in request.turns for file in turn.videos]
    pictures = [file for turn in request.turns for file in turn.pictures]
    links = [watch_address(link) for turn in request.turns for link in turn.links]
    if sum(map(bool, (audio, videos or links, pictures))) > 1:
        raise ModelCannot(phrase("fal takes sound, videos and pictures each by itself"), model=call.model)
    if len(audio) > 1:
        raise ModelCannot(phrase("fal takes one recording at a time"), model=call.model)
    return Input(
        endpoint=AUDIO if audio else VIDEO if videos or links else VISION if pictures else TEXT,
        fields=_fields(request),
        files=(*audio, *videos, *pictures),
        links=tuple(links),
    )


def _fields(request: ChatRequest) -> dict[str, object]:
    fields: dict[str, object] = {"prompt": prompt_of(request.turns), "model": request.model}
    if system := system_of(request.turns):
        fields["system_prompt"] = system
    if request.reasoning:
        fields["reasoning"] = True
    if request.temperature is not None:
        fields["temperature"] = request.temperature
    return {**fields, "max_tokens": request.max_tokens}


def body_of(sent: Input, addresses: Sequence[str] | None = None) -> Body:
    """Make the JSON of an input.

    Args:
        sent: the input.
        addresses: of its files, where they were uploaded; None puts them into the JSON itself, as data URIs.
    """
    media: list[tuple[str | MediaFile, ...]] = (
        [_inline(file) for file in sent.files] if addresses is None else [(dumped(address),) for address in addresses]
    )
    media += [(dumped(link),) for link in sent.links]
    pieces: list[str | MediaFile] = [dumped(sent.fields)[:-1]]
    if name := ONE_ADDRESS.get(sent.endpoint):
        pieces += [f',"{name}":', *media[0]]
    elif name := ADDRESSES.get(sent.endpoint):
        pieces.append(f',"{name}":[')
        for index, parts in enumerate(media):
            pieces += ["," if index else "", *parts]
        pieces.append("]")
    return tuple(piece.encode() if isinstance(piece, str) else piece for piece in (*pieces, "}") if piece)


def _inline(file: MediaFile) -> tuple[str | MediaFile, ...]:
    return f'"data:{mimetype(file)};base64,', file, '"'


def mimetype(file: MediaFile) -> str:
    """Return the MIME type of a file."""
    return SEEN[file.format] if file.format in SEEN else ENCODINGS[file.format].mimetype


def extension(file: MediaFile) -> str:
    """Return the extension that fal knows the format by."""
    return file.format.value if file.format in SEEN else ENCODINGS[file.format].extension


class Answer:
    """Reads one answer: give each output to `read`, in order (a whole answer is one), then call `end`.

    Args:
        call: what is answered.
        max_tokens: of the request; an answer that has as many was cut short, because the router does not say why it
            ended.
        audio_ms: length of the sound in the request; None without any.
        transcript: the answer is a transcript, which may be the word for silence.
    """

    def __init__(self, call: Call, *, max_tokens: int, audio_ms: int | None = None, transcript: bool = False) -> None:
        self._call = call
        self._max_tokens = max_tokens
        self._audio_ms = audio_ms
        self._silence = Silence() if transcript else None
        self._said = ""
        self._thought = ""
        self._usage: Usage | None = None
        self._is_partial = False
        self._is_whole = False

    def read(self, output: dict[str, Any]) -> Iterator[Delta]:
        """Read an output that holds all that was said so far, and say what is new.

        Raises:
            ModelRefused: the output is an error, and nothing was said before it.
            ModelInDoubt: it is an error, and something was.
        """
        if usage := an_object(output.get("usage")):
            self._usage = self._counted(usage)
        if error := output.get("error"):
            raise self._broken(a_text(error) or dumped(error))
        self._is_partial = output.get("partial") is True
        # Not every endpoint says `partial`, but what it used comes with the last word.
        self._is_whole = output.get("partial") is False or (bool(usage) and not self._is_partial)
        said, thought = a_text(output.get("output")), a_text(output.get("reasoning"))
        if new := thought[len(self._thought) :]:
            self._thought = thought
            yield ReasoningDelta(text=new)
        new, self._said = said[len(self._said) :], max(said, self._said, key=len)
        if released := new if self._silence is None else self._silence.feed(new):
            yield TextDelta(text=released)

    def end(self, *, streamed: bool) -> Iterator[Delta]:
        """Say what is left to say, `Finished` as the last.

        Args:
            streamed: whether the outputs came one after another: then there is a last one, which is whole.

        Raises:
            ModelRefused: there is no answer.
            ModelInDoubt: it broke off.
        """
        if streamed and not self._is_whole:
            raise ModelInDoubt(phrase("the answer broke off"), model=self._call.model, usage=self._usage)
        if self._silence is not None and (held := self._silence.end()):
            yield TextDelta(text=held)
        if not self._said.strip() and self._silence is None:
            reason = (
                phrase("it used all its tokens for thinking; raise max_tokens")
                if self._thought
                else phrase("it said nothing")
            )
            raise ModelRefused(reason, model=self._call.model, usage=self._charged())
        yield Finished(usage=self._charged(), truncated=self._is_partial or self._is_full())

    def _broken(self, error: str) -> ModelRefused | ModelInDoubt:
        reason = shorten(error, self._call)
        if self._said or self._thought:
            return ModelInDoubt(
                phrase("the answer broke off: {reason}", reason=reason), model=self._call.model, usage=self._usage
            )
        return ModelRefused(reason, model=self._call.model, usage=self._charged())

    def _charged(self) -> Usage:
        return Usage(audio_ms=self._audio_ms) if self._usage is None else self._usage

    def _counted(self, usage: dict[str, Any]) -> Usage:
        counted = usage_of(usage)
        return Usage(
            tokens_in=counted.tokens_in, tokens_out=counted.tokens_out, audio_ms=self._audio_ms, cost=counted.cost
        )

    def _is_full(self) -> bool:
        return self._usage is not None and (self._usage.tokens_out or 0) >= self._max_tokens


def usage_of(usage: dict[str, Any]) -> Usage:
    """Read what an answer used."""
    return Usage(
        tokens_in=a_count(usage.get("prompt_tokens")),
        tokens_out=a_count(usage.get("completion_tokens")),
        cost=a_cost(usage.get("cost")),
    )
