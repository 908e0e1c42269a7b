"""The models of a gateway, kept in memory with their age; a built-in table stands in until the listing was read."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

import structlog

from adapters.gateways.client import Client
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.listing import PATH, parse_listing
from adapters.gateways.problems import Call
from adapters.gateways.profiles import ModelFacts, built_in
from bot.domain.errors import ModelProblem
from bot.domain.models import Catalogue, ModelRef

FRESH_SECONDS = 3600.0
RETRY_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class ModelList:
    """The models of one gateway, with the age of what is known.

    Args:
        endpoint: the gateway.
        client: sends to it; open.
        call: for errors.
        fresh_seconds: how long a listing is used before the next one is read.
        retry_seconds: how long nothing is asked after it could not be read.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        client: Client,
        call: Call,
        *,
        fresh_seconds: float = FRESH_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._endpoint = endpoint
        self._client = client
        self._call = call
        self._fresh_seconds = fresh_seconds
        self._retry_seconds = retry_seconds
        self._facts = built_in(endpoint)
        self._read_at: float | None = None
        self._next = 0.0
        self._reading = asyncio.Lock()

    @property
    def age(self) -> float | None:
        """Seconds since the listing was read; None when it never was."""
        return None if self._read_at is None else time.monotonic() - self._read_at

    def find(self, model: str) -> ModelFacts | None:
        """Return what is known of a model, without asking; None when nothing is.

        A variant that is not listed, such as `:nitro`, is the same model on other terms, so never taken for free:
        https://openrouter.ai/docs/guides/routing/model-variants/nitro
        """
        base, variant, _ = model.rpartition(":")
        found = self._facts.get(model)
        if found is not None or not variant or base not in self._facts:
            return found
        facts = self._facts[base]
        return replace(facts, capabilities=replace(facts.capabilities, free=False))

    async def facts(self) -> Mapping[str, ModelFacts]:
        """Return what is known of every model, as fresh as can be had.

        While one caller reads a new listing, others are not kept waiting, unless there never was one.
        """
        if self._is_due() and not (self._read_at is not None and self._reading.locked()):
            async with self._reading:
                if self._is_due():
                    await self._read()
        return self._facts

    async def catalogue(self) -> Catalogue:
        """Return what every model can do."""
        facts = await self.facts()
        return {ModelRef(gateway=self._endpoint.name, name=name): found.capabilities for name, found in facts.items()}

    def _is_due(self) -> bool:
        return time.monotonic() >= self._next

    async def _read(self) -> None:
        try:
            listing = await self._client.get(PATH, self._call)
            self._facts = await asyncio.to_thread(parse_listing, listing, self._endpoint)
        except (ModelProblem, ValueError, RecursionError) as error:
            reason = error.reason if isinstance(error, ModelProblem) else "it is no listing"
            _log.warning("models not listed", gateway=self._endpoint.name, reason=reason, age=self.age)
            self._next = time.monotonic() + self._retry_seconds
        else:
            self._read_at = time.monotonic()
            self._next = self._read_at + self._fresh_seconds
