"""The control API: what tests read, and how they set the fake up."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import wraps
from hashlib import sha256

from aiohttp import web

from tests.fakes.slack.fake import FAKE, Fake
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.http_events import is_local
from tests.fakes.slack.identity import Token
from tests.fakes.slack.messages import shown
from tests.fakes.slack.world import Json

Control = Callable[[Fake, Json], Awaitable[Json]]
PAUSE_SECONDS = 30.0


def controlled(work: Control) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make a handler of a function that takes the fake and a JSON body and returns the answer."""

    @wraps(work)
    async def handler(request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else dict(request.query)
        try:
            return web.json_response(await work(request.app[FAKE], body))
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    return handler


async def state(fake: Fake, _body: Json) -> Json:
    """Everything that happened, as plain JSON."""
    world = fake.world
    return {
        "version": world.version,
        "violations": world.violations,
        "journal": world.journal,
        "requests": world.requests,
        "ephemerals": world.ephemerals,
        "statuses": world.statuses,
        "sessions": world.sessions,
        "views": world.views,
        "homes": world.homes,
        "streams": [{"channel": key[0], "ts": key[1], **asdict(one)} for key, one in world.streams.items()],
        "channels": [_channel(fake, channel) for channel in world.channels],
        "files": [_file(fake, file) for file in world.files],
        "deliveries": [delivery.described() for delivery in fake.deliveries.sent.values()],
        "acks": fake.sockets.acks,
        "sockets": [{"id": one.id, "received": one.received} for one in fake.sockets.open],
        "faults": fake.faults.described(),
        "options": asdict(fake.options),
        "checks": fake.checks.sources,
    }


async def counts(fake: Fake, _body: Json) -> Json:
    """The state in numbers, cheap enough for a benchmark."""
    calls = Counter(f"{one['method']} {one['path']}" for one in fake.world.requests)
    return {
        "version": fake.world.version,
        "violations": len(fake.world.violations),
        "requests": calls,
        "deliveries": Counter(one.state for one in fake.deliveries.sent.values()),
        "messages": sum(len(channel.messages) for channel in fake.world.channels.values()),
        "sockets": len(fake.sockets.open),
    }


async def violations(fake: Fake, _body: Json) -> Json:
    """Only the rules that were broken."""
    return {"violations": fake.world.violations}


async def take_violations(fake: Fake, _body: Json) -> Json:
    """The rules that were broken, which are then forgotten: for a test that breaks them on purpose."""
    taken, fake.world.violations = fake.world.violations, []
    return {"violations": taken}


async def wait(fake: Fake, body: Json) -> Json:
    """Answer when something changed after a version, or in vain after some seconds."""
    await fake.world.wait_changed(int(body["version"]), min(float(body.get("seconds", PAUSE_SECONDS)), PAUSE_SECONDS))
    return {"version": fake.world.version}


async def messages(fake: Fake, body: Json) -> Json:
    """The messages of a conversation or of one thread, oldest first."""
    channel = fake.world.channels[body["channel"]]
    thread = body.get("ts")
    found = [
        shown(channel, one, metadata=True)
        for one in channel.messages.values()
        if not thread or one.get("thread_ts") == thread
    ]
    return {"version": fake.world.version, "messages": found}


async def delivery(fake: Fake, body: Json) -> Json:
    """One delivery, by the id that sending it gave."""
    return {"version": fake.world.version, "delivery": fake.deliveries.sent[body["id"]].described()}


async def change_options(fake: Fake, body: Json) -> Json:
    """Change some options."""
    if body.get("events_url") and not is_local(body["events_url"]):
        raise ValueError("events_url must be on this machine")
    fake.options = fake.options.changed(body)
    return asdict(fake.options)


async def set_token(fake: Fake, body: Json) -> Json:
    """Create or replace a token."""
    token = Token(**{**body, "scopes": frozenset(body["scopes"])})
    fake.world.tokens[token.value] = token
    return {}


async def add_fault(fake: Fake, body: Json) -> Json:
    """Order a fault."""
    fake.faults.waiting.append(Fault(**body))
    return {}


async def clear_faults(fake: Fake, _body: Json) -> Json:
    """Call off all faults that are still to come."""
    fake.faults.waiting.clear()
    return {}


async def set_limits(fake: Fake, body: Json) -> Json:
    """Count calls from now on, some methods by other limits."""
    fake.limits.set(body)
    return {}


async def reset(fake: Fake, _body: Json) -> Json:
    """Start afresh."""
    fake.reset()
    return {}


async def store_blob(request: web.Request) -> web.Response:
    """Take bytes that a file will be made of; answers their id."""
    content = await request.read()
    identifier = sha256(content).hexdigest()
    request.app[FAKE].world.blobs[identifier] = content
    return web.json_response({"blob": identifier})


async def file_content(request: web.Request) -> web.Response:
    """The bytes of a file."""
    stored = request.app[FAKE].world.files.get(request.match_info["file"])
    return web.Response(body=stored.content) if stored else web.Response(status=404)


def _channel(fake: Fake, identifier: str) -> Json:
    channel = fake.world.channels[identifier]
    about = {"id": channel.id, "kind": channel.kind, "name": channel.name, "members": channel.members}
    return about | {"messages": [shown(channel, one, metadata=True) for one in channel.messages.values()]}


def _file(fake: Fake, identifier: str) -> Json:
    stored = fake.world.files[identifier]
    about = {"id": stored.id, "owner": stored.owner, "kind": stored.kind, "state": stored.state}
    return about | {"size": len(stored.content), "sha256": sha256(stored.content).hexdigest(), "object": stored.object}


ROUTES = [
    web.get("/_fake/state", controlled(state)),
    web.get("/_fake/counts", controlled(counts)),
    web.get("/_fake/violations", controlled(violations)),
    web.post("/_fake/violations/take", controlled(take_violations)),
    web.get("/_fake/wait", controlled(wait)),
    web.get("/_fake/messages", controlled(messages)),
    web.get("/_fake/delivery", controlled(delivery)),
    web.get("/_fake/files/{file}", file_content),
    web.post("/_fake/blobs", store_blob),
    web.post("/_fake/options", controlled(change_options)),
    web.post("/_fake/tokens", controlled(set_token)),
    web.post("/_fake/faults", controlled(add_fault)),
    web.delete("/_fake/faults", controlled(clear_faults)),
    web.post("/_fake/rate_limits", controlled(set_limits)),
    web.post("/_fake/reset", controlled(reset)),
]
