"""Requests to an app over HTTP, signed as Slack signs them."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from tests.fakes.slack.world import Json, now

STALE_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the app answered, or why it did not."""

    status: int | None
    """The HTTP status; None when there was no answer."""
    headers: dict[str, str]
    """Names in lower case."""
    text: str
    """The body."""
    failure: str | None
    """One of Slack's retry reasons; None after a 2xx."""

    @property
    def final(self) -> bool:
        """Whether the app forbids another delivery."""
        return self.headers.get("x-slack-no-retry") == "1"


def encoded(kind: str, payload: Json) -> tuple[str, bytes]:
    """Return the content type and body of a payload: JSON for events, forms for what people do."""
    if kind == "events_api":
        return "application/json", json.dumps(payload).encode()
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(form).encode()


def signed_headers(secret: str, body: bytes, signature: str = "valid") -> dict[str, str]:
    """Sign a body, https://docs.slack.dev/authentication/verifying-requests-from-slack.

    Args:
        secret: the app's signing secret.
        body: the raw bytes.
        signature: `valid`, `wrong` (made with another secret), `stale` (valid, an hour old) or `missing`.
    """
    if signature == "missing":
        return {}
    stamp = str(int(now()) - (STALE_SECONDS if signature == "stale" else 0))
    key = f"not-{secret}" if signature == "wrong" else secret
    digest = hmac.new(key.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def is_local(url: str) -> bool:
    """Whether a URL stays on this machine."""
    return URL(url).host in {"127.0.0.1", "localhost", "::1"}


async def post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str], seconds: float
) -> Answer:
    """POST once to an app on this machine; raises ValueError for any other host."""
    if not is_local(url):
        raise ValueError(f"not on this machine: {url}")
    try:
        async with (
            asyncio.timeout(seconds),
            session.post(url, data=body, headers=headers, allow_redirects=False) as got,
        ):
            text = await got.text()
            failure = None if got.status // 100 == 2 else "http_error"
            names = {name.lower(): value for name, value in got.headers.items()}
            return Answer(status=got.status, headers=names, text=text, failure=failure)
    except TimeoutError:
        return Answer(status=None, headers={}, text="", failure="http_timeout")
    except aiohttp.ClientError:
        return Answer(status=None, headers={}, text="", failure="connection_failed")
