"""Asking a gateway what it knows of calls that are over, and of our key. It costs nothing."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from adapters.gateways.billing import Generation, read_account, read_generation
from adapters.gateways.client import Client
from adapters.gateways.endpoints import Endpoint
from adapters.gateways.problems import Call, status_of
from bot.domain.errors import ModelCannot, ModelProblem, ModelRefused
from bot.domain.money import Account
from bot.words import phrase

PAUSES = (0.3, 0.6, 1.2, 2.0, 3.0, 3.0)
"""Seconds between two looks for a record that may still appear."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What a gateway knows of a call."""

    generation: Generation
    """What it says."""
    age: timedelta | None
    """How long ago the call came, by the gateway's own clock; None where it does not say."""


class Records:
    """The records of one gateway.

    Args:
        endpoint: the gateway.
        client: sends to it.
        pauses: seconds between two looks for a record that may still appear.
    """

    def __init__(self, endpoint: Endpoint, client: Client, pauses: tuple[float, ...] = PAUSES) -> None:
        self._endpoint = endpoint
        self._client = client
        self._pauses = pauses

    async def find(self, name: str, call: Call) -> Record | None:
        """Return the record of a call; None where there is none, or none yet.

        Args:
            name: the gateway's own.
            call: for errors.

        Raises:
            ModelProblem: it could not be asked.
        """
        if not self._endpoint.generation_path:
            return None
        try:
            page = await self._client.page(f"{self._endpoint.generation_path}?id={quote(name, safe='')}", call)
            generation = read_generation(page.body)
        except ModelRefused as problem:
            if status_of(problem) == 404:
                return None
            raise
        except (ValueError, RecursionError) as error:
            raise ModelRefused(phrase("its record cannot be read"), model=call.model) from error
        if page.at is None or generation.created is None:
            return Record(generation=generation, age=None)
        return Record(generation=generation, age=page.at - generation.created)

    async def awaited(self, name: str, call: Call) -> Record | None:
        """Return the record of a call that is just over: looks for it again and again, for some seconds.

        Raises:
            ModelProblem: it could not be asked, also not the last time.
        """
        for pause in self._pauses:
            try:
                record = await self.find(name, call)
            except ModelProblem as problem:
                if not problem.transient:
                    raise
            else:
                if record is not None:
                    return record
            await asyncio.sleep(pause)
        return await self.find(name, call)

    async def account(self, call: Call) -> Account:
        """Return what our key was charged.

        Raises:
            ModelCannot: the gateway does not tell.
            ModelProblem: it could not be asked.
        """
        if not self._endpoint.account_path:
            raise ModelCannot(
                phrase("{gateway} does not tell what it charged", gateway=self._endpoint.name), model=call.model
            )
        answer = await self._client.get(self._endpoint.account_path, call)
        try:
            return read_account(answer)
        except (ValueError, RecursionError) as error:
            raise ModelCannot(
                phrase("{gateway} does not tell what it charged", gateway=self._endpoint.name), model=call.model
            ) from error
