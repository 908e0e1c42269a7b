"""recall: what was said before -> what of it goes along, its oldest part summed up when it has grown too long."""

from collections.abc import Collection
from dataclasses import replace

import structlog
from typing_extensions import override

from bot.domain.conversation import MOST_TOKENS, SUMMARY_TOKENS, Past, outgrown, summary_turn, summed_up
from bot.domain.errors import ModelProblem
from bot.domain.messages import JobId
from bot.domain.models import ChatRequest, Delta, ModelRef, Origin, Request, TextDelta
from bot.domain.plan import Plan
from bot.pipeline.calls import Collector, Wish, call_first_able
from bot.pipeline.run import Result, Run
from bot.words import phrase

log = structlog.get_logger()

MOST_RECALLED = 4 * MOST_TOKENS
"""Bytes of what was said: enough for a page that was never summed up, because no model did it."""


class Summary(Collector):
    """Collects a summary."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    @override
    async def take(self, delta: Delta) -> None:
        if isinstance(delta, TextDelta):
            self._texts.append(delta.text)

    @override
    async def result(self) -> Result:
        text = "".join(self._texts).strip()
        if not text:
            raise ModelProblem(phrase("it summed up nothing"))
        return {"text": text}


async def recall(run: Run, plan: Plan, room: int) -> Past:
    """Return what was said before in this conversation.

    What has outgrown the room is summed up by the channel's chat model, once. A summary that cannot be had, or that the
    budget does not allow, holds nobody up: the oldest is then left out.

    Args:
        run: the job.
        plan: says which models may be asked.
        room: tokens that the first of them has for it.
    """
    past = _without(run.earlier.runs, await run.house.conversations.recall(run.message.place, MOST_RECALLED))
    oldest = outgrown(past, room)
    if not oldest or _is_answering(run, plan):
        return past

    def request(ref: ModelRef, origin: Origin) -> Request:
        turn = summary_turn(past, oldest, plan.catalogue[ref])
        return ChatRequest(origin=origin, model=ref.name, turns=(turn,), max_tokens=SUMMARY_TOKENS)

    try:
        called = await call_first_able(
            run, plan, Wish(step="summary", choice=plan.answer, request=request, collect=Summary)
        )
    except ModelProblem as error:
        log.warning("conversation not summed up", reason=str(error))
        return past
    summary = str(called.result["text"])
    jobs = [exchange.job for exchange in oldest]
    if not await run.house.conversations.summarise(run.message.place, jobs, summary, before=past.summary):
        log.info("summary not kept: what it stands for was erased")
    return summed_up(past, oldest, summary)


def _without(jobs: Collection[JobId], past: Past) -> Past:
    """Leave out what was said about the same message before it was edited."""
    return replace(past, exchanges=tuple(exchange for exchange in past.exchanges if exchange.job not in jobs))


def _is_answering(run: Run, plan: Plan) -> bool:
    """Whether the answer was asked for before a crash or a failure: what is asked again stays as it was."""
    return any(run.step(f"answer:{ref}") is not None for ref in plan.answer)
