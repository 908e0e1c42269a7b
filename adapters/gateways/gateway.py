"""A remote gateway: what the core asks of it, in its words."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from types import TracebackType
from typing import Self

from typing_extensions import override

from adapters.gateways.answering import answered
from adapters.gateways.catalogue import PLAIN, ModelList, Shelf
from adapters.gateways.chat_completions import NO_PREFERENCES
from adapters.gateways.checks import findings
from adapters.gateways.client import Client
from adapters.gateways.doubt import nothing_to_lose
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.exchange import Codec, Exchange
from adapters.gateways.pace import NO_LIMITS, Limits
from adapters.gateways.problems import Call
from adapters.gateways.profiles import UNLISTED, ModelFacts
from adapters.gateways.records import Records
from adapters.gateways.recovery import Fate, Found, Replay, find_out, is_same
from adapters.gateways.reply import Patience
from bot.domain.errors import ModelBusy, ModelProblem, ModelUnknown
from bot.domain.health import Finding
from bot.domain.journal import Step
from bot.domain.models import Capabilities, Catalogue, Delta, ModelRef, Request
from bot.domain.money import Account, Usage
from bot.ports import Billed, Checked, Gateway, Listed
from bot.words import phrase

PATIENCE = Patience()


class RemoteGateway(Gateway, Checked, Billed, Listed):
    """Models behind HTTP, by chat completions. Open it with `async with`; one is enough for the process.

    Args:
        endpoint: the gateway's row.
        key: of the account; no text and no log ever shows it.
        base_url: where it is, if not where the row says.
        patience: how long to wait.
        limits: of calls at once and within a minute.
        shelf: where the list of models comes from and where it is kept.
        preferences: of providers, where the gateway routes: `Codec.preferences`.
    """

    def __init__(  # noqa: PLR0913  (most have a default)
        self,
        endpoint: Endpoint,
        key: str,
        base_url: str | None = None,
        *,
        patience: Patience = PATIENCE,
        limits: Limits = NO_LIMITS,
        shelf: Shelf = PLAIN,
        preferences: Mapping[str, object] = NO_PREFERENCES,
    ) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._key = key.strip()
        self._patience = patience
        allowed = {"Authorization": f"{endpoint.scheme} {self._key}"} if self._key else {}
        self._codec = Codec(endpoint=endpoint, secret=self._key, preferences=preferences)
        self._client = Client(
            base_url or endpoint.base_url,
            {**endpoint.headers, **allowed},
            patience=patience,
            name=self.name,
            limits=limits,
            insured=endpoint.insured,
        )
        self._ours = Call(model=self.name, secret=self._key)
        self._models = ModelList(endpoint, self._client, self._ours, shelf)
        self._records = Records(endpoint, self._client)
        self._replay = Replay(client=self._client, endpoint=endpoint, records=self._records, patience=patience)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._client)
            await stack.enter_async_context(self._models)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @override
    async def perform(self, request: Request) -> AsyncGenerator[Delta, None]:
        """Make one call: another POST only where the one before was refused and certainly cost nothing, see `retry`.

        `Accepted` comes first and once: a call that was named is never sent again. A transcript comes as `TextDelta`s
        where the model tells no times; where nobody speaks, there are none. Speech comes as it is made, but of a model
        that only chats not before it was compared with the text. An answer that goes on past `max_tokens` is cut short,
        at an unknown cost. Stop reading to hang up.

        Raises:
            ModelCannot, ModelUnknown: nothing was sent.
            ModelProblem: `ModelBusy`, `ModelUnreachable`: not charged; what came so far is to be forgotten.
                `ModelInDoubt`: perhaps charged. All others: asking again does not help.
        """
        free = self._facts(request.model).capabilities.free
        with nothing_to_lose(free=free):
            exchange, call = self._exchange(request), self._call(request.model)
            async with (
                self._client.post(exchange.path, exchange.body, call, headers=exchange.headers) as reply,
                aclosing(answered(reply, exchange, self._endpoint, self._patience)) as deltas,
            ):
                async for delta in deltas:
                    yield delta

    @override
    async def capabilities(self, model: str) -> Capabilities:
        await self._models.facts()
        return self._facts(model).capabilities

    @override
    async def recover(self, step: Step, request: Request) -> AsyncGenerator[Delta, None]:
        """Carry on a call: see `recovery`. `Accepted` comes only where the call is free, and made anew."""
        await self._models.facts()
        facts, call = self._models.find(request.model), self._call(request.model)
        if facts is not None and facts.capabilities.free:
            stream = self.perform(request)
        else:
            found = await find_out(self._records, self._endpoint, step, call)
            stream = await self._carried_on(found, step, request)
        async with aclosing(stream) as deltas:
            async for delta in deltas:
                yield delta

    async def _carried_on(self, found: Found, step: Step, request: Request) -> AsyncGenerator[Delta, None]:
        call = self._call(request.model)
        match found.fate:
            case Fate.UNCHARGED:
                raise ModelBusy(
                    phrase("the call that was cut off came to nothing and was not charged"), model=call.model
                )
            case Fate.LOST:
                raise found.doubt(call.model)
            case Fate.KEPT:
                exchange = await self._repeated(step, request)
                if exchange is None:
                    raise replace(found, reason=phrase("its answer was to another question than there is now")).doubt(
                        call.model
                    )
                return self._replay.answer(exchange, found, call)

    async def _repeated(self, step: Step, request: Request) -> Exchange | None:
        """Return a request as it was sent before; None where it would be sent differently now, or not at all."""
        try:
            exchange = self._exchange(request)
        except ModelProblem:
            return None
        return exchange if await is_same(exchange, step) else None

    @override
    async def cost(self, call: str) -> Usage | None:
        return await self._replay.cost(call, self._ours)

    @override
    async def account(self) -> Account:
        return await self._records.account(self._ours)

    @override
    def listing_age(self) -> float | None:
        return self._models.age

    @override
    def listed(self) -> Catalogue:
        return self._models.known()

    @override
    async def catalogue(self) -> Catalogue:
        """Return the models that it offers; those of a built-in table for as long as it does not say."""
        return await self._models.catalogue()

    @override
    async def check(self) -> Sequence[Finding]:
        """Look whether the gateway can be reached and takes the key, for nothing."""
        return await findings(self._endpoint, self._client, self._records, self._models, self._ours)

    def _exchange(self, request: Request) -> Exchange:
        """Put a request into the gateway's words: the same request gives the same."""
        return self._codec.encode(request, self._facts(request.model), self._full(request.model))

    def _facts(self, model: str) -> ModelFacts:
        found = self._models.find(model)
        if found is None and self._models.age is not None:
            raise ModelUnknown(phrase("{gateway} does not list it", gateway=self.name), model=self._full(model))
        return found or UNLISTED

    def _full(self, model: str) -> str:
        return str(ModelRef(gateway=self.name, name=model))

    def _call(self, model: str) -> Call:
        return Call(model=self._full(model), secret=self._key)
