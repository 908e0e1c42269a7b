"""What goes wrong on the way: a `Fault` meets the next requests whose method and path match."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from aiohttp import web

from tests.fakes.openrouter.faults import Cut


class Action(StrEnum):
    """What happens to a request."""

    DROP_BEFORE = "drop_before"
    """The connection is cut before the request has any effect."""
    DROP_AFTER = "drop_after"
    """The request has its effect; the connection is cut without an answer."""
    ERROR = "error"
    """An error answer, and no effect."""
    SLOW = "slow"
    """`seconds` pass before the request is looked at."""
    HANG = "hang"
    """No effect and no answer."""
    HANG_AFTER = "hang_after"
    """The request has its effect, and no answer."""
    HALF = "half"
    """The request has its effect; the connection is cut in the middle of the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    action: Action
    """What happens."""
    method: str = "*"
    """Pattern of the HTTP method."""
    path: str = "*"
    """Pattern of the whole path, such as `/queue/*`."""
    times: int = 1
    """How many requests it meets."""
    status: int = 503
    """Of an ERROR."""
    body: str = '{"detail": "Service Unavailable"}'
    """Of an ERROR; JSON where it starts with a brace, else HTML."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of an ERROR."""
    seconds: float = 0
    """Length of SLOW."""
    rst: bool = False
    """Cut by TCP reset instead of an orderly close."""


class Faults:
    """The faults still to come, in order."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its requests."""
        self._waiting.append((fault, [fault.times]))

    def take(self, request: web.Request) -> Fault | None:
        """Return the fault that meets this request, using it up once."""
        for entry in self._waiting:
            fault, left = entry
            if fnmatchcase(request.method, fault.method) and fnmatchcase(request.path, fault.path):
                left[0] -= 1
                if left[0] <= 0:
                    self._waiting.remove(entry)
                return fault
        return None


async def before(fault: Fault, request: web.Request) -> web.Response | None:
    """Let go wrong what goes wrong before a request has an effect.

    Raises:
        Cut: the connection must be cut now.
    """
    match fault.action:
        case Action.DROP_BEFORE:
            raise Cut(rst=fault.rst)
        case Action.SLOW:
            await asyncio.sleep(fault.seconds)
        case Action.HANG:
            await silence(request)
        case Action.ERROR:
            await request.read()
            kind = "application/json" if fault.body.startswith("{") else "text/html"
            return web.Response(status=fault.status, text=fault.body, content_type=kind, headers=fault.headers)
        case _:
            pass
    return None


async def after(fault: Fault, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Let go wrong what goes wrong with the answer.

    Raises:
        Cut: the connection must be cut now.
    """
    match fault.action:
        case Action.DROP_AFTER:
            raise Cut(rst=fault.rst)
        case Action.HANG_AFTER:
            await silence(request)
        case Action.HALF if isinstance(response, web.Response) and isinstance(response.body, bytes):
            await write_half(request, response, response.body)
            raise Cut(rst=fault.rst)
        case _:
            pass
    return response


async def write_half(request: web.Request, response: web.Response, body: bytes) -> None:
    """Send the first half of a body under the length of the whole."""
    headers = {"Content-Type": response.content_type, "Content-Length": str(len(body))}
    cut = web.StreamResponse(status=response.status, headers=headers)
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])


async def silence(request: web.Request) -> None:
    """Say nothing until the client leaves.

    Raises:
        Cut: always.
    """
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(0.02)
    raise Cut
