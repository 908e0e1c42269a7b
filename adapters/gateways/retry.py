"""When a call is made once more by itself: only where the gateway certainly charged nothing.

    nothing was sent                                     at most 3 tries
    answered 429, 502, 503, 529, or "retryable"          at most 3 tries
    answered 500                                         at most 2 tries, where the gateway is insured
    anything else, or no turn came (`pace`)              1: it was perhaps charged, or is the same the next time

Answered means by the status of HTTP. Once an answer has begun, the gateway may have named the call, and whoever wrote that
name down is to be told that it came to nothing before there is another.

The gateway's `Retry-After` is waited for; without one, any time up to a bound that doubles
(https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/). What would take longer than people
like to wait goes up at once, so that a fallback may answer.
"""

import random

from adapters.gateways.pace import NoTurn
from adapters.gateways.problems import SERVER, status_of
from bot.domain.errors import ModelBusy, ModelProblem, ModelUnreachable

MOST_TRIES = 3
FIRST_PAUSE = 1.0
"""Seconds: the bound of the first pause."""
LONGEST_PAUSE = 8.0
"""Seconds."""


class Tries:
    """Counts the tries of one call.

    Args:
        until: when the last try may begin, in the loop's time.
        insured: see `Endpoint.insured`.
    """

    def __init__(self, until: float, *, insured: bool) -> None:
        self._until = until
        self._insured = insured
        self._made = 0

    def pause(self, problem: ModelProblem, now: float) -> float | None:
        """Count a try that failed.

        Args:
            problem: how it failed.
            now: in the loop's time.

        Returns:
            Seconds to wait before the next one; None when there must be none.
        """
        self._made += 1
        seconds = self._wait(problem)
        if self._made >= self._most(problem) or seconds > LONGEST_PAUSE or now + seconds > self._until:
            return None
        return seconds

    def _most(self, problem: ModelProblem) -> int:
        match problem:
            case ModelUnreachable():
                return 1 if isinstance(problem.__cause__, NoTurn) else MOST_TRIES
            case ModelBusy() if status_of(problem) == SERVER:
                return 2 if self._insured else 1
            case ModelBusy() if status_of(problem) is not None:
                return MOST_TRIES
            case _:
                return 1

    def _wait(self, problem: ModelProblem) -> float:
        if isinstance(problem, ModelBusy) and problem.retry_after is not None:
            return problem.retry_after
        return random.uniform(0, FIRST_PAUSE * 2 ** (self._made - 1))  # noqa: S311  (not for secrets)
