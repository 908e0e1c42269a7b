"""One call to fal's router, by each of the ways; one POST, whatever happens.

An answer that is lost is looked for by fal's name of the call, else by our own mark of it (`marks`): in the webhooks that
came, and in fal's history. Where it is found it is used; else nobody knows.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from adapters.gateways.body import Body
from adapters.gateways.fal.asked import Asked
from adapters.gateways.fal.errors import HttpAnswer, failure
from adapters.gateways.fal.history import FIRST_PAUSE, LONGEST_PAUSE, History, Record
from adapters.gateways.fal.marks import tagged
from adapters.gateways.fal.options import Options
from adapters.gateways.fal.queue import Queue, ResultGone, submitted
from adapters.gateways.fal.webhook import Deliveries, WebhookServer
from adapters.gateways.fal.wire import Wire
from adapters.gateways.problems import Call
from adapters.gateways.reading import decoded
from adapters.gateways.reply import now
from bot.domain.errors import ModelInDoubt, ModelProblem
from bot.domain.models import Accepted, Delta
from bot.words import phrase

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
        headers = {**tagged(asked.mark), **({} if streamed else JSON_WANTED)}
        named = ""
        try:
            async with self.wire.post(url, body, asked.call, headers=headers) as reply:
                if named := reply.header(ID_HEADER) or "":
                    yield Accepted(id=named)
                    self.named.append(named)
                while (data := await reply.event(self.options.patience.total)) is not None:
                    for delta in asked.answer.read(decoded(data, asked.call)):
                        yield delta
            for delta in asked.answer.end(streamed=streamed):
                yield delta
        except ModelInDoubt as doubt:
            request_id, found = (named, None) if named else await self._orphan(asked, began, doubt)
            if not named:
                yield Accepted(id=request_id)
                self.named.append(request_id)
            for delta in told(found or await self._lost(request_id, asked.call, doubt), asked):
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
            doubt = ModelInDoubt(phrase("it was interrupted before"), model=asked.call.model)
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
        # Later than we give up ourselves: so it is we who take it back, unless we are gone by then.
        begun_in = 2 * self.queue.waits.total
        headers = {**JSON_WANTED, "X-Fal-Request-Timeout": f"{begun_in:g}", **tagged(asked.mark)}
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

    async def _lost(self, request_id: str, call: Call, doubt: ModelInDoubt) -> HttpAnswer:
        """Return the answer of a direct call whose connection was cut.

        Raises:
            ModelInDoubt: nobody knows it.
        """
        found = await self._recorded(request_id, call, self.queue.waits.seek)
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

        Raises:
            ModelInDoubt: it is not there, or nobody can tell which one it is.
        """
        until, pause = now() + self.queue.waits.seek, FIRST_PAUSE
        while asked.mark:
            if request_id := self.deliveries.request_of(asked.name):
                return request_id, self.deliveries.outcome(request_id)
            found = await self._marked(asked, began)
            if len(found) == 1:
                return found[0].request_id, found[0].outcome
            if found or now() + pause > until:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        raise doubt

    async def _marked(self, asked: Asked, began: int) -> Sequence[Record]:
        """Return the requests with the mark of a call, which the same step may have made before it, too."""
        # Without knowing when it began, nobody could tell it from those.
        return await self.history.find(asked.sent, asked.mark, began, asked.call, self.named) if began else ()


def told(outcome: HttpAnswer, asked: Asked) -> Iterator[Delta]:
    """Read the whole answer to a call that fal had taken.

    Raises:
        ModelProblem: it is an error.
    """
    if outcome.status != 200:
        raise failure(outcome, asked.call, taken=True)
    yield from asked.answer.read(decoded(outcome.body.decode(errors="replace"), asked.call))
    yield from asked.answer.end(streamed=False)
