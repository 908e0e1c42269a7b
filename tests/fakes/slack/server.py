"""The fake as one web application: Web API, Socket Mode, files and the control API on one port."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.fakes.slack import control, deeds, faults, installs, oauth, transfers, web_api
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.fake import FAKE, Fake
from tests.fakes.slack.replies import answer, use_response_url
from tests.fakes.slack.world import now

MAX_BODY = 1 << 30
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(fake: Fake) -> web.Application:
    """Build the application around a fake."""
    app = web.Application(middlewares=[_recorded], client_max_size=MAX_BODY)
    app[FAKE] = fake
    app.add_routes(
        [
            web.route("*", "/api/{method}", web_api.handle),
            web.get("/link/", _socket),
            web.post("/upload/v1/{ticket}", transfers.upload),
            web.get("/{area:files-(?:pri|tmb)}/{key}/{name:.+}", transfers.download),
            web.get("/foreign/{file}", transfers.foreign),
            web.post("/commands/{key}", _response_url),
            *control.ROUTES,
            *deeds.ROUTES,
            *installs.ROUTES,
            *oauth.ROUTES,
        ]
    )
    return app


@web.middleware
async def _recorded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write every request of the app down, and let faults befall it; the control API is spared."""
    if request.path.startswith("/_fake/"):
        return await handler(request)
    fake = request.app[FAKE]
    record = {"at": now(), "method": request.method, "path": request.path, "status": None}
    request["record"] = record
    fake.world.requests.append(record)
    fault = fake.faults.take(request)
    if fault is None:
        response = await handler(request)
    else:
        record["fault"] = fault.kind
        response = await faults.suffer(fault, request, handler)
    record["status"] = None if fault and fault.kind.startswith("drop") else response.status
    return response


async def _socket(request: web.Request) -> web.StreamResponse:
    """Open a websocket with the ticket of `apps.connections.open`."""
    fake = request.app[FAKE]
    if request.query.get("ticket") not in fake.world.tickets:
        return web.Response(status=403, text="invalid ticket")
    return await fake.sockets.serve(request, fake.world, fake.options.ping_seconds)


async def _response_url(request: web.Request) -> web.Response:
    """Take an answer for a `response_url`, https://docs.slack.dev/interactivity/handling-user-interaction."""
    fake = request.app[FAKE]
    try:
        place = use_response_url(fake.world, request.match_info["key"])
    except SlackError as error:
        return web.json_response({"ok": False, "error": error.name}, status=404)
    answer(fake.world, place, await request.json(), fake.publish)
    return web.json_response({"ok": True})
