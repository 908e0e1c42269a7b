"""One call to fal's router, by each of the ways; one POST, whatever happens.

An answer that is lost is looked for: by the webhook that carries our own name of the call, and in fal's history. Where
it is found it is used; else nobody knows.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from adapters.gateways.body import Body
from adapters.gateways.fal.asked import Asked
from adapters.gateways.fal.errors import HttpAnswer, failure
from adapters.gateways.fal.history import History, wanted_for
from adapters.gateways.fal.options import Options
from adapters.gateways.fal.queue import Queue, ResultGone, submitted
from adapters.gateways.fal.webhook import Deliveries, WebhookServer
from adapters.gateways.fal.wire import Wire
from adapters.gateways.problems import Call
from adapters.gateways.reading import decoded
from bot.domain.errors import ModelInDoubt, ModelProblem
from bot.domain.models import Accepted, Delta

ID_HEADER = "x-fal-request-id"
JSON_WANTED = {"Accept": "application/json"}
MOST_NAMES = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Calls:
    """The ways to call fal's router, and to find out what became of a call."""

    wire: Wire
    """Sends the key along."""
    queue: Queue
    """For the way of the same name."""
    history: History
    """Knows calls that were cut off."""
    deliveries: Deliveries
    """What webhooks brought."""
    webhooks: WebhookServer | None
    """Receives them."""
    options: Options
    """How fal is called."""
    named: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_NAMES))
    """Requests whose name was heard, the newest last: a call that was never named is none of them."""

    async def queued(self, asked: Asked, body: Body, began: int) -> AsyncGenerator[Delta, None]:
        """Submit, wait, fetch.

        Args:
            asked: what is asked.
            body: what is sent.
            began: when the call begins, in milliseconds since 1970 (UTC).
        """
        found: HttpAnswer | None = None
        try:
            request_id = await self._submit(asked, body)
        except ModelInDoubt as doubt:
            request_id, found = await self._orphan(asked, began, doubt)
        try:
            yield Accepted(id=request_id)
        except GeneratorExit:
            await self._leave(request_id, asked.call)
            raise
        self.named.append(request_id)
        for delta in told(found or await self._awaited(request_id, asked.call), asked):
            yield delta

    async def direct(self, asked: Asked, body: Body, began: int, *, streamed: bool) -> AsyncGenerator[Delta, None]:
        """Call without the queue; what the connection loses, the history may know.

        Args:
            asked: what is asked.
            body: what is sent.
            began: when the call begins, in milliseconds since 1970 (UTC).
            streamed: whether the words come one after another.
        """
        url = f"{self.options.places.run}/{asked.sent.endpoint}{'/stream' if streamed else ''}"
        named = ""
        try:
            async with self.wire.post(url, body, asked.call, headers={} if streamed else JSON_WANTED) as reply:
                if named := reply.header(ID_HEADER) or "":
                    yield Accepted(id=named)
                    self.named.append(named)
                while (data := await reply.event(self.options.patience.total)) is not None:
                    for delta in asked.answer.read(decoded(data, asked.call)):
                        yield delta
            for delta in asked.answer.end(streamed=streamed):
                yield delta
        except ModelInDoubt as doubt:
            for delta in told(await self._lost(asked, named, began, doubt), asked):
                yield delta

    async def carried_on(self, asked: Asked, request_id: str | None, began: int) -> AsyncGenerator[Delta, None]:
        """Find out what became of a call that was cut off; nothing is ever sent again.

        Args:
            asked: what was asked.
            request_id: fal's name of the call; None where it was never learned.
            began: when the call began, in milliseconds since 1970 (UTC); 0 where nobody knows.
        """
        found: HttpAnswer | None = None
        if request_id is None:
            doubt = ModelInDoubt("it was interrupted before", model=asked.call.model)
            request_id, found = await self._orphan(asked, began, doubt)
            yield Accepted(id=request_id)
        self.named.append(request_id)
        for delta in told(found or await self._awaited(request_id, asked.call), asked):
            yield delta

    async def _submit(self, asked: Asked, body: Body) -> str:
        url = f"{self.options.places.queue}/{asked.sent.endpoint}"
        if self.webhooks is not None and self.webhooks.listens:
            url += f"?{urlencode({'fal_webhook': self.webhooks.address(asked.name)})}"
        # What does not begin for so long is not wanted any more, even if we are no longer there to say so:
        # https://fal.ai/docs/documentation/model-apis/common-parameters
        headers = {**JSON_WANTED, "X-Fal-Request-Timeout": f"{self.queue.waits.total:g}"}
        async with self.wire.post(url, body, asked.call, headers=headers) as reply:
            return submitted(await reply.event(self.options.patience.quiet), asked.call)

    async def _awaited(self, request_id: str, call: Call) -> HttpAnswer:
        try:
            return await self._settled(request_id, call)
        except asyncio.CancelledError:
            await self._leave(request_id, call)
            raise

    async def _leave(self, request_id: str, call: Call) -> None:
        """Stop a call that nobody waits for any more, unless the next process will."""
        if not self.options.carries_on:
            await self.queue.cancel(request_id, call)

    async def _settled(self, request_id: str, call: Call) -> HttpAnswer:
        """Wait for an answer; one that the queue dropped may have been delivered, or stand in the history."""
        try:
            return await self.queue.settled(request_id, call, self.deliveries.bell(request_id))
        except ResultGone:
            found = self.deliveries.outcome(request_id) or await self._recorded(request_id, call)
            if found is None:
                raise
            return found
        finally:
            self.deliveries.forget_bell(request_id)

    async def _lost(self, asked: Asked, named: str, began: int, doubt: ModelInDoubt) -> HttpAnswer:
        """Return the answer of a direct call whose connection was cut.

        Raises:
            ModelInDoubt: nobody knows it.
        """
        if named:
            found = await self._recorded(named, asked.call, self.history.seek_seconds)
        else:
            _, found = await self._orphan(asked, began, doubt)
        if found is None:
            raise doubt
        return found

    async def _recorded(self, request_id: str, call: Call, seconds: float = 0) -> HttpAnswer | None:
        try:
            return await self.history.outcome(request_id, call, seconds=seconds)
        except ModelProblem:
            return None

    async def _orphan(self, asked: Asked, began: int, doubt: ModelInDoubt) -> tuple[str, HttpAnswer | None]:
        """Find a call that fal never named to us: its name, and its answer where that is known already.

        Without knowing when it began, nobody could tell it from others.

        Raises:
            ModelInDoubt: it is not there, or nobody can tell which one it is.
        """
        if request_id := self.deliveries.request_of(asked.name):
            return request_id, self.deliveries.outcome(request_id)
        wanted = await wanted_for(asked.sent, asked.name) if began else None
        if wanted is None or (record := await self.history.find(wanted, began, asked.call, self.named)) is None:
            raise doubt
        return record.request_id, record.outcome


def told(outcome: HttpAnswer, asked: Asked) -> Iterator[Delta]:
    """Read a whole answer.

    Raises:
        ModelProblem: it is an error.
    """
    if outcome.status != 200:
        raise failure(outcome, asked.call)
    yield from asked.answer.read(decoded(outcome.body.decode(errors="replace"), asked.call))
    yield from asked.answer.end(streamed=False)
