"""hear: fetched media -> words, or sound that the chat model takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from bot.domain.audio import MediaFile
from bot.domain.models import (
    Catalogue,
    ChatRequest,
    ChatTurn,
    Delta,
    ModelRef,
    Request,
    Role,
    Segment,
    TextDelta,
    TranscriptionRequest,
)
from bot.domain.money import CallKind
from bot.domain.plan import Listening, Plan, Want
from bot.pipeline.calls import Collector, Result, Run

TRANSCRIBE_PROMPT = (
    "Write down word for word what is said in this recording, in its own language. "
    "Answer with the words alone. If nobody speaks, answer with [silence]."
)
SILENCE_MARK = "[silence]"
TOKENS_PER_SECOND = 8
"""More than anybody says: bounds the answer of a chat model that writes down a recording."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What came of one recording."""

    listening: Listening
    """Its plan."""
    text: str = ""
    """Its words; empty when it is silent, or when the chat model gets the sound itself."""
    audio: Sequence[MediaFile] = ()
    """The sound for the chat model."""

    @property
    def silent(self) -> bool:
        """Whether there is nothing to hear in it."""
        return not self.text and not self.audio


async def hear(run: Run, plan: Plan, catalogue: Catalogue) -> Sequence[Heard]:
    """Listen to every recording of the plan, in order; silence is found out before any model is asked.

    Raises:
        MediaProblem: a recording cannot be decoded.
        ModelProblem: no planned model wrote it down.
    """
    ears = Ears(run, plan, catalogue)
    return [await ears.hear(index, listening) for index, listening in enumerate(plan.listen)]


class Words(Collector):
    """Collects a transcript."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._segments: list[tuple[float, float, str]] = []

    @override
    async def take(self, delta: Delta) -> None:
        if isinstance(delta, Segment):
            self._segments.append((delta.start, delta.end, delta.text))
            self._texts.append(delta.text)
        elif isinstance(delta, TextDelta):
            self._texts.append(delta.text)

    @override
    async def result(self) -> Result:
        text = "".join(self._texts).strip()
        return {"text": "" if SILENCE_MARK in text else text, "segments": self._segments}


@dataclass(frozen=True)
class Ears:
    """Listening, for one turn."""

    run: Run
    plan: Plan
    catalogue: Catalogue

    async def hear(self, index: int, listening: Listening) -> Heard:
        """Listen to one recording, or have it ready for the chat model."""
        media, blobs = self.run.house.media, self.run.house.blobs
        if await media.silent(listening.media.path):
            return Heard(listening=listening)
        pieces = media.convert(listening.media.path, listening.conversion, await blobs.folder(self.run.job.id))
        if listening.want is Want.HEAR:
            return Heard(listening=listening, audio=[piece async for piece in pieces])
        words: list[str] = []
        async for piece in pieces:
            words.append(await self._transcribe(f"hear:{index}:{len(words)}", listening, piece))
        return Heard(listening=listening, text=" ".join(filter(None, words)))

    async def _transcribe(self, step: str, listening: Listening, piece: MediaFile) -> str:
        def request(ref: ModelRef) -> Request:
            return self._request(ref, piece)

        called = await self.run.first_able(step, listening.models, request, Words, self.plan.config.in_doubt)
        return str(called.result["text"])

    def _request(self, ref: ModelRef, piece: MediaFile) -> Request:
        """Ask a model made for transcription directly, and a chat model that hears in words."""
        if CallKind.TRANSCRIPTION in self.catalogue[ref].kinds:
            return TranscriptionRequest(model=ref.name, audio=piece, language=self.plan.config.language or None)
        turn = ChatTurn(role=Role.USER, text=TRANSCRIBE_PROMPT, audio=(piece,))
        tokens = max(256, int(piece.seconds * TOKENS_PER_SECOND))
        return ChatRequest(model=ref.name, turns=(turn,), max_tokens=tokens, temperature=0.0)
