"""A running fake for one test: with nothing left of the test before, and nothing that it had to object to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol


class Seen(Protocol):
    """What a fake has seen."""

    @property
    def violations(self) -> tuple[str, ...]:
        """Every breach of the contract."""
        ...


class Fake(Protocol):
    """The control API of a running fake."""

    async def reset(self) -> None:
        """Forget everything."""

    async def state(self) -> Seen:
        """Read what was seen."""
        ...


@asynccontextmanager
async def renewed(fake: Fake) -> AsyncIterator[None]:
    """Let a fake forget everything; at the end nobody may have broken its contract."""
    await fake.reset()
    yield
    assert (await fake.state()).violations == ()
