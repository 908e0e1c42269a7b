"""The platform's API: history (https://fal.ai/docs/platform-apis/v1/models/requests/by-endpoint), charges and usage.

Charges and usage are only told to an admin's key.
"""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.fakes.fal.errors import platform_refusal
from tests.fakes.fal.ledger import Call
from tests.fakes.fal.schemas import INPUTS
from tests.fakes.fal.state import FAKE, Fake
from tests.fakes.fal.tags import tags_of


def add_routes(app: web.Application) -> None:
    """Add the platform's API."""
    app.router.add_get("/v1/models/requests/by-endpoint", history)
    app.router.add_get("/v1/models/billing-events", charges)
    app.router.add_get("/v1/models/usage", usage)


async def history(request: web.Request) -> web.Response:
    """List the requests of an endpoint that are over, the newest first; inputs and outputs only where asked for."""
    fake = request.app[FAKE]
    fake.authenticate(request)
    query = request.query
    wanted = query.getall("endpoint_id", [])
    if not wanted or not set(wanted) <= set(INPUTS):
        raise platform_refusal(422, "validation_error", "endpoint_id is required")
    start = datetime.fromisoformat(query.get("start", "1970-01-01T00:00:00Z")).timestamp()
    chosen = [
        call
        for call in reversed(fake.calls)
        if call.endpoint in wanted and call.sent_at >= start and shows(fake, call)
        if query.get("request_id") in {None, call.request_id}
    ]
    items = [item_of(call, payloads=query.get("expand") == "payloads" and fake.history != "bare") for call in chosen]
    return web.json_response(page(items, int(query.get("limit", "50")), query.get("cursor"), "items"))


def shows(fake: Fake, call: Call) -> bool:
    """Whether the history shows a call already."""
    return fake.history in {"all", "ended", "bare"} and (call.over or fake.history == "all")


def item_of(call: Call, *, payloads: bool) -> dict[str, Any]:
    """One request of the history."""
    item = {
        "request_id": call.request_id,
        "endpoint_id": call.endpoint,
        "sent_at": iso(call.sent_at),
        "started_at": iso(call.started_at or call.sent_at),
        "ended_at": None if call.ended_at is None else iso(call.ended_at),
        "status_code": call.status if call.over else None,
    }
    return {**item, "json_input": call.input, "json_output": call.output} if payloads else item


async def charges(request: web.Request) -> web.Response:
    """List what was charged for requests; with their tags, and chosen by one of them, where the account has that."""
    fake = admitted(request)
    query = request.query
    by_tag = query.get("source") == "tagged-billed"
    if by_tag and not fake.tags:
        raise platform_refusal(403, "authorization_error", "Tagged reporting is not enabled for this account")
    wanted, (name, _, value) = query.getall("request_id", []), query.get("tag", "").partition("=")
    start = datetime.fromisoformat(query.get("start", "1970-01-01T00:00:00Z")).timestamp()
    chosen = [
        call
        for call in fake.calls
        if call.charged_usd and call.sent_at >= start and (not wanted or call.request_id in wanted)
        if not (by_tag and name) or tags_of(call.headers).get(name) == value
    ]
    events = [event_of(call, tags=by_tag) for call in chosen]
    limit = int(request.query.get("limit", "1000"))
    return web.json_response(page(events, limit, request.query.get("cursor"), "billing_events"))


def event_of(call: Call, *, tags: bool) -> dict[str, Any]:
    """One charge."""
    event = {
        "request_id": call.request_id,
        "endpoint_id": call.endpoint,
        "timestamp": iso(call.ended_at or call.sent_at),
        "cost_total": call.charged_usd,
        "cost_estimate_nano_usd": round(call.charged_usd * 1e9),
    }
    return {**event, "tags": tags_of(call.headers)} if tags else event


async def usage(request: web.Request) -> web.Response:
    """Sum what was charged in a time."""
    fake = admitted(request)
    query = request.query
    start, end = (datetime.fromisoformat(query[name]).timestamp() for name in ("start", "end"))
    if "summary" not in query.getall("expand", []):
        raise platform_refusal(422, "validation_error", "expand must hold time_series or summary")
    wanted = query.getall("endpoint_id", list(INPUTS))
    summary = [
        {
            "endpoint_id": endpoint,
            "unit": "units",
            "currency": "USD",
            "cost_total": sum(c.charged_usd for c in fake.calls if c.endpoint == endpoint and start <= c.sent_at < end),
        }
        for endpoint in wanted
    ]
    return web.json_response({"summary": summary, "next_cursor": None, "has_more": False})


def admitted(request: web.Request) -> Fake:
    """Refuse a key that is not an admin's."""
    fake = request.app[FAKE]
    fake.authenticate(request)
    if not fake.admin:
        raise platform_refusal(403, "authorization_error", "This endpoint requires an Admin API key")
    return fake


def page(rows: list[dict[str, Any]], limit: int, cursor: str | None, name: str) -> dict[str, Any]:
    """One page of rows."""
    start = int(cursor or 0)
    more = len(rows) > start + limit
    return {name: rows[start : start + limit], "next_cursor": str(start + limit) if more else None, "has_more": more}


def iso(seconds: float) -> str:
    """A time as the vendor writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
