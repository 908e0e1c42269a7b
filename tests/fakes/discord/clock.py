"""Time and identifiers: real time plus what a test has added to it, and the snowflakes made of it."""

import time
from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000
"""First second of 2015: https://docs.discord.com/developers/reference#snowflakes."""


class Clock:
    """The fake's own clock: tests let fifteen minutes pass without waiting for them."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time_ns() / 1e9 + self._ahead

    def advance(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._ahead += seconds


class Snowflakes:
    """Identifiers that grow with time and never repeat."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        """Return a new identifier, greater than every one before it."""
        stamp = (int(self._clock.now() * 1000) - DISCORD_EPOCH_MS) << 22
        self._last = max(self._last + 1, stamp)
        return str(self._last)


def iso(seconds: float) -> str:
    """Return a moment as Discord writes it: ISO 8601, microseconds, UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="microseconds")
