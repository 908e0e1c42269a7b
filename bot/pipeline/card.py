"""card: the buttons under a reply, and what is remembered of the reply so that they work: the words that were heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from bot.domain.corrections import Correction, Transcript
from bot.domain.errors import ModelProblem, MynahError
from bot.domain.journal import Step, StepState
from bot.domain.messages import Action
from bot.domain.models import Segment
from bot.domain.money import CallKind
from bot.domain.plan import Plan
from bot.domain.text import quote
from bot.pipeline.answer import Said
from bot.pipeline.hear import Heard
from bot.pipeline.run import Run
from bot.pipeline.transcripts import beginning, is_long
from bot.words import speaking, spoken

STEP = "card"
"""Where it is remembered, for replies to recordings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listened:
    """One recording, as a reply shows it."""

    words: Transcript
    """What was heard."""
    seconds: float
    """How long it is."""
    shown: bool
    """Whether the reply quotes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A reply to recordings."""

    text: str
    """All that is written in it."""
    actions: tuple[Action, ...]
    """The buttons under it."""
    answered: bool
    """Whether it has an answer besides what was heard."""
    listened: tuple[Listened, ...]
    """The recordings in which something was heard, in order."""
    language: str = ""
    """That it is written in, by its code."""


# --- which buttons -----------------------------------------------------------


def actions_for(plan: Plan, heard: Sequence[Heard], said: Said) -> tuple[Action, ...]:
    """Return what a person can do with a finished reply, in the order in which it is offered.

    Where no words are kept, nothing is offered that needs them, or goes with them.
    """
    if not plan.config.buttons:
        return ()
    kept = bool(plan.config.retention_days)
    offered = {
        Action.AGAIN: kept,
        Action.SPEAK: kept and bool(said.text) and not plan.speak and _can_speak(plan),
        Action.CORRECT: kept and any(item.text for item in heard),
        Action.RECEIPT: True,
        Action.GOOD: kept,
        Action.BAD: kept,
    }
    return tuple(action for action, makes_sense in offered.items() if makes_sense)


def _can_speak(plan: Plan) -> bool:
    known = (plan.catalogue.get(ref) for ref in plan.config.speech_model)
    return any(CallKind.SPEECH in can.kinds for can in known if can)


async def actions_after(run: Run, error: MynahError) -> tuple[Action, ...]:
    """Return what a person can do where there is no reply: to ask again is of use where a model was the trouble."""
    config = (await run.house.channels.config(run.message.place)).config
    helps = isinstance(error, ModelProblem) or error.transient
    return (Action.AGAIN,) if helps and config.buttons and config.retention_days else ()


# --- what is remembered ------------------------------------------------------


async def remember_card(run: Run, text: str, heard: Sequence[Heard], said: Said, actions: tuple[Action, ...]) -> None:
    """Write down a reply whose words can be corrected, before it stands there; others need nothing.

    Raises:
        StorageProblem: it cannot be written down.
    """
    if Action.CORRECT not in actions or run.result(STEP) is not None:
        return
    result = {
        "text": text,
        "actions": list(actions),
        "answered": bool(said.text),
        "listened": [_to_json(item) for item in heard if item.text],
        "language": spoken(),
    }
    await run.house.journal.begin(run.job.lease, STEP)
    await run.house.journal.done(run.job.lease, STEP, result)
    run.note(STEP, StepState.DONE, result)


def _to_json(item: Heard) -> Mapping[str, object]:
    return {
        "recording": item.listening.media.attachment.id,
        "text": item.text,
        "segments": [[segment.start, segment.end, segment.text] for segment in item.segments],
        "seconds": item.seconds,
        "shown": item.listening.show,
    }


def card_of(steps: Mapping[str, Step]) -> Card | None:
    """Return the card of a job by its steps; None for a reply to no recording, and where it was erased."""
    step = steps.get(STEP)
    if step is None or not step.result:
        return None
    kept = cast("Mapping[str, Any]", step.result)
    return Card(
        text=kept["text"],
        actions=tuple(map(Action, kept["actions"])),
        answered=kept["answered"],
        listened=tuple(map(_from_json, kept["listened"])),
        language=kept.get("language", ""),
    )


def _from_json(kept: Mapping[str, Any]) -> Listened:
    segments = (Segment(start=start, end=end, text=text) for start, end, text in kept["segments"])
    words = Transcript(recording=kept["recording"], text=kept["text"], segments=tuple(segments))
    return Listened(words=words, seconds=kept["seconds"], shown=kept["shown"])


# --- corrected ---------------------------------------------------------------


def words_now(card: Card, corrections: Mapping[str, Correction]) -> Sequence[Transcript | Correction]:
    """Return what was said in each recording of a reply, as it is known by now."""
    return [corrections.get(each.words.recording, each.words) for each in card.listened]


def text_now(card: Card, corrections: Mapping[str, Correction]) -> str:
    """Return what a reply says with the corrected words in place of those that it was written with."""
    with speaking(card.language):  # who corrects it may speak another
        return _corrected(card, corrections)


def _corrected(card: Card, corrections: Mapping[str, Correction]) -> str:
    before, rest = "", card.text
    for each in card.listened:
        new = corrections.get(each.words.recording)
        old = shown_words(each)
        if each.shown and new and old in rest:
            passed, _, rest = rest.partition(old)
            before += f"{passed}{shown_words(replace(each, words=_transcript(new)))}"
    return f"{before}{rest}"


def _transcript(words: Correction) -> Transcript:
    return Transcript(recording=words.recording, text=words.text, segments=words.segments)


def shown_words(each: Listened) -> str:
    """Return how a reply shows a recording."""
    words = each.words
    return beginning(words.text, words.segments, each.seconds) if is_long(words.text) else quote(words.text)
