"""Webhooks, signed by a real key: https://fal.ai/docs/documentation/model-apis/inference/webhooks."""

import asyncio
import base64
import hashlib
import json
import uuid
from typing import Any

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.fakes.fal.ledger import Call
from tests.fakes.fal.state import FAKE, Fake

PAUSE_S = 0.6
TIMEOUT_S = 15
STALE_S = 900


def add_routes(app: web.Application) -> None:
    """Add the public keys."""
    app.router.add_get("/rest/.well-known/jwks.json", jwks)


async def jwks(request: web.Request) -> web.Response:
    """Give the public keys to anybody."""
    raw = request.app[FAKE].signer.public_key().public_bytes_raw()
    key = {"kty": "OKP", "crv": "Ed25519", "kid": uuid.uuid4().hex, "x": base64url(raw)}
    return web.json_response({"keys": [key]})


def base64url(raw: bytes) -> str:
    """Without padding, as in every JWK."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def deliver(fake: Fake, call: Call) -> None:
    """Tell the end of a call, in each way that its script asks for."""
    for manner in call.script.webhooks:
        body = json.dumps(message_of(call)).encode()
        headers = signed(fake, call, body, manner)
        if manner == "tampered":
            body = body.replace(b'"status"', b'"Status"')
        await send(fake, call, manner, body, headers)


def message_of(call: Call) -> dict[str, Any]:
    """The body of a webhook."""
    names = {"request_id": call.request_id, "gateway_request_id": call.request_id}
    if call.status == 200:
        return {**names, "status": "OK", "payload": call.output}
    return {**names, "status": "ERROR", "error": f"Unexpected status code: {call.status}", "payload": call.output}


def signed(fake: Fake, call: Call, body: bytes, manner: str) -> dict[str, str]:
    """The headers that prove who sent it."""
    if manner == "unsigned":
        return {}
    at = str(int(fake.now()) - (STALE_S if manner == "stale" else 0))
    text = "\n".join((call.request_id, fake.user, at, hashlib.sha256(body).hexdigest()))
    signer = Ed25519PrivateKey.generate() if manner == "foreign" else fake.signer
    return {
        "X-Fal-Webhook-Request-Id": call.request_id,
        "X-Fal-Webhook-User-Id": fake.user,
        "X-Fal-Webhook-Timestamp": at,
        "X-Fal-Webhook-Signature": signer.sign(text.encode()).hex(),
    }


async def send(fake: Fake, call: Call, manner: str, body: bytes, headers: dict[str, str]) -> None:
    """Post it, again where it is not taken."""
    for _ in range(call.script.webhook_tries):
        status = await post(call.webhook, body, headers)
        fake.deliveries.append({"request_id": call.request_id, "manner": manner, "status": status})
        if status is not None and status < 300:
            return
        await asyncio.sleep(PAUSE_S)


async def post(url: str, body: bytes, headers: dict[str, str]) -> int | None:
    """Post once; None where nobody answers."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers={**headers, "Content-Type": "application/json"}) as response,
        ):
            return response.status
    except (aiohttp.ClientError, TimeoutError):
        return None
