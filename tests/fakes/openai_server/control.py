"""The control API under `/_fake/`: how tests set the fake up and look into it."""

from dataclasses import asdict

from aiohttp import web

from tests.fakes.openai_server.state import FAKE, Action, Fault, Script


def add_routes(app: web.Application) -> None:
    """Add the control API."""
    app.router.add_get("/_fake/state", state)
    app.router.add_post("/_fake/reset", reset)
    app.router.add_post("/_fake/script", script)
    app.router.add_post("/_fake/faults", fault)


async def state(request: web.Request) -> web.Response:
    """Tell everything."""
    fake = request.app[FAKE]
    calls = [asdict(call) for call in fake.calls]
    return web.json_response({"calls": calls, "reads": fake.reads, "violations": fake.violations})


async def reset(request: web.Request) -> web.Response:
    """Forget everything, and be another server."""
    wanted = await request.json()
    request.app[FAKE].reset(wanted["flavour"], wanted["key"])
    return web.json_response({})


async def script(request: web.Request) -> web.Response:
    """Answer everything so from now on."""
    request.app[FAKE].script = Script(**await request.json())
    return web.json_response({})


async def fault(request: web.Request) -> web.Response:
    """Let something go wrong, once."""
    wanted = await request.json()
    request.app[FAKE].faults.append(Fault(**{**wanted, "action": Action(wanted["action"])}))
    return web.json_response({})
