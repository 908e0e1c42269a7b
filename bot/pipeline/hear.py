"""hear: fetched media -> words, or sound that the chat model takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from typing_extensions import override

from bot.domain.audio import MediaFile
from bot.domain.corrections import Correction
from bot.domain.errors import BudgetExceeded
from bot.domain.estimates import transcript_tokens
from bot.domain.models import (
    ChatRequest,
    ChatTurn,
    Delta,
    ModelRef,
    Origin,
    Request,
    Role,
    Segment,
    TextDelta,
    TranscriptionRequest,
)
from bot.domain.money import CallKind
from bot.domain.plan import Listening, Plan, Want
from bot.pipeline.calls import Called, Collector, Wish, call_first_able
from bot.pipeline.run import Result, Run
from bot.ports import Live, Stage

TRANSCRIBE_PROMPT = (
    "Write down word for word what is said in this recording, in its own language. "
    "Answer with the words alone. If nobody speaks, answer with [silence]."
)
SILENCE_MARK = "[silence]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What came of one recording."""

    listening: Listening
    """Its plan."""
    text: str = ""
    """Its words; empty when it is silent, or when the chat model gets the sound itself."""
    segments: Sequence[Segment] = ()
    """Its words with times in the whole recording; empty when the model told none."""
    seconds: float = 0.0
    """How long it is; 0 when nobody wrote it down."""
    audio: Sequence[MediaFile] = ()
    """The sound for the chat model."""
    instead_of: str = ""
    """The model that was asked first and why it did not write this down; empty when it did."""
    cut_short: str = ""
    """Why only its beginning was written down; empty when all of it was."""

    @property
    def silent(self) -> bool:
        """Whether there is nothing to hear in it."""
        return not self.text and not self.audio


async def hear(run: Run, plan: Plan, live: Live) -> Sequence[Heard]:
    """Listen to every recording of the plan, in order; silence is found out before any model is asked.

    Raises:
        MediaProblem: a recording cannot be decoded.
        ModelProblem: no planned model wrote it down.
    """
    corrections = await run.house.reviews.corrections(run.message.subject) if plan.listen else {}
    ears = Ears(run, plan, live, corrections)
    return [await ears.hear(index, listening) for index, listening in enumerate(plan.listen)]


class Words(Collector):
    """Collects a transcript."""

    def __init__(self, offset: float) -> None:
        """Begin one.

        Args:
            offset: where what is heard starts in the recording that it was cut from, in seconds.
        """
        self._offset = offset
        self._texts: list[str] = []
        self._segments: list[tuple[float, float, str]] = []

    @override
    async def take(self, delta: Delta) -> None:
        if isinstance(delta, Segment):
            self._segments.append((self._offset + delta.start, self._offset + delta.end, delta.text))
            self._texts.append(delta.text)
        elif isinstance(delta, TextDelta):
            self._texts.append(delta.text)

    @override
    async def result(self) -> Result:
        text = "".join(self._texts).strip()
        if SILENCE_MARK in text:
            return {"text": "", "segments": []}
        return {"text": text, "segments": self._segments if len(self._segments) == len(self._texts) else []}


@dataclass(frozen=True)
class Ears:
    """Listening, for one turn."""

    run: Run
    plan: Plan
    live: Live
    corrections: Mapping[str, Correction]
    """What people corrected, by the recording: nobody is asked for that again."""

    async def hear(self, index: int, listening: Listening) -> Heard:
        """Listen to one recording, or have it ready for the chat model."""
        media, blobs = self.run.house.media, self.run.house.blobs
        corrected = self.corrections.get(listening.media.attachment.id)
        if corrected is not None and listening.want is not Want.HEAR:
            return _as_corrected(listening, corrected)
        await self.live.stage(Stage.CONVERTING)
        if await media.silent(listening.media.path):
            return Heard(listening=listening)
        pieces = media.convert(listening.media.path, listening.conversion, await blobs.folder(self.run.job.id))
        if listening.want is Want.HEAR:
            return Heard(listening=listening, audio=[piece async for piece in pieces])
        called: list[Called] = []
        seconds, cut_short = 0.0, ""
        async for piece in pieces:
            await self.live.stage(Stage.LISTENING)
            try:
                called.append(await self._transcribe(f"hear:{index}:{len(called)}", listening, piece))
            except BudgetExceeded as error:
                if not called:
                    raise
                cut_short = error.reason
                break
            seconds = piece.offset + piece.seconds
        return _heard(listening, called, seconds, cut_short)

    async def _transcribe(self, step: str, listening: Listening, piece: MediaFile) -> Called:
        def request(ref: ModelRef, origin: Origin) -> Request:
            return self._request(ref, origin, piece)

        wish = Wish(
            step=step,
            choice=listening.models,
            request=request,
            collect=lambda: Words(piece.offset),
            sources=(listening.media.blob,),
        )
        return await call_first_able(self.run, self.plan, wish)

    def _request(self, ref: ModelRef, origin: Origin, piece: MediaFile) -> Request:
        """Ask a model made for transcription directly, and a chat model that hears in words."""
        if CallKind.TRANSCRIPTION in self.plan.catalogue[ref].kinds:
            language = self.plan.config.language or None
            return TranscriptionRequest(origin=origin, model=ref.name, audio=piece, language=language)
        turn = ChatTurn(role=Role.USER, text=TRANSCRIBE_PROMPT, audio=(piece,))
        tokens = transcript_tokens(piece.seconds)
        return ChatRequest(origin=origin, model=ref.name, turns=(turn,), max_tokens=tokens, temperature=0.0)


def _as_corrected(listening: Listening, words: Correction) -> Heard:
    seconds = listening.media.facts.seconds or 0.0
    return Heard(listening=listening, text=words.text, segments=words.segments, seconds=seconds)


def _heard(listening: Listening, called: Sequence[Called], seconds: float, cut_short: str) -> Heard:
    results = [piece.result for piece in called if piece.result["text"]]
    others = (piece.instead_of for piece in called)
    return Heard(
        listening=listening,
        text=" ".join(str(result["text"]) for result in results),
        segments=_timed(results),
        seconds=seconds,
        instead_of=next(filter(None, others), ""),
        cut_short=cut_short,
    )


def _timed(results: Sequence[Result]) -> Sequence[Segment]:
    """Join the segments of all pieces of a recording; none when the times of one of them are not known."""
    found: list[Segment] = []
    for result in results:
        rows = cast("Sequence[tuple[float, float, str]]", result["segments"])
        if not rows:
            return ()
        apart = " " if found else ""
        found += [Segment(start=rows[0][0], end=rows[0][1], text=f"{apart}{rows[0][2]}")]
        found += [Segment(start=start, end=end, text=text) for start, end, text in rows[1:]]
    return found
