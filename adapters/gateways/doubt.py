"""What a problem means for money: where nothing is charged, nothing is in doubt, and what is charged is told."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem
from bot.domain.money import Usage


@contextmanager
def nothing_to_lose(*, free: bool) -> Iterator[None]:
    """Call a call that was cut off "not now" where it is free: it may be made again, and nobody needs to be asked.

    Raises:
        ModelBusy: it was free, and in doubt, and nobody says that it was charged all the same.
        ModelProblem: as it was raised inside.
    """
    try:
        yield
    except ModelInDoubt as error:
        if not free or (error.usage is not None and error.usage.cost):
            raise
        raise ModelBusy(error.reason, model=error.model) from error


def charged(found: ModelProblem, usage: Usage) -> ModelProblem:
    """Put on a problem what its answer says was charged all the same; whoever was charged is not asked again by itself.

    Args:
        found: the problem.
        usage: what the answer told; a cost of zero, or none, changes nothing.

    Returns:
        The same problem; one in doubt in place of one that would be tried again.
    """
    if not usage.cost:
        return found
    if found.transient:
        return ModelInDoubt(found.reason, model=found.model, usage=usage)
    found.usage = usage
    return found
