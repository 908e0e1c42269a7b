"""What goes wrong: a `Fault` meets the next requests whose method and path match."""

import asyncio
import socket
import struct
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from aiohttp import web


class Action(StrEnum):
    """What happens to a request, in the order in which it would meet them."""

    DROP_BEFORE = "drop_before"
    """Connection cut before the request has any effect."""
    SLOW = "slow"
    """`seconds` pass before the request is looked at."""
    ERROR = "error"
    """An error answer with `status`, before the model is called."""
    OK_ERROR = "ok_error"
    """HTTP 200 whose body is an error."""
    DROP_AFTER = "drop_after"
    """The call is counted as paid, then the connection is cut without an answer."""
    HANG = "hang"
    """Keep-alive comments (or silence, where nothing streams) for `seconds`, 0 for ever; then the connection is cut."""
    CUT_AFTER_HEADERS = "cut_after_headers"
    """Headers are sent, then the connection is cut."""
    CUT_MID_STREAM = "cut_mid_stream"
    """`after` deltas are sent (or half of the body), then the connection is cut."""
    MIDSTREAM_ERROR = "midstream_error"
    """`after` deltas are sent, then an error chunk; without streaming, `finish_reason: error`."""
    NO_DONE = "no_done"
    """The stream ends cleanly after `after` deltas (None: all), without usage and `[DONE]`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    action: Action
    """What happens."""
    method: str = "*"
    """Pattern of the HTTP method."""
    path: str = "*"
    """Pattern of the whole path, such as `*/chat/completions`."""
    containing: str = ""
    """Text that the raw body must hold (as it stands in the JSON)."""
    times: int = 1
    """How many requests it meets."""
    status: int = 500
    """HTTP status, and `error.code` of errors inside a 200."""
    error_type: str | None = None
    """Typed error code; None: the documented one for the status."""
    message: str | None = None
    """Error message; None: a usual one for the status."""
    provider_code: str | None = None
    """The provider's own error code, omitted on 500s."""
    code: str | None = None
    """A string instead of the number in `error.code` of a mid-stream error."""
    availability: str | None = None
    """Availability code, such as `capacity_exhausted`: the newer shape without `error.code`; it decides the status."""
    retry_after_s: int | None = None
    """`Retry-After` of a 429 or 503."""
    raw_body: str | None = None
    """An HTML body in place of JSON, as an edge in front of the gateway sends."""
    after: int | None = None
    """Deltas that are sent first; None: 1, and for NO_DONE all."""
    seconds: float = 0
    """Length of SLOW and HANG."""
    rst: bool = False
    """Cut by TCP reset instead of an orderly close."""
    charged: bool | None = None
    """Whether the call is paid; None: as the vendor bills it. An error chunk tells the usage of one that is."""


class Faults:
    """The faults still to come, in order."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its requests."""
        self._waiting.append((fault, [fault.times]))

    async def take(self, request: web.Request) -> Fault | None:
        """Return the fault that meets this request, using it up once."""
        for entry in self._waiting:
            fault, left = entry
            if await meets(fault, request):
                left[0] -= 1
                if left[0] <= 0 and entry in self._waiting:
                    self._waiting.remove(entry)
                return fault
        return None


async def meets(fault: Fault, request: web.Request) -> bool:
    """Whether the fault is for this request; reads the body only where the fault asks for a text in it."""
    if not (fnmatchcase(request.method, fault.method) and fnmatchcase(request.path, fault.path)):
        return False
    return not fault.containing or fault.containing.encode() in await request.read()


class Cut(Exception):
    """The connection must be cut now, without a word more."""

    def __init__(self, *, rst: bool = False) -> None:
        super().__init__("reset" if rst else "closed")
        self.rst = rst


async def sever(transport: asyncio.BaseTransport | None, *, rst: bool) -> None:
    """Cut a connection: FIN after what was written, or RST (`SO_LINGER` of zero) once the peer could read it."""
    if not isinstance(transport, asyncio.Transport) or transport.is_closing():
        return
    if not rst:
        transport.close()
        return
    await asyncio.sleep(0.02)
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
