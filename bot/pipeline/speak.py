"""speak: text -> the voice clip that this platform plays natively."""

from collections.abc import AsyncIterator

import structlog
from typing_extensions import override

from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import MediaProblem, MediaUnreadable, ModelInDoubt, ModelProblem
from bot.domain.messages import BlobRef, VoiceClip
from bot.domain.models import Delta, ModelRef, Request, SoundDelta, SpeechRequest
from bot.domain.plan import Plan
from bot.domain.text import speakable
from bot.pipeline.calls import Collector, Result, Run

log = structlog.get_logger()

LONGEST_SPEECH = 3_000
"""Characters that are read aloud; nobody listens to more (about three minutes), the text has the rest."""

SPEECH_LIMIT_BYTES = 64_000_000
"""Of one spoken answer, before it is encoded."""


class Speech(Collector):
    """Collects speech, and keeps its bytes."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sound = bytearray()
        self._first: SoundDelta | None = None

    @override
    async def take(self, delta: Delta) -> None:
        if isinstance(delta, SoundDelta):
            self._first = self._first or delta
            self._sound += delta.data

    @override
    async def result(self) -> Result:
        if self._first is None:
            raise ModelProblem("it said nothing")

        async def chunks() -> AsyncIterator[bytes]:
            yield bytes(self._sound)

        blob = await self._run.house.blobs.keep(self._run.job.id, chunks(), limit=SPEECH_LIMIT_BYTES)
        return {"blob": blob, "format": self._first.format, "rate": self._first.rate, "bytes": len(self._sound)}


async def speak(run: Run, plan: Plan, text: str) -> VoiceClip | None:
    """Speak a text, without its markup and code.

    Returns:
        The clip; None when the plan speaks nothing, or when nothing in the text can be read aloud.

    Raises:
        ModelProblem: no planned model spoke, and the reply is not written either.
    """
    words = speakable(plan.say if plan.say is not None else text)[:LONGEST_SPEECH]
    if not plan.speak or not words:
        return None
    try:
        return await _speak(run, plan, words)
    except (ModelProblem, MediaProblem) as error:
        if not plan.text or isinstance(error, ModelInDoubt):
            raise
        log.warning("reply not spoken", reason=str(error))
        return None


async def _speak(run: Run, plan: Plan, words: str) -> VoiceClip:
    def request(ref: ModelRef) -> Request:
        return SpeechRequest(model=ref.name, text=words, voice=plan.config.voice or None)

    called = await run.first_able("speak", plan.speak, request, lambda: Speech(run), plan.config.in_doubt)
    form = run.platform.abilities.clip
    target = f"{await run.house.blobs.folder(run.job.id)}/{form.filename}"
    seconds, waveform = await run.house.media.clip(await _sound(run, called.result), form, target)
    return VoiceClip(path=target, format=form.format, filename=form.filename, seconds=seconds, waveform=waveform)


async def _sound(run: Run, result: Result) -> MediaFile:
    path = await run.house.blobs.path(BlobRef(str(result["blob"])))
    if path is None:
        raise MediaUnreadable("the spoken answer is gone from this machine")
    size, rate = int(str(result["bytes"])), int(str(result["rate"]))
    seconds = size / 2 / rate if result["format"] == MediaFormat.PCM16 else 0.0
    return MediaFile(path=path, format=MediaFormat(str(result["format"])), seconds=seconds, bytes=size, rate=rate)
