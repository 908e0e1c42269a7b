"""Chat: the parent's side of llama.cpp."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from adapters.local.housing import Housing
from adapters.local.weights import Weights
from adapters.workers.pool import WorkerPool
from bot.domain.models import Capabilities, ChatRequest, Delta, Finished, ReasoningDelta, TextDelta
from bot.domain.money import CallKind, Nanodollars, Usage

_PATIENCE_SECONDS = 900.0
"""For one answer: a large model on few cores says two words a second."""


class Thinking:
    """A model that llama.cpp runs."""

    def __init__(self, weights: Weights, housing: Housing) -> None:
        self.capabilities = Capabilities(
            kinds=frozenset({CallKind.CHAT}), context_tokens=housing.context_tokens, free=True
        )
        self.pool = WorkerPool(
            "adapters.local.llama",
            size=1,
            arguments={"path": str(weights.path), "context": housing.context_tokens, "folder": housing.folder},
            idle_seconds=housing.idle_seconds,
        )

    async def perform(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """Yield the answer piece by piece, then `Finished`.

        A conversation that is longer than the model's context loses its oldest turns, see `llama.Llama.chat`.

        Raises:
            WorkerError, WorkerCrashed, WorkerTimeout: see `adapters.workers.errors`.
        """
        truncated = False
        usage: dict[str, int] = {}
        async with aclosing(self.pool.stream("chat", _body(request), timeout=_PATIENCE_SECONDS)) as chunks:
            async for chunk in chunks:
                for delta in _deltas(chunk):
                    yield delta
                truncated = truncated or _hit_limit(chunk)
                usage = usage | _usage(chunk)
        tokens = Usage(
            tokens_in=usage.get("prompt_tokens"), tokens_out=usage.get("completion_tokens"), cost=Nanodollars(0)
        )
        yield Finished(usage=tokens, truncated=truncated)


def _body(request: ChatRequest) -> dict[str, object]:
    body: dict[str, object] = {
        "messages": [{"role": turn.role.value, "content": turn.text} for turn in request.turns],
        "max_tokens": request.max_tokens,
        "chat_template_kwargs": {"enable_thinking": request.reasoning},
    }
    return body if request.temperature is None else {**body, "temperature": request.temperature}


def _deltas(chunk: Any) -> Iterator[Delta]:
    for choice in chunk["choices"]:
        if thought := choice["delta"].get("reasoning_content"):
            yield ReasoningDelta(text=thought)
        if said := choice["delta"].get("content"):
            yield TextDelta(text=said)


def _hit_limit(chunk: Any) -> bool:
    return any(choice["finish_reason"] == "length" for choice in chunk["choices"])


def _usage(chunk: Any) -> dict[str, int]:
    counted: dict[str, int] = chunk.get("usage") or {}
    return counted
