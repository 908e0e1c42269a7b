"""Straight to a runner, without the queue: whole (https://fal.ai/docs/inference-api/run) and streamed."""

import asyncio
import json
from typing import Any

from aiohttp import web

from tests.fakes.fal.calls import complete, opened
from tests.fakes.fal.errors import refusal
from tests.fakes.fal.ledger import Call
from tests.fakes.fal.state import FAKE, Fake

STREAMS = frozenset({"openrouter/router", "openrouter/router/video", "openrouter/router/vision"})


def add_routes(app: web.Application) -> None:
    """Add the direct calls."""
    app.router.add_post("/run/{endpoint:.+}/stream", stream)
    app.router.add_post("/run/{endpoint:.+}", run)


async def run(request: web.Request) -> web.Response:
    """Answer with the output; it is charged even where the client does not wait for it."""
    fake = request.app[FAKE]
    call = await opened(request, "run", request.match_info["endpoint"])
    await work(fake, call)
    headers = {**call.output_headers, "x-fal-request-id": call.request_id}
    return web.json_response(call.output, status=call.status, headers=headers)


async def work(fake: Fake, call: Call) -> None:
    """Carry a call out at once."""
    if call.over:
        return
    call.started_at = fake.now()
    call.move("IN_PROGRESS")
    await asyncio.sleep(call.script.work_s)
    complete(fake, call)


async def stream(request: web.Request) -> web.StreamResponse:
    """Answer with events whose `output` grows; there is no end mark."""
    fake = request.app[FAKE]
    endpoint = request.match_info["endpoint"]
    if endpoint not in STREAMS:
        raise refusal(404, f"Path {endpoint}/stream not found", violation=True)
    call = await opened(request, "stream", endpoint)
    if not call.over:
        call.started_at = fake.now()
        complete(fake, call)
    headers = {**call.output_headers, "x-fal-request-id": call.request_id}
    if call.status != 200:
        return web.json_response(call.output, status=call.status, headers=headers)
    response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    await response.write(b": ping\n\n")
    events = events_of(call)
    for event in events:
        await response.write(f"event: event\ndata: {json.dumps(event)}\n\n".encode())
        await asyncio.sleep(call.script.work_s / len(events))
    return response


def events_of(call: Call) -> list[dict[str, Any]]:
    """The events of an answer: one a word, then the whole."""
    whole = call.output
    words = whole["output"].split(" ")
    grown = [" ".join(words[: count + 1]) for count in range(len(words))]
    thought = whole.get("reasoning")
    first = [{"output": "", "reasoning": thought, "partial": True, "error": None}] if thought else []
    events = [*first, *({"output": text, "reasoning": thought, "partial": True, "error": None} for text in grown)]
    last = {"partial": False, "error": None, **whole}
    return [*events, last] if call.script.events is None else events[: call.script.events]
