"""What every implementation of `Journal` does."""

from collections.abc import Awaitable, Callable

import pytest

from bot.domain.jobs import Job, Lease
from bot.domain.journal import FOLLOWS, Step, StepState
from bot.domain.messages import JobId
from bot.domain.money import Dimension
from bot.ports import Journal
from tests.contracts.samples import PLATFORMS, message, record
from tests.contracts.storage import Storage

ENTER: dict[StepState, Callable[[Journal, Lease], Awaitable[None]]] = {
    StepState.BEGAN: lambda journal, lease: journal.begin(lease, "answer"),
    StepState.ACCEPTED: lambda journal, lease: journal.accepted(lease, "answer", "gen-1"),
    StepState.DONE: lambda journal, lease: journal.done(lease, "answer", {"text": "42"}),
    StepState.FAILED: lambda journal, lease: journal.failed(lease, "answer", "busy"),
    StepState.UNKNOWN: lambda journal, lease: journal.unknown(lease, "answer", "cut off"),
}
PATHS: dict[StepState | None, tuple[StepState, ...]] = {
    None: (),
    StepState.BEGAN: (StepState.BEGAN,),
    StepState.ACCEPTED: (StepState.BEGAN, StepState.ACCEPTED),
    StepState.DONE: (StepState.BEGAN, StepState.DONE),
    StepState.FAILED: (StepState.BEGAN, StepState.FAILED),
    StepState.UNKNOWN: (StepState.BEGAN, StepState.UNKNOWN),
}


async def running_job(storage: Storage, key: str = "1") -> Job:
    await storage.jobs.submit(message(key))
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    return job


@pytest.mark.parametrize("after", StepState)
@pytest.mark.parametrize("before", [None, *StepState])
async def test_a_step_goes_only_where_the_table_allows(storage: Storage, before: StepState | None, after: StepState):
    lease = (await running_job(storage)).lease
    for state in PATHS[before]:
        await ENTER[state](storage.journal, lease)
    steps = await storage.journal.steps(lease.job)
    storage.clock.advance(1)
    if after in FOLLOWS[before]:
        await ENTER[after](storage.journal, lease)
        assert (await storage.journal.steps(lease.job))["answer"].state is after
    else:
        with pytest.raises(ValueError, match="answer"):
            await ENTER[after](storage.journal, lease)
        assert await storage.journal.steps(lease.job) == steps


async def test_a_job_without_steps_has_none(storage: Storage):
    assert await storage.journal.steps(JobId("none")) == {}


async def test_a_step_tells_its_story(storage: Storage):
    lease = (await running_job(storage)).lease
    await storage.journal.begin(lease, "answer")
    assert (await storage.journal.steps(lease.job))["answer"] == Step(
        name="answer", state=StepState.BEGAN, at=storage.clock.now()
    )
    storage.clock.advance(1)
    await storage.journal.accepted(lease, "answer", "gen-1", "sha256:abc")
    assert (await storage.journal.steps(lease.job))["answer"] == Step(
        name="answer", state=StepState.ACCEPTED, vendor_id="gen-1", digest="sha256:abc", at=storage.clock.now()
    )
    storage.clock.advance(1)
    await storage.journal.done(lease, "answer", {"text": "42"})
    assert (await storage.journal.steps(lease.job))["answer"] == Step(
        name="answer",
        state=StepState.DONE,
        vendor_id="gen-1",
        digest="sha256:abc",
        result={"text": "42"},
        at=storage.clock.now(),
    )


async def test_a_new_attempt_has_no_name_at_the_vendor_yet(storage: Storage):
    lease = (await running_job(storage)).lease
    await storage.journal.begin(lease, "answer")
    await storage.journal.accepted(lease, "answer", "gen-1", "sha256:abc")
    await storage.journal.begin(lease, "answer")
    step = (await storage.journal.steps(lease.job))["answer"]
    assert (step.vendor_id, step.digest) == (None, "")


async def test_a_call_that_is_carried_on_can_get_another_name(storage: Storage):
    lease = (await running_job(storage)).lease
    await storage.journal.begin(lease, "answer")
    await storage.journal.accepted(lease, "answer", "gen-1", "sha256:abc")
    await storage.journal.accepted(lease, "answer", "gen-2", "sha256:def")
    step = (await storage.journal.steps(lease.job))["answer"]
    assert (step.vendor_id, step.digest) == ("gen-2", "sha256:def")


async def test_a_result_comes_back_as_it_was(storage: Storage):
    lease = (await running_job(storage)).lease
    result = {"text": 'Grüße "\ud83d" \x00', "segments": [{"start": 0.25, "end": 1}], "none": None, "yes": True}
    await storage.journal.begin(lease, "transcribe:0")
    await storage.journal.done(lease, "transcribe:0", result)
    assert (await storage.journal.steps(lease.job))["transcribe:0"].result == result


async def test_steps_come_in_the_order_in_which_they_began(storage: Storage):
    lease = (await running_job(storage)).lease
    for number in range(11):
        await storage.journal.begin(lease, f"transcribe:{number}")
    await storage.journal.failed(lease, "transcribe:3", "busy")
    await storage.journal.begin(lease, "transcribe:3")
    assert list(await storage.journal.steps(lease.job)) == [f"transcribe:{number}" for number in range(11)]


async def test_steps_belong_to_their_job(storage: Storage):
    first = await running_job(storage, "1")
    await storage.journal.begin(first.lease, "answer")
    await storage.jobs.finish(first.lease)
    second = await running_job(storage, "2")
    assert await storage.journal.steps(second.id) == {}
    await storage.journal.begin(second.lease, "answer")
    assert (await storage.journal.steps(first.id)).keys() == {"answer"}


async def test_usage_is_written_down_with_the_result_and_only_with_it(storage: Storage):
    job = await running_job(storage)
    used = record(job.id, "answer", storage.clock.now())
    with pytest.raises(ValueError, match="answer"):
        await storage.journal.done(job.lease, "answer", {}, used)
    assert await storage.ledger.of_job(job.id) == []
    await storage.journal.begin(job.lease, "answer")
    await storage.journal.done(job.lease, "answer", {}, used)
    assert await storage.ledger.of_job(job.id) == [used]
    (line,) = await storage.ledger.sums(Dimension.MODEL, since=0)
    assert line.calls == 1


async def test_what_was_charged_for_nothing_is_written_down_beside_what_came_of_it_later(storage: Storage):
    job = await running_job(storage)
    used = record(job.id, "answer", storage.clock.now())
    await storage.journal.begin(job.lease, "answer")
    await storage.journal.failed(job.lease, "answer", "it only thought", used)
    assert (await storage.journal.steps(job.id))["answer"].state is StepState.FAILED
    await storage.journal.begin(job.lease, "answer")
    await storage.journal.done(job.lease, "answer", {}, used)
    assert await storage.ledger.of_job(job.id) == [used, used]
    (line,) = await storage.ledger.sums(Dimension.MODEL, since=0)
    assert line.calls == 2
