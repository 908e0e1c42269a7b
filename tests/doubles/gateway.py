"""A gateway in memory: it hears, chats and speaks what the test tells it to, and can go wrong at every point."""

import asyncio
import math
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from typing_extensions import override

from bot.domain.audio import AudioLimits, MediaFile, MediaFormat
from bot.domain.errors import ModelBusy, ModelCannot, ModelInDoubt, ModelProblem, ModelRefused, ModelUnknown
from bot.domain.journal import Step
from bot.domain.models import (
    Accepted,
    Capabilities,
    Catalogue,
    ChatRequest,
    Delta,
    Finished,
    Modality,
    ModelRef,
    Request,
    Segment,
    SoundDelta,
    SpeechRequest,
    TextDelta,
    TranscriptionRequest,
)
from bot.domain.money import CallKind, Nanodollars, Usage
from bot.ports import Gateway

RATE = 24_000
"""Samples a second of its speech."""
WORD_SECONDS = 0.05
"""How long it takes over a word."""
PRICE = Nanodollars(950_000)
"""What a call costs, unless the test says otherwise."""

_SOUND = (MediaFormat.MP3, MediaFormat.WAV, MediaFormat.OGG)
_LIMITS = AudioLimits(max_bytes=20_000_000, max_seconds=3_600)

MODELS: Mapping[str, Capabilities] = {
    "ear": Capabilities(
        kinds=frozenset({CallKind.TRANSCRIPTION}),
        inputs=frozenset({Modality.AUDIO}),
        audio_formats=_SOUND,
        audio_limits=_LIMITS,
    ),
    "mind": Capabilities(kinds=frozenset({CallKind.CHAT}), context_tokens=8_000),
    "omni": Capabilities(
        kinds=frozenset({CallKind.CHAT}),
        inputs=frozenset({Modality.TEXT, Modality.AUDIO}),
        audio_formats=_SOUND,
        audio_limits=_LIMITS,
        context_tokens=8_000,
    ),
    "mouth": Capabilities(
        kinds=frozenset({CallKind.SPEECH}), outputs=frozenset({Modality.AUDIO}), voices=("alto", "bass")
    ),
    "muse": Capabilities(
        kinds=frozenset({CallKind.CHAT, CallKind.SPEECH}),
        inputs=frozenset({Modality.TEXT, Modality.IMAGE, Modality.VIDEO}),
        outputs=frozenset({Modality.TEXT, Modality.AUDIO}),
        picture_formats=(MediaFormat.JPEG, MediaFormat.PNG),
        video_formats=(MediaFormat.MP4,),
        video_links=True,
        most_bytes=20_000_000,
        context_tokens=8_000,
        voices=("alto", "bass"),
    ),
}
"""What it offers, unless the test says otherwise: one that hears, two that chat, one that speaks, one that does all but
hear."""


class Point(StrEnum):
    """Where in a call something can happen."""

    SENT = "sent"
    """Nothing has reached the vendor, and nothing is charged."""
    ACCEPTED = "accepted"
    """The vendor has taken the request and charges for it; its name of the call is known, where it has one."""
    MIDWAY = "midway"
    """The first piece of the answer is out."""
    ENDING = "ending"
    """All of the answer is out, but for the last word on usage."""


