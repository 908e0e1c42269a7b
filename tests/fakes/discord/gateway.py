"""The gateway: hello, heartbeats, identify, resume, dispatch.

https://docs.discord.com/developers/events/gateway
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.discord import intents, payloads, schemas
from tests.fakes.discord.schemas import Schema
from tests.fakes.discord.sessions import Connection, Session
from tests.fakes.discord.validation import Validation
from tests.fakes.discord.world import Event, World

HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME, RECONNECT = 1, 2, 3, 4, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, BAD_TOKEN, AUTHENTICATED_TWICE = 4001, 4002, 4003, 4004, 4005
SESSION_TIMED_OUT, INVALID_SHARD, DISALLOWED_INTENTS = 4009, 4010, 4014
RESUMABLE_SECONDS = 300.0

Frame = dict[str, Any]


class Gateway:
    """All sessions and connections of the one application."""

    def __init__(self, world: World, validation: Validation) -> None:
        self._world = world
        self._validation = validation
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.heartbeat_ms = 41_250
        self.refuse_with: list[int] = []
        """Close codes for the next identifies."""
        self.identifies = 0
        self.resumes = 0
        self._began: dict[int, float] = {}
        """When a session of each bucket began last."""
        self._is_down = False
        self._open = asyncio.Event()
        self._open.set()
        self._handlers: dict[int, tuple[Schema, Callable[[Connection, Any], int | None]]] = {
            HEARTBEAT: (schemas.HEARTBEAT, self._heartbeat),
            IDENTIFY: (schemas.IDENTIFY, self._identify),
            RESUME: (schemas.RESUME, self._resume),
            REQUEST_MEMBERS: (schemas.REQUEST_MEMBERS, self._request_members),
            PRESENCE: (schemas.ANYTHING, self._ignore),
            VOICE_STATE: (schemas.ANYTHING, self._ignore),
        }
        world.publish = self.publish

    # --- what tests do to it -------------------------------------------------

    def hold(self) -> None:
        """Cut every connection and let no new one past its start until `release`."""
        self._open.clear()
        self.cut()

    def take_down(self) -> None:
        """Cut every connection and answer 503 to whoever wants another, until `release`."""
        self._is_down = True
        self.cut()

    def release(self) -> None:
        """Let connections start again."""
        self._is_down = False
        self._open.set()

    def cut(self) -> None:
        """Break every connection without a close frame."""
        for connection in tuple(self.connections):
            connection.cut()

    def close(self, code: int) -> None:
        """Close every connection with a code."""
        for connection in tuple(self.connections):
            connection.close(code)

    def ask_to_reconnect(self) -> None:
        """Send every connection the reconnect frame."""
        for connection in tuple(self.connections):
            connection.send({"op": RECONNECT, "d": None})

    def forbid_resume(self) -> None:
        """Make every session unknown to a later resume."""
        for session in self.sessions.values():
            session.resumable = False

    def reset(self) -> None:
        """Cut everything and forget all sessions."""
        self.cut()
        self.sessions.clear()
        self.refuse_with.clear()
        self.identifies = self.resumes = 0
        self._began.clear()
        self.release()

    # --- dispatch ------------------------------------------------------------

    def publish(self, event: Event) -> None:
        """Tell every session that should hear of an event."""
        self._forget_expired()
        if not self._is_told(event):
            return
        for session in self.sessions.values():
            shard, shards = session.shard
            if intents.shard_of(event.guild_id, shards) != shard:
                continue
            if intents.heard(event.name, session.intents, in_guild=event.guild_id is not None):
                data = intents.readable(event.name, event.data, session.intents, self._world.bot_id)
                session.dispatch(event.name, data)

    def _is_told(self, event: Event) -> bool:
        """Whether the bot is where something happens; of what people do with its commands it is told anyway."""
        channel = self._world.channels.get(str(event.data.get("channel_id")))
        return channel is None or event.name == "INTERACTION_CREATE" or self._world.has_bot(channel)

    def _forget_expired(self) -> None:
        oldest = self._world.clock.now() - RESUMABLE_SECONDS
        expired = [key for key, each in self.sessions.items() if each.lost_at is not None and each.lost_at < oldest]
        for key in expired:
            del self.sessions[key]

    # --- one connection ------------------------------------------------------

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one web socket until it ends."""
        if self._is_down:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=16 * 1024, timeout=2)
        await socket.prepare(request)
        connection = Connection(request, socket)
        self.connections.add(connection)
        try:
            await self._open.wait()
            connection.send({"op": HELLO, "d": {"heartbeat_interval": self.heartbeat_ms}})
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(connection.write())
                await self._read(connection, socket)
                connection.finish()
        finally:
            self.connections.discard(connection)
            self._lost(connection, socket.close_code)
        return socket

    async def _read(self, connection: Connection, socket: web.WebSocketResponse) -> None:
        patience = self.heartbeat_ms / 1000 * 1.5 + 1
        while True:
            try:
                message = await socket.receive(timeout=patience)
            except TimeoutError:
                connection.close(SESSION_TIMED_OUT)
                return
            if message.type is not WSMsgType.TEXT:
                return
            problem = self._take(connection, message.data)
            if problem is not None:
                connection.close(problem)
                return

    def _lost(self, connection: Connection, code: int | None) -> None:
        for key, session in tuple(self.sessions.items()):
            if session.connection is not connection:
                continue
            session.connection, session.lost_at = None, self._world.clock.now()
            # The client's own 1000 or 1001 ends the session; every other loss can be resumed.
            if code in {1000, 1001} and not connection.closed_here:
                del self.sessions[key]
        self._world.touch()

    def _take(self, connection: Connection, raw: str) -> int | None:
        """Act on a frame and return the close code that it deserves, or None."""
        try:
            frame = json.loads(raw)
            op, data = frame["op"], frame.get("d")
        except (ValueError, KeyError, TypeError):
            return self._broken(f"not a frame: {raw[:100]}", DECODE_ERROR)
        if op not in self._handlers:
            return self._broken(f"unknown opcode {op}", UNKNOWN_OPCODE)
        schema, handle = self._handlers[op]
        problem = self._validation.frame(schema, data)
        if problem is not None:
            return self._broken(f"opcode {op}: {problem}", DECODE_ERROR)
        return self._untimely(connection, op) or handle(connection, data)

    def _untimely(self, connection: Connection, op: int) -> int | None:
        known = any(each.connection is connection for each in self.sessions.values())
        if not known and op not in {HEARTBEAT, IDENTIFY, RESUME}:
            return self._broken(f"opcode {op} before identify", NOT_AUTHENTICATED)
        if known and op in {IDENTIFY, RESUME}:
            return self._broken("identified twice", AUTHENTICATED_TWICE)
        return None

    def _broken(self, violation: str, code: int) -> int:
        self._world.records.violations.append(f"gateway: {violation}")
        return code

    def _heartbeat(self, connection: Connection, _data: Any) -> None:
        connection.send({"op": HEARTBEAT_ACK})

    def _identify(self, connection: Connection, data: Frame) -> int | None:
        self.identifies += 1
        world, (shard, shards) = self._world, data.get("shard", (0, 1))
        refused = self._refused(data, shard, shards)
        if refused is not None:
            return refused
        if self._is_too_soon(shard):
            connection.send({"op": INVALID_SESSION, "d": False})
            return None
        session = Session(
            id=secrets.token_hex(16), intents=data["intents"], shard=(shard, shards), connection=connection
        )
        self.sessions[session.id] = session
        self._welcome(session)
        world.touch()
        return None

    def _refused(self, data: Frame, shard: int, shards: int) -> int | None:
        """Return the close code of an identify that is never let in."""
        if self.refuse_with:
            return self.refuse_with.pop(0)
        if data["token"].removeprefix("Bot ") != self._world.token:
            return BAD_TOKEN
        if intents.disallowed(data["intents"], self._world.privileged_intents):
            return DISALLOWED_INTENTS
        return None if 0 <= shard < shards else self._broken(f"shard {shard} of {shards}", INVALID_SHARD)

    def _is_too_soon(self, shard: int) -> bool:
        """Count a session of a bucket; https://docs.discord.com/developers/events/gateway#rate-limiting."""
        world, bucket, now = self._world, shard % self._world.max_concurrency, self._world.clock.now()
        before = self._began.get(bucket)
        if world.identify_seconds and before is not None and now - before < world.identify_seconds:
            self._broken(f"shard {shard} identified {now - before:.2f} s after another of its bucket", 0)
            return True
        self._began[bucket] = now
        return False

    def _welcome(self, session: Session) -> None:
        world = self._world
        mine = [
            each
            for each in world.guilds.values()
            if intents.shard_of(each.id, session.shard[1]) == session.shard[0] and world.bot_id in each.members
        ]
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": payloads.own_user(world),
                "guilds": [{"id": each.id, "unavailable": True} for each in mine],
                "session_id": session.id,
                "resume_gateway_url": world.origin.replace("http", "ws", 1) + "/gw",
                "shard": list(session.shard),
                "application": {"id": world.application_id, "flags": payloads.application_flags(world)},
            },
        )
        if session.intents & intents.GUILDS:
            for guild in mine:
                session.dispatch("GUILD_CREATE", payloads.guild_create(world, guild))

    def _resume(self, connection: Connection, data: Frame) -> int | None:
        self.resumes += 1
        if data["token"].removeprefix("Bot ") != self._world.token:
            return BAD_TOKEN
        self._forget_expired()
        session = self.sessions.get(data["session_id"])
        if session is None or not session.resumable:
            connection.send({"op": INVALID_SESSION, "d": False})
            return None
        session.connection, session.lost_at = connection, None
        session.replay(data["seq"])
        session.dispatch("RESUMED", {"_trace": []})
        self._world.touch()
        return None

    def _request_members(self, connection: Connection, data: Frame) -> None:
        session = next(each for each in self.sessions.values() if each.connection is connection)
        guild = self._world.guild(str(data["guild_id"]))
        asked = {str(each) for each in data.get("user_ids") or ()}
        found = [
            payloads.member(self._world, each) for each in guild.members.values() if not asked or each.user_id in asked
        ]
        chunk = {"guild_id": guild.id, "members": found, "chunk_index": 0, "chunk_count": 1, "not_found": []}
        session.dispatch("GUILD_MEMBERS_CHUNK", {**chunk, "nonce": data.get("nonce")})

    def _ignore(self, _connection: Connection, _data: Any) -> None:
        """Take a frame that changes nothing here."""
