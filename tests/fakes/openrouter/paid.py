"""What all paid endpoints share: a line in the ledger, admission, faults, and the ways in which a call can end."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.fakes.openrouter.errors import ApiError, fault_error, faulty_answer, refusal
from tests.fakes.openrouter.faults import Action, Cut, Fault, sever
from tests.fakes.openrouter.ledger import Call
from tests.fakes.openrouter.multipart import form_body
from tests.fakes.openrouter.state import BODY, CALL, FAKE, FAULT, Fake, fault_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def general_headers(call: Call) -> dict[str, str]:
    """The header that every answer has."""
    return {"X-Generation-Id": call.generation_id}


async def serve_paid(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Serve a POST: open its line, admit it, answer it, and write down how it ended."""
    fake = request.app[FAKE]
    call = request[CALL] = fake.ledger.open(request.path)
    try:
        await admit(request, fake, call)
        return await handler(request)
    except ApiError as error:
        return refuse(fake, call, error)
    except Cut as cut:
        await sever(request.transport, rst=cut.rst)
        fake.ledger.end(call, "cut")
    except ConnectionError:
        fake.ledger.end(call, "cancelled")
    return web.Response()


async def admit(request: web.Request, fake: Fake, call: Call) -> None:
    """Read the request, meet its fault, and check who asks.

    Raises:
        ApiError: it is refused.
        Cut: the connection must be cut now.
    """
    fault = await fake.faults.take(request)
    if fault is not None:
        request[FAULT] = fault
        call.fault = fault.action
        await stumble(fault)
    raw = await request.read()
    call.body_sha256, call.body_bytes = hashlib.sha256(raw).hexdigest(), len(raw)
    fake.ledger.keep(call, dict(request.headers), raw)
    fake.account.authenticate(request)
    fake.account.admit(fake.ledger.spent_usd)
    body = request[BODY] = await read_body(request, raw)
    describe(call, body)
    call.session_id = call.session_id or request.headers.get("X-Session-Id")
    if fault is not None and not fault.charged:
        raise_error(request, call.model)


async def stumble(fault: Fault) -> None:
    """Cut before the request is read, or wait.

    Raises:
        Cut: the connection must be cut now.
    """
    if fault.action is Action.DROP_BEFORE:
        raise Cut(rst=fault.rst)
    if fault.action is Action.SLOW:
        await asyncio.sleep(fault.seconds)


async def read_body(request: web.Request, raw: bytes) -> dict[str, Any]:
    """The request as an object, from JSON or from a form.

    Raises:
        ApiError: it is neither.
    """
    if request.content_type == "multipart/form-data":
        return await form_body(request, raw)
    if request.content_type != "application/json":
        raise refusal(400, f"Unsupported content type {request.content_type}", violation=True)
    try:
        body = json.loads(raw)
    except ValueError:
        raise refusal(400, "Invalid JSON in the request body", violation=True) from None
    if not isinstance(body, dict):
        raise refusal(400, "The request body is no object", violation=True)
    return body


def describe(call: Call, body: dict[str, Any]) -> None:
    """Write down what the ledger shows of a request."""
    call.model = str(body.get("model", ""))
    call.stream = body.get("stream") is True
    call.session_id = body.get("session_id")
    call.user = body.get("user")


def raise_error(request: web.Request, model: str) -> None:
    """Answer with the error that the request's fault asks for.

    Raises:
        ApiError: the fault is an error.
    """
    fault = fault_of(request, Action.ERROR, Action.OK_ERROR)
    if fault is None:
        return
    if fault.action is Action.ERROR:
        raise faulty_answer(fault, model)
    raise ApiError(200, {"error": fault_error(fault, model)[1]})


def buy(request: web.Request, cost_usd: float) -> None:
    """Charge the call; from here on it is paid, whatever becomes of its connection.

    Raises:
        ApiError: the fault is an error that is billed.
    """
    fault = request.get(FAULT)
    if fault is None or fault.charged is not False:
        request.app[FAKE].ledger.charge(request[CALL], cost_usd)
    raise_error(request, request[CALL].model)


def refuse(fake: Fake, call: Call, error: ApiError) -> web.Response:
    """Answer with an error, and remember it where the client broke the contract."""
    if error.violation is not None:
        fake.violations.append(f"POST {call.path}: {error.violation}")
    fake.ledger.end(call, "error", error.status)
    return error.response(general_headers(call))
