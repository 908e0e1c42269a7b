"""The response cache: https://openrouter.ai/docs/guides/features/response-caching.

Keyed by API key, model, endpoint, stream mode and the body, whitespace aside (the order of properties counts).
Only complete answers with status 200 are stored. Two equal requests at once are both misses.
"""

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.openrouter.compose import Answer
from tests.fakes.openrouter.script import Script

DEFAULT_TTL_S = 300
LONGEST_TTL_S = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A stored answer."""

    answer: Answer
    """What was said."""
    script: Script
    """How it was written."""
    source_id: str
    """The generation that was paid."""
    stored_at: float
    """Second of the cache's clock."""
    ttl_s: int
    """How long it is valid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a request asks of the cache."""

    key: str
    """Key of its entry."""
    ttl_s: int
    """Validity of a new entry."""
    clear: bool
    """Whether an old entry must go first."""


class Cache:
    """The stored answers, with a clock that tests can put forward."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._ahead = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    def now(self) -> float:
        """Seconds of the cache's clock."""
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._ahead += seconds

    def evict(self) -> None:
        """Drop every entry, as memory pressure may."""
        self._entries.clear()

    def find(self, wish: Wish) -> Entry | None:
        """Return the valid entry for a request."""
        if wish.clear:
            self._entries.pop(wish.key, None)
        entry = self._entries.get(wish.key)
        return entry if entry is not None and self.now() < entry.stored_at + entry.ttl_s else None

    def store(self, wish: Wish, answer: Answer, script: Script, source_id: str) -> None:
        """Store a complete answer."""
        self._entries[wish.key] = Entry(
            answer=answer, script=script, source_id=source_id, stored_at=self.now(), ttl_s=wish.ttl_s
        )

    def hit_headers(self, entry: Entry) -> dict[str, str]:
        """The headers of a HIT."""
        age = int(self.now() - entry.stored_at)
        return {
            "X-OpenRouter-Cache-Status": "HIT",
            "X-OpenRouter-Cache-Age": str(age),
            "X-OpenRouter-Cache-TTL": str(entry.ttl_s - age),
            "X-OpenRouter-Cache-Source-Id": entry.source_id,
        }


def wish_of(headers: Mapping[str, str], path: str, body: dict[str, Any]) -> Wish | None:
    """Read the cache headers of a request; None where it does not ask for the cache."""
    if headers.get("X-OpenRouter-Cache", "").lower() != "true":
        return None
    parts = (headers.get("Authorization", ""), body.get("model", ""), path, bool(body.get("stream")), body)
    normal = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return Wish(
        key=hashlib.sha256(normal.encode("utf-8", "surrogatepass")).hexdigest(),
        ttl_s=ttl_of(headers.get("X-OpenRouter-Cache-TTL", "")),
        clear=headers.get("X-OpenRouter-Cache-Clear", "").lower() == "true",
    )


def ttl_of(value: str) -> int:
    """Leading digits of the header, clamped to a day; without digits the default."""
    digits = re.match(r"\d+", value)
    return min(max(int(digits[0]), 1), LONGEST_TTL_S) if digits else DEFAULT_TTL_S
