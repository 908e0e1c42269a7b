"""Webhooks: fal tells us when a request is over, so that nobody waits for the next time that we ask.

They only ring a bell. What they say is checked (`signature`), what comes twice or too late is taken and kept for a
while, and what is forged is refused. Each carries the name of our own call, so that a request is recognised whose name
we never learned, because we stopped before fal told it. fal signs the webhooks of all its customers alike, so we prove
to ourselves that the name was written by us.
"""

import asyncio
import hmac
import json
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit, urlunsplit

import structlog
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.gateways.chat_completions import dumped
from adapters.gateways.fal.errors import HttpAnswer
from adapters.gateways.fal.marks import proof_of
from adapters.gateways.fal.signature import Signed, is_fresh, is_genuine, read_keys, read_signed
from adapters.gateways.fal.wire import Wire
from adapters.gateways.problems import Call
from adapters.gateways.reading import a_text, an_object
from bot.domain.errors import ModelProblem
from bot.ports import Clock

KEYS_SECONDS = 24 * 3600.0
"""How long fal's keys are used before they are read again: as its document says."""
KEYS_PAUSE_SECONDS = 60.0
"""Between two readings because of a signature that no key fits."""
FAILED_PAUSE_SECONDS = 1.0
"""Between two readings that fail."""
MOST_KEPT = 1000
KEPT_SECONDS = 3 * 3600.0
"""Longer than fal tries to deliver."""
LARGEST_BODY = 16 * 1024 * 1024

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookPlace:
    """Where webhooks are received."""

    url: str
    """As fal reaches it."""
    host: str
    """That is listened on."""
    port: int
    """That is listened on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A webhook that came and is genuine."""

    request_id: str
    """fal's name of the request."""
    call: str
    """Our own name of the call; empty where we gave none."""
    outcome: HttpAnswer | None
    """The answer; None where the webhook does not hold a good one."""
    at: float
    """When it came, in seconds that only grow."""


class Deliveries:
    """The bells of those who wait, and what was delivered lately."""

    def __init__(self) -> None:
        self._bells: dict[str, asyncio.Event] = {}
        self._kept: OrderedDict[str, Delivery] = OrderedDict()

    def bell(self, request_id: str) -> asyncio.Event:
        """Return what rings when a request is over; it has rung where its webhook came before."""
        bell = self._bells.setdefault(request_id, asyncio.Event())
        if request_id in self._kept:
            bell.set()
        return bell

    def forget_bell(self, request_id: str) -> None:
        """Nobody waits for a request any more."""
        self._bells.pop(request_id, None)

    def take(self, delivery: Delivery) -> bool:
        """Keep a delivery and ring; False when it was here before."""
        is_new = delivery.request_id not in self._kept
        if is_new:
            self._kept[delivery.request_id] = delivery
            self._drop_old(delivery.at)
        if delivery.request_id in self._bells:
            self._bells[delivery.request_id].set()
        return is_new

    def outcome(self, request_id: str) -> HttpAnswer | None:
        """Return the answer that was delivered."""
        found = self._kept.get(request_id)
        return None if found is None else found.outcome

    def request_of(self, call: str) -> str | None:
        """Return fal's name of a call that we know only by our own."""
        found = (d.request_id for d in self._kept.values() if call and d.call == call)
        return next(found, None)

    def _drop_old(self, at: float) -> None:
        while self._kept and (len(self._kept) > MOST_KEPT or next(iter(self._kept.values())).at < at - KEPT_SECONDS):
            self._kept.popitem(last=False)


class Keyring:
    """fal's public keys, read when they are needed.

    Args:
        wire: to fal.
        url: of fal's storage API, under which the keys are.
    """

    def __init__(self, wire: Wire, url: str) -> None:
        self._wire = wire
        self._url = f"{url}/.well-known/jwks.json"
        self._keys: tuple[Ed25519PublicKey, ...] = ()
        self._read_at = self._tried_at = float("-inf")
        self._reading = asyncio.Lock()

    async def signed(self, signed: Signed) -> bool:
        """Return whether fal signed it; keys that are too old, or do not fit, are read again."""
        if self._are_fresh(KEYS_SECONDS) and is_genuine(signed, self._keys):
            return True
        async with self._reading:
            if not self._are_fresh(KEYS_PAUSE_SECONDS) and time.monotonic() > self._tried_at + FAILED_PAUSE_SECONDS:
                await self._read()
        return is_genuine(signed, self._keys)

    def _are_fresh(self, seconds: float) -> bool:
        return time.monotonic() < self._read_at + seconds

    async def _read(self) -> None:
        self._tried_at = time.monotonic()
        with suppress(ModelProblem):
            answer = await self._wire.exchange("GET", self._url, Call(model="fal", secret=""), keyed=False)
            if keys := read_keys(answer.json()):
                self._keys, self._read_at = keys, time.monotonic()


class WebhookServer:
    """Receives webhooks. Open it with `async with`; where it cannot listen, the queue is asked instead.

    Args:
        place: where it listens.
        keyring: fal's keys.
        deliveries: what rings.
        clock: tells whether a webhook is fresh.
        secret: known to nobody but us.
    """

    def __init__(
        self, place: WebhookPlace, keyring: Keyring, deliveries: Deliveries, *, clock: Clock, secret: str
    ) -> None:
        self.listens = False
        """Whether webhooks can come."""
        self._place = place
        self._keyring = keyring
        self._deliveries = deliveries
        self._clock = clock
        self._secret = secret
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_post("/{path:.*}", self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._place.host, self._place.port).start()
        except OSError as error:
            _log.warning("no webhooks", host=self._place.host, port=self._place.port, reason=error.strerror)
        else:
            self.listens = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.listens = False
        await self._runner.cleanup()

    def address(self, call: str) -> str:
        """Return where fal is to tell the end of a call of ours."""
        parts = urlsplit(self._place.url)
        ours = urlencode({"call": call, "proof": proof_of(call, self._secret)}) if call else ""
        query = "&".join(filter(None, (parts.query, ours)))
        return urlunsplit(parts._replace(query=query))

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        signed = read_signed(request.headers, body)
        if signed is None or not is_fresh(signed, self._clock.now()) or not await self._keyring.signed(signed):
            _log.warning("webhook refused", peer=request.remote)
            return web.Response(status=401)
        call, proof = request.query.get("call", ""), request.query.get("proof", "")
        is_ours = hmac.compare_digest(proof.encode(), proof_of(call, self._secret).encode())
        is_new = self._deliveries.take(_delivery(signed, call if is_ours else "", body))
        _log.debug("webhook", call=signed.request_id, again=not is_new)
        return web.Response()


def _delivery(signed: Signed, call: str, body: bytes) -> Delivery:
    try:
        told = an_object(json.loads(body))
    except (ValueError, RecursionError):
        told = {}
    payload, is_good = told.get("payload"), a_text(told.get("status")) == "OK"
    return Delivery(
        request_id=signed.request_id,
        call=call,
        outcome=HttpAnswer(status=200, headers={}, body=dumped(payload).encode())
        if is_good and isinstance(payload, dict)
        else None,
        at=time.monotonic(),
    )
