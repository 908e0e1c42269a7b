"""Socket Mode: the websockets of the app, https://docs.slack.dev/apis/events-api/using-socket-mode."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.slack.identity import APP_ID
from tests.fakes.slack.validation import ACKS, problems_of
from tests.fakes.slack.world import Json, World, now

MAX_SOCKETS = 10


@dataclass(kw_only=True, eq=False)
class Socket:
    """One connection of the app."""

    id: str
    ws: web.WebSocketResponse
    request: web.Request
    draining: bool = False
    """Told to reconnect: gets nothing new."""
    silent: bool = False
    """Answers pings and takes payloads, but lets nothing through."""
    received: int = 0

    def abort(self) -> None:
        """Cut the connection without a closing handshake."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass(kw_only=True)
class Pending:
    """An envelope that waits for its acknowledgement."""

    socket: str
    sent_at: float
    answer: asyncio.Future[Json] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Sockets:
    """The open sockets; each payload goes to one of them, in turn."""

    def __init__(self) -> None:
        self.open: list[Socket] = []
        self.acks: list[Json] = []
        self.cut_after: int | None = None
        """Cut the socket right after this many more envelopes were written to it."""
        self._pending: dict[str, Pending] = {}
        self._turn = 0

    async def send(self, kind: str, payload: Json, **marks: Any) -> tuple[str, Pending] | None:
        """Write an envelope to the next socket; returns its id and what waits for the ack, None without a socket."""
        ready = [socket for socket in self.open if not socket.draining]
        if not ready:
            return None
        self._turn += 1
        socket = ready[self._turn % len(ready)]
        envelope_id = str(uuid.uuid4())
        pending = self._pending[envelope_id] = Pending(socket=socket.id, sent_at=now())
        envelope = {"envelope_id": envelope_id, "type": kind, "payload": payload, **marks}
        if socket.silent:
            return envelope_id, pending
        try:
            await socket.ws.send_str(json.dumps(envelope))
        except ConnectionError:
            del self._pending[envelope_id]
            self._forget(socket)
            return None
        socket.received += 1
        self._cut_if_due(socket)
        return envelope_id, pending

    def give_up(self, envelope_id: str) -> None:
        """Stop to wait: a later ack is a late one."""
        self._pending.pop(envelope_id, None)

    async def serve(self, request: web.Request, world: World, ping_seconds: float) -> web.WebSocketResponse:
        """Hold one connection until it ends, and ping it meanwhile."""
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        if len(self.open) >= MAX_SOCKETS:
            await ws.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await ws.close()
            return ws
        socket = Socket(id=uuid.uuid4().hex[:8], ws=ws, request=request)
        self.open.append(socket)
        try:
            await ws.send_json(self._hello())
            world.note("socket.opened", socket=socket.id)
            async with asyncio.TaskGroup() as group:
                pinging = group.create_task(_ping(socket, ping_seconds))
                async for frame in ws:
                    if frame.type == WSMsgType.TEXT:
                        self._receive(socket, frame.data, world)
                pinging.cancel()
        finally:
            self._forget(socket)
            world.note("socket.closed", socket=socket.id)
        return ws

    async def disconnect(self, reason: str) -> None:
        """Ask every client to reconnect; only after a `warning` the socket still gets payloads."""
        for socket in list(self.open):
            socket.draining = reason != "warning"
            await socket.ws.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "loopback"}})

    def silence(self) -> int:
        """Let the open connections say nothing more, although they stay; returns how many there are."""
        for socket in self.open:
            socket.silent = True
        return len(self.open)

    def cut(self) -> int:
        """Cut every connection; returns how many there were."""
        sockets = list(self.open)
        for socket in sockets:
            socket.abort()
            self._forget(socket)
        return len(sockets)

    def _hello(self) -> Json:
        debug = {"host": "loopback", "build_number": 1, "approximate_connection_time": 18060}
        hello = {"type": "hello", "num_connections": len(self.open), "debug_info": debug}
        return hello | {"connection_info": {"app_id": APP_ID}}

    def _receive(self, socket: Socket, data: str, world: World) -> None:
        """Take an acknowledgement; anything else breaks the protocol."""
        try:
            ack = json.loads(data)
        except json.JSONDecodeError:
            world.violate(f"socket: not JSON: {data[:100]}")
            return
        if problems := problems_of(ACKS, ack):
            world.violate(f"socket: {problems[0]}")
            return
        at = now()
        pending = self._pending.pop(ack["envelope_id"], None)
        seconds = at - pending.sent_at if pending else None
        self.acks.append({**ack, "at": at, "socket": socket.id, "seconds": seconds, "in_time": pending is not None})
        if pending and not pending.answer.done():
            pending.answer.set_result(ack)
        world.touch()

    def _cut_if_due(self, socket: Socket) -> None:
        if self.cut_after is None:
            return
        self.cut_after -= 1
        if self.cut_after <= 0:
            self.cut_after = None
            socket.abort()
            self._forget(socket)

    def _forget(self, socket: Socket) -> None:
        if socket in self.open:
            self.open.remove(socket)


async def _ping(socket: Socket, seconds: float) -> None:
    """Ping a connection until it ends or is silent, as Slack does all the time."""
    while not socket.silent:
        await asyncio.sleep(seconds)
        try:
            if not socket.silent:
                await socket.ws.ping()
        except ConnectionError:
            return
