"""What became of a call that was cut off, and whether its answer can still be had.

The gateway's record of the call tells, https://openrouter.ai/docs/api/api-reference/generations. It appears some seconds
after the call is over.

    no record, or none that can be read           nobody knows               ModelInDoubt
    it broke off, and nothing was charged                                    ModelBusy: whoever holds its cost back
                                                                             lets go of it, and makes another call
    it came to its end, and the gateway keeps     the same request is sent   the whole answer, and what it cost then
      answers: this one not too long ago, and     again, for nothing:
      to the very bytes that we would send now    it HITs …
                                                  … or MISSes: we hang up    ModelInDoubt
    anything else that was charged                                           ModelInDoubt, with its cost

A MISS means that the gateway dropped the answer early, as it may, and is asking the model again. To hang up at once ends
that before it costs much at most providers, but not at all: so it is the last thing that is tried, and only where the
record says that the answer should be there. What both calls cost is known when both have a record, and unknown until
then: never the cost of the first as if that were all. https://openrouter.ai/docs/guides/features/response-caching
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto

import structlog

from adapters.gateways.answering import answered
from adapters.gateways.body import digest
from adapters.gateways.client import Client
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.exchange import KEPT_SECONDS, Exchange
from adapters.gateways.problems import Call
from adapters.gateways.records import Record, Records
from adapters.gateways.reply import Patience, Reply
from bot.domain.errors import ModelInDoubt, ModelProblem
from bot.domain.journal import Step
from bot.domain.models import Accepted, Delta, Finished
from bot.domain.money import Usage
from bot.words import phrase

RECENT = timedelta(seconds=KEPT_SECONDS) - timedelta(minutes=5)
"""How old a call may be for its answer to be asked for: not the very last minutes of its keeping."""
STATUS = "X-OpenRouter-Cache-Status"
HIT = "HIT"

_log = structlog.get_logger(__name__)


class Fate(Enum):
    """What became of a call."""

    UNCHARGED = auto()
    """It came to nothing, and cost nothing."""
    KEPT = auto()
    """The gateway should have its answer still."""
    LOST = auto()
    """It was, or may have been, charged, and its answer cannot be had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What was found out of a call."""

    fate: Fate
    """What became of it."""
    usage: Usage | None
    """What it cost; None where nobody knows."""
    name: str = ""
    """The gateway's own; empty where it has none."""
    reason: str = ""
    """Why its answer cannot be had."""

    def doubt(self, model: str) -> ModelInDoubt:
        """Return the problem that an answer which cannot be had is."""
        return ModelInDoubt(self.reason, model=model, usage=self.usage)


async def find_out(records: Records, endpoint: Endpoint, step: Step, call: Call) -> Found:
    """Find out what became of a call; waits some seconds for its record."""
    if step.vendor_id is None or not endpoint.generation_path:
        return _lost(phrase("nobody can tell what became of it"))
    try:
        record = await records.awaited(step.vendor_id, call)
    except ModelProblem as problem:
        return _lost(phrase("nobody could be asked what became of it: {reason}", reason=problem.reason))
    if record is None:
        return _lost(phrase("its gateway has no record of it yet"))
    return replace(_judged(record, keeps=endpoint.caches and bool(step.digest)), name=step.vendor_id)


def _judged(record: Record, *, keeps: bool) -> Found:
    generation = record.generation
    if generation.unpaid:
        return Found(fate=Fate.UNCHARGED, usage=generation.usage)
    if not generation.complete:
        return _lost(phrase("it did not come to its end"), generation.usage)
    if not keeps:
        return _lost(phrase("its answer was lost, and its gateway did not keep it"), generation.usage)
    if record.age is None or record.age > RECENT:
        return _lost(phrase("its answer is too old to be kept"), generation.usage)
    return Found(fate=Fate.KEPT, usage=generation.usage)


def _lost(reason: str, usage: Usage | None = None) -> Found:
    return Found(fate=Fate.LOST, usage=usage, reason=reason)


async def is_same(exchange: Exchange, step: Step) -> bool:
    """Return whether a request would be sent with the very bytes that it was sent with before."""
    try:
        return exchange.kept and await digest(exchange.body) == step.digest
    except OSError:
        return False


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """Asks for an answer that the gateway keeps."""

    client: Client
    """Sends to the gateway."""
    endpoint: Endpoint
    """The gateway."""
    records: Records
    """What it tells of calls that are over."""
    patience: Patience
    """How long to wait."""
    missed: dict[str, str | None] = field(default_factory=dict)
    """What was asked again by mistake, at a cost that is not known yet: name of the first call to that of the second."""

    async def answer(self, exchange: Exchange, found: Found, call: Call) -> AsyncGenerator[Delta, None]:
        """Yield the answer again, and what it cost the first time; it keeps its name, so `Accepted` does not come.

        Raises:
            ModelInDoubt: it cannot be had, now or any more; with what it cost.
        """
        try:
            async with self.client.post(exchange.path, exchange.body, call, headers=exchange.headers) as reply:
                if reply.header(STATUS) == HIT:
                    async with aclosing(self._again(reply, exchange, found)) as deltas:
                        async for delta in deltas:
                            yield delta
                    return
                missed = reply.header(self.endpoint.id_header)
        except ModelProblem as problem:
            raise replace(
                found, reason=phrase("its answer could not be fetched: {reason}", reason=problem.reason)
            ).doubt(call.model) from problem
        raise await self._missed(missed, found, call)

    async def _again(self, reply: Reply, exchange: Exchange, found: Found) -> AsyncGenerator[Delta, None]:
        async with aclosing(answered(reply, exchange, self.endpoint, self.patience)) as deltas:
            async for delta in deltas:
                match delta:
                    case Accepted():
                        pass
                    case Finished() if found.usage is not None:
                        yield replace(delta, usage=replace(found.usage, audio_ms=delta.usage.audio_ms))
                    case _:
                        yield delta

    async def _missed(self, name: str | None, found: Found, call: Call) -> ModelInDoubt:
        """Add to the cost what the model has done until we hung up."""
        more = await self._awaited(name, call)
        if more.cost is None:
            self.missed[found.name] = name
            _log.warning("asked again by mistake, at an unknown cost", call=name, model=call.model)
        usage = None if found.usage is None else _both(found.usage, more)
        return ModelInDoubt(phrase("its gateway dropped the answer early"), model=call.model, usage=usage)

    async def _awaited(self, name: str | None, call: Call) -> Usage:
        try:
            record = await self.records.awaited(name, call) if name else None
        except ModelProblem:
            record = None
        return Usage() if record is None else record.generation.usage

    async def cost(self, name: str, call: Call) -> Usage | None:
        """Return what a call cost, and what asking for its answer again did cost by mistake; None while it is not known.

        Args:
            name: the gateway's own.
            call: for errors.

        Raises:
            ModelProblem: the gateway could not be asked.
        """
        found = await self.records.find(name, call)
        if found is None or name not in self.missed:
            return None if found is None else found.generation.usage
        again = self.missed[name]
        more = None if again is None else await self.records.find(again, call)
        return None if more is None else _both(found.generation.usage, more.generation.usage)


def _both(usage: Usage, more: Usage) -> Usage:
    """Add a call that was made again; the sound in it is the same."""
    return replace(usage + more, audio_ms=usage.audio_ms)
