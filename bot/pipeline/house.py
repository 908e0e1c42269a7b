"""Everything that the pipeline works with, handed to it as one value by the composition root."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from bot.domain.audio import AudioLimits
from bot.domain.errors import ModelUnknown
from bot.domain.models import Capabilities, Catalogue, ModelRef
from bot.domain.money import Price
from bot.ports import (
    Audit,
    Blobs,
    Channels,
    Clock,
    Conversations,
    Gateway,
    Jobs,
    Journal,
    Ledger,
    Listed,
    Locks,
    Media,
    Pairings,
    People,
    Platform,
    Records,
    Reviews,
)
from bot.words import phrase

SUGGESTIONS = 5
"""How many models are named where one has to be chosen."""


@dataclass(frozen=True, kw_only=True)
class House:
    """The ports, opened."""

    clock: Clock
    """Time."""
    jobs: Jobs
    """Messages on their way to a reply."""
    journal: Journal
    """What each turn has done."""
    ledger: Ledger
    """What was used."""
    channels: Channels
    """Settings of places."""
    conversations: Conversations
    """What was said."""
    records: Records
    """What is kept of it, and its end."""
    reviews: Reviews
    """What people say of replies."""
    people: People
    """What people wish for themselves."""
    pairings: Pairings
    """Who was let in to direct messages."""
    audit: Audit
    """Who changed what."""
    locks: Locks
    """What only one process does at a time."""
    blobs: Blobs
    """Media bytes."""
    media: Media
    """Sound and video."""
    gateways: Mapping[str, Gateway] = field(default_factory=dict)
    """By name."""
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    """By name."""
    limits: AudioLimits
    """The most that this service takes from a user."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """What models charge where an admin knows better than their gateways, by gateway/model with `*`."""

    def gateway(self, ref: ModelRef) -> Gateway:
        """Return the gateway to a model.

        Raises:
            ModelUnknown: no such gateway is set up here.
        """
        gateway = self.gateways.get(ref.gateway)
        if gateway is None:
            known = ", ".join(self.gateways)
            raise ModelUnknown(
                phrase("the gateway {gateway} is not set up, there are: {known}", gateway=ref.gateway, known=known),
                model=str(ref),
            )
        return gateway

    async def capabilities(self, ref: ModelRef) -> Capabilities:
        """Return what a model can do, and what it charges.

        Raises:
            ModelUnknown: no such gateway, or no such model there.
        """
        return self._priced(ref, await self.gateway(ref).capabilities(ref.name))

    async def catalogue(self) -> Catalogue:
        """Return everything that the gateways set up here offer."""
        offered = [await gateway.catalogue() for gateway in self.gateways.values()]
        return {ref: self._priced(ref, can) for models in offered for ref, can in models.items()}

    async def catalogue_within(self, seconds: float) -> Catalogue:
        """Return the same within so many seconds: of a gateway that takes longer, what it is known to offer."""
        found: dict[ModelRef, Capabilities] = {}

        async def ask(gateway: Gateway) -> None:
            try:
                async with asyncio.timeout(seconds):
                    found.update(await gateway.catalogue())
            except TimeoutError:
                found.update(gateway.listed() if isinstance(gateway, Listed) else {})

        async with asyncio.TaskGroup() as group:
            for gateway in self.gateways.values():
                group.create_task(ask(gateway))
        return {ref: self._priced(ref, can) for ref, can in found.items()}

    async def able(self, needs: str, *, free: bool = False) -> Sequence[str]:
        """Return some models that are for something (`speech`) or take something (`image`), free ones first, or alone."""
        known = [(ref, can) for ref, can in (await self.catalogue()).items() if can.free or not free]
        able = sorted((not can.free, str(ref)) for ref, can in known if needs in can.kinds | can.inputs)
        return [name for _, name in able[:SUGGESTIONS]]

    def _priced(self, ref: ModelRef, can: Capabilities) -> Capabilities:
        price = next((price for name, price in self.prices.items() if fnmatchcase(str(ref), name)), None)
        return can if price is None else replace(can, price=price, free=price == Price())

    async def catalogue_of(self, refs: frozenset[ModelRef]) -> Catalogue:
        """Return what some models can do; those that are not known here are left out."""
        known: dict[ModelRef, Capabilities] = {}

        async def look_up(ref: ModelRef) -> None:
            try:
                known[ref] = await self.capabilities(ref)
            except ModelUnknown:
                return

        async with asyncio.TaskGroup() as group:
            for ref in sorted(refs):
                group.create_task(look_up(ref))
        return known
