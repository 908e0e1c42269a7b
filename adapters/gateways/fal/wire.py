"""fal over HTTP: the one sender, with fal's own words for what went wrong, and whole answers to what costs nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
from typing_extensions import override

from adapters.gateways.body import Body, Upload
from adapters.gateways.client import NO_HEADERS, Client
from adapters.gateways.fal.errors import HttpAnswer, failure
from adapters.gateways.pace import Limits
from adapters.gateways.problems import Call
from adapters.gateways.reply import FAULTS, LONGEST_ERROR, Patience, Reply, now, read, told
from bot.domain.errors import ModelRefused, ModelUnreachable
from bot.words import phrase

LONGEST_ANSWER = 67_108_864


class Wire(Client):
    """Sends to fal's hosts; every address is given whole.

    Args:
        key: of the account.
        patience: how long to wait for one answer.
        limits: of calls at once and within a minute.
    """

    def __init__(self, key: str, *, patience: Patience, limits: Limits) -> None:
        super().__init__("", {}, patience=patience, name="fal", limits=limits)
        self._authorised = {"Authorization": f"Key {key}"}

    async def exchange(
        self,
        method: str,
        url: str,
        call: Call,
        *,
        body: Body = (),
        headers: Mapping[str, str] = NO_HEADERS,
        keyed: bool = True,
    ) -> HttpAnswer:
        """Send something that costs nothing, and return the whole answer, whatever its status.

        Args:
            method: of HTTP.
            url: the whole address.
            call: what it is about.
            body: JSON or a file, if `headers` say so.
            headers: beside the usual ones.
            keyed: whether the key is shown: not to who has no business with it.

        Raises:
            ModelUnreachable: there is no answer.
            ModelRefused: the body's file is gone from this machine.
        """
        shown = {**(self._authorised if keyed else {}), **headers}
        async with AsyncExitStack() as stack:
            try:
                upload = await stack.enter_async_context(Upload(body))
            except OSError as error:
                raise ModelRefused(
                    phrase("the file could not be read from this machine's disk"), model=call.model
                ) from error
            try:
                # A file may take longer than an answer.
                async with asyncio.timeout(self._patience.total if body else self._patience.listing):
                    return await self._exchanged(method, url, upload, shown)
            except FAULTS as fault:
                raise ModelUnreachable(told(fault), model=call.model) from fault

    @asynccontextmanager
    async def watch(self, url: str, call: Call) -> AsyncIterator[Reply]:
        """Read a stream of events that costs nothing.

        Raises:
            ModelUnreachable: there is none.
        """
        try:
            request = self._client.build_request(
                "GET", url, headers={**self._authorised, "Accept": "text/event-stream"}
            )
            response = await self._client.send(request, stream=True)
        except FAULTS as fault:
            raise ModelUnreachable(told(fault), model=call.model) from fault
        reply = Reply(response, call, now() + self._patience.total, self._patience)
        try:
            if response.status_code != httpx.codes.OK:
                raise ModelUnreachable(f"no stream ({response.status_code})", model=call.model)
            yield reply
        finally:
            await reply.aclose()

    async def _exchanged(self, method: str, url: str, upload: Upload, headers: Mapping[str, str]) -> HttpAnswer:
        sized = {"Content-Length": str(upload.length)} if upload.length else {}
        usual = {"Accept": "application/json", **sized, **headers}
        content = upload if upload.length else None
        async with self._client.stream(method, url, content=content, headers=usual) as response:
            return await _whole(response, LONGEST_ANSWER)

    @override
    async def _send(
        self, path: str, upload: Upload, call: Call, deadline: float, headers: Mapping[str, str]
    ) -> httpx.Response:
        response = await super()._send(path, upload, call, deadline, {**self._authorised, **headers})
        if response.status_code == httpx.codes.OK:
            return response
        answer = HttpAnswer(status=response.status_code, headers=dict(response.headers), body=b"")
        with suppress(*FAULTS):
            async with asyncio.timeout(self._patience.listing):
                answer = await _whole(response, LONGEST_ERROR)
        await response.aclose()
        raise failure(answer, call)


async def _whole(response: httpx.Response, limit: int) -> HttpAnswer:
    body = await read(response, limit)
    return HttpAnswer(status=response.status_code, headers=dict(response.headers), body=body)
