"""A gateway that fails again and again is left alone for a while, so that fallbacks serve at once.

    serves --(so many failures in a row)--> rests --(time is over)--> one call tries it
       ^                                     ^                             |
       |                                     +---(fails: rests longer)-----+
       +------------------------------(it answers)------------------------+

What counts as a failure says something of the gateway and not of the question: it cannot be reached, answers 5xx, cuts
connections, hangs. A refusal is an answer, and so is a 429, which is about one model or our own haste.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from adapters.gateways.problems import status_of
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelUnreachable
from bot.words import phrase

FAILURES = 5
REST_SECONDS = 30.0
LONGEST_REST_SECONDS = 300.0
TRIAL_SECONDS = 5.0
"""What callers are told to wait while one call tries the gateway."""

_log = structlog.get_logger(__name__)


class Breaker:
    """The state of one gateway.

    Args:
        gateway: its name, for people.
        failures: in a row, until it rests.
        rest_seconds: the first rest; each one that follows without success is twice as long.
        longest_rest_seconds: where it stops growing.
        clock: tells seconds that only grow.
    """

    def __init__(
        self,
        gateway: str,
        *,
        failures: int = FAILURES,
        rest_seconds: float = REST_SECONDS,
        longest_rest_seconds: float = LONGEST_REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._most = failures
        self._first_rest = rest_seconds
        self._longest_rest = longest_rest_seconds
        self._clock = clock
        self._failed = 0
        self._rest = rest_seconds
        self._rests_until: float | None = None
        self._tried = False

    @property
    def resting(self) -> float:
        """Seconds until it may be called again; 0 when it may be now."""
        if self._rests_until is None:
            return 0.0
        left = self._rests_until - self._clock()
        return left if left > 0 else TRIAL_SECONDS if self._tried else 0.0

    @contextmanager
    def attempt(self, model: str) -> Iterator[None]:
        """Watch one call from its beginning to its end.

        Raises:
            ModelBusy: the gateway rests; nothing was sent.
        """
        tries = self._admit(model)
        failed: bool | None = None
        try:
            yield
            failed = False
        except ModelProblem as problem:
            failed = _is_failure(problem)
            raise
        finally:
            # Whoever hangs up has said nothing of the gateway.
            self._tried = self._tried and not tries
            if failed is not None:
                (self._count if failed else self._forgive)()

    def answered(self) -> None:
        """A call that is still being answered says: the gateway is there again, others need not wait for the end."""
        if self._rests_until is not None:
            self._rests_until, self._tried, self._failed = None, False, self._most - 1

    def _admit(self, model: str) -> bool:
        """Let a call through, or refuse it; returns whether it is the one that tries the gateway."""
        if self._rests_until is None:
            return False
        if (left := self.resting) > 0:
            reason = phrase(
                "{gateway} failed {count} times in a row and is left alone for {seconds} s",
                gateway=self._gateway,
                count=self._most,
                seconds=f"{left:.0f}",
            )
            raise ModelBusy(reason, model=model, retry_after=left)
        self._tried = True
        _log.info("gateway is tried again", gateway=self._gateway)
        return True

    def _count(self) -> None:
        self._failed += 1
        is_over = self._rests_until is not None and self._clock() >= self._rests_until
        if self._failed >= self._most and (self._rests_until is None or is_over):
            self._rests_until = self._clock() + self._rest
            _log.warning("gateway rests", gateway=self._gateway, seconds=self._rest, failures=self._failed)
            self._rest = min(2 * self._rest, self._longest_rest)

    def _forgive(self) -> None:
        if self._rests_until is not None or self._rest > self._first_rest:
            _log.info("gateway serves again", gateway=self._gateway)
        self._failed, self._rest, self._rests_until = 0, self._first_rest, None


def _is_failure(problem: ModelProblem) -> bool:
    match problem:
        case ModelUnreachable() | ModelInDoubt():
            return True
        case ModelBusy():
            return (status_of(problem) or 0) >= 500
        case _:
            return False
