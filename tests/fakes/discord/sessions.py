"""A gateway session: what one shard was told, kept so that a broken connection can resume.

https://docs.discord.com/developers/events/gateway#resuming
"""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEPT_EVENTS = 20_000
DISPATCH = 0


@dataclass(frozen=True, slots=True)
class Close:
    """An instruction to end a connection, with a close frame where there is a code."""

    code: int | None = None


class Connection:
    """One web socket and the frames waiting to be sent on it, in order."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._request = request
        self._socket = socket
        self._waiting: asyncio.Queue[str | Close] = asyncio.Queue()
        self.closed_here = False

    def send(self, frame: dict[str, Any]) -> None:
        """Queue a frame."""
        self._waiting.put_nowait(json.dumps(frame))

    def send_text(self, text: str) -> None:
        """Queue a frame that is JSON already."""
        self._waiting.put_nowait(text)

    def close(self, code: int) -> None:
        """Close with a code, after everything queued before."""
        self.closed_here = True
        self._waiting.put_nowait(Close(code))

    def finish(self) -> None:
        """Send nothing more: the client has gone."""
        self._waiting.put_nowait(Close())

    def cut(self) -> None:
        """Break the connection as a lost network does: no close frame."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is queued, until the connection ends."""
        while True:
            item = await self._waiting.get()
            if isinstance(item, Close):
                if item.code is not None:
                    await self._socket.close(code=item.code)
                return
            try:
                await self._socket.send_str(item)
            except ConnectionError:
                return


@dataclass(kw_only=True, slots=True)
class Session:
    """One shard's stream of events."""

    id: str
    intents: int
    shard: tuple[int, int]
    connection: Connection | None
    sequence: int = 0
    resumable: bool = True
    lost_at: float | None = None
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))

    def dispatch(self, name: str, data: dict[str, Any]) -> None:
        """Tell the session of an event: at once where it is connected, after a resume where it is not."""
        self.sequence += 1
        text = json.dumps({"op": DISPATCH, "s": self.sequence, "t": name, "d": data})
        self.sent.append((self.sequence, text))
        if self.connection is not None:
            self.connection.send_text(text)

    def replay(self, after: int) -> int:
        """Send again every event after a sequence number and return how many there were."""
        missed = [text for number, text in self.sent if number > after]
        if self.connection is not None:
            for text in missed:
                self.connection.send_text(text)
        return len(missed)
