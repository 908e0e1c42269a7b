"""Where fal is, and how it is called."""

from dataclasses import dataclass, field
from typing import Literal

from adapters.gateways.fal.queue import Waits
from adapters.gateways.fal.webhook import WebhookPlace
from adapters.gateways.pace import NO_LIMITS, Limits
from adapters.gateways.reply import Patience

Way = Literal["queue", "stream", "sync"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """fal's hosts: https://fal.ai/docs/api-reference/inference-api."""

    run: str = "https://fal.run"
    """For sync and stream."""
    queue: str = "https://queue.fal.run"
    """For the queue."""
    rest: str = "https://rest.fal.ai"
    """For the storage, and the keys of webhooks."""
    api: str = "https://api.fal.ai/v1"
    """For the history, and what was charged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How fal is called."""

    way: Way = "queue"
    """See `adapters.gateways.fal.gateway`."""
    places: Places = field(default_factory=Places)
    """Where it is."""
    webhook: WebhookPlace | None = None
    """Where fal tells us that a request is over; None asks again and again."""
    carries_on: bool = False
    """Whether the next process carries on the calls that are cut off by the end of this one, as a service does: then
    they are left in the queue."""
    patience: Patience = field(default_factory=Patience)
    """How long to wait for one answer of HTTP."""
    waits: Waits = field(default_factory=Waits)
    """How long to wait for the queue."""
    limits: Limits = NO_LIMITS
    """Of calls at once and within a minute."""


OPTIONS = Options()
