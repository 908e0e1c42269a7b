"""The driver that tests use: choose the server, set answers and faults, read what came."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from tests.fakes.openai_server.state import Action, Call, Fault, Script

__all__ = ["Action", "Call", "FakeServer", "Fault", "Script", "State", "driving"]


@dataclass(frozen=True, kw_only=True)
class State:
    """What the fake has seen."""

    calls: tuple[Call, ...]
    """Every POST since the last reset, in order."""
    reads: tuple[str, ...]
    """Every GET, in order."""
    violations: tuple[str, ...]
    """Every breach of the contract."""


class FakeServer:
    """The control API of a running fake; open it with `driving`."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self.root = base_url
        """Where it listens."""
        self.api = f"{base_url}/v1"
        """Base URL for the client under test."""
        self._session = session

    async def become(self, flavour: str, *, key: str = "") -> None:
        """Forget everything, and be one of `FLAVOURS`, with or without a key."""
        await self._change("reset", {"flavour": flavour, "key": key})

    async def say(self, text: str | None = None, **script: Any) -> None:
        """Answer everything so; the fields are those of `Script`."""
        await self._change("script", asdict(Script(text=text, **script)))

    async def fail(self, action: Action, **fault: Any) -> None:
        """Let the next request go wrong; the fields are those of `Fault`."""
        await self._change("faults", asdict(Fault(action=action, **fault)))

    async def state(self) -> State:
        """Read what was seen."""
        async with self._session.get(f"{self.root}/_fake/state") as response:
            seen = await response.json()
        calls = tuple(Call(**call) for call in seen["calls"])
        return State(calls=calls, reads=tuple(seen["reads"]), violations=tuple(seen["violations"]))

    async def last(self) -> Call:
        """Return the newest call."""
        return (await self.state()).calls[-1]

    async def outcome(self, outcome: str, *, seconds: float = 5) -> None:
        """Wait until the newest call has ended so.

        Raises:
            TimeoutError: it has not.
        """
        async with asyncio.timeout(seconds):
            while (await self.last()).outcome != outcome:
                await asyncio.sleep(0.02)

    async def _change(self, what: str, value: Mapping[str, Any]) -> None:
        async with self._session.post(f"{self.root}/_fake/{what}", json=value) as response:
            if response.status != 200:
                raise ValueError(await response.text())


@asynccontextmanager
async def driving(base_url: str) -> AsyncIterator[FakeServer]:
    """Drive the fake that listens at `http://127.0.0.1:N`."""
    async with aiohttp.ClientSession() as session:
        yield FakeServer(base_url, session)
