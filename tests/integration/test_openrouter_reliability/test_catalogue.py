"""The models of a gateway: from the wire, from the disk, or built in, and nobody waits who need not."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.gateways.catalogue import Shelf
from adapters.gateways.copies import Copies
from adapters.gateways.endpoints import OPENROUTE, OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from bot.domain.errors import ModelUnknown
from bot.domain.models import ModelRef
from bot.domain.money import CallKind, Price
from bot.ports import Billed, Listed
from tests.doubles.clock import ManualClock
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import FREE, HEARS, READS
from tests.integration.raw_server import Raw, answer, serving
from tests.integration.test_openrouter_reliability.harness import DICTATES, KEY, SOON, SPEAKS

pytestmark = pytest.mark.asyncio(loop_scope="package")

LISTED = "GET /api/v1/models/user"
NOWHERE = "http://127.0.0.1:9/api/v1"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def copies(tmp_path: Path, clock: ManualClock) -> Copies:
    return Copies(tmp_path, clock)


@asynccontextmanager
async def opened(url: str, **shelf: object) -> AsyncIterator[RemoteGateway]:
    patience = Patience(listing=shelf.pop("seconds", 10))  # type: ignore[arg-type]
    async with RemoteGateway(OPENROUTER, KEY, url, patience=patience, shelf=Shelf(**shelf)) as gateway:  # type: ignore[arg-type]
        yield gateway


async def reads(fake: FakeOpenRouter) -> int:
    return (await fake.state()).reads.get(LISTED, 0)


async def until_read(fake: FakeOpenRouter, count: int) -> None:
    async with asyncio.timeout(SOON):
        while await reads(fake) < count:
            await asyncio.sleep(0.02)


# --- what it says ------------------------------------------------------------


async def test_prices_come_with_the_models(gateway: RemoteGateway) -> None:
    hears, reads = await gateway.capabilities(HEARS), await gateway.capabilities(READS)
    assert hears.price == Price(prompt=Decimal("3e-7"), completion=Decimal("0.0000025"), audio_in=Decimal("0.000001"))
    assert reads.price == Price(prompt=Decimal("1.5e-7"), completion=Decimal("6e-7"))
    assert not reads.free
    free = await gateway.capabilities(FREE)
    assert free.free
    assert free.price == Price()


async def test_models_made_for_one_thing_are_offered_with_their_units(gateway: RemoteGateway) -> None:
    dictates, speaks = await gateway.capabilities(DICTATES), await gateway.capabilities(SPEAKS)
    assert dictates.kinds == {CallKind.TRANSCRIPTION}
    assert dictates.price == Price(second=Decimal("0.0001"))
    assert speaks.kinds == {CallKind.SPEECH}
    assert speaks.price == Price(character=Decimal("6.2e-7"))
    assert speaks.voices == ("af_alloy", "af_bella", "am_adam")


async def test_a_variant_may_cost_more_unless_it_is_the_cheapest(gateway: RemoteGateway) -> None:
    base = await gateway.capabilities(HEARS)
    fast, cheap = await gateway.capabilities(f"{HEARS}:nitro"), await gateway.capabilities(f"{HEARS}:floor")
    assert fast.price is None
    assert cheap.price == base.price
    assert fast.kinds == cheap.kinds == base.kinds
    assert not (await gateway.capabilities(f"{FREE}:floor")).free
    with pytest.raises(ModelUnknown):
        await gateway.capabilities("no/such-model:nitro")


async def test_it_is_a_gateway_that_tells_its_age_and_its_costs(gateway: RemoteGateway) -> None:
    assert isinstance(gateway, Listed)
    assert isinstance(gateway, Billed)
    age = gateway.listing_age()
    assert age is not None
    assert age < SOON


async def test_openroute_has_a_listing_of_the_same_shape(fake: FakeOpenRouter) -> None:
    async with RemoteGateway(OPENROUTE, KEY, fake.api) as gateway:
        catalogue = await gateway.catalogue()
    assert catalogue[ModelRef(gateway="openroute", name=HEARS)].price is not None
    assert all(CallKind.CHAT in found.kinds for found in catalogue.values())


async def test_a_gateway_that_lists_nothing_lets_models_be_named_at_an_unknown_price() -> None:
    async def nothing(_: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"<html>", status="404 Not Found", kind="text/html"))
        await writer.drain()

    async with serving(nothing) as raw, RemoteGateway(OPENROUTE, KEY, raw.url) as gateway:
        found = await gateway.capabilities("google/gemini-2.5-flash")
        assert gateway.listing_age() is None
    assert found.kinds >= {CallKind.CHAT}
    assert found.price is None
    assert not found.free


# --- how old it is -----------------------------------------------------------


async def test_it_is_read_once_until_it_is_old_and_then_in_the_background(fake: FakeOpenRouter) -> None:
    async with opened(fake.api, fresh_seconds=0.3) as gateway:
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(gateway.catalogue())
        assert await reads(fake) == 1
        await asyncio.sleep(0.35)
        await fake.fail(Action.SLOW, method="GET", path="*/models/user", seconds=0.5)
        started = time.monotonic()
        for _ in range(5):
            assert (await gateway.capabilities(READS)).price is not None
        assert time.monotonic() - started < 0.3
        age = gateway.listing_age()
        assert age is not None
        assert age > 0.3
        await until_read(fake, 2)
        async with asyncio.timeout(SOON):
            while (gateway.listing_age() or 9) > 0.3:
                await asyncio.sleep(0.02)
    assert await reads(fake) == 2


async def test_leaving_does_not_wait_for_a_slow_listing(fake: FakeOpenRouter) -> None:
    started = time.monotonic()
    async with opened(fake.api, fresh_seconds=0) as gateway:
        await gateway.catalogue()
        await fake.fail(Action.SLOW, method="GET", path="*/models/user", seconds=60)
        await gateway.catalogue()
        await until_read(fake, 2)
    assert time.monotonic() - started < SOON


async def test_who_waits_no_longer_leaves_the_reading_to_go_on(fake: FakeOpenRouter) -> None:
    await fake.fail(Action.SLOW, method="GET", path="*/models/user", seconds=0.4)
    async with opened(fake.api) as gateway:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await gateway.catalogue()
        assert all(can.price is None for can in gateway.listed().values()), "only the built-in table is known"
        async with asyncio.timeout(SOON):
            assert (await gateway.capabilities(HEARS)).price is not None
        assert gateway.listed() == await gateway.catalogue()
    assert await reads(fake) == 1


async def test_an_old_listing_is_better_than_none(fake: FakeOpenRouter) -> None:
    async with opened(fake.api, fresh_seconds=0, retry_seconds=60) as gateway:
        await gateway.catalogue()
        await fake.fail(Action.ERROR, method="GET", path="*/models/user", status=503, times=9)
        await gateway.catalogue()
        await until_read(fake, 2)
        await asyncio.sleep(0.1)
        assert (await gateway.capabilities(HEARS)).price is not None
        # And it is not asked again for every turn.
        assert await reads(fake) == 2


# --- on disk -----------------------------------------------------------------


async def test_the_last_listing_is_used_at_a_start_without_a_network(
    fake: FakeOpenRouter, copies: Copies, clock: ManualClock
) -> None:
    async with opened(fake.api, copies=copies) as gateway:
        known = await gateway.catalogue()
    clock.advance(7200)
    await fake.fail(Action.DROP_BEFORE, method="GET", path="*/models/user", times=9)
    async with opened(fake.api, copies=copies) as gateway:
        assert await gateway.catalogue() == known
        age = gateway.listing_age()
        assert age is not None
        assert 7190 < age < 7260
        with pytest.raises(ModelUnknown):
            await gateway.capabilities("no/such-model")


async def test_nobody_waits_at_a_start_with_a_slow_network(
    fake: FakeOpenRouter, copies: Copies, clock: ManualClock
) -> None:
    async with opened(fake.api, copies=copies) as gateway:
        await gateway.catalogue()
    clock.advance(7200)
    await fake.fail(Action.SLOW, method="GET", path="*/models/user", seconds=0.5)
    started = time.monotonic()
    async with opened(fake.api, copies=copies) as gateway:
        assert (await gateway.capabilities(HEARS)).price is not None
        assert time.monotonic() - started < 0.45
        async with asyncio.timeout(SOON):
            while (gateway.listing_age() or 9999) > 60:
                await asyncio.sleep(0.02)


async def test_a_young_copy_needs_no_reading(fake: FakeOpenRouter, copies: Copies, clock: ManualClock) -> None:
    async with opened(fake.api, copies=copies) as gateway:
        await gateway.catalogue()
    clock.advance(600)
    async with opened(fake.api, copies=copies) as gateway:
        await gateway.catalogue()
        await asyncio.sleep(0.1)
    assert await reads(fake) == 1


async def test_a_damaged_copy_is_as_good_as_none(fake: FakeOpenRouter, copies: Copies, tmp_path: Path) -> None:
    async with opened(fake.api, copies=copies) as gateway:
        known = await gateway.catalogue()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    async with opened(fake.api, copies=copies) as gateway:
        assert await gateway.catalogue() == known
    assert json.loads(file.read_bytes())["data"]


async def test_a_bad_answer_does_not_replace_the_copy(fake: FakeOpenRouter, copies: Copies, clock: ManualClock) -> None:
    async with opened(fake.api, copies=copies) as gateway:
        known = await gateway.catalogue()
    clock.advance(7200)
    await fake.fail(Action.OK_ERROR, method="GET", path="*/models/user", status=503, times=9)
    async with opened(fake.api, copies=copies) as gateway:
        await gateway.catalogue()
        await until_read(fake, 2)
    await fake.fail(Action.DROP_BEFORE, method="GET", path="*/models/user", times=9)
    async with opened(fake.api, copies=copies) as gateway:
        assert await gateway.catalogue() == known


async def test_a_folder_that_cannot_be_written_does_no_harm(
    fake: FakeOpenRouter, clock: ManualClock, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    async with opened(fake.api, copies=Copies(tmp_path / "file", clock)) as gateway:
        assert ModelRef(gateway="openrouter", name=HEARS) in await gateway.catalogue()


async def test_with_nothing_at_all_a_built_in_table_stands_in(copies: Copies) -> None:
    async with opened(NOWHERE, copies=copies, seconds=0.5) as gateway:
        found = await gateway.capabilities(HEARS)
        assert gateway.listing_age() is None
    assert found.hears()
    assert found.price is None
    assert not found.free
