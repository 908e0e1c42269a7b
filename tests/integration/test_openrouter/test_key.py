"""The key."""

import logging

import pytest

from adapters.gateways.gateway import RemoteGateway
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import ask, problem_of
from tests.integration.test_openrouter.harness import KEY

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_key_is_in_no_text(
    fake: FakeOpenRouter, gateway: RemoteGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await fake.fail(Action.ERROR, status=401, message=f"No such key: {KEY}")
    refused, _ = await problem_of(gateway, ask())
    await fake.fail(Action.MIDSTREAM_ERROR, status=400, message=f"No such key: {KEY}")
    broken, _ = await problem_of(gateway, ask())
    await fake.fail(Action.DROP_AFTER)
    cut, _ = await problem_of(gateway, ask())
    assert "No such key" in refused.reason
    assert "No such key" in broken.reason
    for problem in (refused, broken, cut):
        assert KEY not in f"{problem} {problem!r} {problem.sentence} {problem.__cause__!r} {gateway!r}"
    assert KEY not in caplog.text
