"""The queue: https://fal.ai/docs/documentation/model-apis/inference/queue.

Status, result and cancel are found under the first two parts of the endpoint's name alone.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.fakes.fal.calls import cancel, carry_out, opened
from tests.fakes.fal.errors import refusal
from tests.fakes.fal.ledger import Call
from tests.fakes.fal.state import FAKE, Fake

APP = "/queue/openrouter/router"
KEPT_S = 3600
LARGE_KEPT_S = 360
LARGE_BYTES = 10_000
KEEPALIVE_S = 15


def add_routes(app: web.Application) -> None:
    """Add the queue."""
    one = f"{APP}/requests/{{id}}"
    app.router.add_get(f"{one}/status", status)
    app.router.add_get(f"{one}/status/stream", status_stream)
    app.router.add_put(f"{one}/cancel", cancelling)
    app.router.add_get(one, result)
    app.router.add_post("/queue/{endpoint:.+}", submit)


async def submit(request: web.Request) -> web.Response:
    """Put a request into the queue."""
    fake = request.app[FAKE]
    call = await opened(request, "queue", request.match_info["endpoint"])
    fake.start(carry_out(fake, call))
    return web.json_response(
        {"status": "IN_QUEUE", "gateway_request_id": call.request_id, "queue_position": 0, **addresses(request, call)},
        headers={"x-fal-request-id": call.request_id},
    )


async def status(request: web.Request) -> web.Response:
    """Tell where a request is: 202 until it is over."""
    call = found(request)
    told = status_of(request, call)
    return web.json_response(told, status=200 if call.over else 202, headers={"x-fal-request-id": call.request_id})


async def status_stream(request: web.Request) -> web.StreamResponse:
    """Tell every change until the request is over."""
    call = found(request)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    while True:
        moved, over = call.moved, call.over
        await response.write(f"data: {json.dumps(status_of(request, call))}\n\n".encode())
        if over:
            return response
        while not moved.is_set():
            try:
                async with asyncio.timeout(KEEPALIVE_S):
                    await moved.wait()
            except TimeoutError:
                await response.write(b": keep-alive\n\n")


async def result(request: web.Request) -> web.Response:
    """Give the model's own answer: status, headers and body."""
    call = found(request)
    if not call.over:
        raise refusal(400, "Request is still in progress")
    headers = {**call.output_headers, "x-fal-request-id": call.request_id}
    return web.json_response(call.output, status=call.status, headers=headers)


async def cancelling(request: web.Request) -> web.Response:
    """Take a request out of the queue, or ask its runner to stop."""
    fake = request.app[FAKE]
    fake.authenticate(request)
    call = fake.find(request.match_info["id"])
    if call is None:
        return web.json_response({"status": "NOT_FOUND"}, status=404)
    if call.over:
        return web.json_response({"status": "ALREADY_COMPLETED"}, status=400)
    if call.state == "IN_QUEUE":
        cancel(fake, call)
        return web.json_response({"status": "OK"})
    call.wants_cancel = True
    if not call.script.stubborn:
        cancel(fake, call)
    return web.json_response({"status": "CANCELLATION_REQUESTED"}, status=202)


def found(request: web.Request) -> Call:
    """The request that is asked for.

    Raises:
        ApiError: it is unknown, or no longer kept.
    """
    fake = request.app[FAKE]
    fake.authenticate(request)
    call = fake.find(request.match_info["id"])
    if call is None or call.lost or call.way != "queue" or expired(fake, call):
        raise refusal(404, "Request not found")
    return call


def expired(fake: Fake, call: Call) -> bool:
    """Whether a result is kept no longer: https://fal.ai/docs/inference-api/queue/result."""
    if call.ended_at is None:
        return False
    large = len(json.dumps(call.output)) >= LARGE_BYTES
    return fake.now() > call.ended_at + (LARGE_KEPT_S if large else KEPT_S)


def status_of(request: web.Request, call: Call) -> dict[str, Any]:
    """Where a request is, in the vendor's words."""
    told: dict[str, Any] = {"status": call.state, **addresses(request, call)}
    if call.state == "IN_QUEUE":
        return {**told, "queue_position": 0}
    told["logs"] = logs_of(call) if request.query.get("logs") in {"1", "true", "True"} else None
    if call.over:
        told["metrics"] = {} if call.started_at is None else {"inference_time": call.script.work_s}
        if call.status != 200:
            told |= {"error": str(call.output.get("detail", "error")), "error_type": call.output.get("error_type")}
    return told


def logs_of(call: Call) -> list[dict[str, str]]:
    """What the runner logged."""
    at = datetime.fromtimestamp(call.sent_at, UTC).isoformat()
    return [{"message": line, "level": "INFO", "source": "USER", "timestamp": at} for line in call.script.logs]


def addresses(request: web.Request, call: Call) -> dict[str, str]:
    """Where to ask for a request."""
    one = f"{request.url.origin()}{APP}/requests/{call.request_id}"
    return {
        "request_id": call.request_id,
        "response_url": one,
        "status_url": f"{one}/status",
        "cancel_url": f"{one}/cancel",
    }
