"""What every storage does when somebody says what calls did cost of which no gateway will ever tell."""

import asyncio

import pytest

from bot.domain.budgets import Period
from bot.domain.jobs import Lease
from bot.domain.messages import JobId
from bot.domain.money import CallKind, Nanodollars, Usage
from tests.contracts.samples import PLATFORMS, SCOPES, cost, hold, message, record
from tests.contracts.storage import Storage

STEP = "answer:openrouter/google/gemini-2.5-flash:free"
HOUR = 3600.0


async def begun(storage: Storage, *steps: str) -> Lease:
    """Begin steps that may cost a thousand each."""
    for scope in SCOPES:
        await storage.ledger.set_budget(scope, Period.MONTH, Nanodollars(10**12), by="U9")
    await storage.jobs.submit(message("1"))
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    for step in steps or (STEP,):
        await storage.journal.begin(job.lease, step, hold(1000, storage.clock.now()))
    return job.lease


async def stands(storage: Storage) -> tuple[int, int]:
    (sums,) = {(known.spent, known.held) for known in await storage.ledger.standing(SCOPES)}
    return sums


async def written_off(storage: Storage, lease: Lease, nanodollars: int = 0) -> bool:
    return await storage.ledger_elsewhere.write_off(lease.job, Nanodollars(nanodollars), by="U9")


async def costs(storage: Storage, lease: Lease) -> list[tuple[str, int | None]]:
    return [(known.step, known.usage.cost) for known in await storage.ledger.of_job(lease.job)]


async def test_what_was_never_named_is_let_go_and_what_it_did_cost_is_counted(storage: Storage):
    lease, began = await begun(storage), storage.clock.now()
    storage.clock.advance(HOUR)
    await storage.jobs.cancel(lease.job)
    assert await storage.ledger.held(lease.job) == 1000
    assert await written_off(storage, lease, 300) is True
    assert await stands(storage) == (300, 0)
    assert await storage.ledger.held(lease.job) == 0
    assert await storage.ledger.of_job(lease.job) == [
        record(
            lease.job,
            STEP,
            began,
            gateway="openrouter",
            model="google/gemini-2.5-flash:free",
            kind=CallKind.CHAT,
            usage=Usage(cost=Nanodollars(300)),
            duration_ms=0,
        )
    ]


@pytest.mark.parametrize(
    ("step", "kind", "gateway", "model"),
    [
        ("hear:0:12:local/whisper-tiny.en", CallKind.TRANSCRIPTION, "local", "whisper-tiny.en"),
        ("speak:ollama/voice:3b", CallKind.SPEECH, "ollama", "voice:3b"),
        ("other", CallKind.CHAT, "", "other"),
    ],
)
async def test_what_was_never_named_is_described_by_its_step(
    storage: Storage, step: str, kind: CallKind, gateway: str, model: str
):
    lease = await begun(storage, step)
    await storage.jobs.cancel(lease.job)
    assert await written_off(storage, lease) is True
    (row,) = await storage.ledger.of_job(lease.job)
    assert (row.step, row.kind, row.gateway, row.model, row.usage.cost) == (step, kind, gateway, model, 0)


@pytest.mark.parametrize("call", [None, "gen-1"])
async def test_a_call_in_doubt_becomes_known(storage: Storage, call: str | None):
    lease = await begun(storage)
    await storage.journal.unknown(
        lease, STEP, "cut off", record(lease.job, STEP, storage.clock.now(), usage=cost(None), call=call)
    )
    await storage.jobs.ask(lease, reason="may have been charged")
    assert await written_off(storage, lease, 300) is True
    assert await stands(storage) == (300, 0)
    assert await costs(storage, lease) == [(STEP, 300)]
    assert await storage.ledger.unsettled(10) == []


