"""The application: every route, and what every request meets first."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.fakes.openai_server import control
from tests.fakes.openai_server.chat import chat_completions
from tests.fakes.openai_server.sound import speech, transcriptions
from tests.fakes.openai_server.state import CALL, FAKE, FAULT, Action, Call, Fake, Fault, Refusal
from tests.fakes.openrouter.faults import Cut, sever

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LARGEST_BODY = 256 * 1024 * 1024
PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def application() -> web.Application:
    """Build the server."""
    app = web.Application(middlewares=[meet], client_max_size=LARGEST_BODY)
    app[FAKE] = Fake()
    app.router.add_post("/v1/chat/completions", chat_completions)
    app.router.add_post("/v1/audio/transcriptions", transcriptions)
    app.router.add_post("/v1/audio/speech", speech)
    control.add_routes(app)
    app.router.add_get("/{path:.*}", read)
    app.router.add_route("*", "/{path:.*}", unknown)
    return app


@web.middleware
async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send control requests, calls and reads their ways."""
    if request.path.startswith("/_fake/"):
        return await handler(request)
    fake = request.app[FAKE]
    call = request[CALL] = Call(path=request.path, key=request.headers.get("Authorization", ""))
    (fake.calls.append(call) if request.method == "POST" else fake.reads.append(request.path_qs))
    try:
        response = await admitted(request, handler, fake)
    except Refusal as refusal:
        return refused(fake, call, refusal)
    except Cut as cut:
        call.outcome = "cut"
        await sever(request.transport, rst=cut.rst)
        return web.Response()
    except ConnectionError:
        call.outcome = "cancelled"
        return web.Response()
    call.outcome = "complete" if call.outcome == "open" else call.outcome
    return response


async def admitted(request: web.Request, handler: Handler, fake: Fake) -> web.StreamResponse:
    """Check the key, meet the fault, answer.

    Raises:
        Refusal: it is refused.
        Cut: the connection must be cut now.
    """
    fault = fake.fault(request.path)
    if fault is not None:
        request[FAULT] = fault
        if (response := await stumble(request, fault, fake)) is not None:
            return response
    if fake.key and request.headers.get("Authorization") != f"Bearer {fake.key}":
        raise Refusal(401, "Invalid API Key")
    return await handler(request)


async def stumble(request: web.Request, fault: Fault, fake: Fake) -> web.StreamResponse | None:
    """Let happen what happens before an answer; None where the answer begins all the same.

    Raises:
        Cut: the connection must be cut now.
    """
    await request.read()
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    request[CALL].outcome = "error"
    match fault.action:
        case Action.ERROR:
            body = fake.flavour.error(fault.status, fault.message)
            return web.json_response(body, status=fault.status, headers=headers)
        case Action.OK_ERROR:
            return web.json_response(fake.flavour.error(fault.status, fault.message))
        case Action.PAGE:
            return web.Response(status=fault.status, text=PAGE, content_type="text/html", headers=headers)
        case Action.DROP:
            raise Cut(rst=fault.rst)
        case Action.HANG:
            await asyncio.Event().wait()
        case _:
            request[CALL].outcome = "open"
    return None


def refused(fake: Fake, call: Call, refusal: Refusal) -> web.Response:
    """Answer with an error, and remember it where the client broke the contract."""
    call.outcome = "error"
    if refusal.breach:
        fake.violations.append(f"{call.path}: {refusal.message}")
    return web.json_response(fake.flavour.error(refusal.status, refusal.message), status=refusal.status)


async def read(request: web.Request) -> web.Response:
    """Answer what this server lists."""
    found = request.app[FAKE].flavour.listings.get(request.path)
    if found is None:
        raise Refusal(404, "File Not Found")
    return web.json_response(found)


async def unknown(request: web.Request) -> web.Response:
    """A path that no such server has."""
    raise Refusal(404, f"{request.method} {request.path} is not served", breach=True)
