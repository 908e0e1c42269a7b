"""The driver that tests use: set answers and faults, read the ledger."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from tests.fakes.openrouter.faults import Action, Fault
from tests.fakes.openrouter.ledger import Call
from tests.fakes.openrouter.script import Rule, Script

__all__ = ["Action", "Call", "FakeOpenRouter", "Fault", "Script", "State", "driving"]


@dataclass(frozen=True, kw_only=True)
class State:
    """What the fake has seen."""

    calls: tuple[Call, ...]
    """Every POST since the last reset, in order."""
    violations: tuple[str, ...]
    """Every breach of the contract."""
    spent_usd: float
    """Sum of what was charged."""
    reads: dict[str, int]
    """How often each `GET path` came."""
    cached: int
    """Answers in the response cache."""

    @property
    def charged(self) -> tuple[Call, ...]:
        """The calls that were paid."""
        return tuple(call for call in self.calls if call.charged)


class FakeOpenRouter:
    """The control API of a running fake; open it with `driving`."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self.api = f"{base_url}/api/v1"
        """Base URL for the client under test."""
        self._control = f"{base_url}/_fake"
        self._session = session

    async def answer(self, script: Script, *, model: str = "*", containing: str = "", times: int | None = None) -> None:
        """Script the answers to requests for a model whose last user text holds something."""
        await self._change("scripts", asdict(Rule(script=script, model=model, containing=containing, times=times)))

    async def say(self, text: str, **script: Any) -> None:
        """Answer everything with a text."""
        await self.answer(Script(text=text, **script))

    async def fail(self, action: Action, **fault: Any) -> None:
        """Let the next request go wrong; the fields are those of `Fault`."""
        await self._change("faults", asdict(Fault(action=action, **fault)))

    async def limit(self, **settings: Any) -> None:
        """Set limits: limit_usd, rate_requests, rate_seconds, refused_keys, down_models, generation_delay_s, times_dearer."""
        await self._change("account", settings)

    async def advance(self, seconds: float) -> None:
        """Put the response cache's clock forward."""
        await self._change("clock", {"advance_s": seconds})

    async def evict(self) -> None:
        """Empty the response cache."""
        await self._change("evict", {})

    async def forgive(self) -> tuple[str, ...]:
        """Return the violations so far and forget them: for tests that break the contract on purpose."""
        found = (await self.state()).violations
        await self._change("forgive", {})
        return found

    async def reset(self) -> None:
        """Forget everything."""
        await self._change("reset", {})

    async def state(self, *, since: int = 0) -> State:
        """Read what was seen."""
        async with self._session.get(f"{self._control}/state", params={"since": since}) as response:
            seen = await response.json()
        calls = tuple(Call(**call) for call in seen.pop("calls"))
        return State(calls=calls, violations=tuple(seen.pop("violations")), **seen)

    async def body(self, index: int) -> bytes:
        """Read the raw body of a call."""
        async with self._session.get(f"{self._control}/calls/{index}/body") as response:
            response.raise_for_status()
            return await response.read()

    async def headers(self, index: int) -> dict[str, str]:
        """Read the headers of a call."""
        async with self._session.get(f"{self._control}/calls/{index}/headers") as response:
            response.raise_for_status()
            found: dict[str, str] = await response.json()
            return found

    async def wait_for(self, count: int, *, ended: bool = False, seconds: float = 10) -> State:
        """Wait until so many calls have come (or have ended).

        Raises:
            TimeoutError: they have not.
        """
        async with asyncio.timeout(seconds):
            while True:
                if (await self._counts())["ended" if ended else "come"] >= count:
                    return await self.state()
                await asyncio.sleep(0.02)

    async def _counts(self) -> dict[str, int]:
        async with self._session.get(f"{self._control}/counts") as response:
            found: dict[str, int] = await response.json()
            return found

    async def _change(self, what: str, value: dict[str, Any]) -> None:
        async with self._session.post(f"{self._control}/{what}", json=value) as response:
            if response.status != 200:
                raise ValueError(await response.text())


@asynccontextmanager
async def driving(base_url: str) -> AsyncIterator[FakeOpenRouter]:
    """Drive the fake that listens at `http://127.0.0.1:N`."""
    async with aiohttp.ClientSession() as session:
        yield FakeOpenRouter(base_url, session)
