"""What the tests of reliability share: requests, what came of them, and servers that misbehave below HTTP."""

import asyncio
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adapters.gateways.gateway import RemoteGateway
from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import ModelProblem
from bot.domain.journal import Step, StepState
from bot.domain.models import (
    Accepted,
    ChatRequest,
    ChatTurn,
    Delta,
    Finished,
    Origin,
    Request,
    Role,
    TextDelta,
)

KEY = "sk-or-v1-reliability-0123456789"
HEARS = "google/gemini-2.5-flash"
READS = "openai/gpt-4o-mini"
FREE = "meta-llama/llama-3.3-70b-instruct:free"
DICTATES = "openai/whisper-1"
SPEAKS = "hexgrad/kokoro-82m"
ORIGIN = Origin(call="c0ffee", author="a11ce", conversation="7ea")
SOON = 10
"""Seconds: far more than the short limits, also on a busy machine, and far less than the long ones."""


def ask(text: str = "hello", *, model: str = READS, **more: Any) -> ChatRequest:
    turns = (ChatTurn(role=Role.USER, text=text),)
    return ChatRequest(**{"model": model, "turns": turns, "max_tokens": 500, "origin": ORIGIN, **more})


def tone(path: Path, size: int = 32_044) -> MediaFile:
    """A wav file of so many bytes, mono, 16 kHz."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(size - 44))
    return MediaFile(path=str(path), format=MediaFormat.WAV, seconds=(size - 44) / 32_000, bytes=size)


def accepted(delta: Delta, state: StepState = StepState.ACCEPTED) -> Step:
    """What the journal knows of a call that was named."""
    assert isinstance(delta, Accepted)
    return Step(name="answer", state=state, vendor_id=delta.id, digest=delta.digest)


async def everything(gateway: RemoteGateway, request: Request) -> list[Delta]:
    return [delta async for delta in gateway.perform(request)]


async def recovered(gateway: RemoteGateway, step: Step, request: Request) -> list[Delta]:
    return [delta async for delta in gateway.recover(step, request)]


async def problem_of(stream: AsyncIterator[Delta]) -> tuple[ModelProblem, list[Delta]]:
    """The problem that a call ends with, and what came before."""
    came: list[Delta] = []

    async def read() -> None:
        async for delta in stream:
            came.append(delta)  # noqa: PERF401

    with pytest.raises(ModelProblem) as caught:
        await read()
    return caught.value, came


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def finished(deltas: list[Delta]) -> Finished:
    assert isinstance(deltas[-1], Finished)
    return deltas[-1]


@dataclass(kw_only=True)
class Raw:
    """A server that speaks as a test tells it."""

    url: str = ""
    connections: int = 0
    posts: list[bytes] = field(default_factory=list)


Handler = Callable[[Raw, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Raw]:
    raw = Raw()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw.connections += 1
        try:
            await handler(raw, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=256)
    raw.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1"
    async with server:
        yield raw


async def request_of(raw: Raw, reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    body = await reader.readexactly(length)
    raw.posts.append(body)
    return body


def answer(body: bytes, *, status: str = "200 OK", kind: str = "text/event-stream", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


HELLO = b'data: {"id":"c-1","choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
