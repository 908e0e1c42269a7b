"""fal: OpenRouter's models by fal's queue, at once, or streamed.

    way      what is sent                  after a crash                      when the turn is cancelled
    queue    submit, wait, fetch           carried on by the request's id     cancelled, or left for the next process
    stream   one request, words as said    looked up by the request's id      hung up
    sync     one request                   looked up by the request's id      hung up

A call that was cut off before fal named it is looked up by our own mark of it, see `marks`.
`https://fal.ai/docs/documentation/model-apis/inference` compares them.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from types import TracebackType
from typing import Self

from typing_extensions import override

from adapters.gateways.fal.asked import asked, known
from adapters.gateways.fal.billing import Billing
from adapters.gateways.fal.calls import Calls
from adapters.gateways.fal.codec import STREAMS, body_of
from adapters.gateways.fal.history import History
from adapters.gateways.fal.models import NAME, WELL_KNOWN, capabilities
from adapters.gateways.fal.options import OPTIONS, Options
from adapters.gateways.fal.queue import Queue
from adapters.gateways.fal.storage import Storage
from adapters.gateways.fal.webhook import Deliveries, Keyring, WebhookServer
from adapters.gateways.fal.wire import Wire
from adapters.gateways.problems import Call
from bot.domain.errors import ModelInDoubt, ModelProblem, ModelUnauthorised
from bot.domain.health import Finding
from bot.domain.journal import Step
from bot.domain.models import Capabilities, Catalogue, Delta, ModelRef, Request
from bot.domain.money import Account, Usage
from bot.ports import Billed, Checked, Clock, Gateway
from bot.words import phrase

UNPRICED = Finding(
    ok=True,
    what="fal lists no prices: before a call, budgets hold next to nothing for a model that `prices` does not list.",
)


class FalGateway(Gateway, Checked, Billed):
    """Models behind fal's router. Open it with `async with`; one is enough for the process.

    Args:
        key: of the account, `id:secret`; no text and no log ever shows it.
        clock: for webhooks, and for the day of what was charged.
        options: where fal is, and how it is called.
    """

    name = NAME

    def __init__(self, key: str, clock: Clock, options: Options = OPTIONS) -> None:
        self._key = key.strip()
        self._clock = clock
        self._way = options.way
        places, waits = options.places, options.waits
        patience = options.patience
        if options.way == "sync":
            # Nothing comes before the whole answer.
            patience = replace(patience, idle=patience.total)
        self._wire = Wire(self._key, patience=patience, limits=options.limits)
        self._storage = Storage(wire=self._wire, url=places.rest)
        deliveries = Deliveries()
        self._webhooks: WebhookServer | None = None
        if options.webhook is not None:
            keyring = Keyring(self._wire, places.rest)
            self._webhooks = WebhookServer(options.webhook, keyring, deliveries, clock=clock, secret=self._key)
            # A webhook says what the stream would.
            waits = replace(waits, stream_after=float("inf"))
        queue = Queue(wire=self._wire, url=places.queue, waits=waits)
        self._history = History(wire=self._wire, url=places.api, clock=clock)
        self._billing = Billing(wire=self._wire, url=places.api, queue=queue, history=self._history, clock=clock)
        self._calls = Calls(
            wire=self._wire,
            queue=queue,
            history=self._history,
            deliveries=deliveries,
            webhooks=self._webhooks,
            options=options,
        )
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._wire)
            if self._webhooks is not None:
                await stack.enter_async_context(self._webhooks)
            self._opened = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    @override
    async def perform(self, request: Request) -> AsyncGenerator[Delta, None]:
        """Make one call. What may have been charged is never sent again.

        `Accepted` comes as soon as fal names the call: from the queue before anything else, else with the answer.
        Only a stream brings the words one after another; sound is never streamed, because its endpoint does not.

        Raises:
            ModelCannot, ModelUnknown: nothing was sent.
            ModelProblem: `ModelBusy`, `ModelUnreachable`: not charged. `ModelInDoubt`: perhaps charged. All others:
                asking again does not help.
        """
        ready, began = asked(request, self._call(request.model)), self._clock.now()
        body = body_of(ready.sent, await self._storage.addresses(ready.sent, ready.mark, ready.call))
        streams = self._way == "stream" and ready.sent.endpoint in STREAMS
        if streams or self._way == "sync":
            deltas = self._calls.direct(ready, body, began, streamed=streams)
        else:
            deltas = self._calls.queued(ready, body, began)
        async with aclosing(deltas):
            async for delta in deltas:
                yield delta

    @override
    async def recover(self, step: Step, request: Request) -> AsyncGenerator[Delta, None]:
        """Carry on a call that was cut off, by fal's name of it, or by our own mark; nothing is ever sent again.

        Raises:
            ModelBusy: it certainly came to nothing, and was not charged.
            ModelInDoubt: it may have been charged, and its answer cannot be had.
            ModelProblem: its answer is an error; with usage where it may have been charged.
        """
        try:
            ready = asked(request, self._call(request.model))
        except ModelProblem as problem:  # once it could be asked, so it may have been
            raise ModelInDoubt(
                phrase("it cannot be carried on: {reason}", reason=problem.reason), model=problem.model
            ) from problem
        deltas = self._calls.carried_on(ready, step.vendor_id, step.at)
        async with aclosing(deltas):
            async for delta in deltas:
                yield delta

    @override
    async def capabilities(self, model: str) -> Capabilities:
        known(model, self._call(model))
        return capabilities(model)

    @override
    async def catalogue(self) -> Catalogue:
        """Return some well-known models; fal lists none, and takes all of OpenRouter's."""
        return {ModelRef(gateway=self.name, name=name): capabilities(name) for name in WELL_KNOWN}

    @override
    async def cost(self, call: str) -> Usage | None:
        return await self._billing.cost(call, self._call(""))

    @override
    async def account(self) -> Account:
        """Return what fal's router charged the whole account; only an admin's key may know."""
        return await self._billing.account(self._call(""))

    @override
    async def check(self) -> Sequence[Finding]:
        """Look whether fal can be reached and takes the key, for nothing, and whether webhooks can come."""
        findings = [await self._key_finding(), UNPRICED]
        if self._webhooks is not None and not self._webhooks.listens:
            what = "fal's webhooks cannot be received: the address is in use, or not ours. fal is asked instead."
            findings.append(Finding(ok=False, what=what, fix="Look at fal.webhook_host and fal.webhook_port."))
        return findings

    async def _key_finding(self) -> Finding:
        try:
            await self._history.readable(self._call(""))
        except ModelUnauthorised as error:
            what = f"fal does not take the key: {error.reason}, so its models answer nobody."
            fix = "Look at the key and the balance at https://fal.ai/dashboard; the key is fal.key of the settings."
            return Finding(ok=False, what=what, fix=fix)
        except ModelProblem as error:
            what = f"fal gave no answer: {error.reason}, so its models answer nobody now."
            return Finding(ok=False, what=what, fix="Check the network, and fal.api_url of the settings.")
        return Finding(ok=True, what="fal takes the key.")

    def _call(self, model: str) -> Call:
        return Call(model=str(ModelRef(gateway=self.name, name=model)) if model else self.name, secret=self._key)
