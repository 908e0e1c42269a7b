"""Time."""

from typing import Protocol


class Clock(Protocol):
    """Time, as an input."""

    def now(self) -> int:
        """Return the time in milliseconds since 1970 (UTC)."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        ...
