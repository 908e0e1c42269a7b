"""The only sender: one pool of connections a gateway, and the verdict on everything that goes wrong on the way.

What was perhaps charged is never sent again (`retry`). That is decided by one fact that we see ourselves, whether the
body was begun (`Upload.begun`), and not by the kind of the exception: the transport reports a connection that was cut
after sending with the same exception as one that was never made.

    not begun                    ModelUnreachable
    begun, cut or too late       ModelInDoubt
    answered, but with an error  see `problems`
    the gateway rests            ModelBusy, see `breaker`
    no turn came                 ModelUnreachable, see `pace`
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType, TracebackType
from typing import Self

import httpx
import structlog
from httpx_aiohttp import HttpxAiohttpClient

from adapters.gateways.body import Body, Upload
from adapters.gateways.breaker import Breaker
from adapters.gateways.pace import NO_LIMITS, Limits, Pace
from adapters.gateways.problems import Call
from adapters.gateways.reply import FAULTS, Patience, Reply, now, read, refusal, told
from adapters.gateways.retry import Tries
from bot.domain.errors import ModelInDoubt, ModelProblem, ModelRefused, ModelUnreachable
from bot.words import phrase

LONGEST_LISTING = 67_108_864
KEEPALIVE_SECONDS = 15.0
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Something that was read."""

    body: bytes
    """As it came."""
    at: datetime | None
    """When, by the gateway's clock; None where it does not say."""


class Client:
    """Sends to one gateway. Open it before use; one is enough for any number of calls at once.

    Args:
        base_url: of the gateway.
        headers: sent with every request, the key among them.
        patience: how long to wait.
        name: of the gateway, for people.
        limits: of calls at once and within a minute.
        insured: see `Endpoint.insured`.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        patience: Patience,
        name: str = "the gateway",
        limits: Limits = NO_LIMITS,
        insured: bool = False,
    ) -> None:
        self._base_url = base_url
        self._headers = dict(headers)
        self._patience = patience
        self._pace = Pace(limits)
        self._breaker = Breaker(name)
        self._insured = insured
        self._name = name
        self._opened: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        # In a thread, because it reads the certificates of all authorities from disk.
        self._opened = await asyncio.to_thread(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    @property
    def address(self) -> str:
        """The base URL."""
        return self._base_url

    @asynccontextmanager
    async def post(
        self, path: str, body: Body, call: Call, *, headers: Mapping[str, str] = NO_HEADERS
    ) -> AsyncIterator[Reply]:
        """Send a paid request; again only where nothing was charged, see `retry`.

        Args:
            path: below the base URL.
            body: JSON, unless `headers` say otherwise.
            call: what it is about.
            headers: in place of the usual ones, or beside them.

        Yields:
            The answer, to be read while the context is open; leaving it early hangs up.

        Raises:
            ModelProblem: see the module.
        """
        sent, reply = await self._answered(path, body, call, headers)
        async with sent:
            yield reply

    async def _answered(
        self, path: str, body: Body, call: Call, headers: Mapping[str, str]
    ) -> tuple[AsyncExitStack, Reply]:
        """Send until there is an answer; returns it with what must be closed after it."""
        tries = Tries(now() + self._patience.retry, insured=self._insured)
        while True:
            try:
                async with AsyncExitStack() as stack:
                    reply = await self._attempt(path, body, call, headers, stack)
                    return stack.pop_all(), reply
            except ModelProblem as problem:
                pause = tries.pause(problem, now())
                if pause is None or self._breaker.resting:
                    raise
                _log.info("asking again", gateway=self._name, model=call.model, reason=problem.reason, seconds=pause)
            await asyncio.sleep(pause)

    async def _attempt(
        self, path: str, body: Body, call: Call, headers: Mapping[str, str], stack: AsyncExitStack
    ) -> Reply:
        """Send once, and return the answer to be read for as long as the stack is open."""
        await stack.enter_async_context(self._pace.turn(call.model, self._patience.turn))
        stack.enter_context(self._breaker.attempt(call.model))
        deadline = now() + self._patience.total
        upload = await _opened(Upload(body), call, stack)
        response = await self._send(path, upload, call, deadline, headers)
        reply = Reply(response, call, deadline, self._patience, digest=upload.digest, insured=self._insured)
        stack.push_async_callback(reply.aclose)
        await reply.check()
        self._breaker.answered()
        return reply

    async def get(self, path: str, call: Call) -> bytes:
        """Read something that costs nothing.

        Raises:
            ModelUnreachable: it could not be read.
            ModelProblem: it was refused.
        """
        return (await self.page(path, call)).body

    async def page(self, path: str, call: Call) -> Page:
        """Read something that costs nothing, with the time of the gateway's clock.

        Raises:
            ModelUnreachable: it could not be read.
            ModelProblem: it was refused.
        """
        try:
            async with asyncio.timeout(self._patience.listing), self._client.stream("GET", path) as response:
                if response.status_code != httpx.codes.OK:
                    raise await refusal(response, call, self._patience.listing, unbilled=True)
                return Page(body=await read(response, LONGEST_LISTING), at=_time(response.headers.get("date")))
        except FAULTS as fault:
            raise ModelUnreachable(told(fault), model=call.model) from fault

    async def _send(
        self, path: str, upload: Upload, call: Call, deadline: float, headers: Mapping[str, str]
    ) -> httpx.Response:
        usual = {
            "Content-Type": "application/json",
            "Content-Length": str(upload.length),
            "Accept": "text/event-stream",
            # Compressed events may wait in a buffer on the way.
            "Accept-Encoding": "identity",
        }
        try:
            async with asyncio.timeout_at(deadline):
                request = self._client.build_request("POST", path, content=upload, headers={**usual, **headers})
                return await self._client.send(request, stream=True)
        except FAULTS as fault:
            kind = ModelInDoubt if upload.begun else ModelUnreachable
            raise kind(told(fault), model=call.model) from fault

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            raise RuntimeError("the gateway is used before it is opened")
        return self._opened

    def _open(self) -> httpx.AsyncClient:
        patience = self._patience
        return HttpxAiohttpClient(
            base_url=self._base_url,
            headers=self._headers,
            # Any number: whoever has a turn does not wait again (https://docs.aiohttp.org/en/stable/client_reference.html).
            limits=httpx.Limits(max_connections=0, keepalive_expiry=KEEPALIVE_SECONDS),
            timeout=httpx.Timeout(connect=patience.connect, read=patience.idle, write=None, pool=patience.connect),
            follow_redirects=False,
        )


async def _opened(upload: Upload, call: Call, stack: AsyncExitStack) -> Upload:
    try:
        return await stack.enter_async_context(upload)
    except OSError as error:
        raise ModelRefused(
            phrase("the recording could not be read from this machine's disk"), model=call.model
        ) from error


def _time(date: str | None) -> datetime | None:
    """Read a date as HTTP has it (RFC 9110, 5.6.7)."""
    try:
        found = parsedate_to_datetime(date) if date else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)
