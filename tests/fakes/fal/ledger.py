"""Every POST that makes a model work: what came, what became of it, and what it cost."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.fal.script import Script

LONGEST_SHOWN = 4000


@dataclass(kw_only=True, slots=True)
class Call:
    """One request, from its POST to its end."""

    index: int
    """Place in the ledger, from 0."""
    way: str
    """queue, run or stream."""
    endpoint: str
    """Such as `openrouter/router/audio`."""
    request_id: str
    """Its name."""
    input: dict[str, Any]
    """What came, as JSON."""
    headers: dict[str, str]
    """Of the request, names in lower case."""
    webhook: str
    """Where the end is told; empty: nowhere."""
    script: Script
    """How it is carried out."""
    state: str = "IN_QUEUE"
    """IN_QUEUE, IN_PROGRESS, COMPLETED."""
    cancelled: bool = False
    """Whether it was stopped by a cancellation."""
    wants_cancel: bool = False
    """Whether a cancellation came while it ran."""
    status: int = 200
    """Of the model's answer."""
    output: dict[str, Any] = field(default_factory=dict)
    """The model's answer, also where it is an error."""
    output_headers: dict[str, str] = field(default_factory=dict)
    """Of the model's answer."""
    charged_usd: float = 0
    """What was charged; 0 for what failed."""
    sent_at: float = 0
    """Seconds since 1970, on the fake's clock."""
    started_at: float | None = None
    """When a runner took it."""
    ended_at: float | None = None
    """When it was over."""
    lost: bool = False
    """Whether its result was lost early."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced, whenever the state changes."""

    def move(self, state: str) -> None:
        """Enter a state, and tell those who wait for it."""
        self.state = state
        moved, self.moved = self.moved, asyncio.Event()
        moved.set()

    @property
    def over(self) -> bool:
        """Whether it came to an end."""
        return self.state == "COMPLETED"

    def shown(self) -> dict[str, Any]:
        """What tests are told."""
        names = ("index", "way", "endpoint", "request_id", "headers", "webhook", "state", "cancelled", "wants_cancel")
        facts = {name: getattr(self, name) for name in (*names, "status", "charged_usd")}
        return {**facts, "input": {name: _short(value) for name, value in self.input.items()}}


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(item) for item in value]
    return f"{value[:60]}…({len(value)})" if isinstance(value, str) and len(value) > LONGEST_SHOWN else value
