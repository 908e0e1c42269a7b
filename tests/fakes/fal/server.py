"""The application: fal's hosts, each under a path of its own, and what every request meets first.

/run    fal.run               /rest    rest.fal.ai
/queue  queue.fal.run         /cdn     v3.fal.media
/v1     api.fal.ai/v1         /_fake   for tests
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from tests.fakes.fal import control, platform, queue, run, storage, webhooks
from tests.fakes.fal.errors import ApiError, refusal
from tests.fakes.fal.faults import after, before
from tests.fakes.fal.state import FAKE, Fake
from tests.fakes.openrouter.faults import Cut, sever

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LARGEST_BODY = 256 * 1024 * 1024


def application() -> web.Application:
    """Build the vendor."""
    app = web.Application(middlewares=[meet], client_max_size=LARGEST_BODY)
    app[FAKE] = Fake()
    for room in (queue, run, storage, platform, webhooks, control):
        room.add_routes(app)
    app.router.add_route("*", "/{path:.*}", unknown)
    app.cleanup_ctx.append(working)
    return app


async def working(app: web.Application) -> AsyncIterator[None]:
    """Let queued requests be carried out for as long as the fake runs."""
    async with asyncio.TaskGroup() as group:
        app[FAKE].group = group
        yield
        for task in app[FAKE].tasks:
            task.cancel()


@web.middleware
async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count a request, let its fault happen, and answer; what breaks the contract is remembered."""
    if request.path.startswith("/_fake/"):
        return await handler(request)
    fake = request.app[FAKE]
    line = f"{request.method} {request.path}"
    fake.hits[line] = fake.hits.get(line, 0) + 1
    try:
        return await faulty(request, handler)
    except ApiError as error:
        if error.violation is not None:
            fake.violations.append(f"{line}: {error.violation}")
        return error.response()
    except Cut as cut:
        await sever(request.transport, rst=cut.rst)
    except ConnectionError:
        pass
    return web.Response()


async def faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer, with what goes wrong before and after."""
    fault = request.app[FAKE].faults.take(request)
    if fault is None:
        return await handler(request)
    answered = await before(fault, request)
    if answered is not None:
        return answered
    return await after(fault, request, await handler(request))


async def unknown(request: web.Request) -> web.Response:
    """A path that the vendor does not have."""
    raise refusal(404, f"{request.method} {request.path} is not served", violation=True)
