"""What the tests of reliability share: requests that tell where they come from, and what came of them."""

from typing import Any

from bot.domain.journal import Step, StepState
from bot.domain.models import Accepted, ChatRequest, Delta, Origin
from tests.integration import gateway_calls

KEY = "sk-or-v1-reliability-0123456789"
DICTATES = "openai/whisper-1"
SPEAKS = "hexgrad/kokoro-82m"
ORIGIN = Origin(call="c0ffee", author="a11ce", conversation="7ea")
SOON = 10
"""Seconds: far more than the short limits, also on a busy machine, and far less than the long ones."""


def ask(text: str = "hello", **more: Any) -> ChatRequest:
    return gateway_calls.ask(text, **{"origin": ORIGIN, **more})


def accepted(delta: Delta, state: StepState = StepState.ACCEPTED) -> Step:
    """What the journal knows of a call that was named."""
    assert isinstance(delta, Accepted)
    return Step(name="answer", state=state, vendor_id=delta.id, digest=delta.digest)
