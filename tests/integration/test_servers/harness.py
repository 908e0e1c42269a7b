"""A gateway to a server, and what the contract asks of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from adapters.gateways.server_models import ServerModels
from adapters.gateways.servers import server_endpoint
from bot.domain.errors import ModelProblem
from bot.domain.models import ChatRequest, ChatTurn, Delta, ReasoningDelta, Request, Role, SoundDelta, TextDelta
from tests.contracts.gateway import Call
from tests.fakes.openai_server.client import FakeServer

NAME = "here"
HASTE = Patience(connect=0.5, idle=0.6, quiet=0.6, total=3, listing=1)


@dataclass(kw_only=True)
class ServerHarness:
    gateway: RemoteGateway
    requests: Sequence[Request]
    fake: FakeServer
    calls: list[Call] = field(default_factory=list)

    async def running(self) -> int:
        return sum(call.outcome == "open" for call in (await self.fake.state()).calls)


@asynccontextmanager
async def connected(
    base_url: str, *, key: str = "", patience: Patience = HASTE, **known: Any
) -> AsyncIterator[RemoteGateway]:
    """Open a gateway as a table of the settings describes it: `known` is what `ServerModels` takes."""
    endpoint = server_endpoint(NAME, base_url)
    source = ServerModels(endpoint, **known)
    async with RemoteGateway(endpoint, key, patience=patience, shelf=source.shelf()) as opened:
        yield opened


def ask(text: str = "hello", *, model: str, max_tokens: int = 500, **more: Any) -> ChatRequest:
    return ChatRequest(model=model, turns=(ChatTurn(role=Role.USER, text=text),), max_tokens=max_tokens, **more)


async def everything(gateway: RemoteGateway, request: Request) -> list[Delta]:
    return [delta async for delta in gateway.perform(request)]


async def problem_of(gateway: RemoteGateway, request: Request) -> tuple[ModelProblem, list[Delta]]:
    """The problem that a call ends with, and what came before."""
    came: list[Delta] = []

    async def read() -> None:
        async for delta in gateway.perform(request):
            came.append(delta)  # noqa: PERF401

    with pytest.raises(ModelProblem) as caught:
        await read()
    return caught.value, came


def text_of(deltas: Sequence[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def thought_of(deltas: Sequence[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta))


def sound_of(deltas: Sequence[Delta]) -> bytes:
    return b"".join(delta.data for delta in deltas if isinstance(delta, SoundDelta))
