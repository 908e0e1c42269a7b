"""A process that makes a call is killed; another one carries the call on."""

import pytest

from adapters.gateways.gateway import RemoteGateway
from bot.domain.errors import ModelInDoubt
from bot.domain.journal import Step, StepState
from tests.fakes.openrouter.client import FakeOpenRouter
from tests.integration.dying_calls import killed
from tests.integration.gateway_calls import finished, problem_in, recovered, text_of
from tests.integration.test_openrouter_reliability.harness import ask

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def died(fake: FakeOpenRouter, *how: str) -> Step:
    """Let a process make a call and die; returns what it had written down."""
    step = await killed("tests.integration.test_openrouter_reliability.dying", fake.api, *how)
    assert step.state is StepState.ACCEPTED
    return step


async def test_an_answer_that_nobody_wrote_down_comes_for_nothing(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("Hello to you, too.", cost_usd=0.003)
    step = await died(fake)
    deltas = await recovered(gateway, step, ask())
    assert text_of(deltas) == "Hello to you, too."
    assert finished(deltas).usage.cost == 3_000_000
    seen = await fake.state()
    assert [call.outcome for call in seen.calls] == ["complete", "replayed"]
    assert len(seen.charged) == 1


async def test_an_answer_that_was_cut_off_is_not_asked_for_again(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("one two three " * 30, tokens_per_second=100, cost_usd=0.003)
    step = await died(fake, "early")
    await fake.wait_for(1, ended=True)
    problem, came = await problem_in(gateway.recover(step, ask()))
    assert type(problem) is ModelInDoubt
    assert came == []
    seen = await fake.state()
    assert problem.usage is not None
    assert problem.usage.cost == round(seen.spent_usd * 1e9)
    assert len(seen.calls) == 1
