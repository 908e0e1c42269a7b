"""Speech: the parent's side of piper."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from adapters.local.housing import Housing
from adapters.local.weights import Weights, read_voice, voice_file
from adapters.workers.pool import WorkerPool
from bot.domain.audio import MediaFormat
from bot.domain.errors import ModelRefused, ModelUnknown
from bot.domain.models import Capabilities, Delta, Finished, Modality, SoundDelta, SpeechRequest
from bot.domain.money import CallKind, Nanodollars, Usage
from bot.words import phrase

_SAMPLE_BYTES = 2
_LARGEST = 600 * 1024 * 1024
"""Bytes of memory after which the process is changed for a new one: the engine keeps what long sentences needed."""
_GRACE_SECONDS = 60.0
_SLOWEST = 0.25
"""Seconds that a character may take; it takes about a twentieth of that on one core."""


class Speaking:
    """A piper voice, or several speakers in one model."""

    def __init__(self, weights: Weights, housing: Housing) -> None:
        self._rate, self._speakers = _rate_and_speakers(weights)
        self.capabilities = Capabilities(
            kinds=frozenset({CallKind.SPEECH}),
            outputs=frozenset({Modality.AUDIO}),
            voices=tuple(self._speakers),
            free=True,
        )
        self.pool = WorkerPool(
            "adapters.local.piper",
            size=1,
            arguments={"path": str(weights.path)},
            idle_seconds=housing.idle_seconds,
            max_rss_bytes=_LARGEST,
        )

    async def perform(self, request: SpeechRequest) -> AsyncGenerator[Delta, None]:
        """Yield a `SoundDelta` for each sentence, as soon as it is spoken, then `Finished`.

        Raises:
            ModelRefused: it has no such voice, or the text has nothing that can be said.
            WorkerError, WorkerCrashed, WorkerTimeout: see `adapters.workers.errors`.
        """
        spoken = 0
        arguments = {"text": request.text, "speaker": self._speaker(request)}
        patience = _GRACE_SECONDS + _SLOWEST * len(request.text)
        async with aclosing(self.pool.stream("speak", arguments, timeout=patience)) as sentences:
            async for sound in sentences:
                assert isinstance(sound, bytes)
                spoken += len(sound)
                yield SoundDelta(data=sound, format=MediaFormat.PCM16, rate=self._rate)
        if not spoken:
            raise ModelRefused(phrase("the text has nothing that can be said"), model=f"local/{request.model}")
        milliseconds = round(spoken * 1000 / (_SAMPLE_BYTES * self._rate))
        yield Finished(usage=Usage(audio_ms=milliseconds, cost=Nanodollars(0)))

    def _speaker(self, request: SpeechRequest) -> int | None:
        name = self.capabilities.voices[0] if request.voice is None else request.voice
        if name not in self._speakers:
            reason = phrase("it has no voice {voice}; it has {voices}", voice=name, voices=", ".join(self._speakers))
            raise ModelRefused(reason, model=f"local/{request.model}")
        return self._speakers[name]


def _rate_and_speakers(weights: Weights) -> tuple[int, Mapping[str, int | None]]:
    """Read a voice's samples a second and its speakers' numbers, by name.

    Raises:
        ModelUnknown: its description is damaged.
    """
    try:
        description = read_voice(weights.path)
        rate = int(description["audio"]["sample_rate"])
        return rate, description.get("speaker_id_map") or {description.get("dataset") or weights.name: None}
    except (ValueError, KeyError, TypeError) as error:
        reason = phrase("{file} does not describe a voice", file=voice_file(weights.path))
        raise ModelUnknown(reason, model=f"local/{weights.name}") from error
