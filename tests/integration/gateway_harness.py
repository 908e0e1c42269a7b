"""What the contract of gateways is asked of, where the gateway's vendor is a fake."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.domain.models import Request
from bot.ports import Gateway
from tests.contracts.gateway import Call


class FakeCall(Protocol):
    """A call as a fake saw it."""

    outcome: str
    """`open`, until it ends."""


class Seen(Protocol):
    @property
    def calls(self) -> Sequence[FakeCall]: ...


class Fake(Protocol):
    async def state(self) -> Seen: ...


@dataclass(kw_only=True)
class FakeHarness:
    """A gateway to a fake that tells how each call ended."""

    gateway: Gateway
    requests: Sequence[Request]
    fake: Fake
    calls: list[Call] = field(default_factory=list)

    async def running(self) -> int:
        return sum(call.outcome == "open" for call in (await self.fake.state()).calls)
