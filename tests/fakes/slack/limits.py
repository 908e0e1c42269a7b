"""Rate limits as Slack has them, counted only when a test switches them on.

See https://docs.slack.dev/apis/web-api/rate-limits: tiers are per method; `chat.postMessage` is limited per channel.
"""

import math
import time
from collections import deque
from dataclasses import dataclass

from tests.fakes.slack.world import Json

MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many calls in so much time."""

    calls: int
    seconds: float = MINUTE
    per_channel: bool = False


TIER_2 = Limit(calls=20)
TIER_3 = Limit(calls=50)
TIER_4 = Limit(calls=100)
POSTING = Limit(calls=1, seconds=1.0, per_channel=True)

LIMITS = {
    "agents.sessions.rename": TIER_3,
    "agents.sessions.setStatus": TIER_3,
    "apps.connections.open": TIER_3,
    "assistant.threads.setStatus": Limit(calls=600),
    "bots.info": TIER_3,
    "chat.appendStream": TIER_4,
    "chat.delete": TIER_3,
    "chat.postEphemeral": TIER_4,
    "chat.postMessage": POSTING,
    "chat.startStream": TIER_2,
    "chat.stopStream": TIER_2,
    "chat.update": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.join": TIER_3,
    "conversations.list": TIER_2,
    "users.conversations": TIER_3,
    "conversations.members": TIER_4,
    "conversations.open": TIER_3,
    "conversations.replies": TIER_3,
    "files.completeUploadExternal": TIER_4,
    "files.delete": TIER_3,
    "files.getUploadURLExternal": TIER_4,
    "files.info": TIER_4,
    "reactions.add": TIER_3,
    "reactions.remove": TIER_2,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}


class RateLimits:
    """The calls of the last minute, and what is too many."""

    def __init__(self) -> None:
        self.enabled = False
        self._limits = dict(LIMITS)
        self._calls: dict[tuple[str, str], deque[float]] = {}

    def set(self, limits: dict[str, Json]) -> None:
        """Replace the limits of some methods, and count."""
        self.enabled = True
        self._limits |= {method: Limit(**limit) for method, limit in limits.items()}

    def wait_seconds(self, method: str, channel: str) -> int:
        """Count a call: 0 when it may go ahead, else the whole seconds of `Retry-After`."""
        limit = self._limits.get(method)
        if not self.enabled or limit is None:
            return 0
        calls = self._calls.setdefault((method, channel if limit.per_channel else ""), deque())
        at = time.monotonic()
        while calls and at - calls[0] >= limit.seconds:
            calls.popleft()
        if len(calls) >= limit.calls:
            return max(1, math.ceil(limit.seconds - (at - calls[0])))
        calls.append(at)
        return 0
