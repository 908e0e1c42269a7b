"""answer: what was written, heard and shown -> what the chat model says, seen while it grows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from typing_extensions import override

from bot.domain.conversation import Past, reference_words, room_for_past, with_past
from bot.domain.messages import Attachment
from bot.domain.models import (
    Capabilities,
    ChatRequest,
    ChatTurn,
    Delta,
    Finished,
    ModelRef,
    Origin,
    ReasoningDelta,
    Request,
    Role,
    SoundDelta,
    TextDelta,
)
from bot.domain.plan import Plan
from bot.domain.shortcuts import task_turn, task_words
from bot.pipeline.calls import Collector, Wish, call_first_able
from bot.pipeline.hear import Heard
from bot.pipeline.live import Draft, growing
from bot.pipeline.recall import recall
from bot.pipeline.run import Result, Run
from bot.pipeline.sound import Sound
from bot.words import phrase, say

CUT_OFF = phrase("cut off: the answer reached this channel's max_tokens")


def _cut_off(result: Result) -> str:
    return f"\n\n_({say(CUT_OFF)})_" if result.get("truncated") else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What the chat model answered."""

    text: str
    """Markdown."""
    question: str
    """What it was asked, in words; for the conversation's memory."""
    model: ModelRef | None = None
    """Who answered; None when nothing was asked."""
    instead_of: str = ""
    """The model that was asked first and why it did not answer; empty when it did."""
    reasoning: str = ""
    """What the model thought before it answered, where that is to be shown."""
    sound: Result | None = None
    """The answer as the model spoke it itself."""


class Sentences(Collector):
    """Collects an answer, and lets it be seen while it grows."""

    def __init__(self, run: Run, draft: Draft) -> None:
        self._draft = draft
        self._draft.restart()
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._sound = Sound(run)
        self._truncated = False

    @override
    async def take(self, delta: Delta) -> None:
        match delta:
            case TextDelta():
                self._texts.append(delta.text)
                self._draft.grow(delta.text)
            case ReasoningDelta():
                self._thoughts.append(delta.text)
            case SoundDelta():
                self._sound.take(delta)
            case Finished():
                self._truncated = delta.truncated
            case _:
                pass

    @override
    async def result(self) -> Result:
        return {
            "text": "".join(self._texts).strip(),
            "reasoning": "".join(self._thoughts).strip(),
            "sound": await self._sound.keep(),
            "truncated": self._truncated,
        }


async def answer(run: Run, plan: Plan, heard: Sequence[Heard], shown: str) -> Said:
    """Ask the planned chat model.

    Args:
        run: the job.
        plan: says which models may answer.
        heard: the recordings.
        shown: what the reply shows before the answer.

    Raises:
        ModelProblem: none of them answered.
    """
    question = _question(plan, heard)
    if not plan.answer or _is_nothing_to_answer(plan, heard):
        return Said(text="", question=question)
    asked = _Asked(plan=plan, question=question, heard=heard)
    if plan.task is None:
        asked = replace(asked, past=await recall(run, plan, asked.usual_room(plan.answer[0])))
    async with growing(run, shown, shown=plan.text) as draft:
        wish = Wish(
            step="answer",
            choice=plan.answer,
            request=asked.request,
            collect=lambda: Sentences(run, draft),
            sources=[item.listening.media.blob for item in heard if item.audio],
        )
        called = await call_first_able(run, plan, wish)
    result = called.result
    return Said(
        text=f"{result['text']}{_cut_off(result)}",
        question=question,
        model=called.model,
        instead_of=called.instead_of,
        reasoning=str(result.get("reasoning") or "") if plan.config.reasoning else "",
        sound=cast("Result | None", result.get("sound")) if plan.aloud else None,
    )


def _is_nothing_to_answer(plan: Plan, heard: Sequence[Heard]) -> bool:
    return bool(heard) and all(item.silent for item in heard) and not plan.words and not plan.look


def _question(plan: Plan, heard: Sequence[Heard]) -> str:
    """Return what is asked in words: what it refers to, what was written, what was said."""
    own = _words(plan.message.attachments, heard)
    if plan.task:
        of_others = {quoted.key: _words(quoted.attachments, heard) for quoted in plan.quoted}
        return task_words(plan.message, plan.quoted, {**of_others, plan.message.key: own})
    references = (reference_words(quoted, _words(quoted.attachments, heard)) for quoted in plan.quoted)
    return "\n\n".join(filter(None, (*references, plan.message.text, *own)))


def _words(files: Sequence[Attachment], heard: Sequence[Heard]) -> Sequence[str]:
    return [item.text for item in heard if item.listening.media.attachment in files]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is asked, in the form that each model takes."""

    plan: Plan
    question: str
    heard: Sequence[Heard]
    past: Past = field(default_factory=Past)

    def usual_room(self, ref: ModelRef) -> int:
        """Return how many tokens there mostly are for what was said before.

        One long question, or one picture, is no reason to sum up what was said: then less of it goes along for once.
        """
        words = ChatTurn(role=Role.USER, text=self.question)
        return max(self._room(ref, words), self._room(ref, replace(words, text="")) // 2)

    def _room(self, ref: ModelRef, now: ChatTurn) -> int:
        """Return how many tokens there are for what was said before, whoever answers at the model's gateway."""
        names = (ref, *(replace(ref, name=name) for name in self._fallbacks(ref)))
        asked, known = (*self._system(), now), self.plan.catalogue
        return min(room_for_past(known[name], self.plan.config.max_tokens, asked) for name in names)

    def request(self, ref: ModelRef, origin: Origin) -> Request:
        config, first = self.plan.config, ref == self.plan.answer[0]
        return ChatRequest(
            origin=origin,
            model=ref.name,
            turns=self._turns(ref),
            max_tokens=config.max_tokens,
            temperature=config.temperature,
            reasoning=config.reasoning,
            aloud=self.plan.aloud and first,
            voice=self.plan.voice(ref),
            fallbacks=self._fallbacks(ref),
        )

    def _turns(self, ref: ModelRef) -> tuple[ChatTurn, ...]:
        if self.plan.task:
            can = self.plan.catalogue[ref]
            return (task_turn(self.plan.task, self.question, can, self.plan.config.max_tokens),)
        now = self._last(self.plan.catalogue[ref])
        return (*self._system(), *with_past(self.past, now, self._room(ref, now)))

    def _system(self) -> tuple[ChatTurn, ...]:
        system = self.plan.config.system_prompt
        return (ChatTurn(role=Role.SYSTEM, text=system),) if system else ()

    def _last(self, can: Capabilities) -> ChatTurn:
        """Return what is said now. A fallback that does not see answers the words alone."""
        look, words = self.plan.look, bool(self.question)
        return ChatTurn(
            role=Role.USER,
            text=self.question,
            audio=tuple(piece for item in self.heard for piece in item.audio),
            pictures=look.pictures if can.picture_formats or not words else (),
            videos=look.videos,
            links=look.links if can.video_links else (),
        )

    def _fallbacks(self, ref: ModelRef) -> tuple[str, ...]:
        """Return what comes behind a model in the list at the same gateway and can do at least the same."""
        choice, known = self.plan.answer, self.plan.catalogue
        behind = choice[choice.index(ref) + 1 :] if ref in choice else ()
        return tuple(
            other.name for other in behind if other.gateway == ref.gateway and known[other].can_stand_in(known[ref])
        )
