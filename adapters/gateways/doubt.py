"""Where nothing is charged, nothing is in doubt."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.domain.errors import ModelBusy, ModelInDoubt


@contextmanager
def nothing_to_lose(*, free: bool) -> Iterator[None]:
    """Call a call that was cut off "not now" where it is free: it may be made again, and nobody needs to be asked.

    Raises:
        ModelBusy: it was free, and in doubt.
        ModelProblem: as it was raised inside.
    """
    try:
        yield
    except ModelInDoubt as error:
        if not free:
            raise
        raise ModelBusy(error.reason, model=error.model) from error
