"""When a call is made once more, how long is waited before it, and how a gateway that fails is left alone."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from adapters.gateways.breaker import Breaker
from adapters.gateways.pace import Limits, Pace
from adapters.gateways.problems import Answered
from adapters.gateways.retry import FIRST_PAUSE, LONGEST_PAUSE, Tries
from bot.domain.errors import (
    ModelBusy,
    ModelInDoubt,
    ModelProblem,
    ModelRefused,
    ModelUnauthorised,
    ModelUnknown,
    ModelUnreachable,
)


def busy(status: int | None, retry_after: float | None = None) -> ModelBusy:
    problem = ModelBusy("not now", retry_after=retry_after)
    problem.__cause__ = Answered(status) if status else None
    return problem


def allowed(problem: ModelProblem, *, insured: bool = True) -> int:
    """How many tries there are when each of them ends so."""
    tries = Tries(100, insured=insured)
    count = 1
    while tries.pause(problem, now=0) is not None:
        count += 1
    return count


@pytest.mark.parametrize("status", [429, 502, 503, 529])
def test_what_was_answered_and_not_charged_is_tried_three_times(status: int) -> None:
    assert allowed(busy(status)) == 3
    assert allowed(busy(status), insured=False) == 3


def test_what_the_insurance_covers_is_tried_twice() -> None:
    assert allowed(busy(500)) == 2
    assert allowed(busy(500), insured=False) == 1


def test_what_came_in_a_good_answer_is_tried_once() -> None:
    assert allowed(busy(None)) == 1


def test_what_was_never_sent_is_tried_three_times() -> None:
    assert allowed(ModelUnreachable("no connection")) == 3


@pytest.mark.parametrize("kind", [ModelInDoubt, ModelRefused, ModelUnauthorised, ModelUnknown])
def test_what_was_perhaps_charged_or_is_refused_is_tried_once(kind: type[ModelProblem]) -> None:
    assert allowed(kind("no")) == 1


async def test_who_got_no_turn_does_not_queue_again() -> None:
    pace = Pace(Limits(per_minute=1))
    async with pace.turn("m", 1):
        pass
    with pytest.raises(ModelUnreachable) as caught:
        async with pace.turn("m", 1):
            pass
    assert allowed(caught.value) == 1


def test_the_gateways_time_is_waited_for() -> None:
    assert Tries(100, insured=True).pause(busy(429, retry_after=2.5), now=0) == 2.5
    assert Tries(100, insured=True).pause(busy(429, retry_after=0), now=0) == 0
    assert Tries(100, insured=True).pause(busy(429, retry_after=LONGEST_PAUSE), now=0) == LONGEST_PAUSE


def test_what_takes_too_long_goes_up_at_once() -> None:
    assert Tries(100, insured=True).pause(busy(429, retry_after=LONGEST_PAUSE + 0.1), now=0) is None
    assert Tries(100, insured=True).pause(busy(503, retry_after=5), now=96) is None


def test_the_pauses_are_spread_and_grow() -> None:
    firsts, seconds = [], []
    for _ in range(300):
        tries = Tries(100, insured=True)
        firsts.append(tries.pause(busy(503), now=0) or 0)
        seconds.append(tries.pause(busy(503), now=0) or 0)
    assert all(0 <= pause <= FIRST_PAUSE for pause in firsts)
    assert all(0 <= pause <= 2 * FIRST_PAUSE for pause in seconds)
    assert max(firsts) - min(firsts) > FIRST_PAUSE / 2
    assert max(seconds) > FIRST_PAUSE


# --- a gateway that fails again and again ------------------------------------


class Time:
    def __init__(self) -> None:
        self.now = 1000.0


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker("openrouter", failures=3, rest_seconds=30, longest_rest_seconds=100, clock=lambda: time.now)


def fail(breaker: Breaker, problem: ModelProblem, times: int = 1) -> None:
    for _ in range(times):
        with suppress(type(problem)), breaker.attempt("m"):
            raise problem


@contextmanager
def refused(breaker: Breaker) -> Iterator[ModelBusy]:
    with pytest.raises(ModelBusy) as caught, breaker.attempt("openrouter/m"):
        raise AssertionError("it was let through")
    yield caught.value


@pytest.mark.parametrize("problem", [ModelUnreachable("x"), ModelInDoubt("x"), busy(502), busy(500)])
def test_a_gateway_that_fails_in_a_row_rests(breaker: Breaker, time: Time, problem: ModelProblem) -> None:
    fail(breaker, problem, 2)
    assert breaker.resting == 0
    fail(breaker, problem)
    assert breaker.resting == 30
    time.now += 10
    with refused(breaker) as resting:
        assert resting.retry_after == 20
        assert "openrouter failed 3 times in a row" in resting.sentence
        assert resting.transient


@pytest.mark.parametrize("problem", [busy(429), busy(None), ModelRefused("x"), ModelUnauthorised("x")])
def test_an_answer_is_no_failure(breaker: Breaker, problem: ModelProblem) -> None:
    fail(breaker, problem, 10)
    fail(breaker, ModelInDoubt("x"), 2)
    fail(breaker, problem)
    fail(breaker, ModelInDoubt("x"), 2)
    assert breaker.resting == 0


def test_one_call_tries_it_and_the_others_wait(breaker: Breaker, time: Time) -> None:
    fail(breaker, ModelInDoubt("x"), 3)
    time.now += 30
    with breaker.attempt("m"), refused(breaker) as other:
        assert other.retry_after == 5
    with breaker.attempt("m"), breaker.attempt("m"):
        pass


def test_as_soon_as_it_answers_others_may_come(breaker: Breaker, time: Time) -> None:
    fail(breaker, ModelInDoubt("x"), 3)
    time.now += 30
    with breaker.attempt("m"):
        breaker.answered()
        with breaker.attempt("m"):
            pass


def test_a_gateway_that_answers_and_then_hangs_rests_again(breaker: Breaker, time: Time) -> None:
    fail(breaker, ModelInDoubt("x"), 3)
    time.now += 30
    with suppress(ModelInDoubt), breaker.attempt("m"):
        breaker.answered()
        raise ModelInDoubt("hangs")
    assert breaker.resting == 60


def test_each_rest_is_twice_as_long_up_to_a_bound(breaker: Breaker, time: Time) -> None:
    fail(breaker, ModelInDoubt("x"), 3)
    rests = []
    for _ in range(4):
        rests.append(breaker.resting)
        time.now += breaker.resting
        fail(breaker, ModelInDoubt("x"))
    assert rests == [30, 60, 100, 100]
    time.now += 100
    with breaker.attempt("m"):
        pass
    fail(breaker, ModelInDoubt("x"), 3)
    assert breaker.resting == 30


def test_calls_that_were_under_way_do_not_prolong_a_rest(breaker: Breaker, time: Time) -> None:
    with suppress(ModelInDoubt), breaker.attempt("m"):
        fail(breaker, ModelInDoubt("x"), 3)
        time.now += 10
        raise ModelInDoubt("x")
    assert breaker.resting == 20


def test_whoever_hangs_up_says_nothing(breaker: Breaker, time: Time) -> None:
    fail(breaker, ModelInDoubt("x"), 2)
    with suppress(GeneratorExit), breaker.attempt("m"):
        raise GeneratorExit
    fail(breaker, ModelInDoubt("x"))
    assert breaker.resting == 30
    time.now += 30
    with suppress(GeneratorExit), breaker.attempt("m"):
        raise GeneratorExit
    with breaker.attempt("m"):
        pass
