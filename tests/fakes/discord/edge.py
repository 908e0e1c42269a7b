"""The way of one request: fault, token, rate limit, body, schemas, the operation, record, answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.fakes.discord.bodies import Body, read_body
from tests.fakes.discord.calls import Call, Operation
from tests.fakes.discord.faults import Fault, Faults
from tests.fakes.discord.limits import Limits, Verdict, too_many
from tests.fakes.discord.refusals import Refusal
from tests.fakes.discord.validation import Validation
from tests.fakes.discord.world import World

API = "/api/v10"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """Return JSON with exactly the content type that client libraries compare with, or an empty 204."""
    if body is None:
        return web.Response(status=204, headers=headers)
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json", headers=headers)


class Edge:
    """Wraps each operation of the API in everything that all of them share."""

    def __init__(self, world: World, validation: Validation, limits: Limits, faults: Faults) -> None:
        self._world = world
        self._validation = validation
        self._limits = limits
        self._faults = faults

    def serve(self, operation: Operation) -> Handler:
        """Return the HTTP handler of an operation."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self.with_faults(request, lambda: self._answered(request, operation))

        return handle

    async def with_faults(
        self, request: web.Request, respond: Callable[[], Awaitable[web.Response]]
    ) -> web.StreamResponse:
        """Answer a request, with the trouble planned for it."""
        fault = self._faults.take(request.method, request.path.removeprefix(API))
        if fault is None:
            return await respond()
        await request.read() if fault.kind == "drop_before" else None
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        early = _instead(request, fault)
        if early is not None:
            self.record(request, status=early.status, fault=fault.kind)
            return early
        response = await respond()
        if fault.kind == "drop_after":
            return _cut(request)
        return await _half(request, response) if fault.kind == "truncate" else response

    async def _answered(self, request: web.Request, operation: Operation) -> web.Response:
        path = dict(request.match_info)
        verdict = self._limits.take(operation.method, operation.template, path, counts_globally=operation.token)
        if verdict.retry_after is not None:
            await request.read()
            return self._limited(request, verdict)
        body = Body()
        try:
            self._authenticate(request, operation)
            body = await read_body(request)
            self._validation.query(operation.query, request.query)
            self._validation.body(operation.body, body.payload, operation.method, operation.template)
            found = operation.run(Call(world=self._world, path=path, query=request.query, body=body))
        except Refusal as no:
            self._refused(request, no)
            self.record(request, status=no.status, code=no.code, body=body)
            return answer(no.status, no.body(), verdict.headers)
        self.record(request, status=204 if found is None else operation.status, body=body)
        return answer(operation.status, found, verdict.headers)

    def _authenticate(self, request: web.Request, operation: Operation) -> None:
        if operation.token and request.headers.get("Authorization") != f"Bot {self._world.token}":
            raise Refusal(401, 0, "401: Unauthorized")

    def _limited(self, request: web.Request, verdict: Verdict) -> web.Response:
        body, headers = too_many(verdict.retry_after or 0, is_global=verdict.is_global)
        self.record(request, status=429)
        return answer(429, body, verdict.headers | headers)

    async def unknown(self, request: web.Request) -> web.Response:
        """Answer a path that the fake does not have; what it lacks must not pass unseen."""
        no = Refusal(404, 0, "404: Not Found", detail="no such operation in this fake", violation=True)
        self._refused(request, no)
        self.record(request, status=404)
        return answer(404, no.body())

    def _refused(self, request: web.Request, no: Refusal) -> None:
        path = request.path.removeprefix(API)
        line = f"{request.method} {path}: {no.status} {no.code} {no.message} {no.detail}".rstrip()
        self._world.records.refusals.append(line)
        if no.violation:
            self._world.records.violations.append(line)

    def record(
        self, request: web.Request, *, status: int, code: int = 0, body: Body | None = None, fault: str | None = None
    ) -> None:
        """Write a request down for the tests."""
        taken = {} if body is None else body.uploads
        self._world.records.requests.append(
            {
                "at": self._world.clock.now(),
                "method": request.method,
                "path": request.path.removeprefix(API),
                "status": status,
                "code": code,
                "fault": fault,
                "payload": None if body is None else body.payload,
                "files": [
                    {"filename": each.filename, "content_type": each.content_type, "size": len(each.data)}
                    for each in taken.values()
                ],
            }
        )
        self._world.touch()


def _instead(request: web.Request, fault: Fault) -> web.Response | None:
    if fault.kind == "429":
        body, headers = too_many(fault.seconds, is_global=fault.is_global)
        return answer(429, body, headers)
    if fault.kind == "500":
        return answer(500, {"message": "500: Internal Server Error", "code": 0})
    return _cut(request) if fault.kind == "drop_before" else None


def _cut(request: web.Request) -> web.Response:
    """Close the connection; the returned answer reaches nobody."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=499)


async def _half(request: web.Request, response: web.Response) -> web.StreamResponse:
    whole = response.body if isinstance(response.body, bytes) else b""
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(whole)
    await stream.prepare(request)
    await stream.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()
    return stream
