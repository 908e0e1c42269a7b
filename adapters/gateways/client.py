"""The only sender: one pool of connections a gateway, and the verdict on everything that goes wrong on the way.

A paid request is sent once. What may be tried again is decided by one fact that we see ourselves, whether the body was
begun (`Upload.begun`), and not by the kind of the exception: the transport reports a connection that was cut after
sending with the same exception as one that was never made.

    not begun                    ModelUnreachable
    begun, cut or too late       ModelInDoubt
    answered, but with an error  see `problems`
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from adapters.gateways.body import Body, Upload
from adapters.gateways.problems import Call
from adapters.gateways.reply import FAULTS, Patience, Reply, now, read, refusal, told
from bot.domain.errors import ModelInDoubt, ModelRefused, ModelUnreachable

LONGEST_LISTING = 67_108_864
KEEPALIVE_SECONDS = 15.0


class Client:
    """Sends to one gateway. Open it before use; one is enough for any number of calls at once.

    Args:
        base_url: of the gateway.
        headers: sent with every request, the key among them.
        patience: how long to wait.
        max_connections: calls at once; more wait for a place.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str], *, patience: Patience, max_connections: int) -> None:
        self._base_url = base_url
        self._headers = dict(headers)
        self._patience = patience
        self._max_connections = max_connections
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

    @asynccontextmanager
    async def post(self, path: str, body: Body, call: Call) -> AsyncIterator[Reply]:
        """Send a paid request, once.

        Yields:
            The answer, to be read while the context is open; leaving it early hangs up.

        Raises:
            ModelProblem: see the module.
        """
        deadline = now() + self._patience.total
        async with AsyncExitStack() as stack:
            upload = await _opened(Upload(body), call, stack)
            reply = Reply(await self._send(path, upload, call, deadline), call, deadline, self._patience)
            stack.push_async_callback(reply.aclose)
            await reply.check()
            yield reply

    async def get(self, path: str, call: Call) -> bytes:
        """Read something that costs nothing.

        Raises:
            ModelUnreachable: it could not be read.
            ModelProblem: it was refused.
        """
        try:
            async with asyncio.timeout(self._patience.listing), self._client.stream("GET", path) as response:
                if response.status_code != httpx.codes.OK:
                    raise await refusal(response, call, self._patience.listing)
                return await read(response, LONGEST_LISTING)
        except FAULTS as fault:
            raise ModelUnreachable(told(fault), model=call.model) from fault

    async def _send(self, path: str, upload: Upload, call: Call, deadline: float) -> httpx.Response:
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(upload.length),
            "Accept": "text/event-stream",
            # Compressed events may wait in a buffer on the way.
            "Accept-Encoding": "identity",
        }
        try:
            async with asyncio.timeout_at(deadline):
                request = self._client.build_request("POST", path, content=upload, headers=headers)
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
            limits=httpx.Limits(max_connections=self._max_connections, keepalive_expiry=KEEPALIVE_SECONDS),
            timeout=httpx.Timeout(connect=patience.connect, read=patience.idle, write=None, pool=2 * patience.connect),
            follow_redirects=False,
        )


async def _opened(upload: Upload, call: Call, stack: AsyncExitStack) -> Upload:
    try:
        return await stack.enter_async_context(upload)
    except OSError as error:
        raise ModelRefused("the recording could not be read from this machine's disk", model=call.model) from error
