"""The way to models."""

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

from bot.domain.journal import Step
from bot.domain.models import Capabilities, Catalogue, Delta, Request
from bot.domain.money import Account, Usage


class Gateway(Protocol):
    """The way to one or many models, embedded or remote."""

    name: str
    """The first part of its models' names: `local`, `openrouter`."""

    def perform(self, request: Request) -> AsyncIterator[Delta]:
        """Make one call and stream what comes back, ending with `Finished`.

        A call that was named (`Accepted`) is not made again by itself under another name.

        Raises:
            ModelProblem: see `bot.domain.errors`; the subclass says whether anything may have been charged.
        """
        ...

    async def capabilities(self, model: str) -> Capabilities:
        """Return what a model can do.

        Raises:
            ModelUnknown: there is no such model here.
        """
        ...

    def recover(self, step: Step, request: Request) -> AsyncIterator[Delta]:
        """Carry on a call that was cut off by a crash of ours: the whole answer, from its beginning.

        A call that is free is made again; else its answer is fetched by what the step knows of it, and nothing new is
        ever paid for: another call is the caller's to make, with a hold of its own.

        Args:
            step: `began` or `accepted`.
            request: the same as before the crash.

        Raises:
            ModelBusy: it came to nothing, and was certainly not charged.
            ModelInDoubt: it may have been charged, and its answer cannot be had; with its usage where that is known.
            ModelProblem: it is free, was made again, and failed as in `perform`.
        """
        ...

    async def catalogue(self) -> Catalogue:
        """Return the models that it offers."""
        ...


@runtime_checkable
class Billed(Protocol):
    """A gateway that tells afterwards what it charged."""

    async def cost(self, call: str) -> Usage | None:
        """Return what a call cost, by the gateway's own name of it; None while the gateway does not know it.

        Raises:
            ModelProblem: it could not be asked.
        """
        ...

    async def account(self) -> Account:
        """Return what the gateway says it charged our key.

        Raises:
            ModelProblem: it could not be asked.
        """
        ...


@runtime_checkable
class Listed(Protocol):
    """A gateway whose models come from a listing, which may be an old one."""

    def listing_age(self) -> float | None:
        """Return the seconds since the listing was read; None where it never was, and a built-in table stands in."""
        ...

    def listed(self) -> Catalogue:
        """Return what is known of the models now, however old, without asking anybody."""
        ...
