"""A request on its way through the queue or straight to a runner: opened, carried out, told."""

import asyncio
import json
import uuid
from typing import Any

from aiohttp import web

from tests.fakes.fal.answer import answer
from tests.fakes.fal.errors import ApiError, invalid, refusal
from tests.fakes.fal.ledger import Call
from tests.fakes.fal.schemas import INPUTS, breaches, validator
from tests.fakes.fal.state import FAKE, Fake
from tests.fakes.fal.webhooks import deliver

UNSTARTED = {"detail": "Request timed out", "error_type": "request_timeout"}
CANCELLED = {"detail": "Request was cancelled by the client", "error_type": "client_cancelled"}


async def opened(request: web.Request, way: str, endpoint: str) -> Call:
    """Read and check a request that makes a model work, and write it down.

    Raises:
        ApiError: it is refused.
    """
    fake = request.app[FAKE]
    fake.authenticate(request)
    if endpoint not in INPUTS:
        raise refusal(404, f'Application "{endpoint}" not found', violation=True)
    body = await read_input(request)
    call = Call(
        index=len(fake.calls),
        way=way,
        endpoint=endpoint,
        request_id=str(uuid.uuid4()),
        input=body,
        headers={name.lower(): value for name, value in request.headers.items()},
        webhook=request.query.get("fal_webhook", ""),
        script=fake.scripts.find(str(body.get("prompt", ""))),
        sent_at=fake.now(),
    )
    fake.calls.append(call)
    found = breaches(validator(endpoint), body)
    if found:
        fake.violations.append(f"{way} {endpoint}: {'; '.join(found)}")
        refuse(fake, call, invalid("input", "; ".join(found), "value_error"))
    return call


async def read_input(request: web.Request) -> dict[str, Any]:
    """The input as an object.

    Raises:
        ApiError: it is none.
    """
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise refusal(400, "Invalid JSON in the request body", violation=True) from None
    if request.content_type != "application/json" or not isinstance(body, dict):
        raise refusal(400, "The request body is no JSON object", violation=True)
    return body


def refuse(fake: Fake, call: Call, error: ApiError) -> None:
    """End a call with an error."""
    call.status, call.output, call.output_headers = error.status, error.body, error.headers
    call.ended_at = fake.now()
    call.move("COMPLETED")


async def carry_out(fake: Fake, call: Call) -> None:
    """Take a queued call through its states to its end, and tell the webhook."""
    patience = float(call.headers.get("x-fal-request-timeout", "inf"))
    if not call.over:
        await pause(call, min(call.script.queue_s, patience))
    if not call.over and call.script.queue_s > patience:
        refuse(fake, call, ApiError(504, UNSTARTED, headers={"X-Fal-Request-Timeout-Type": "user"}))
    if not call.over:
        call.started_at = fake.now()
        call.move("IN_PROGRESS")
        await pause(call, call.script.work_s)
    if not call.over:
        complete(fake, call)
    await asyncio.sleep(call.script.webhook_delay_s)
    if call.webhook and not call.cancelled:
        await deliver(fake, call)


async def pause(call: Call, seconds: float) -> None:
    """Let time pass, or until the call moves by itself."""
    try:
        async with asyncio.timeout(seconds):
            await call.moved.wait()
    except TimeoutError:
        pass


def complete(fake: Fake, call: Call) -> None:
    """Carry out what the model is asked."""
    if call.wants_cancel and not call.script.stubborn:
        cancel(fake, call)
        return
    answer(fake, call)
    call.ended_at = fake.now()
    call.move("COMPLETED")


def cancel(fake: Fake, call: Call) -> None:
    """Stop a call: nothing is charged."""
    call.cancelled = True
    refuse(fake, call, ApiError(499, CANCELLED, headers={"X-Fal-Error-Type": "client_cancelled"}))
