"""The models of a gateway, with the age of what is known of them.

What is known comes from the first of these that there is; whoever asks waits only for the last but one:

    the listing, read not long ago
    the last listing, from memory or from the copy on disk, while a new one is read in the background
    the listing, read now
    a built-in table
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Self

import structlog

from adapters.gateways.client import Client
from adapters.gateways.copies import Copies
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.listing import parse_listing
from adapters.gateways.problems import Call
from adapters.gateways.profiles import UNLISTED, ModelFacts, built_in
from bot.domain.errors import ModelProblem
from bot.domain.models import Catalogue, ModelRef
from bot.domain.money import Price

CHEAPEST = "floor"
"""The variant that is routed to the cheapest provider: https://openrouter.ai/docs/guides/routing/model-variants."""

_log = structlog.get_logger(__name__)


async def fetch_listing(client: Client, endpoint: Endpoint, call: Call) -> bytes:
    """Read the listing as it comes.

    Raises:
        ModelProblem: it could not be read.
    """
    return await client.get(endpoint.listing_path, call)


def find_variant(models: Mapping[str, ModelFacts], name: str) -> ModelFacts | None:
    """Return what is known of a model by its name.

    A variant that is not listed, such as `:nitro`, is the same model on other terms, so never taken for free, and only
    the cheapest is known to cost no more:
    https://openrouter.ai/docs/guides/routing/model-variants/nitro
    """
    base, _, variant = name.rpartition(":")
    found = models.get(name)
    if found is not None or not base or base not in models:
        return found
    known = models[base]
    price = known.capabilities.price if variant == CHEAPEST else None
    return replace(known, capabilities=replace(known.capabilities, free=False, price=price))


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """Where listings come from, how they are read, and where they are kept."""

    fetch: Callable[[Client, Endpoint, Call], Awaitable[bytes]] = fetch_listing
    """Reads a listing."""
    parse: Callable[[bytes, Endpoint], Mapping[str, ModelFacts]] = parse_listing
    """Understands it; raises ValueError where it is none. Runs in a thread."""
    built_in: Callable[[Endpoint], Mapping[str, ModelFacts]] = built_in
    """What is known before anything was read."""
    find: Callable[[Mapping[str, ModelFacts], str], ModelFacts | None] = find_variant
    """Looks a model up by its name."""
    guess: Callable[[str], ModelFacts] = lambda _: UNLISTED
    """What is assumed of a model for as long as nothing was read."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """What models charge, by patterns of their full names (`openrouter/*`), the first that fits; wins over the listing.
    It may say that a model that is listed as free is not, but never that another one is."""
    copies: Copies | None = None
    """Keeps it on disk; None keeps it in memory only."""
    fresh_seconds: float = 3600.0
    """How old a listing may become before the next one is read."""
    retry_seconds: float = 60.0
    """How long nothing is asked after it could not be read."""


PLAIN = Shelf()


class ModelList:
    """The models of one gateway. Open it with `async with`, which loads the copy on disk.

    Args:
        endpoint: the gateway.
        client: sends to it; open.
        call: for errors.
        shelf: where listings come from and where they are kept.
    """

    def __init__(self, endpoint: Endpoint, client: Client, call: Call, shelf: Shelf = PLAIN) -> None:
        self._endpoint = endpoint
        self._client = client
        self._call = call
        self._shelf = shelf
        self._facts = shelf.built_in(endpoint)
        self._read_at: float | None = None
        self._next = 0.0
        self._reading = asyncio.Lock()
        self._background: asyncio.TaskGroup | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._load()
        self._background = await self._stack.enter_async_context(asyncio.TaskGroup())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._background = None
        if self._refreshing is not None:
            self._refreshing.cancel()
        await self._stack.aclose()

    @property
    def age(self) -> float | None:
        """Seconds since the listing was read; None when it never was."""
        return None if self._read_at is None else time.monotonic() - self._read_at

    def find(self, model: str) -> ModelFacts | None:
        """Return what is known of a model, without asking; None when its gateway does not list it."""
        found = self._shelf.find(self._facts, model)
        if found is None and self._read_at is None:
            found = self._shelf.guess(model)
        return None if found is None else self._priced(model, found)

    async def facts(self) -> Mapping[str, ModelFacts]:
        """Return what is known of every model. Nobody waits who can be given something that was read before.

        Who waits no longer leaves the reading to go on for the next one.
        """
        if not self._is_due():
            return self._facts
        if self._background is None:
            await self._refresh()
            return self._facts
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = self._background.create_task(self._refresh())
        if self._read_at is None:
            await asyncio.shield(self._refreshing)
        return self._facts

    async def catalogue(self) -> Catalogue:
        """Return what every model can do."""
        await self.facts()
        return self.known()

    def known(self) -> Catalogue:
        """Return what every model can do as far as that is known now, without asking."""
        return {self._ref(name): self._priced(name, found).capabilities for name, found in self._facts.items()}

    def _priced(self, model: str, found: ModelFacts) -> ModelFacts:
        full = str(self._ref(model))
        price = next((price for pattern, price in self._shelf.prices.items() if fnmatchcase(full, pattern)), None)
        if price is None:
            return found
        free = found.capabilities.free and price == Price()
        return replace(found, capabilities=replace(found.capabilities, free=free, price=price))

    def _ref(self, model: str) -> ModelRef:
        return ModelRef(gateway=self._endpoint.name, name=model)

    def _is_due(self) -> bool:
        return time.monotonic() >= self._next

    async def _refresh(self) -> None:
        async with self._reading:
            if self._is_due():
                await self._read()

    async def _read(self) -> None:
        try:
            listing = await self._shelf.fetch(self._client, self._endpoint, self._call)
            self._facts = await self._parsed(listing)
        except (ModelProblem, ValueError, RecursionError) as error:
            reason = error.reason if isinstance(error, ModelProblem) else "it is no listing"
            _log.warning("models not listed", gateway=self._endpoint.name, reason=reason, age=self.age)
            self._next = time.monotonic() + self._shelf.retry_seconds
        else:
            self._read_at = time.monotonic()
            self._next = self._read_at + self._shelf.fresh_seconds
            await self._save(listing)

    async def _load(self) -> None:
        if self._shelf.copies is None or self._read_at is not None:
            return
        copy = await self._shelf.copies.load(self._endpoint.name, self._client.address)
        if copy is None:
            return
        listing, age = copy
        try:
            self._facts = await self._parsed(listing)
        except (ValueError, RecursionError):
            _log.warning("copy of the models is damaged", gateway=self._endpoint.name)
        else:
            self._read_at = time.monotonic() - age
            self._next = self._read_at + self._shelf.fresh_seconds

    async def _save(self, listing: bytes) -> None:
        if self._shelf.copies is None:
            return
        try:
            await self._shelf.copies.save(self._endpoint.name, self._client.address, listing)
        except OSError as error:
            _log.warning("models not kept on disk", gateway=self._endpoint.name, reason=error.strerror)

    async def _parsed(self, listing: bytes) -> Mapping[str, ModelFacts]:
        return await asyncio.to_thread(self._shelf.parse, listing, self._endpoint)
