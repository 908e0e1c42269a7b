"""Calls of gateways in tests: what is asked, how an answer is read to its end, and what was said in it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from bot.domain.errors import ModelProblem
from bot.domain.journal import Step
from bot.domain.models import (
    ChatRequest,
    ChatTurn,
    Delta,
    Finished,
    ReasoningDelta,
    Request,
    Role,
    SoundDelta,
    TextDelta,
)
from bot.ports import Gateway

HEARS = "google/gemini-2.5-flash"
READS = "openai/gpt-4o-mini"
FREE = "meta-llama/llama-3.3-70b-instruct:free"


# --- asked -------------------------------------------------------------------


def ask(text: str = "hello", *, model: str = READS, **more: Any) -> ChatRequest:
    """Ask a chat model; what is given beside the text replaces the usual fields of a request."""
    turns = (ChatTurn(role=Role.USER, text=text),)
    return ChatRequest(**{"model": model, "turns": turns, "max_tokens": 500, **more})


# --- read to its end ---------------------------------------------------------


async def everything(gateway: Gateway, request: Request) -> list[Delta]:
    return [delta async for delta in gateway.perform(request)]


async def recovered(gateway: Gateway, step: Step, request: Request) -> list[Delta]:
    return [delta async for delta in gateway.recover(step, request)]


async def problem_of(gateway: Gateway, request: Request) -> tuple[ModelProblem, list[Delta]]:
    """The problem that a call ends with, and what came before."""
    return await problem_in(gateway.perform(request))


async def problem_in(deltas: AsyncIterator[Delta]) -> tuple[ModelProblem, list[Delta]]:
    """The problem that an answer ends with, and what came before."""
    came: list[Delta] = []

    async def read() -> None:
        async for delta in deltas:
            came.append(delta)  # noqa: PERF401

    with pytest.raises(ModelProblem) as caught:
        await read()
    return caught.value, came


# --- said --------------------------------------------------------------------


def finished(deltas: Sequence[Delta]) -> Finished:
    """How an answer ended: by being whole."""
    last = deltas[-1]
    assert isinstance(last, Finished)
    return last


def text_of(deltas: Sequence[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def thought_of(deltas: Sequence[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta))


def sound_of(deltas: Sequence[Delta]) -> bytes:
    return b"".join(delta.data for delta in deltas if isinstance(delta, SoundDelta))
