"""Servers that misbehave below HTTP: each connection is served by whatever a test tells them."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HELLO = b'data: {"id":"c-1","choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


@dataclass(kw_only=True)
class Raw:
    """A server that speaks as a test tells it."""

    url: str = ""
    connections: int = 0
    posts: list[bytes] = field(default_factory=list)
    """The bodies of the requests that were read."""


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
    """Read a request, and return its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    body = await reader.readexactly(length)
    raw.posts.append(body)
    return body


def answer(body: bytes, *, status: str = "200 OK", kind: str = "text/event-stream", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def send_reset(writer: asyncio.StreamWriter) -> None:
    """Cut a connection by RST instead of FIN: `SO_LINGER` of zero."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
