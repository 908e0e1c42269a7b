"""How often Slack may be called: each method at its own rate in each workspace, for all turns together.

Slack counts the calls of an app by method and workspace within a minute, and messages by channel within a second. A call
waits here for its moment, so that it is not refused there; one that would wait too long is told so at once. What is
refused all the same (another process of the same app, a limit that is not published) closes the method in that workspace
for everybody, for as long as Slack says. https://docs.slack.dev/apis/web-api/rate-limits
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from bot.domain.errors import PostNotDone
from bot.ports import Clock
from bot.words import phrase

PATIENCE_SECONDS = 20.0
"""How long a call waits for its moment: a job that needs longer gives its place to others and comes back."""

MOST_BUCKETS = 2_000
"""More of them than this are looked through for those that nobody uses any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """So many calls at once, and then so many a minute: both together are what Slack allows within any minute."""

    burst: int
    """Calls at once, after a time without any."""
    per_minute: float
    """Calls a minute, for long."""
    per_channel: bool = False
    """Whether each channel has its own count."""


TIER_2 = Rate(burst=4, per_minute=16)
TIER_3 = Rate(burst=10, per_minute=40)
TIER_4 = Rate(burst=20, per_minute=80)

RATES: Mapping[str, Rate] = {
    "assistant.threads.setStatus": Rate(burst=100, per_minute=500),
    "assistant.threads.setSuggestedPrompts": TIER_4,
    "assistant.threads.setTitle": TIER_4,
    "auth.test": Rate(burst=100, per_minute=200),
    "chat.appendStream": TIER_4,
    "chat.getPermalink": Rate(burst=100, per_minute=200),
    "chat.postEphemeral": TIER_4,
    # One a second in a channel. Slack lets short bursts pass, but says not how short: they are left for the network,
    # which may bring two calls closer together than they were sent.
    "chat.postMessage": Rate(burst=1, per_minute=50, per_channel=True),
    "chat.startStream": TIER_2,
    "chat.stopStream": TIER_2,
    "conversations.list": TIER_2,
    "conversations.members": TIER_4,
    "files.completeUploadExternal": TIER_4,
    "files.getUploadURLExternal": TIER_4,
    "files.info": TIER_4,
    "reactions.remove": TIER_2,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}
"""The tier that each method's page names, https://docs.slack.dev/reference/methods; where it says "special", some hundred
a minute. Every other method that we call is of the third tier."""

_patience: ContextVar[float] = ContextVar("patience", default=PATIENCE_SECONDS)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Let the calls inside wait for so long at the most, for example not at all for what is soon out of date."""
    before = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(before)


class Bucket:
    """The moments of one count. Times are seconds of any clock."""

    def __init__(self, rate: Rate, pace: float = 1.0) -> None:
        self._interval = 60.0 / (rate.per_minute * pace)
        self._ahead = (rate.burst - 1) * self._interval
        self._due = 0.0
        """When the next call would be due if all were evenly apart."""

    def next(self, now: float) -> float:
        """Return the first free moment."""
        return max(now, self._due - self._ahead)

    def take(self, at: float) -> None:
        """Use up a moment that `next` returned."""
        self._due = max(self._due, at) + self._interval

    def close(self, until: float) -> None:
        """Let no burst follow a pause that Slack asked for; moments after it stay taken."""
        self._due = max(self._due, until + self._ahead)

    def has(self, calls: int, now: float) -> bool:
        """Whether so many calls need not wait."""
        return max(now, self._due) + (calls - 1) * self._interval - self._ahead <= now

    def is_full(self, now: float) -> bool:
        """Whether it knows nothing that a new one does not."""
        return self._due <= now


class Pace:
    """The moments of all calls of one app."""

    def __init__(self, clock: Clock, *, pace: float = 1.0, now: Callable[[], float] = time.monotonic) -> None:
        """Prepare.

        Args:
            clock: to wait.
            pace: how many times as often as published.
            now: seconds that only grow.
        """
        self._clock = clock
        self._pace = pace
        self._now = now
        self._buckets: dict[tuple[str, str, str], Bucket] = {}
        self._closed: dict[tuple[str, str], float] = {}

    async def turn(self, workspace: str, method: str, channel: str = "") -> None:
        """Wait until a method may be called.

        Args:
            workspace: whose count it is.
            method: `chat.postMessage`.
            channel: where to, if that has a count of its own.

        Raises:
            PostNotDone: not within our patience; says when.
        """
        now = self._now()
        deadline = now + _patience.get()
        while True:
            at = self._reserve(workspace, method, channel, now, deadline)
            if at > now:
                await self._clock.sleep(at - now)
                now = self._now()
            if self._closed.get((workspace, method), 0.0) <= at:
                return

    def has_room(self, workspace: str, method: str, calls: int = 1) -> bool:
        """Return whether a method may be called so often at once, now."""
        now = self._now()
        return self._closed.get((workspace, method), 0.0) <= now and self._bucket(workspace, method, "").has(calls, now)

    def close(self, workspace: str, method: str, seconds: float) -> None:
        """Let nobody call a method for so long: Slack said so. Whoever waits for a moment before that waits again."""
        until = self._now() + seconds
        self._closed[workspace, method] = max(until, self._closed.get((workspace, method), 0.0))
        for key, bucket in self._buckets.items():
            if key[:2] == (workspace, method):
                bucket.close(until)

    def _reserve(self, workspace: str, method: str, channel: str, now: float, deadline: float) -> float:
        """Take the first free moment before the deadline and return it."""
        bucket = self._bucket(workspace, method, channel)
        at = max(bucket.next(now), self._closed.get((workspace, method), 0.0))
        if at > deadline:
            raise PostNotDone(phrase("Slack is busy"), retry_after=at - now)
        bucket.take(at)
        return at

    def _bucket(self, workspace: str, method: str, channel: str) -> Bucket:
        rate = RATES.get(method, TIER_3)
        key = (workspace, method, channel if rate.per_channel else "")
        if key not in self._buckets:
            self._forget_full()
            self._buckets[key] = Bucket(rate, self._pace)
        return self._buckets[key]

    def _forget_full(self) -> None:
        if len(self._buckets) >= MOST_BUCKETS:
            now = self._now()
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now)}
