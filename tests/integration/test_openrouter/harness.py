"""What the tests of OpenRouter share: requests, and servers that misbehave below HTTP."""

import asyncio
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import (
    ModelProblem,
)
from bot.domain.models import (
    ChatRequest,
    ChatTurn,
    Delta,
    Request,
    Role,
    TextDelta,
)

KEY = "sk-or-v1-integration-0123456789"
HEARS = "google/gemini-2.5-flash"
READS = "openai/gpt-4o-mini"
TALKS = "openai/gpt-audio-mini"
SPEAKS = "hexgrad/kokoro-82m"
WRITES_DOWN = "openai/whisper-1"
FREE = "meta-llama/llama-3.3-70b-instruct:free"
HASTE = Patience(connect=0.5, idle=0.4, quiet=0.4, total=1.2, listing=0.5)
SOON = 10
"""Seconds: far more than the short limits, also on a busy machine, and far less than the long ones."""


def ask(text: str = "hello", *, model: str = READS, **more: Any) -> ChatRequest:
    return ChatRequest(model=model, turns=(ChatTurn(role=Role.USER, text=text),), max_tokens=500, **more)


def tone(path: Path, size: int = 32_044) -> MediaFile:
    """A wav file of so many bytes, mono, 16 kHz."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(size - 44))
    return MediaFile(path=str(path), format=MediaFormat.WAV, seconds=(size - 44) / 32_000, bytes=size)


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


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@dataclass(kw_only=True)
class Raw:
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

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    raw.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1"
    async with server:
        yield raw


async def request_of(raw: Raw, reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    raw.posts.append(head)
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return await reader.readexactly(length)


def answer(body: bytes, *, status: str = "200 OK", kind: str = "text/event-stream", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


HELLO = b'data: {"id":"c-1","choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
