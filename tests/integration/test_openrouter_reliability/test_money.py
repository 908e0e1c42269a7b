"""What a gateway says of our key, and what the doctor makes of it."""

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from bot.domain.errors import ModelCannot, ModelRefused, ModelUnauthorised, ModelUnreachable
from bot.domain.money import nanodollars
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import everything, problem_in
from tests.integration.test_openrouter_reliability.harness import KEY, ask

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_the_account_says_what_was_charged(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("a", cost_usd=0.000_000_123)
    await everything(gateway, ask("1"))
    await everything(gateway, ask("2"))
    account = await gateway.account()
    assert account.spent_today == account.spent_this_month == 246
    assert account.left is None
    await fake.limit(limit_usd=1.5)
    assert (await gateway.account()).left == nanodollars("1.499999754")


async def test_a_gateway_that_tells_nothing_cannot_be_asked(fake: FakeOpenRouter) -> None:
    silent = replace(OPENROUTER, account_path="", generation_path="")
    async with RemoteGateway(silent, KEY, fake.api) as gateway:
        with pytest.raises(ModelCannot, match="does not tell what it charged"):
            await gateway.account()
        assert await gateway.cost("gen-1") is None


async def test_an_account_that_cannot_be_read_is_a_problem(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, path="*/key", status=401)
    with pytest.raises(ModelUnauthorised):
        await gateway.account()
    await fake.fail(Action.DROP_BEFORE, path="*/key", times=2)
    with pytest.raises(ModelUnreachable):
        await gateway.account()
    await fake.fail(Action.OK_ERROR, path="*/key", status=503)
    with pytest.raises(ModelCannot):
        await gateway.account()


async def test_a_provider_that_asks_more_than_was_held_does_not_answer(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    await everything(gateway, ask())
    able = await gateway.capabilities(ask().model)
    assert able.price is not None
    provider = json.loads(await fake.body(0))["provider"]
    assert provider == {"max_price": {"prompt": "0.15", "completion": "0.6"}}
    assert {kind: Decimal(most) / 1_000_000 for kind, most in provider["max_price"].items()} == {
        "prompt": able.price.prompt,
        "completion": able.price.completion,
    }
    await fake.limit(times_dearer=1.01)
    problem, _ = await problem_in(gateway.perform(ask()))
    assert type(problem) is ModelRefused
    assert "max_price" in problem.sentence
    assert len((await fake.state()).charged) == 1


async def test_an_admin_may_allow_dearer_providers(fake: FakeOpenRouter) -> None:
    await fake.limit(times_dearer=2)
    dearer = {"max_price": {"completion": "1.2"}, "sort": "throughput"}
    async with RemoteGateway(OPENROUTER, KEY, fake.api, preferences=dearer) as gateway:
        await gateway.catalogue()
        await everything(gateway, ask())
    assert json.loads(await fake.body(0))["provider"] == dearer


async def test_the_doctor_says_what_is_left_and_how_old_the_models_are(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    key, models = await gateway.check()
    assert key.ok
    assert key.what == "openrouter takes the key, which has no limit; it was charged $0.00 this month."
    assert models.ok
    assert re.fullmatch(r"openrouter listed \d+ models just now\.", models.what)
    await fake.say("a", cost_usd=0.25)
    await everything(gateway, ask())
    await fake.limit(limit_usd=2)
    key, _ = await gateway.check()
    assert key.ok
    assert key.what == "openrouter takes the key, which has $1.75 left of its limit; it was charged $0.25 this month."
    await fake.limit(limit_usd=0.25)
    key, _ = await gateway.check()
    assert not key.ok
    assert "used up" in key.what
    assert "Raise" in key.fix
    assert len((await fake.state()).charged) == 1


async def test_the_doctor_says_that_the_models_are_not_listed(fake: FakeOpenRouter) -> None:
    await fake.fail(Action.ERROR, method="GET", path="*/models/user", status=503, times=9)
    async with RemoteGateway(OPENROUTER, KEY, fake.api) as gateway:
        key, models = await gateway.check()
    assert key.ok
    assert not models.ok
    assert "does not list its models" in models.what
