"""All that one running fake knows."""

import asyncio
import time
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.fakes.fal.errors import refusal
from tests.fakes.fal.faults import Faults
from tests.fakes.fal.ledger import Call
from tests.fakes.fal.script import Scripts


@dataclass(kw_only=True, slots=True)
class StoredFile:
    """A file of the CDN."""

    url: str
    """Where it is read."""
    name: str
    """As the client said."""
    content_type: str
    """As the client said."""
    lives_s: float | None
    """How long it is kept; None: as long as the account's files are."""
    data: bytes | None = None
    """None until it was put there."""
    put_at: float = 0
    """Seconds since 1970, on the fake's clock."""
    puts: int = 0
    """How often it was put there."""
    saw_key: bool = False
    """Whether the CDN was shown the account's key."""


class Fake:
    """The vendor's memory."""

    def __init__(self) -> None:
        self.group: asyncio.TaskGroup | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.calls: list[Call] = []
        self.files: dict[str, StoredFile] = {}
        self.scripts = Scripts()
        self.faults = Faults()
        self.violations: list[str] = []
        self.hits: dict[str, int] = {}
        self.deliveries: list[dict[str, Any]] = []
        self.signer = Ed25519PrivateKey.generate()
        self.user = uuid.uuid4().hex
        self.refused_keys: list[str] = []
        self.locked = False
        self.admin = False
        self.history = "ended"
        self.tags = False
        self.ahead = 0.0

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Let something go on by itself.

        Raises:
            RuntimeError: the fake does not run.
        """
        if self.group is None:
            raise RuntimeError("the fake does not run")
        task = self.group.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def set(self, settings: dict[str, Any]) -> None:
        """Change the account: refused_keys, locked, admin, history (ended, all, bare, off), tags (reported or not).

        Raises:
            KeyError: a setting is unknown.
        """
        for name, value in settings.items():
            if name not in {"refused_keys", "locked", "admin", "history", "tags"}:
                raise KeyError(name)
            setattr(self, name, value)

    def now(self) -> float:
        """Seconds since 1970, with what tests put the clock forward."""
        return time.time_ns() / 1e9 + self.ahead

    def find(self, request_id: str) -> Call | None:
        """Return a call by its name."""
        return next((call for call in self.calls if call.request_id == request_id), None)

    def authenticate(self, request: web.Request) -> None:
        """Refuse a request without a good key (401), and what costs money for an account without credit (403)."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Key" or ":" not in key or key in self.refused_keys:
            raise refusal(401, 'Cannot access application "openrouter/router". Authentication is required.')
        if self.locked and request.method == "POST":
            raise refusal(403, "User is locked. Reason: Exhausted balance. Top up at fal.ai/dashboard/billing.")


FAKE = web.AppKey("fake", Fake)
