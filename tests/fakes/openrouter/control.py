"""The control API under `/_fake/`: how tests set the fake up and look into it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from tests.fakes.openrouter.errors import AVAILABILITY
from tests.fakes.openrouter.faults import Action, Fault
from tests.fakes.openrouter.script import Rule, Script
from tests.fakes.openrouter.state import FAKE, Fake


def add_routes(app: web.Application) -> None:
    """Add the control API."""
    app.router.add_get("/_fake/state", state)
    app.router.add_get("/_fake/counts", counts)
    app.router.add_get("/_fake/calls/{index:\\d+}/body", body)
    app.router.add_get("/_fake/calls/{index:\\d+}/headers", headers)
    for name, change in CHANGES.items():
        app.router.add_post(f"/_fake/{name}", changer(change))


async def state(request: web.Request) -> web.Response:
    """Tell everything; `?since=N` leaves out the first N calls."""
    fake = request.app[FAKE]
    calls = fake.ledger.calls[int(request.query.get("since", "0")) :]
    return web.json_response(
        {
            "calls": [asdict(call) for call in calls],
            "violations": fake.violations,
            "spent_usd": round(fake.ledger.spent_usd, 12),
            "reads": fake.ledger.reads,
            "cached": len(fake.cache),
        }
    )


async def counts(request: web.Request) -> web.Response:
    """Tell how many calls have come and ended: cheap enough to be asked often."""
    ledger = request.app[FAKE].ledger
    return web.json_response({"come": len(ledger.calls), "ended": ledger.ended})


async def body(request: web.Request) -> web.Response:
    """The raw body of a call."""
    return web.Response(body=kept(request)[1], content_type="application/octet-stream")


async def headers(request: web.Request) -> web.Response:
    """The headers of a call."""
    return web.json_response(kept(request)[0])


def kept(request: web.Request) -> tuple[dict[str, str], bytes]:
    """The kept request."""
    found = request.app[FAKE].ledger.request(int(request.match_info["index"]))
    if found is None:
        raise web.HTTPNotFound(text="never read, or no longer kept")
    return found


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
    if wanted.get("availability") not in {None, *AVAILABILITY}:
        raise ValueError(wanted["availability"])
    fake.faults.add(Fault(**{**wanted, "action": Action(wanted["action"])}))


CHANGES: dict[str, Callable[[Fake, dict[str, Any]], None]] = {
    "reset": lambda fake, _: fake.reset(),
    "scripts": add_rule,
    "faults": add_fault,
    "account": lambda fake, wanted: fake.account.set(wanted),
    "clock": lambda fake, wanted: fake.cache.advance(float(wanted["advance_s"])),
    "forgive": lambda fake, _: fake.violations.clear(),
    "evict": lambda fake, _: fake.cache.evict(),
}