@dataclass(kw_only=True)
class Hold:
    """A point at which one call waits."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the call is there."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """To be set when it may go on."""


@dataclass(kw_only=True)
class ScriptedGateway(Gateway):
    """A gateway without a network and without a model."""

    name: str = "scripted"
    models: Mapping[str, Capabilities] = field(default_factory=lambda: dict(MODELS))
    """What it offers."""
    answers: dict[CallKind, str | Callable[[Request], str]] = field(
        default_factory=lambda: {
            CallKind.TRANSCRIPTION: "Good morning, Mynah.",
            CallKind.CHAT: "Good morning to you, too.",
        }
    )
    """What it hears in every recording, and what it answers to everybody."""
    price: Nanodollars | None = PRICE
    """Of one call; None when it does not tell."""
    ids: bool = True
    """Whether it names its calls."""
    remembers: bool = False
    """Whether it can give the answer of a call that was cut off and that it had named, for nothing more."""
    nothing: bool = False
    """Whether calls that were cut off came to nothing, and were not charged."""
    mute: bool = False
    """Whether speech comes without a sound."""
    requests: list[Request] = field(default_factory=list)
    """Every call that was made, in order, failed ones included."""
    charges: list[Nanodollars | None] = field(default_factory=list)
    """What was charged, in order: also for calls whose answer was lost."""
    recovered: list[Step] = field(default_factory=list)
    """Steps that it was asked about."""
    running: int = 0
    """Calls under way."""
    _troubles: dict[Point, list[ModelProblem]] = field(default_factory=dict)
    _holds: dict[Point, list[Hold]] = field(default_factory=dict)

    def fail(self, point: Point, *problems: ModelProblem) -> None:
        """Let the next calls go wrong at a point, one for each problem."""
        self._troubles.setdefault(point, []).extend(problems)

    def hold(self, point: Point) -> Hold:
        """Let the next call wait at a point."""
        hold = Hold()
        self._holds.setdefault(point, []).append(hold)
        return hold

    @override
    async def perform(self, request: Request) -> AsyncGenerator[Delta, None]:
        capabilities = await self.capabilities(request.model)
        _check(request, capabilities)
        self.requests.append(request)
        with self._under_way():
            await self._pass(Point.SENT)
            cost = Nanodollars(0) if capabilities.free else self.price
            self.charges.append(cost)
            if self.ids:
                yield Accepted(id=f"call-{len(self.charges)}")
            await self._pass(Point.ACCEPTED)
            async for delta in self._answer(request, cost):
                yield delta

    @override
    async def capabilities(self, model: str) -> Capabilities:
        if model not in self.models:
            raise ModelUnknown(f"it has {', '.join(self.models)}", model=f"{self.name}/{model}")
        return self.models[model]

    @override
    async def recover(self, step: Step, request: Request) -> AsyncGenerator[Delta, None]:
        self.recovered.append(step)
        free = (await self.capabilities(request.model)).free
        if self.nothing and not free:
            raise ModelBusy("it came to nothing", model=f"{self.name}/{request.model}")
        if not free and not (self.remembers and step.vendor_id):
            raise ModelInDoubt("it was interrupted before", model=f"{self.name}/{request.model}")
        async for delta in self.perform(request) if free else self._answer(request, self.price):
            yield delta

    @override
    async def catalogue(self) -> Catalogue:
        return {ModelRef(gateway=self.name, name=name): model for name, model in self.models.items()}

    async def _answer(self, request: Request, cost: Nanodollars | None) -> AsyncIterator[Delta]:
        pieces, usage, truncated = self._script(request)
        for number, piece in enumerate(pieces):
            await asyncio.sleep(0)
            yield piece
            if number == 0:
                await self._pass(Point.MIDWAY)
        await self._pass(Point.ENDING)
        yield Finished(usage=usage + Usage(tokens_in=0, tokens_out=0, audio_ms=0, cost=cost), truncated=truncated)

    def _script(self, request: Request) -> tuple[list[Delta], Usage, bool]:
        free = Nanodollars(0)
        match request:
            case TranscriptionRequest():
                words = _words(self._say(CallKind.TRANSCRIPTION, request))
                return list(_segments(words, request.audio.seconds)), _heard(request.audio.seconds), False
            case ChatRequest():
                words = _words(self._say(CallKind.CHAT, request))
                said = words[: request.max_tokens]
                asked = sum(len(turn.text.split()) for turn in request.turns)
                sounds: list[Delta] = [_tone() for _ in said] if request.aloud else []
                spoken = round(1000 * WORD_SECONDS * len(sounds))
                usage = Usage(tokens_in=asked, tokens_out=len(said), audio_ms=spoken, cost=free)
                return [*(TextDelta(text=word) for word in said), *sounds], usage, len(said) < len(words)
            case SpeechRequest():
                sounds = [] if self.mute else [_tone() for _ in _words(request.text)]
                return sounds, _heard(len(sounds) * WORD_SECONDS), False

    def _say(self, kind: CallKind, request: Request) -> str:
        answer = self.answers[kind]
        return answer if isinstance(answer, str) else answer(request)

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1

    async def _pass(self, point: Point) -> None:
        if holds := self._holds.get(point):
            hold = holds.pop(0)
            hold.reached.set()
            await hold.released.wait()
        if troubles := self._troubles.get(point):
            raise troubles.pop(0)


def _check(request: Request, capabilities: Capabilities) -> None:
    if request.kind not in capabilities.kinds:
        raise ModelCannot(f"{request.model} is not for {request.kind}")
    if any(sound.format not in capabilities.audio_formats for sound in _sounds(request)):
        raise ModelCannot(f"{request.model} does not hear that")
    if isinstance(request, ChatRequest):
        _check_seen(request, capabilities)
        if request.aloud and Modality.AUDIO not in capabilities.outputs:
            raise ModelCannot(f"{request.model} does not speak")
    if not isinstance(request, TranscriptionRequest) and request.voice not in {None, *capabilities.voices}:
        reason = f"it has no voice {request.voice}; it has {', '.join(capabilities.voices)}"
        raise ModelRefused(reason, model=request.model)


def _sounds(request: Request) -> list[MediaFile]:
    if isinstance(request, ChatRequest):
        return [sound for turn in request.turns for sound in turn.audio]
    return [request.audio] if isinstance(request, TranscriptionRequest) else []


def _check_seen(request: ChatRequest, capabilities: Capabilities) -> None:
    for turn in request.turns:
        unseen = any(file.format not in capabilities.picture_formats for file in turn.pictures)
        unwatched = any(file.format not in capabilities.video_formats for file in turn.videos)
        if unseen or unwatched or (turn.links and not capabilities.video_links):
            raise ModelCannot(f"{request.model} does not see that")


def _words(text: str) -> list[str]:
    """Split a text so that its pieces join to it again."""
    return [word if number == 0 else f" {word}" for number, word in enumerate(text.split(" "))] if text else []


def _segments(words: list[str], seconds: float) -> Iterator[Segment]:
    step = seconds / max(1, len(words))
    for number, word in enumerate(words):
        yield Segment(text=word, start=number * step, end=(number + 1) * step)


def _heard(seconds: float) -> Usage:
    return Usage(tokens_in=0, tokens_out=0, audio_ms=round(seconds * 1000), cost=Nanodollars(0))


def _tone() -> SoundDelta:
    wave = (round(8_000 * math.sin(math.tau * 220 * n / RATE)) for n in range(round(RATE * WORD_SECONDS)))
    return SoundDelta(data=b"".join(struct.pack("<h", sample) for sample in wave), format=MediaFormat.PCM16, rate=RATE)
