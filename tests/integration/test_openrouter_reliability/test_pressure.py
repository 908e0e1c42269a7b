"""A gateway that fails is left alone, and one that must be spared is spared."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from adapters.gateways.breaker import Breaker
from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.pace import Limits
from adapters.gateways.reply import Patience
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelRefused, ModelUnreachable
from tests.fakes.openrouter.client import Action, Call, FakeOpenRouter
from tests.integration.gateway_calls import everything, problem_in, text_of
from tests.integration.test_openrouter_reliability.harness import KEY, SOON, ask

pytestmark = pytest.mark.asyncio(loop_scope="package")

CHAT = "*/chat/completions"


@pytest_asyncio.fixture(loop_scope="package")
async def tired(fake: FakeOpenRouter) -> AsyncIterator[RemoteGateway]:
    """A gateway that rests for half a second."""
    async with RemoteGateway(OPENROUTER, KEY, fake.api, patience=Patience(idle=0.4, quiet=0.4)) as gateway:
        gateway._client._breaker = Breaker("openrouter", rest_seconds=0.5)
        yield gateway


async def exhaust(fake: FakeOpenRouter, gateway: RemoteGateway, action: Action = Action.DROP_AFTER) -> None:
    await fake.fail(action, path=CHAT, times=5)
    for number in range(5):
        problem, _ = await problem_in(gateway.perform(ask(f"try {number}")))
        assert type(problem) is ModelInDoubt


@pytest.mark.parametrize("action", [Action.DROP_AFTER, Action.CUT_MID_STREAM, Action.HANG])
async def test_a_gateway_that_fails_in_a_row_is_left_alone(
    fake: FakeOpenRouter, tired: RemoteGateway, action: Action
) -> None:
    await exhaust(fake, tired, action)
    problem, _ = await problem_in(tired.perform(ask()))
    assert type(problem) is ModelBusy
    assert problem.transient
    assert problem.retry_after is not None
    assert 0 < problem.retry_after <= 0.5
    assert "openrouter failed 5 times in a row" in problem.sentence
    assert len((await fake.state()).calls) == 5


async def test_after_its_rest_one_call_tries_it(fake: FakeOpenRouter, tired: RemoteGateway) -> None:
    with capture_logs() as logs:
        await exhaust(fake, tired)
        await fake.say("back again")
        await fake.fail(Action.SLOW, path=CHAT, seconds=0.25)
        await asyncio.sleep(0.55)
        async with asyncio.TaskGroup() as group:
            trial = group.create_task(everything(tired, ask("trial")))
            await fake.wait_for(6)
            others = [group.create_task(problem_in(tired.perform(ask(f"{number}")))) for number in range(5)]
            for other in others:
                assert type((await other)[0]) is ModelBusy
        assert text_of(trial.result()) == "back again"
    assert text_of(await everything(tired, ask("more"))) == "back again"
    assert len((await fake.state()).calls) == 7
    events = [log["event"] for log in logs if log["event"].startswith("gateway")]
    assert events == ["gateway rests", "gateway is tried again", "gateway serves again"]


async def test_a_trial_that_fails_lets_it_rest_longer(fake: FakeOpenRouter, tired: RemoteGateway) -> None:
    await exhaust(fake, tired)
    await asyncio.sleep(0.55)
    await fake.fail(Action.DROP_AFTER, path=CHAT)
    assert type((await problem_in(tired.perform(ask("trial"))))[0]) is ModelInDoubt
    problem, _ = await problem_in(tired.perform(ask()))
    assert isinstance(problem, ModelBusy)
    assert problem.retry_after is not None
    assert problem.retry_after > 0.6


async def test_overload_counts_as_failing_and_ends_the_tries(fake: FakeOpenRouter, tired: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, path=CHAT, status=503, retry_after_s=0, times=99)
    for _ in range(2):
        problem, _ = await problem_in(tired.perform(ask()))
        assert type(problem) is ModelBusy
    # Three tries, then two: the fifth failure ends them all.
    assert len((await fake.state()).calls) == 5


@pytest.mark.parametrize(("status", "kind"), [(400, ModelRefused), (429, ModelBusy)])
async def test_answers_are_no_failures(
    fake: FakeOpenRouter, tired: RemoteGateway, status: int, kind: type[Exception]
) -> None:
    await fake.fail(Action.ERROR, path=CHAT, status=status, retry_after_s=9, times=8)
    for _ in range(8):
        assert type((await problem_in(tired.perform(ask())))[0]) is kind
    assert text_of(await everything(tired, ask("hi"))) == "You said: hi"


async def test_whoever_hangs_up_makes_no_gateway_rest(fake: FakeOpenRouter, tired: RemoteGateway) -> None:
    await fake.say("one two three " * 50, tokens_per_second=100)
    for number in range(8):
        stream = tired.perform(ask(f"{number}"))
        await anext(stream)
        await stream.aclose()
    await fake.say("fine")
    assert text_of(await everything(tired, ask())) == "fine"


async def test_reading_costs_nothing_and_goes_on_while_it_rests(fake: FakeOpenRouter, tired: RemoteGateway) -> None:
    await exhaust(fake, tired)
    assert await tired.catalogue()
    assert await tired.account()


# --- spared ------------------------------------------------------------------


async def test_only_so_many_calls_are_under_way_at_once(fake: FakeOpenRouter) -> None:
    await fake.say("ok", ttft_s=0.1)
    async with (
        RemoteGateway(OPENROUTER, KEY, fake.api, limits=Limits(at_once=4)) as gateway,
        asyncio.TaskGroup() as group,
    ):
        for number in range(16):
            group.create_task(everything(gateway, ask(f"{number}")))
    calls = (await fake.state()).calls
    assert len(calls) == 16
    assert max(_at_once(calls)) == 4


def _at_once(calls: tuple[Call, ...]) -> list[int]:
    return [sum(other.received_at <= call.received_at < (other.finished_at or 0) for other in calls) for call in calls]


async def test_only_so_many_calls_begin_within_a_minute(fake: FakeOpenRouter) -> None:
    patience = Patience(turn=1)
    async with RemoteGateway(OPENROUTER, KEY, fake.api, limits=Limits(per_minute=3), patience=patience) as gateway:
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(everything(gateway, ask(f"{number}")))
        started = time.monotonic()
        problem, _ = await problem_in(gateway.perform(ask()))
    assert type(problem) is ModelUnreachable
    assert "too many calls wait" in problem.sentence
    assert time.monotonic() - started < 3 * SOON
    assert len((await fake.state()).calls) == 3
