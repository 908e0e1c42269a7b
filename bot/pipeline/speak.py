"""speak: text -> the voice clip that this platform plays natively."""

from dataclasses import dataclass

import structlog
from typing_extensions import override

from bot.domain.errors import MediaProblem, MediaUnreadable, ModelInDoubt, ModelProblem
from bot.domain.messages import VoiceClip
from bot.domain.models import Delta, ModelRef, Origin, Request, SoundDelta, SpeechRequest
from bot.domain.plan import Plan
from bot.domain.text import speakable
from bot.pipeline.answer import Said
from bot.pipeline.calls import Collector, Wish, call_first_able
from bot.pipeline.run import Result, Run
from bot.pipeline.sound import Sound, open_sound
from bot.words import phrase

log = structlog.get_logger()

LONGEST_SPEECH = 3_000
"""Characters that are read aloud; nobody listens to more (about three minutes), the text has the rest."""


class Speech(Collector):
    """Collects speech, and keeps its bytes."""

    def __init__(self, run: Run) -> None:
        self._sound = Sound(run)

    @override
    async def take(self, delta: Delta) -> None:
        if isinstance(delta, SoundDelta):
            self._sound.take(delta)

    @override
    async def result(self) -> Result:
        kept = await self._sound.keep()
        if kept is None:
            raise ModelProblem(phrase("it said nothing"))
        return kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """What came of speaking."""

    clip: VoiceClip | None = None
    """The clip; None when there is none."""
    why_not: str = ""
    """Why there is none although one was wanted; empty otherwise."""


async def speak(run: Run, plan: Plan, said: Said) -> Spoken:
    """Speak an answer without its markup and code, unless the model that gave it spoke it already.

    Nothing is spoken where the plan wants no clip, or where nothing in the text can be read aloud.

    Raises:
        ModelProblem: no planned model spoke, and the reply is not written either.
    """
    words = speakable(plan.say if plan.say is not None else said.text)[:LONGEST_SPEECH]
    if not plan.speak or not (words or said.sound):
        return Spoken()
    try:
        return Spoken(clip=await _clip(run, said.sound or await _spoken(run, plan, words)))
    except (ModelProblem, MediaProblem) as error:
        if not plan.text or isinstance(error, ModelInDoubt):
            raise
        log.warning("reply not spoken", reason=str(error))
        return Spoken(why_not=error.reason if isinstance(error, ModelProblem | MediaUnreadable) else str(error))


async def _spoken(run: Run, plan: Plan, words: str) -> Result:
    def request(ref: ModelRef, origin: Origin) -> Request:
        return SpeechRequest(origin=origin, model=ref.name, text=words, voice=plan.voice(ref))

    wish = Wish(step="speak", choice=plan.speak, request=request, collect=lambda: Speech(run))
    return (await call_first_able(run, plan, wish)).result


async def _clip(run: Run, kept: Result) -> VoiceClip:
    form = run.platform.abilities.clip
    target = f"{await run.house.blobs.folder(run.job.id)}/{form.filename}"
    seconds, waveform = await run.house.media.clip(await open_sound(run, kept), form, target)
    return VoiceClip(path=target, format=form.format, filename=form.filename, seconds=seconds, waveform=waveform)
