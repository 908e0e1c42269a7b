"""The application: every route, and what every request meets first."""

from aiohttp import web

from tests.fakes.openrouter import control
from tests.fakes.openrouter.catalogue import models
from tests.fakes.openrouter.chat import chat_completions
from tests.fakes.openrouter.dedicated import speech, transcriptions
from tests.fakes.openrouter.errors import ApiError, refusal
from tests.fakes.openrouter.faults import Action, Cut, sever
from tests.fakes.openrouter.generation import generation
from tests.fakes.openrouter.paid import Handler, raise_error, serve_paid, stumble
from tests.fakes.openrouter.profile import OPENROUTER, Profile
from tests.fakes.openrouter.state import FAKE, FAULT, Fake, fault_of

API = "/api/v1"
NAMING = ("X-Generation-Id",)
LARGEST_BODY = 256 * 1024 * 1024


def application(*, validate: bool, profile: Profile = OPENROUTER) -> web.Application:
    """Build the gateway."""
    app = web.Application(middlewares=[meet], client_max_size=LARGEST_BODY)
    app[FAKE] = Fake(validate=validate, profile=profile)
    app.on_response_prepare.append(dress)
    app.router.add_post(f"{API}/chat/completions", chat_completions)
    app.router.add_post(f"{API}/audio/transcriptions", transcriptions)
    app.router.add_post(f"{API}/audio/speech", speech)
    app.router.add_get(f"{API}/models", models)
    app.router.add_get(f"{API}/models/user", models)
    app.router.add_get(f"{API}/key", key)
    app.router.add_get(f"{API}/generation", generation)
    control.add_routes(app)
    app.router.add_route("*", "/{path:.*}", unknown)
    return app


@web.middleware
async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send control requests, paid calls and reads their ways."""
    if request.path.startswith("/_fake/"):
        return await handler(request)
    paths = request.app[FAKE].profile.paths
    if paths is not None and request.path.removeprefix(API) not in paths:
        handler = unknown
    return await (serve_paid if request.method == "POST" else serve_read)(request, handler)


async def serve_read(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Serve what costs nothing."""
    fake = request.app[FAKE]
    line = f"{request.method} {request.path}"
    fake.ledger.reads[line] = fake.ledger.reads.get(line, 0) + 1
    try:
        return await read(request, handler)
    except ApiError as error:
        if error.violation is not None:
            fake.violations.append(f"{line}: {error.violation}")
        return error.response({})
    except Cut as cut:
        await sever(request.transport, rst=cut.rst)
        return web.Response()


async def read(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Meet the fault, check the key (the catalogue is public), answer.

    Raises:
        ApiError: it is refused.
        Cut: the connection must be cut now.
    """
    fake = request.app[FAKE]
    fault = await fake.faults.take(request)
    if fault is not None:
        request[FAULT] = fault
        await stumble(fault)
        raise_error(request, "")
    if request.path != f"{API}/models":
        fake.account.authenticate(request)
    response = await handler(request)
    dropped = fault_of(request, Action.DROP_AFTER)
    if dropped is not None:
        raise Cut(rst=dropped.rst)
    return response


async def dress(request: web.Request, response: web.StreamResponse) -> None:
    """Take away the headers that this gateway does not send."""
    if not request.app[FAKE].profile.names_calls:
        for name in [name for name in response.headers if name in NAMING or name.startswith("X-OpenRouter-")]:
            del response.headers[name]


async def key(request: web.Request) -> web.Response:
    """`GET /key`: limits and usage of the key."""
    fake = request.app[FAKE]
    return web.json_response({"data": fake.account.shown(fake.ledger.spent_usd)})


async def unknown(request: web.Request) -> web.Response:
    """A path that the gateway does not have."""
    raise refusal(404, f"{request.method} {request.path} is not served", violation=True)
