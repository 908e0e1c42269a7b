"""What the router's models answer, how long they take, and how they fail."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """One way to carry out a request."""

    text: str | None = None
    """The answer; None: one that tells what came in."""
    reasoning: str | None = None
    """The thinking, where it was asked for."""
    error: str | None = None
    """The output's `error`."""
    partial: bool = False
    """The output's `partial`: the answer did not come to its end."""
    usage: bool = True
    """Whether the output tells the usage."""
    cost_usd: float | None = None
    """What is charged; None: by the tokens."""
    queue_s: float = 0
    """Time in the queue."""
    work_s: float = 0
    """Time on a runner; of a stream, spread over its events."""
    logs: tuple[str, ...] = ()
    """What the runner logs."""
    status: int = 200
    """What the model answers with in the end; only 200 is charged."""
    body: dict[str, Any] | None = None
    """The body of an answer that is an error."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of the model's answer."""
    events: int | None = None
    """A stream ends without its last word after so many events; None: it comes to its end."""
    stubborn: bool = False
    """Whether it goes on although it is to be cancelled."""
    webhooks: tuple[str, ...] = ("good",)
    """The deliveries: good, tampered, stale, foreign (signed by another key), unsigned."""
    webhook_delay_s: float = 0
    """Time from the end to the first delivery."""
    webhook_tries: int = 3
    """How often a delivery is tried that is not taken."""


@dataclass(kw_only=True, slots=True)
class Rule:
    """Which requests a script is for."""

    script: Script
    """What happens to them."""
    containing: str = ""
    """Text that their prompt must hold."""
    times: int | None = None
    """How many it is for; None: all."""


class Scripts:
    """The rules, the newest first."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Add a rule before the others."""
        self._rules.insert(0, rule)

    def find(self, prompt: str) -> Script:
        """Return the script for a prompt, using it up once."""
        for rule in self._rules:
            if rule.containing in prompt and rule.times != 0:
                rule.times = None if rule.times is None else rule.times - 1
                return rule.script
        return Script()
