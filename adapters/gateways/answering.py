"""Reading the answer to one call off the wire, to its end."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from adapters.gateways.audio_endpoints import SoundAnswer, TranscriptAnswer
from adapters.gateways.chat_answer import ChatAnswer
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.exchange import Exchange
from adapters.gateways.reply import Patience, Reply
from bot.domain.errors import ModelInDoubt
from bot.domain.models import Accepted, Delta


async def answered(
    reply: Reply, exchange: Exchange, endpoint: Endpoint, patience: Patience
) -> AsyncGenerator[Delta, None]:
    """Yield what comes, `Accepted` first where the gateway names its calls, `Finished` last.

    Raises:
        ModelProblem: see the answers.
    """
    digest = reply.digest if exchange.kept else ""
    name = reply.header(endpoint.id_header) if endpoint.id_header else None
    if name:
        yield Accepted(id=name, digest=digest)
    seconds = patience.total if exchange.patient else patience.quiet
    async with aclosing(_read(reply, exchange, seconds)) as deltas:
        async for delta in deltas:
            if not isinstance(delta, Accepted):
                yield delta
            elif not name:
                yield replace(delta, digest=digest)


def _read(reply: Reply, exchange: Exchange, seconds: float) -> AsyncGenerator[Delta, None]:
    match exchange.answer:
        case SoundAnswer() as answer:
            return _sound(reply, answer, seconds)
        case ChatAnswer() | TranscriptAnswer() as answer:
            return _events(reply, answer, seconds)


async def _sound(reply: Reply, answer: SoundAnswer, seconds: float) -> AsyncGenerator[Delta, None]:
    answer.begin(reply.header("content-type") or "")
    while (data := await reply.piece(seconds)) is not None:
        for delta in answer.read(data):
            yield delta
    for delta in answer.end():
        yield delta


async def _events(reply: Reply, answer: ChatAnswer | TranscriptAnswer, seconds: float) -> AsyncGenerator[Delta, None]:
    while (data := await _next(reply, answer, seconds)) is not None:
        for delta in answer.read(data):
            yield delta
    for delta in answer.end():
        yield delta


async def _next(reply: Reply, answer: ChatAnswer | TranscriptAnswer, seconds: float) -> str | None:
    """Return the next event; None at the end, also where only the connection's end was lost."""
    if answer.overrun:
        return None
    if answer.over:
        await reply.drain()
        return None
    try:
        return await reply.event(seconds)
    except ModelInDoubt:
        if answer.complete:
            return None
        raise
