"""Faults on order: the next requests that match fail in the way a network or a busy vendor does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

from aiohttp import web

from tests.fakes.slack.world import Json

TEXTS = {"429_text": "Too many requests", "503_text": "upstream connect error or disconnect/reset before headers"}
"""What stands before Slack's own servers says so in a plain text."""

KINDS = (
    *("429", "500", "503", *TEXTS, "error", "error_after"),
    *("drop_before", "drop_after", "slow", "truncate", "garble"),
)
BEFORE = {"429", "500", "503", *TEXTS, "error", "drop_before"}
"""The kinds that leave no effect."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(kw_only=True)
class Fault:
    """What befalls the next requests."""

    match: str
    """A pattern for `METHOD path`, such as `POST /api/chat.postMessage` or `GET /files-*`."""
    kind: str
    """One of KINDS. `error` refuses with a named error, `error_after` does it after the effect; `drop_before` cuts the
    connection before the effect, `drop_after` after it; `slow` answers late; `truncate` cuts the connection in the middle
    of the body, and `garble` sends half of it as if that were all."""
    count: int = 1
    """How many requests it befalls."""
    skip: int = 0
    """How many matching requests pass unharmed before."""
    seconds: float = 1.0
    """The delay of `slow`, the `Retry-After` of `429`."""
    error: str = "internal_error"
    """The name for `error` and `error_after`."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault: {self.kind}")


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def described(self) -> list[Json]:
        """As plain JSON."""
        return [asdict(fault) for fault in self.waiting]

    def take(self, request: web.Request) -> Fault | None:
        """Use up one fault for a request, if there is one."""
        line = f"{request.method} {request.path}"
        for fault in self.waiting:
            if not fnmatchcase(line, fault.match):
                continue
            if fault.skip:
                fault.skip -= 1
                return None
            fault.count -= 1
            if not fault.count:
                self.waiting.remove(fault)
            return fault
        return None


async def suffer(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request as its fault says."""
    answer = web.Response() if fault.kind in BEFORE else await handler(request)
    match fault.kind:
        case "drop_before" | "drop_after":
            return _cut(request)
        case "truncate":
            return await _truncated(request, answer)
        case "garble":
            return web.Response(status=answer.status, body=_half(answer), content_type=answer.content_type)
        case "slow":
            await asyncio.sleep(fault.seconds)
            return answer
        case _:
            return refusal(fault)


def refusal(fault: Fault) -> web.Response:
    """Slack's own shape of a refusal."""
    headers = {"Retry-After": str(max(1, round(fault.seconds)))} if fault.kind.startswith("429") else {}
    if fault.kind in TEXTS:
        return web.Response(status=int(fault.kind[:3]), text=TEXTS[fault.kind], headers=headers)
    if fault.kind == "429":
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
    if fault.kind in {"500", "503"}:
        return web.Response(
            status=int(fault.kind), text="<html><body>Server Error</body></html>", content_type="text/html"
        )
    return web.json_response({"ok": False, "error": fault.error})


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _half(answer: web.StreamResponse) -> bytes:
    body = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b""
    return body[: len(body) // 2]


async def _truncated(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """Send half of the announced body, then cut."""
    half = _half(answer)
    partial = web.StreamResponse(status=answer.status)
    partial.content_type = answer.content_type
    partial.content_length = 2 * len(half)
    await partial.prepare(request)
    await partial.write(half)
    if request.transport is not None:
        request.transport.close()
    return partial
