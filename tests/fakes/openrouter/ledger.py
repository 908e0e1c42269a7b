"""The ledger of paid calls: every POST, what it cost, whether it was charged, how it ended."""

import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

BODY_BYTES_KEPT = 64 * 1024 * 1024


@dataclass(kw_only=True, slots=True)
class Call:
    """One POST, from its first byte to its end."""

    index: int
    """Place in the ledger, from 0."""
    path: str
    """Path of the endpoint."""
    generation_id: str
    """What `X-Generation-Id` says."""
    model: str = ""
    """Model that answers."""
    stream: bool = False
    """Whether the answer streams."""
    body_sha256: str = ""
    """Hash of the raw body; empty where it was never read."""
    body_bytes: int = 0
    """Length of the raw body."""
    status: int | None = None
    """HTTP status that was sent; None: none was."""
    outcome: str = "open"
    """open, complete, error, cut (by a fault), cancelled (the client left), replayed (from the cache)."""
    fault: str = ""
    """The fault that met it."""
    charged: bool = False
    """Whether it was paid for."""
    cost_usd: float = 0
    """What was charged, or would have been."""
    cache: str = ""
    """HIT, MISS, or nothing where the cache was not asked."""
    cache_source_id: str = ""
    """On a HIT, the generation that was paid."""
    usage: dict[str, Any] = field(default_factory=dict)
    """The usage that was reported."""
    finish_reason: str | None = None
    """Finish reason of the answer."""
    session_id: str | None = None
    """Session of the request."""
    user: str | None = None
    """User of the request."""
    received_at: float = 0
    """Monotonic seconds (system-wide clock) when the request's headers were read."""
    answered_at: float | None = None
    """When the first token, or the body, was written."""
    finished_at: float | None = None
    """When the call ended."""
    created: int = 0
    """Unix seconds of its start."""


class Ledger:
    """All calls since the last reset."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.ended = 0
        self.spent_usd = 0.0
        self.reads: dict[str, int] = {}
        self._by_id: dict[str, Call] = {}
        self._requests: OrderedDict[int, tuple[dict[str, str], bytes]] = OrderedDict()
        self._kept = 0

    def open(self, path: str) -> Call:
        """Write a new call down."""
        created = time.time_ns() // 1_000_000_000
        call = Call(
            index=len(self.calls),
            path=path,
            generation_id=f"gen-{created}-{uuid.uuid4().hex[:20]}",
            received_at=time.monotonic(),
            created=created,
        )
        self.calls.append(call)
        self._by_id[call.generation_id] = call
        return call

    def keep(self, call: Call, headers: dict[str, str], body: bytes) -> None:
        """Keep a request for tests to look at; the oldest go where it gets too much."""
        self._requests[call.index] = (headers, body)
        self._kept += len(body)
        while self._kept > BODY_BYTES_KEPT and len(self._requests) > 1:
            _, (_, dropped) = self._requests.popitem(last=False)
            self._kept -= len(dropped)

    def request(self, index: int) -> tuple[dict[str, str], bytes] | None:
        """Return headers and raw body of a call, where still kept."""
        return self._requests.get(index)

    def charge(self, call: Call, cost_usd: float) -> None:
        """Charge a call, or change what it was charged."""
        self.refund(call)
        call.charged, call.cost_usd = True, cost_usd
        if self._knows(call):
            self.spent_usd += cost_usd

    def refund(self, call: Call) -> None:
        """Take a charge back."""
        if call.charged and self._knows(call):
            self.spent_usd -= call.cost_usd
        call.charged = False

    def end(self, call: Call, outcome: str, status: int | None = None) -> None:
        """Write down how a call ended; the first ending stands."""
        if call.outcome != "open":
            return
        call.outcome = outcome
        call.status = call.status if status is None else status
        call.finished_at = time.monotonic()
        self.ended += self._knows(call)

    def _knows(self, call: Call) -> bool:
        """Whether a call is of this ledger: one that was open during a reset is not."""
        return self._by_id.get(call.generation_id) is call

    def find(self, generation_id: str) -> Call | None:
        """Return the ended call with this id."""
        call = self._by_id.get(generation_id)
        return call if call is not None and call.outcome != "open" else None
