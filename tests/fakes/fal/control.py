"""The control API under `/_fake/`: how tests set the fake up and look into it."""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.fakes.fal.faults import Action, Fault
from tests.fakes.fal.script import Rule, Script
from tests.fakes.fal.state import FAKE, Fake, StoredFile


def add_routes(app: web.Application) -> None:
    """Add the control API."""
    app.router.add_get("/_fake/state", state)
    app.router.add_get("/_fake/calls/{index:\\d+}/input", whole_input)
    for name, change in CHANGES.items():
        app.router.add_post(f"/_fake/{name}", changer(change))


async def state(request: web.Request) -> web.Response:
    """Tell everything."""
    fake = request.app[FAKE]
    return web.json_response(
        {
            "calls": [call.shown() for call in fake.calls],
            "files": [shown(file) for file in fake.files.values()],
            "violations": fake.violations,
            "hits": fake.hits,
            "deliveries": fake.deliveries,
        }
    )


def shown(file: StoredFile) -> dict[str, Any]:
    """What tests are told of a file."""
    size = None if file.data is None else len(file.data)
    names = ("url", "name", "content_type", "lives_s", "puts", "saw_key")
    return {**{name: getattr(file, name) for name in names}, "size": size}


async def whole_input(request: web.Request) -> web.Response:
    """The input of a call, however long."""
    return web.json_response(request.app[FAKE].calls[int(request.match_info["index"])].input)


def changer(change: Callable[[Fake, dict[str, Any]], None]) -> Callable[[web.Request], Any]:
    """A handler that changes the fake by the request's JSON."""

    async def handle(request: web.Request) -> web.Response:
        try:
            change(request.app[FAKE], await request.json())
        except (TypeError, ValueError, KeyError) as error:
            raise web.HTTPBadRequest(text=f"{type(error).__name__}: {error}") from error
        return web.json_response({})

    return handle


def add_rule(fake: Fake, wanted: dict[str, Any]) -> None:
    """Script answers."""
    fake.scripts.add(Rule(**{**wanted, "script": Script(**wanted["script"])}))


def add_fault(fake: Fake, wanted: dict[str, Any]) -> None:
    """Let something go wrong."""
    fake.faults.add(Fault(**{**wanted, "action": Action(wanted["action"])}))


def advance(fake: Fake, wanted: dict[str, Any]) -> None:
    """Put the clock forward."""
    fake.ahead += float(wanted["seconds"])


def lose(fake: Fake, wanted: dict[str, Any]) -> None:
    """Lose the results of all calls so far."""
    for call in fake.calls:
        call.lost = True


def rotate(fake: Fake, wanted: dict[str, Any]) -> None:
    """Sign with another key from now on."""
    fake.signer = Ed25519PrivateKey.generate()


CHANGES: dict[str, Callable[[Fake, dict[str, Any]], None]] = {
    "reset": lambda fake, _: fake.reset(),
    "scripts": add_rule,
    "faults": add_fault,
    "account": lambda fake, wanted: fake.set(wanted),
    "clock": advance,
    "lose": lose,
    "rotate": rotate,
    "forgive": lambda fake, _: fake.violations.clear(),
}
