"""answer: what was written and heard -> what the chat model says, shown while it grows."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from bot.domain.models import ChatRequest, ChatTurn, Delta, Finished, ModelRef, Request, Role, TextDelta
from bot.domain.plan import Plan
from bot.pipeline.calls import Collector, Result, Run
from bot.pipeline.hear import Heard
from bot.pipeline.live import Draft, growing

REMEMBERED_TURNS = 12
"""How much of the conversation goes to the model."""

CUT_OFF = "\n\n_(cut off: the answer reached this channel's max_tokens)_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What the chat model answered."""

    text: str
    """Markdown."""
    question: str
    """What it was asked, in words; for the conversation's memory."""
    model: ModelRef | None = None
    """Who answered; None when nothing was asked."""


class Sentences(Collector):
    """Collects an answer, and lets it be seen while it grows."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._draft.restart()
        self._texts: list[str] = []
        self._truncated = False

    @override
    async def take(self, delta: Delta) -> None:
        if isinstance(delta, TextDelta):
            self._texts.append(delta.text)
            self._draft.grow(delta.text)
        elif isinstance(delta, Finished):
            self._truncated = delta.truncated

    @override
    async def result(self) -> Result:
        return {"text": "".join(self._texts).strip(), "truncated": self._truncated}


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
    if not plan.answer or (heard and all(item.silent for item in heard) and not plan.message.text):
        return Said(text="", question=question)
    past = await run.house.conversations.recall(plan.message.place, REMEMBERED_TURNS)
    turns = _turns(plan, past, question, heard)

    def request(ref: ModelRef) -> Request:
        return ChatRequest(
            model=ref.name,
            turns=turns,
            max_tokens=plan.config.max_tokens,
            temperature=plan.config.temperature,
            reasoning=plan.config.reasoning,
        )

    async with growing(run, shown, shown=plan.text) as draft:
        called = await run.first_able("answer", plan.answer, request, lambda: Sentences(draft), plan.config.in_doubt)
    cut_off = CUT_OFF if called.result.get("truncated") else ""
    return Said(text=f"{called.result['text']}{cut_off}", question=question, model=called.model)


def _question(plan: Plan, heard: Sequence[Heard]) -> str:
    return "\n\n".join(filter(None, (plan.message.text, *(item.text for item in heard))))


def _turns(plan: Plan, past: Sequence[ChatTurn], question: str, heard: Sequence[Heard]) -> tuple[ChatTurn, ...]:
    audio = tuple(piece for item in heard for piece in item.audio)
    system = (ChatTurn(role=Role.SYSTEM, text=plan.config.system_prompt),) if plan.config.system_prompt else ()
    return (*system, *past, ChatTurn(role=Role.USER, text=question, audio=audio))
