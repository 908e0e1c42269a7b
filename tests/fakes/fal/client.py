"""The driver that tests use: set answers and faults, read the ledger."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any

import aiohttp

from tests.fakes.fal.faults import Action, Fault
from tests.fakes.fal.script import Script

__all__ = ["Action", "Call", "FakeFal", "Fault", "Script", "State", "driving"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One POST that made a model work."""

    index: int
    way: str
    endpoint: str
    request_id: str
    headers: dict[str, str]
    webhook: str
    state: str
    cancelled: bool
    wants_cancel: bool
    status: int
    charged_usd: float
    input: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of the CDN."""

    url: str
    name: str
    content_type: str
    lives_s: float | None
    puts: int
    saw_key: bool
    size: int | None


@dataclass(frozen=True, kw_only=True)
class State:
    """What the fake has seen."""

    calls: tuple[Call, ...]
    """Every POST that made a model work, in order."""
    files: tuple[File, ...]
    """Every file, in order."""
    violations: tuple[str, ...]
    """Every breach of the contract."""
    hits: dict[str, int]
    """How often each `METHOD path` came."""
    deliveries: tuple[dict[str, Any], ...]
    """Every webhook that was sent, with the status that it was answered with."""

    @property
    def charged(self) -> tuple[Call, ...]:
        """The calls that were paid."""
        return tuple(call for call in self.calls if call.charged_usd)

    @property
    def running(self) -> tuple[Call, ...]:
        """The calls that are not over."""
        return tuple(call for call in self.calls if call.state != "COMPLETED")

    def count(self, ending: str) -> int:
        """How many requests came to paths that end so."""
        return sum(times for line, times in self.hits.items() if line.endswith(ending))


class FakeFal:
    """The control API of a running fake; open it with `driving`."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self.base_url = base_url
        self.run_url, self.queue_url = f"{base_url}/run", f"{base_url}/queue"
        self.rest_url, self.api_url = f"{base_url}/rest", f"{base_url}/v1"
        self._control = f"{base_url}/_fake"
        self._session = session

    async def script(self, *, containing: str = "", times: int | None = None, **script: Any) -> None:
        """Script the answers to prompts that hold something; the rest are fields of `Script`."""
        rule = {"script": asdict(Script(**script)), "containing": containing, "times": times}
        await self._change("scripts", rule)

    async def fail(self, action: Action, **fault: Any) -> None:
        """Let the next request go wrong; the rest are fields of `Fault`."""
        await self._change("faults", asdict(Fault(action=action, **fault)))

    async def account(self, **settings: Any) -> None:
        """Set the account: refused_keys, locked, admin, history (ended, all, bare, off), tags (reported or not)."""
        await self._change("account", settings)

    async def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        await self._change("clock", {"seconds": seconds})

    async def lose(self) -> None:
        """Lose the results of all calls so far."""
        await self._change("lose", {})

    async def rotate(self) -> None:
        """Sign webhooks with another key from now on."""
        await self._change("rotate", {})

    async def reset(self) -> None:
        """Forget everything."""
        await self._change("reset", {})

    async def forgive(self) -> tuple[str, ...]:
        """Return the violations so far and forget them: for tests that break the contract on purpose."""
        found = (await self.state()).violations
        await self._change("forgive", {})
        return found

    async def state(self) -> State:
        """Read what was seen."""
        async with self._session.get(f"{self._control}/state") as response:
            seen = await response.json()
        calls, files = tuple(_read(Call, call) for call in seen["calls"]), tuple(File(**file) for file in seen["files"])
        violations, deliveries = tuple(seen["violations"]), tuple(seen["deliveries"])
        return State(calls=calls, files=files, violations=violations, hits=seen["hits"], deliveries=deliveries)

    async def input(self, index: int) -> dict[str, Any]:
        """Read the whole input of a call."""
        async with self._session.get(f"{self._control}/calls/{index}/input") as response:
            found: dict[str, Any] = await response.json()
            return found

    async def wait(self, until: Callable[[State], object], *, seconds: float = 5) -> State:
        """Wait until something is so.

        Raises:
            TimeoutError: it is not.
        """
        async with asyncio.timeout(seconds):
            while True:
                seen = await self.state()
                if until(seen):
                    return seen
                await asyncio.sleep(0.02)

    async def _change(self, what: str, value: dict[str, Any]) -> None:
        async with self._session.post(f"{self._control}/{what}", json=value) as response:
            if response.status != 200:
                raise ValueError(await response.text())


def _read(kind: type[Call], seen: dict[str, Any]) -> Call:
    return kind(**{field.name: seen[field.name] for field in fields(kind)})


@asynccontextmanager
async def driving(base_url: str) -> AsyncIterator[FakeFal]:
    """Drive the fake that listens at `http://127.0.0.1:N`."""
    async with aiohttp.ClientSession() as session:
        yield FakeFal(base_url, session)
