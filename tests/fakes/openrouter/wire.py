"""Writing to the client: an event stream that keeps its pace, and whole bodies; both can be cut short."""

import asyncio
import math

from aiohttp import web

from tests.fakes.openrouter.chunks import DONE
from tests.fakes.openrouter.faults import Action, Cut
from tests.fakes.openrouter.script import Script
from tests.fakes.openrouter.state import CALL, fault_of

COMMENT = b": OPENROUTER PROCESSING\n\n"
TICK_S = 0.01
SPLIT_PAUSE_S = 0.005
CUTS = (Action.DROP_AFTER, Action.CUT_AFTER_HEADERS, Action.CUT_MID_STREAM)
"""Faults that lose a finished answer on its way."""


class EventStream:
    """Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html.

    Every method that writes raises ConnectionError once the client has gone.
    """

    def __init__(self, request: web.Request, script: Script, headers: dict[str, str]) -> None:
        self.sent = 0
        self._request = request
        self._script = script
        self._waiting = COMMENT
        fixed = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        self._response = web.StreamResponse(headers={**headers, **fixed})

    async def open(self) -> None:
        """Make the headers ready; they travel with the first comment."""
        await self._response.prepare(self._request)

    async def idle(self, seconds: float) -> None:
        """Say only that the gateway is at work."""
        if seconds <= 0:
            return
        await self._write(b"")
        end = asyncio.get_running_loop().time() + seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, self._script.keepalive_s))
            if left > self._script.keepalive_s:
                await self._write(COMMENT)

    async def flush(self) -> None:
        """Send what waits: the headers."""
        await self._write(b"")

    async def play(self, events: list[bytes]) -> None:
        """Send deltas at the script's pace."""
        rate, started = self._script.tokens_per_second, asyncio.get_running_loop().time()
        end = self.sent + len(events)
        begin = self.sent
        while self.sent < end:
            elapsed = asyncio.get_running_loop().time() - started
            due = end if rate <= 0 else min(end, begin + 1 + int(elapsed * rate))
            if due > self.sent:
                await self.say(events[self.sent - begin : due - begin])
                self.sent = due
            if self.sent < end:
                await asyncio.sleep(max(TICK_S, (self.sent - begin) / rate - elapsed))

    async def say(self, events: list[bytes]) -> None:
        """Send events at once, dressed as the script asks."""
        if self._script.blank_data:
            events = [event + b"data:\n\n" for event in events]
        if not self._script.split_utf8:
            await self._write(b"".join(events))
            return
        for event in events:
            await self._write_split(event)

    async def end(self, events: list[bytes]) -> web.StreamResponse:
        """Send the last events and end the stream."""
        if not self._script.split_utf8 and not self._script.blank_data:
            data, self._waiting = self._waiting + b"".join(events), b""
            await self._response.write_eof(data)
            return self._response
        await self.say([event for event in events if event != DONE])
        await self._write(DONE if DONE in events else b"")
        await self._response.write_eof()
        return self._response

    async def _write_split(self, event: bytes) -> None:
        """Two segments, the first ending inside a character."""
        inside = next((index + 1 for index, byte in enumerate(event) if byte > 0x7F), len(event))
        await self._write(event[:inside])
        if inside < len(event):
            await asyncio.sleep(SPLIT_PAUSE_S)
            await self._write(event[inside:])

    async def _write(self, data: bytes) -> None:
        data, self._waiting = self._waiting + data, b""
        if data:
            await self._response.write(data)


def gone(request: web.Request) -> bool:
    """Whether the client has left."""
    return request.transport is None or request.transport.is_closing()


async def silence(request: web.Request, seconds: float) -> None:
    """Say nothing for so long (0: for ever), or until the client leaves; then the connection is to be cut.

    Raises:
        Cut: always.
    """
    end = asyncio.get_running_loop().time() + (seconds or math.inf)
    while not gone(request) and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(TICK_S * 5)
    raise Cut


async def whole(request: web.Request, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    """Send a whole body, or as much of it as the request's fault allows.

    Raises:
        Cut: the connection must be cut now.
    """
    fault = fault_of(request, *CUTS)
    if fault is None:
        return web.Response(body=body, headers=headers)
    if fault.action is not Action.DROP_AFTER:
        response = web.StreamResponse(headers={**headers, "Content-Length": str(len(body))})
        writer = await response.prepare(request)
        request[CALL].status = response.status
        if writer is not None:
            writer.send_headers()
        if fault.action is Action.CUT_MID_STREAM:
            await response.write(body[: len(body) // 2])
    raise Cut(rst=fault.rst)
