"""Webhooks ring; polling goes on beside them; what is forged is refused."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
import pytest_asyncio

from adapters.gateways.fal.gateway import FalGateway
from adapters.gateways.fal.webhook import WebhookPlace
from bot.domain.journal import Step, StepState
from bot.domain.models import Accepted, Finished
from tests.fakes.fal.client import Action, FakeFal
from tests.integration.gateway_calls import everything, text_of
from tests.integration.test_fal.conftest import QUICK, Opener, ask, problem_in

pytestmark = pytest.mark.asyncio(loop_scope="package")

SELDOM = replace(QUICK, first=2, longest=2, total=9)
"""Asked again only after two seconds: whoever is faster was rung for."""


@pytest_asyncio.fixture(loop_scope="package")
async def rung(opened: Opener, webhook: WebhookPlace) -> AsyncIterator[FalGateway]:
    async with opened(webhook=webhook, waits=SELDOM) as gateway:
        yield gateway


async def test_a_webhook_ends_the_waiting(fake: FakeFal, rung: FalGateway, webhook: WebhookPlace):
    await fake.script(text="Rung.", work_s=0.3)
    started = time.monotonic()
    deltas = await everything(rung, ask(call="c0ffee"))
    seen = await fake.wait(lambda seen: seen.deliveries)
    assert text_of(deltas) == "Rung."
    assert time.monotonic() - started < 1.8
    assert seen.calls[0].webhook.startswith(f"{webhook.url}&call=c0ffee&proof=")
    assert [delivery["status"] for delivery in seen.deliveries] == [200]
    assert seen.count("/status") == 2
    assert seen.count("/status/stream") == 0
    assert seen.hits["GET /rest/.well-known/jwks.json"] == 1


async def test_failures_are_rung_for_too(fake: FakeFal, rung: FalGateway):
    await fake.script(status=422, body={"detail": "Too long"}, work_s=0.2)
    started = time.monotonic()
    problem, _ = await problem_in(rung.perform(ask()))
    assert "Too long" in problem.sentence
    assert time.monotonic() - started < 1.8


async def test_what_comes_twice_late_or_from_strangers_is_taken(fake: FakeFal, rung: FalGateway):
    await fake.script(webhooks=("good", "good"), webhook_delay_s=0.2)
    assert text_of(await everything(rung, ask()))
    seen = await fake.wait(lambda seen: len(seen.deliveries) == 2)
    assert [delivery["status"] for delivery in seen.deliveries] == [200, 200]


async def test_what_is_forged_rings_for_nobody(fake: FakeFal, rung: FalGateway):
    await fake.script(work_s=0.1, webhooks=("tampered", "stale", "foreign", "unsigned"), webhook_tries=1)
    started = time.monotonic()
    deltas = await everything(rung, ask())
    seen = await fake.wait(lambda seen: len(seen.deliveries) == 4)
    assert {delivery["status"] for delivery in seen.deliveries} == {401}
    assert isinstance(deltas[-1], Finished)
    assert time.monotonic() - started > 1.9


async def test_nonsense_is_refused(fake: FakeFal, rung: FalGateway, webhook: WebhookPlace):
    async with aiohttp.ClientSession() as anybody:
        for headers in ({}, {"X-Fal-Webhook-Signature": "zz", "X-Fal-Webhook-Timestamp": "now"}):
            async with anybody.post(webhook.url, data=b"\xff", headers=headers) as response:
                assert response.status == 401
        async with anybody.get(webhook.url) as response:
            assert response.status == 405


async def test_keys_are_read_once_and_also_when_they_could_not_be_at_first(fake: FakeFal, rung: FalGateway):
    await fake.fail(Action.ERROR, path="*/jwks.json")
    for _ in range(3):
        await everything(rung, ask())
    seen = await fake.wait(lambda seen: [delivery["status"] for delivery in seen.deliveries].count(200) == 3)
    assert seen.hits["GET /rest/.well-known/jwks.json"] == 2


async def test_a_webhook_names_the_call_that_fal_could_not_name_to_us(fake: FakeFal, rung: FalGateway):
    await fake.account(history="off")
    await fake.fail(Action.HANG_AFTER, method="POST", path="/queue/*")
    deltas = await everything(rung, ask(call="c0ffee"))
    seen = await fake.state()
    assert deltas[0] == Accepted(id=seen.calls[0].request_id)
    assert text_of(deltas) == "You said: Say hello. "
    assert len(seen.charged) == 1


async def test_an_orphan_is_recognised_by_our_own_name_of_it(fake: FakeFal, rung: FalGateway):
    await fake.account(history="off")
    deltas = rung.perform(ask(call="c0ffee"))
    await anext(deltas)
    await fake.wait(lambda seen: seen.deliveries)
    await deltas.aclose()
    step = Step(name="answer", state=StepState.BEGAN)
    found = [delta async for delta in rung.recover(step, ask(call="c0ffee"))]
    assert text_of(found) == "You said: Say hello. "
    problem, _ = await problem_in(rung.recover(step, ask(call="decaf")))
    assert "interrupted" in problem.sentence
    assert len((await fake.state()).calls) == 1


async def test_a_name_that_we_did_not_write_names_nothing(fake: FakeFal, rung: FalGateway, webhook: WebhookPlace):
    """fal signs the webhooks of everybody: whoever makes it call us must not answer in another's name."""
    await fake.account(history="off")
    address = f"{webhook.url}&call=c0ffee&proof={'0' * 32}"
    async with (
        aiohttp.ClientSession() as stranger,
        stranger.post(
            f"{fake.queue_url}/openrouter/router",
            params={"fal_webhook": address},
            json={"prompt": "x", "model": "openai/gpt-4o"},
            headers={"Authorization": "Key stranger:secret"},
        ) as response,
    ):
        assert response.status == 200
    seen = await fake.wait(lambda seen: seen.deliveries)
    assert seen.deliveries[0]["status"] == 200
    problem, _ = await problem_in(rung.recover(Step(name="answer", state=StepState.BEGAN), ask(call="c0ffee")))
    assert "interrupted" in problem.sentence


async def test_a_delivered_answer_outlives_that_of_the_queue(fake: FakeFal, rung: FalGateway):
    await fake.account(history="off")
    await fake.script(text="Delivered.")
    deltas = rung.perform(ask())
    first = await anext(deltas)
    await fake.wait(lambda seen: seen.deliveries)
    await fake.lose()
    assert text_of([first, *[delta async for delta in deltas]]) == "Delivered."


async def test_without_a_place_to_listen_the_queue_is_asked(fake: FakeFal, opened: Opener, webhook: WebhookPlace):
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), webhook.host, webhook.port)
    async with server, opened(webhook=webhook) as gateway:
        assert text_of(await everything(gateway, ask()))
        findings = await gateway.check()
    assert [finding.ok for finding in findings] == [True, True, False]
    assert "webhook_port" in findings[2].fix
    assert (await fake.state()).calls[0].webhook == ""
