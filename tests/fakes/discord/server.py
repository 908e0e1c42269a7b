"""One aiohttp application: REST, gateway, attachments and the control API on one port."""

from aiohttp import web

from tests.fakes.discord.calls import Operation
from tests.fakes.discord.cdn import Cdn
from tests.fakes.discord.clock import Clock
from tests.fakes.discord.control.server import Control, add_routes
from tests.fakes.discord.edge import API, Edge
from tests.fakes.discord.faults import Faults
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.limits import Limits
from tests.fakes.discord.rest import commands, interactions, messages, places, reactions, threads, webhooks
from tests.fakes.discord.validation import Validation
from tests.fakes.discord.world import MIB, World
from tests.fakes.serving import listening, stopped
from tests.fakes.specs import specification

OPERATIONS: tuple[Operation, ...] = (
    *places.OPERATIONS,
    *messages.OPERATIONS,
    *reactions.OPERATIONS,
    *threads.OPERATIONS,
    *commands.OPERATIONS,
    *interactions.OPERATIONS,
    *webhooks.OPERATIONS,
)
LARGEST_REQUEST = 128 * MIB


def application(world: World, *, validate: bool) -> web.Application:
    """Return the whole fake.

    Args:
        world: what it holds.
        validate: whether requests are checked against schemas.
    """
    validation = Validation(enabled=validate, specification=specification("discord-openapi.json"))
    gateway, limits, faults = Gateway(world, validation), Limits(world.clock), Faults()
    edge = Edge(world, validation, limits, faults)
    app = web.Application(client_max_size=LARGEST_REQUEST)
    for operation in OPERATIONS:
        app.router.add_route(operation.method, API + operation.template, edge.serve(operation))
    app.router.add_get("/gw", gateway.serve)
    cdn = Cdn(world, edge)
    for folder in ("attachments", "ephemeral-attachments"):
        app.router.add_get(f"/{folder}/{{channel_id}}/{{attachment_id}}/{{filename}}", cdn.serve)
    add_routes(app.router, Control(world=world, gateway=gateway, limits=limits, faults=faults))
    app.router.add_route("*", "/{path:.*}", edge.unknown)

    async def end_sockets(_app: web.Application) -> None:
        gateway.reset()

    app.on_shutdown.append(end_sockets)
    return app


async def run(port: int, *, validate: bool) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT, having printed the port as one line of JSON."""
    world = World(Clock())
    async with listening(application(world, validate=validate), port, grace_seconds=0.5) as world.origin:
        await stopped(world.origin)
