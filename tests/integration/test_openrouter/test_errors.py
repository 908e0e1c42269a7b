"""Answers that are errors."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from bot.domain.errors import (
    ModelBusy,
    ModelInDoubt,
    ModelProblem,
    ModelRefused,
    ModelUnauthorised,
)
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import ask, problem_of, text_of
from tests.integration.raw_server import Raw, answer, request_of, serving
from tests.integration.test_openrouter.harness import KEY

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(fake: FakeOpenRouter) -> AsyncIterator[RemoteGateway]:
    """One for each test, which tries once: others tell when a call is made again, and when a gateway rests."""
    async with RemoteGateway(OPENROUTER, KEY, fake.api, patience=Patience(retry=0)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ModelRefused),
        (401, ModelUnauthorised),
        (402, ModelUnauthorised),
        (403, ModelUnauthorised),
        (404, ModelRefused),
        (408, ModelInDoubt),
        (429, ModelBusy),
        (500, ModelBusy),
        (502, ModelBusy),
        (503, ModelBusy),
        (504, ModelInDoubt),
        (524, ModelInDoubt),
        (529, ModelBusy),
    ],
)
async def test_an_answer_that_is_an_error(
    fake: FakeOpenRouter, gateway: RemoteGateway, status: int, kind: type[ModelProblem]
) -> None:
    await fake.fail(Action.ERROR, status=status, retry_after_s=7 if kind is ModelBusy else None)
    problem, came = await problem_of(gateway, ask())
    assert type(problem) is kind
    assert came == []
    assert not isinstance(problem, ModelBusy) or problem.retry_after == 7
    assert len((await fake.state()).calls) == 1


async def test_an_error_page_of_something_on_the_way(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, status=502, raw_body="<html>" + "x" * 100_000)
    problem, _ = await problem_of(gateway, ask())
    assert problem.reason == "no reason given (502)"


async def test_the_status_of_an_error_is_enough() -> None:
    async def cut(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(raw, reader)
        writer.write(answer(b'{"error":', status="429 Too Many Requests", kind="application/json")[:-3])
        await writer.drain()

    async with serving(cut) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway:
        problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelBusy


async def test_an_error_in_a_good_answer(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.fail(Action.OK_ERROR, status=429)
    problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelBusy


async def test_a_capacity_problem_in_the_newer_shape(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, availability="capacity_exhausted", retry_after_s=3)
    problem, _ = await problem_of(gateway, ask())
    assert isinstance(problem, ModelBusy)
    assert problem.retry_after == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(429, None, ModelBusy), (504, None, ModelBusy), (500, "server_error", ModelBusy)]
)
async def test_an_error_in_the_middle_is_not_charged_so_it_may_be_asked_again(
    fake: FakeOpenRouter, gateway: RemoteGateway, status: int, code: str | None, kind: type[ModelProblem]
) -> None:
    await fake.say("one two three")
    await fake.fail(Action.MIDSTREAM_ERROR, status=status, code=code, after=2)
    problem, came = await problem_of(gateway, ask())
    assert type(problem) is kind
    assert text_of(came) == "one two "
    assert (await fake.state()).charged == ()


async def test_thinking_that_used_every_token_is_explained(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("", empty=True)
    problem, _ = await problem_of(gateway, ask(reasoning=True))
    assert type(problem) is ModelRefused
    assert "raise max_tokens" in problem.sentence
