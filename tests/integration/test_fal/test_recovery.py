"""After a crash: what became of a call, its answer for nothing more, and what it cost."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.gateways.fal.gateway import FalGateway
from adapters.gateways.fal.options import Places
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelRefused, ModelUnauthorised
from bot.domain.journal import Step, StepState
from bot.domain.models import Accepted, Finished, Request
from bot.domain.money import Usage, nanodollars
from tests.fakes.fal.client import Action, FakeFal, State
from tests.fakes.process import ROOT
from tests.integration.gateway_calls import HEARS, everything, recovered, text_of
from tests.integration.test_fal.conftest import (
    KEY,
    QUICK,
    Opener,
    ask,
    listen,
    long_recording,
    origin_of,
    problem_in,
    recording,
)

pytestmark = pytest.mark.asyncio(loop_scope="package")

HOUR = 3600


def now() -> int:
    return time.time_ns() // 1_000_000


def began(at: int) -> Step:
    return Step(name="answer", state=StepState.BEGAN, at=at)


def accepted(name: str) -> Step:
    return Step(name="answer", state=StepState.ACCEPTED, vendor_id=name, at=now())


async def submitted(fake: FakeFal, gateway: FalGateway, request: Request, **script: Any) -> str:
    """Make a call and stop it like a process that goes down; returns its name."""
    await fake.script(**script)
    deltas = gateway.perform(request)
    first = await anext(deltas)
    assert isinstance(first, Accepted)
    await deltas.aclose()
    return first.id


def posts(seen: State) -> int:
    return sum(times for line, times in seen.hits.items() if line.startswith("POST /queue"))


@asynccontextmanager
async def dying(fake: FakeFal, text: str, *, call: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that makes a call, and is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.test_fal.dying",
        fake.base_url,
        text,
        call,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


# --- by name -----------------------------------------------------------------


async def test_a_killed_process_is_carried_on_by_another_for_the_same_money(fake: FakeFal, gateway: FalGateway):
    await fake.script(text="Still here.", work_s=1.5)
    async with dying(fake, "Say it") as process:
        assert process.stdout is not None
        name = (await process.stdout.readline()).decode().split()[1]
        process.kill()
    deltas = await recovered(gateway, accepted(name), ask("Say it"))
    seen = await fake.state()
    assert text_of(deltas) == "Still here."
    assert posts(seen) == len(seen.charged) == 1


async def test_a_running_and_a_finished_call_are_carried_on(fake: FakeFal, opened: Opener):
    async with opened(carries_on=True) as gateway:
        for work_s in (0.3, 0):
            name = await submitted(fake, gateway, ask(), text="All of it.", work_s=work_s)
            await asyncio.sleep(0.1)
            deltas = await recovered(gateway, accepted(name), ask())
            assert text_of(deltas) == "All of it."
            assert isinstance(deltas[-1], Finished)
            assert deltas[-1].usage.cost
    assert posts(await fake.state()) == 2


async def test_an_answer_that_the_queue_dropped_stands_in_the_history(fake: FakeFal, opened: Opener):
    async with opened(carries_on=True) as gateway:
        name = await submitted(fake, gateway, ask(), text="Long ago.")
        await fake.wait(lambda seen: not seen.running)
        await fake.advance(HOUR + 1)
        assert text_of(await recovered(gateway, accepted(name), ask())) == "Long ago."
    assert posts(await fake.state()) == 1


@pytest.mark.parametrize("history", ["bare", "off"])
async def test_an_answer_that_is_nowhere_is_in_doubt(fake: FakeFal, opened: Opener, history: str):
    async with opened(carries_on=True) as gateway:
        name = await submitted(fake, gateway, ask())
        await fake.wait(lambda seen: not seen.running)
        await fake.account(history=history)
        await fake.advance(HOUR + 1)
        problem, _ = await problem_in(gateway.recover(accepted(name), ask()))
    assert isinstance(problem, ModelInDoubt)
    assert posts(await fake.state()) == 1


async def test_a_large_answer_is_dropped_sooner(fake: FakeFal, opened: Opener):
    async with opened(carries_on=True) as gateway:
        name = await submitted(fake, gateway, ask(), text="x " * 8000)
        await fake.wait(lambda seen: not seen.running)
        await fake.account(history="off")
        await fake.advance(400)
        problem, _ = await problem_in(gateway.recover(accepted(name), ask()))
    assert isinstance(problem, ModelInDoubt)


async def test_an_answer_that_is_lost_while_we_wait_stands_in_the_history(fake: FakeFal, gateway: FalGateway):
    await fake.script(text="Found.", work_s=0.2)
    deltas = gateway.perform(ask())
    first = await anext(deltas)
    await fake.wait(lambda seen: not seen.running)
    await fake.lose()
    assert text_of([first, *[delta async for delta in deltas]]) == "Found."


async def test_a_call_that_failed_says_why(fake: FakeFal, opened: Opener):
    async with opened(carries_on=True) as gateway:
        name = await submitted(fake, gateway, ask(), status=422, body={"detail": "Too long"})
        problem, _ = await problem_in(gateway.recover(accepted(name), ask()))
        assert type(problem) is ModelRefused
        assert problem.usage == Usage(), "it may have been charged"
        await fake.wait(lambda seen: not seen.running)
        await fake.advance(HOUR + 1)
        problem, _ = await problem_in(gateway.recover(accepted(name), ask()))
        assert type(problem) is ModelRefused
        name = await submitted(fake, gateway, ask(), status=503, body={"detail": "Gone", "error_type": "x"})
        problem, _ = await problem_in(gateway.recover(accepted(name), ask()))
        assert type(problem) is ModelBusy


async def test_a_direct_call_is_found_by_its_name(fake: FakeFal, opened: Opener):
    async with opened(way="sync") as gateway:
        first = (await everything(gateway, ask()))[0]
        assert isinstance(first, Accepted)
        deltas = await recovered(gateway, accepted(first.id), ask())
    assert text_of(deltas) == "You said: Say hello. "
    assert len((await fake.state()).calls) == 1


async def test_what_cannot_be_asked_any_more_may_have_been_charged(fake: FakeFal, gateway: FalGateway):
    deltas = await everything(gateway, ask(model=HEARS))
    assert isinstance(deltas[0], Accepted)
    turn = ask().turns[-1]
    two = replace(turn, audio=(recording("clip.mp3"), recording("clip.wav")))
    for request in (ask(model=HEARS, turns=(two,)), ask(aloud=True), ask(model="no-name")):
        for step in (accepted(deltas[0].id), began(now())):
            problem, came = await problem_in(gateway.recover(step, request))
            assert type(problem) is ModelInDoubt
            assert came == []
    assert posts(await fake.state()) == 1


# --- without a name ----------------------------------------------------------


async def test_a_process_killed_before_it_learned_the_name(fake: FakeFal, gateway: FalGateway):
    await fake.account(admin=True, tags=True)
    await fake.fail(Action.HANG_AFTER, method="POST", path="/queue/*")
    at = now()
    async with dying(fake, "Say it once", call="c0ffee") as process:
        await fake.wait(lambda seen: seen.charged, seconds=10)
        process.kill()
    deltas = await recovered(gateway, began(at), ask("Say it once", call="c0ffee"))
    seen = await fake.state()
    assert deltas[0] == Accepted(id=seen.calls[0].request_id)
    assert text_of(deltas) == "You said: Say it once. "
    assert posts(seen) == len(seen.charged) == 1


async def test_a_call_that_still_runs_is_waited_for(fake: FakeFal, opened: Opener, tmp_path: Path):
    request = listen(long_recording(tmp_path), call="c0ffee")
    async with opened(carries_on=True) as first, opened() as gateway:
        await fake.account(history="all")
        await submitted(fake, first, request, work_s=0.4)
        assert text_of(await recovered(gateway, began(now()), request))
    assert posts(await fake.state()) == 1


async def test_a_call_may_appear_late(fake: FakeFal, shared: FalGateway, opened: Opener):
    at = now()
    await fake.account(admin=True)
    await everything(shared, ask("Slowly", call="c0ffee"))
    async with opened(waits=replace(QUICK, seek=5)) as gateway, asyncio.TaskGroup() as group:
        task = group.create_task(recovered(gateway, began(at), ask("Slowly", call="c0ffee")))
        await fake.wait(lambda seen: seen.count("/billing-events"))
        await fake.account(tags=True)
    assert text_of(task.result())


@pytest.mark.parametrize("way", ["queue", "sync", "stream"])
@pytest.mark.parametrize("tags", [False, True])
async def test_somebody_elses_equal_request_is_never_ours(
    fake: FakeFal, shared: FalGateway, opened: Opener, way: str, tags: bool
):
    at = now()
    await fake.account(history="all", admin=True, tags=tags)
    for request in (ask("Good morning", call="hers"), listen(recording("clip.mp3"), call="hers")):
        async with opened(way=way) as gateway:
            await everything(gateway, request)
        for call in ("his", ""):
            step, same = began(at), replace(request, origin=origin_of(call))
            problem, came = await problem_in(shared.recover(step, same))
            assert type(problem) is ModelInDoubt
            assert came == []


async def test_somebody_elses_equal_request_is_not_the_one_that_was_lost(fake: FakeFal, gateway: FalGateway):
    await fake.account(admin=True, tags=True)
    await everything(gateway, ask("The same words", call="hers"))
    await fake.fail(Action.DROP_BEFORE, method="POST", path="/queue/*")
    problem, _ = await problem_in(gateway.perform(ask("The same words", call="his")))
    assert type(problem) is ModelInDoubt
    assert len((await fake.state()).charged) == 1


async def test_the_call_itself_is_found_among_equals_whatever_was_said(
    fake: FakeFal, shared: FalGateway, opened: Opener
):
    at = now()
    await fake.account(admin=True, tags=True)
    calls = ("one", "two", "three")
    async with opened() as gateway:
        names = [(await everything(gateway, ask("Good morning", call=call)))[0] for call in calls]
    found = [(await recovered(shared, began(at), ask("Good morning", call=call)))[0] for call in calls]
    assert found == names
    assert posts(await fake.state()) == 3


async def test_what_another_process_began_earlier_is_not_found(fake: FakeFal, shared: FalGateway, opened: Opener):
    at = now()
    await fake.account(admin=True, tags=True)
    async with opened() as gateway:
        await everything(gateway, ask("Hello", call="c0ffee"))
        for step in (began(at + HOUR * 1000), began(0)):
            problem, _ = await problem_in(shared.recover(step, ask("Hello", call="c0ffee")))
            assert type(problem) is ModelInDoubt
        await everything(gateway, ask("Hello", call="c0ffee"))
    problem, _ = await problem_in(shared.recover(began(at), ask("Hello", call="c0ffee")))
    assert type(problem) is ModelInDoubt, "of two with one mark nobody knows which"


async def test_recordings_in_the_storage_have_names_that_tell_them_apart(
    fake: FakeFal, shared: FalGateway, opened: Opener, tmp_path: Path
):
    at, long = now(), long_recording(tmp_path)
    requests = [listen(long, call=call) for call in ("three", "four")]
    async with opened() as gateway:
        first = [(await everything(gateway, request))[0] for request in requests]
    assert [(await recovered(shared, began(at), request))[0] for request in requests] == first
    for other in (listen(long, call="five"), listen(long)):
        problem, _ = await problem_in(shared.recover(began(at), other))
        assert type(problem) is ModelInDoubt
    seen = await fake.state()
    assert len(seen.calls) == 2
    assert not any(call in file.name for file in seen.files for call in ("three", "four"))


async def test_a_history_that_may_not_be_read_leaves_the_call_in_doubt(
    fake: FakeFal, shared: FalGateway, opened: Opener, tmp_path: Path
):
    at, request = now(), listen(long_recording(tmp_path), call="c0ffee")
    async with opened() as gateway:
        await everything(gateway, request)
    await fake.fail(Action.ERROR, path="*/by-endpoint", status=403, body='{"error": {"message": "No"}}', times=9)
    problem, _ = await problem_in(shared.recover(began(at), request))
    assert type(problem) is ModelInDoubt


# --- money -------------------------------------------------------------------


async def test_the_cost_is_told_later_for_as_long_as_anybody_knows_it(fake: FakeFal, gateway: FalGateway):
    await fake.script(text="Four words of answer.", cost_usd=0.000123456)
    deltas = await everything(gateway, ask())
    assert isinstance(deltas[0], Accepted)
    assert isinstance(deltas[-1], Finished)
    name, usage = deltas[0].id, deltas[-1].usage
    assert usage.cost == 123_456
    assert await gateway.cost(name) == usage
    await fake.advance(HOUR + 1)
    assert await gateway.cost(name) == usage
    await fake.account(history="bare")
    assert await gateway.cost(name) is None
    await fake.account(admin=True)
    assert await gateway.cost(name) == Usage(cost=nanodollars("0.000123456"))
    assert await gateway.cost("0f0f0f0f-nobody") is None


async def test_the_account_is_an_admins_to_see(fake: FakeFal, gateway: FalGateway):
    await fake.script(cost_usd=0.25)
    await everything(gateway, ask())
    await everything(gateway, listen(recording("clip.mp3")))
    with pytest.raises(ModelUnauthorised) as refused:
        await gateway.account()
    assert "admin" in refused.value.sentence
    await fake.account(admin=True)
    account = await gateway.account()
    assert account.spent_today == account.spent_this_month == nanodollars("0.5")
    assert account.left is None


# --- the doctor --------------------------------------------------------------


async def test_the_doctor_finds_the_key_good_bad_or_unasked(fake: FakeFal, opened: Opener):
    async with opened() as gateway:
        key, prices = await gateway.check()
        assert key.ok
        assert key.what == "fal takes the key."
        assert prices.ok
        assert "fal lists no prices" in prices.what
    await fake.account(refused_keys=[KEY])
    async with opened() as gateway:
        finding, _ = await gateway.check()
        assert not finding.ok
        assert "fal.key" in finding.fix
    async with opened(places=Places(api="http://127.0.0.1:9")) as gateway:
        finding, _ = await gateway.check()
        assert not finding.ok
        assert "fal.api_url" in finding.fix
    assert (await fake.state()).calls == ()
