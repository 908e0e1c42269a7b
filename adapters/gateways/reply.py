"""Reading one answer, event by event, with the time limits and the verdict on a connection that is cut."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import aiohttp
import httpx
from httpx_sse import EventSource

from adapters.gateways.problems import Answered, Call, problem, read_body
from bot.domain.errors import ModelInDoubt, ModelProblem
from bot.words import Phrase, phrase

FAULTS = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, aiohttp.ClientError, OSError)
"""All that sending and reading can raise; `TimeoutError` is an `OSError`."""

LONGEST_ERROR = 65_536
LONGEST_EVENT = 8_388_608


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long is waited for what, in seconds."""

    connect: float = 10
    """For a connection."""
    turn: float = 60
    """For a turn, where calls at once or within a minute are limited."""
    retry: float = 20
    """From the first try, for others to begin."""
    idle: float = 55
    """Between two bytes. Under a minute, so that whoever asked is told of a hanging model within one."""
    quiet: float = 55
    """Between two events of an answer: comments that only keep the connection alive do not count."""
    total: float = 300
    """From the first byte sent to the last one read; also between two events where a model thinks before it answers."""
    listing: float = 10
    """For a whole listing of models."""
    drain: float = 0.2
    """For the end of the connection after the end of the answer, so that it can be used again."""


class Reply:
    """An answer that is being read.

    The time is looked at whenever bytes come, which costs no timer for each event; silence is ended by the
    connection's own limit, `Patience.idle`.

    Args:
        response: opened, and not read yet.
        call: what it answers.
        deadline: the last moment, in the loop's time.
        patience: how long to wait.
        digest: see `Upload.digest`.
        insured: see `Endpoint.insured`.
    """

    def __init__(
        self,
        response: httpx.Response,
        call: Call,
        deadline: float,
        patience: Patience,
        *,
        digest: str = "",
        insured: bool = False,
    ) -> None:
        self.digest = digest
        """Of what was sent."""
        self._response = response
        self._call = call
        self._deadline = deadline
        self._patience = patience
        self._insured = insured
        self._until = deadline
        self._waiting_bytes = 0
        self._paused_at = now()
        self._events = self._read_events()
        self._pieces = self._arriving()

    def header(self, name: str) -> str | None:
        """Return a header, or None."""
        found: str | None = self._response.headers.get(name)
        return found

    async def check(self) -> None:
        """Make sure that this is an answer.

        Raises:
            ModelProblem: it is an error, and this is what it means.
        """
        if self._response.status_code != httpx.codes.OK:
            raise await refusal(self._response, self._call, self._patience.idle, insured=self._insured)

    async def event(self, seconds: float) -> str | None:
        """Return the data of the next event; None at the end of the answer.

        An answer that is JSON and no stream is one event. The time that the caller takes between two events is not
        held against the answer.

        Args:
            seconds: to wait for it.

        Raises:
            ModelInDoubt: it did not come in time, or the connection was cut.
        """
        with self._waiting(seconds):
            return await anext(self._events, None)

    async def piece(self, seconds: float) -> bytes | None:
        """Return the next bytes of an answer that is neither JSON nor a stream of events; None at its end.

        Args:
            seconds: to wait for them, as in `event`.

        Raises:
            ModelInDoubt: they did not come in time, or the connection was cut.
        """
        with self._waiting(seconds):
            return await anext(self._pieces, None)

    async def drain(self) -> None:
        """Read the end of the connection, after the end of the answer, if it comes at once."""
        with suppress(*FAULTS):
            async with asyncio.timeout(self._patience.drain):
                await anext(self._events, None)

    async def aclose(self) -> None:
        """Give the connection back, or hang up where the answer was not read to its end."""
        with suppress(*FAULTS):
            await self._events.aclose()
            await self._pieces.aclose()
            await self._response.aclose()

    @contextmanager
    def _waiting(self, seconds: float) -> Iterator[None]:
        started = now()
        self._deadline += started - self._paused_at
        self._until = min(self._deadline, started + seconds)
        self._waiting_bytes = 0
        try:
            yield
        except FAULTS as fault:
            raise ModelInDoubt(told(fault), model=self._call.model) from fault
        finally:
            self._paused_at = now()

    async def _read_events(self) -> AsyncGenerator[str, None]:
        header = self._response.headers.get("content-type", "")
        kind = header.partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            timed = httpx.Response(httpx.codes.OK, headers={"Content-Type": header}, content=self._arriving())
            # Not `aiter_lines`, which breaks an event at a U+2028 in its text.
            async for event in EventSource(timed).aiter_sse():
                yield event.data
        elif kind == "application/json":
            yield b"".join([part async for part in self._arriving()]).decode(errors="replace")
        else:
            raise httpx.DecodingError(
                phrase("the answer is {kind}, not an event stream", kind=kind or phrase("of no kind"))
            )

    async def _arriving(self) -> AsyncGenerator[bytes, None]:
        async for part in self._response.aiter_bytes():
            self._waiting_bytes += len(part)
            if now() > self._until:
                raise TimeoutError
            if self._waiting_bytes > LONGEST_EVENT:
                raise httpx.DecodingError(phrase("the answer is too long"))
            yield part


async def refusal(
    response: httpx.Response, call: Call, seconds: float, *, insured: bool = False, unbilled: bool = False
) -> ModelProblem:
    """Read an answer that is an error, and return what it means; its status alone will do where its body is lost.

    Args:
        response: opened, and not read yet.
        call: what it answers.
        seconds: to wait for its body.
        insured: see `Endpoint.insured`.
        unbilled: it answers what costs nothing.
    """
    body = b""
    with suppress(*FAULTS):
        async with asyncio.timeout(seconds):
            body = await read(response, LONGEST_ERROR)
    error = read_body(response.status_code, body, response.headers.get("retry-after"))
    found = problem(error, call, insured=insured, unbilled=unbilled)
    found.__cause__ = Answered(response.status_code)
    return found


async def read(response: httpx.Response, limit: int) -> bytes:
    """Read a body, or its beginning where it is longer."""
    data = bytearray()
    async for part in response.aiter_bytes():
        data += part
        if len(data) >= limit:
            break
    return bytes(data[:limit])


def told(fault: Exception) -> str:
    """Say what went wrong, in our words: the exceptions' own may hold addresses."""
    if isinstance(fault, TimeoutError) or isinstance(fault.__cause__, TimeoutError):
        return phrase("it took too long")
    if isinstance(fault, httpx.DecodingError):
        return fault.args[0] if isinstance(fault.args[0], Phrase) else str(fault)
    # The transport calls a refused connection a timeout: https://github.com/karpetrosyan/httpx-aiohttp.
    if isinstance(fault, httpx.ConnectError) or isinstance(fault.__cause__, aiohttp.ClientConnectorError):
        return phrase("no connection could be made")
    return phrase("the connection was cut")


def now() -> float:
    """Return the running loop's time, in seconds."""
    return asyncio.get_running_loop().time()
