"""Rate limits: the headers on every answer, and real 429s when a test switches the limits on.

https://docs.discord.com/developers/topics/rate-limits
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord.clock import Clock

MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
"""Path parameters that have limits of their own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """So many requests in so many seconds."""

    limit: int
    seconds: float


# Discord publishes no numbers; these are of the order that its answers have shown.
RULES = {
    "POST /channels/{channel_id}/messages": Rule(5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": Rule(5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": Rule(5, 1.0),
    "POST /channels/{channel_id}/typing": Rule(5, 5.0),
    "POST /webhooks/{webhook_id}/{webhook_token}": Rule(5, 2.0),
}
ORDINARY = Rule(10, 1.0)
GLOBAL = Rule(50, 1.0)
UNLIMITED = Rule(1_000_000, 1.0)


@dataclass(slots=True)
class Window:
    """How much of a rule is used since its window began."""

    began: float
    used: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The headers of an answer, and how long a refused client must wait."""

    headers: dict[str, str]
    retry_after: float | None = None
    is_global: bool = False


class Limits:
    """All buckets of the application."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget what was used and switch the limits off."""
        self.enabled = False
        self.rules = dict(RULES)
        self.global_rule = GLOBAL
        self._windows: dict[tuple[str, ...], Window] = {}

    def take(self, method: str, template: str, path: dict[str, str], *, counts_globally: bool) -> Verdict:
        """Use up one request of its bucket and of the global limit."""
        bucket = f"{method} {template}"
        rule = self.rules.get(bucket, ORDINARY) if self.enabled else UNLIMITED
        if self.enabled and counts_globally:
            _, wait = self._use(("global",), self.global_rule)
            if wait is not None:
                return Verdict(headers={}, retry_after=wait, is_global=True)
        key = (bucket, *(path[name] for name in MAJOR if name in path)) if self.enabled else ("unlimited",)
        window, wait = self._use(key, rule)
        return Verdict(headers=self._headers(bucket, rule, window), retry_after=wait)

    def _use(self, key: tuple[str, ...], rule: Rule) -> tuple[Window, float | None]:
        now = self._clock.now()
        window = self._windows.get(key)
        if window is None or now - window.began >= rule.seconds:
            window = self._windows[key] = Window(now)
        if window.used >= rule.limit:
            return window, window.began + rule.seconds - now
        window.used += 1
        return window, None

    def _headers(self, bucket: str, rule: Rule, window: Window) -> dict[str, str]:
        reset = window.began + rule.seconds
        return {
            "X-RateLimit-Limit": str(rule.limit),
            "X-RateLimit-Remaining": str(rule.limit - window.used),
            "X-RateLimit-Reset": f"{reset:.3f}",
            "X-RateLimit-Reset-After": f"{max(0.0, reset - self._clock.now()):.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(bucket.encode()).hexdigest()[:16],
        }


def too_many(retry_after: float, *, is_global: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the body and the headers of a 429; without `Via` a client library takes it for a ban at the edge."""
    body = {"message": "You are being rate limited.", "retry_after": round(retry_after, 3), "global": is_global}
    headers = {
        "Via": "1.1 google",
        "Retry-After": str(int(-(-retry_after // 1))),
        "X-RateLimit-Scope": "global" if is_global else "user",
    }
    return body, headers | ({"X-RateLimit-Global": "true"} if is_global else {})
