"""Transcription: the parent's side of Whisper."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from adapters.local.housing import Housing
from adapters.local.ordered import in_order
from adapters.local.weights import Weights
from adapters.workers.pool import WorkerPool
from bot.domain.audio import AudioLimits, MediaFormat
from bot.domain.models import Capabilities, Delta, Finished, Modality, Segment, TranscriptionRequest
from bot.domain.money import CallKind, Nanodollars, Usage

NOTE_SECONDS = 60.0
"""Up to here a recording is heard in one call; a longer one by all processes, batch by batch."""

_DAY = 24 * 3600
_GRACE_SECONDS = 60.0
_SLOWEST = 10.0
"""Seconds that a second of sound may take: the largest models on one slow core."""


class Hearing:
    """A Whisper model."""

    def __init__(self, weights: Weights, housing: Housing) -> None:
        self.capabilities = Capabilities(
            kinds=frozenset({CallKind.TRANSCRIPTION}),
            inputs=frozenset({Modality.AUDIO}),
            # Bare samples: so every recording passes our own converter, and none is parsed here.
            audio_formats=(MediaFormat.PCM16,),
            audio_limits=AudioLimits(max_bytes=_DAY * 32_000, max_seconds=_DAY),
            free=True,
        )
        self._processes = housing.processes
        self.pool = WorkerPool(
            "adapters.local.whisper",
            size=housing.processes,
            arguments={"path": str(weights.path), "threads": housing.threads},
            idle_seconds=housing.idle_seconds,
        )

    async def perform(self, request: TranscriptionRequest) -> AsyncGenerator[Delta, None]:
        """Yield a `Segment` for each sentence, in order and as soon as it is known, then `Finished`.

        Raises:
            WorkerError, WorkerCrashed, WorkerTimeout: see `adapters.workers.errors`.
        """
        hear = self._note if request.audio.seconds <= NOTE_SECONDS else self._recording
        async with aclosing(hear(request)) as segments:
            async for segment in segments:
                yield Segment(**segment)
        yield Finished(usage=Usage(audio_ms=round(request.audio.seconds * 1000), cost=Nanodollars(0)))

    def _note(self, request: TranscriptionRequest) -> AsyncGenerator[Any, None]:
        return self._call(request, None, request.audio.seconds)

    async def _recording(self, request: TranscriptionRequest) -> AsyncGenerator[Any, None]:
        planned = self.pool.stream("plan", {"path": request.audio.path}, timeout=_patience(request.audio.seconds))
        batches: list[Any] = [batch async for batch in planned]
        calls = (self._call(request, batch, batch[-1]["end"] - batch[0]["start"]) for batch in batches)
        # One call more than there are processes, so that none of these waits for us.
        async with aclosing(in_order(calls, ahead=self._processes + 1)) as segments:
            async for segment in segments:
                yield segment

    def _call(self, request: TranscriptionRequest, clips: object, seconds: float) -> AsyncGenerator[Any, None]:
        arguments = {"path": request.audio.path, "clips": clips, "language": request.language}
        return self.pool.stream("transcribe", arguments, timeout=_patience(seconds))


def _patience(seconds: float) -> float:
    return _GRACE_SECONDS + _SLOWEST * seconds