async def test_of_many_calls_the_first_is_charged(storage: Storage):
    lease = await begun(storage, "answer", "speak")
    storage.clock.advance(HOUR)
    await storage.journal.begin(lease, "answer", hold(70, storage.clock.now()))
    used = record(lease.job, "answer", storage.clock.now(), usage=cost(None), call="gen-1")
    await storage.journal.accepted(lease, "answer", "gen-1", "", used)
    done = record(lease.job, "hear", storage.clock.now(), usage=cost(5))
    await storage.journal.begin(lease, "hear")
    await storage.journal.done(lease, "hear", {}, done)
    await storage.jobs.cancel(lease.job)
    assert await stands(storage) == (5, 2070)
    assert await written_off(storage, lease, 300) is True
    assert await stands(storage) == (305, 0)
    assert sorted(paid or 0 for _, paid in await costs(storage, lease)) == [0, 0, 5, 300]
    assert ("hear", 5) in await costs(storage, lease)
    newest = [row for row in await storage.ledger.of_job(lease.job) if row.call == "gen-1"]
    assert [row.usage.cost for row in newest] == [0], "the older ones began first"


@pytest.mark.parametrize("how", ["running", "ready", "repeated"])
async def test_a_job_that_goes_on_by_itself_is_left_alone(storage: Storage, how: str):
    lease = await begun(storage)
    if how == "ready":
        await storage.jobs.release(lease)
    if how == "repeated":
        await storage.journal.unknown(lease, STEP, "cut off")
        await storage.jobs.ask(lease, reason="may have been charged")
        await storage.jobs.decide(lease.job, repeat=True)
    assert await written_off(storage, lease, 300) is False
    assert await stands(storage) == (0, 1000)
    assert await costs(storage, lease) == []


async def test_what_is_written_off_is_so_once(storage: Storage):
    lease = await begun(storage)
    await storage.jobs.cancel(lease.job)
    told: list[bool] = []

    async def write_off(number: int) -> None:
        ledger = storage.ledger if number % 2 else storage.ledger_elsewhere
        told.append(await ledger.write_off(lease.job, Nanodollars(300), by="U9"))

    async with asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(write_off(number))
    assert sorted(told) == [False] * 7 + [True]
    assert await stands(storage) == (300, 0)


async def test_nothing_is_written_off_where_nothing_is_open(storage: Storage):
    lease = await begun(storage)
    await storage.journal.done(lease, STEP, {}, record(lease.job, STEP, storage.clock.now(), usage=cost(300)))
    await storage.jobs.finish(lease)
    assert await written_off(storage, lease, 5) is False
    assert await storage.ledger.write_off(JobId("none"), Nanodollars(5), by="U9") is False
    assert await stands(storage) == (300, 0)


async def test_what_is_held_for_a_call_that_is_known_goes_too(storage: Storage):
    lease = await begun(storage)
    used = record(lease.job, STEP, storage.clock.now(), usage=cost(None), call="gen-1")
    await storage.journal.accepted(lease, STEP, "gen-1", "", used)
    await storage.jobs.release(lease)
    storage.clock.advance(HOUR)
    (call,) = await storage.ledger.unsettled(10)
    await storage.ledger.settle(call, cost(300))
    await storage.jobs.cancel(lease.job)
    assert await stands(storage) == (300, 1000)
    assert await written_off(storage, lease) is True
    assert await stands(storage) == (300, 0)


async def test_what_is_asked_about_can_be_written_off_and_still_be_repeated(storage: Storage):
    lease = await begun(storage)
    await storage.journal.unknown(
        lease, STEP, "cut off", record(lease.job, STEP, storage.clock.now(), usage=cost(None))
    )
    await storage.jobs.ask(lease, reason="may have been charged")
    assert await written_off(storage, lease, 300) is True
    await storage.jobs.decide(lease.job, repeat=True)
    (again,) = await storage.jobs.claim(1, PLATFORMS)
    await storage.journal.begin(again.lease, STEP, hold(1000, storage.clock.now()))
    await storage.journal.done(again.lease, STEP, {}, record(lease.job, STEP, storage.clock.now(), usage=cost(7)))
    assert await stands(storage) == (307, 0)
