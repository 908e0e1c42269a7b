"""What every implementation of `Jobs` does."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.errors import LeaseLost
from bot.domain.jobs import Job, JobStatus, Lease
from bot.domain.journal import StepState
from bot.domain.messages import Addressed, JobId, Message, Place, Quoted
from bot.ports import Jobs, Journal
from tests.contracts.samples import OTHER_PLACE, PLACE, PLATFORMS, message, rich_message
from tests.contracts.storage import Storage

LEASE_SECONDS = 15.0


async def claim(jobs: Jobs, limit: int = 10) -> list[Job]:
    return list(await jobs.claim(limit, PLATFORMS))


async def claim_one(jobs: Jobs) -> Job:
    (job,) = await claim(jobs)
    return job


async def statuses(jobs: Jobs) -> list[JobStatus]:
    return [job.status for job in reversed(await jobs.recent(100))]


def keys(found: list[Job]) -> list[str]:
    return [job.message.key for job in found]


# --- storing -------------------------------------------------------------------


async def test_a_message_is_stored_once(storage: Storage):
    assert await storage.jobs.submit(message("1")) is True
    assert await storage.jobs.submit(message("1", text="the same, sent again")) is False
    assert await storage.rival.submit(message("1")) is False
    assert [job.message.text for job in await storage.jobs.recent(10)] == [""]


async def test_a_job_is_what_was_stored(storage: Storage):
    stored = rich_message()
    await storage.jobs.submit(stored)
    job = await storage.jobs.get(stored.job_id)
    assert job == Job(
        id=stored.job_id,
        lane=PLACE.conversation,
        status=JobStatus.READY,
        message=stored,
        tries=0,
        epoch=0,
        owner=None,
        run_at=storage.clock.now(),
        created_at=storage.clock.now(),
        ended_at=None,
        error=None,
    )


async def test_an_unknown_job_is_none(storage: Storage):
    assert await storage.jobs.get(JobId("slack:T1:C1:0")) is None


async def test_the_newest_jobs_come_first(storage: Storage):
    for key in ("1", "2", "3"):
        await storage.jobs.submit(message(key))
    assert keys(list(await storage.jobs.recent(2))) == ["3", "2"]
    await storage.jobs.finish((await claim_one(storage.jobs)).lease)
    assert keys(list(await storage.jobs.recent(5, JobStatus.READY))) == ["3", "2"]
    assert keys(list(await storage.jobs.recent(5, JobStatus.DONE))) == ["1"]


async def test_the_newest_job_of_a_thread_or_of_a_whole_channel(storage: Storage):
    top, elsewhere = replace(PLACE, thread=None), replace(PLACE, channel="C12")
    for key, place in {"1": PLACE, "2": replace(PLACE, thread="2"), "3": top, "4": elsewhere}.items():
        await storage.jobs.submit(message(key, place))
    assert await newest_key(storage, PLACE) == "1"
    assert await newest_key(storage, replace(PLACE, thread="2")) == "2"
    assert await newest_key(storage, top) == "3"
    assert await newest_key(storage, replace(PLACE, thread="9")) is None
    assert await newest_key(storage, replace(PLACE, workspace="T2")) is None
    assert await newest_key(storage, replace(top, channel="C")) is None


async def test_the_newest_job_in_a_state(storage: Storage):
    asked = await asked_job(storage, "1")
    await storage.jobs.submit(message("2", replace(PLACE, thread="2")))
    await storage.jobs.submit(message("3"))
    assert await newest_key(storage, PLACE, JobStatus.ASKED) == "1"
    assert await newest_key(storage, replace(PLACE, thread=None), JobStatus.ASKED) == "1"
    assert await newest_key(storage, replace(PLACE, thread="2"), JobStatus.ASKED) is None
    assert await newest_key(storage, PLACE, JobStatus.READY) == "3"
    assert await storage.jobs.newest(PLACE, JobStatus.ASKED) == await storage.jobs.get(asked.id)


async def newest_key(storage: Storage, place: Place, status: JobStatus | None = None) -> str | None:
    job = await storage.jobs.newest(place, status)
    return None if job is None else job.message.key


async def test_a_mark_is_the_last_message_of_its_place(storage: Storage):
    for key in ("1700000000.000200", "1700000000.000300", "1700000000.000100"):
        await storage.jobs.submit(message(key))
    await storage.jobs.submit(message("5", OTHER_PLACE))
    await storage.jobs.submit(message("7", Place(platform="discord", workspace="", channel="D1", direct=True)))
    assert await storage.jobs.marks("slack") == {PLACE: "1700000000.000300", OTHER_PLACE: "5"}
    assert await storage.jobs.marks("discord") == {
        Place(platform="discord", workspace="", channel="D1", direct=True): "7"
    }


async def test_a_mark_goes_by_number_not_by_letter(storage: Storage):
    for key in ("999999999999999999", "1000000000000000000"):
        await storage.jobs.submit(message(key))
    assert await storage.jobs.marks("slack") == {PLACE: "1000000000000000000"}


@pytest.mark.parametrize("changes", [{"addressed": Addressed.COMMAND, "command": "ask"}, {"ahead": True}])
async def test_what_may_have_overtaken_others_moves_no_mark_but_takes_part(storage: Storage, changes: dict[str, Any]):
    await storage.jobs.submit(message("5", **changes))
    assert await storage.jobs.marks("slack") == {}
    assert await storage.jobs.takes_part(message("6")) is True
    await storage.jobs.submit(message("4"))
    await storage.jobs.submit(message("6", **changes))
    assert await storage.jobs.marks("slack") == {PLACE: "4"}


async def test_we_take_part_in_threads_whose_messages_we_store(storage: Storage):
    await storage.jobs.submit(message("1"))
    assert await storage.jobs.takes_part(message("2")) is True
    assert await storage.jobs.takes_part(message("2", replace(PLACE, thread="2"))) is False
    assert await storage.jobs.takes_part(message("2", replace(PLACE, thread=None))) is False


async def test_what_was_said_in_a_thread_before_we_took_part_is_none_of_our_business(storage: Storage):
    await storage.jobs.submit(message("9", ahead=True))
    found = [await storage.jobs.takes_part(message(key)) for key in ("8", "9", "10")]
    assert found == [False, True, True]
    await storage.jobs.submit(message("5", ahead=True))
    found = [await storage.jobs.takes_part(message(key)) for key in ("4", "8")]
    assert found == [False, True]
    await storage.jobs.submit(message("12"))
    assert await storage.jobs.takes_part(message("4")) is False


async def test_a_place_that_was_caught_up_on_is_marked_where_we_take_part(storage: Storage):
    await storage.jobs.submit(message("9", ahead=True))
    await storage.jobs.caught_up({PLACE: "11", OTHER_PLACE: "12"})
    assert await storage.jobs.marks("slack") == {PLACE: "11"}
    await storage.jobs.caught_up({PLACE: "10"})
    assert await storage.jobs.marks("slack") == {PLACE: "11"}
    await storage.jobs.caught_up({})


@pytest.mark.parametrize(
    "kept", [message("9", ahead=True).emptied, message("9", revision=1), message("9", revision=1).emptied]
)
async def test_neither_a_refusal_that_overtook_others_nor_what_becomes_of_a_message_moves_a_mark(
    storage: Storage, kept: Message
):
    await storage.jobs.submit(kept)
    assert await storage.jobs.marks("slack") == {}


async def test_what_is_done_with_a_message_of_others_does_not_make_us_take_part(storage: Storage):
    used = message("9", addressed=Addressed.COMMAND, command="transcribe", quoted=(Quoted(channel="C1", key="8"),))
    assert await storage.jobs.submit(used) is True
    assert await storage.jobs.takes_part(message("10")) is False
    assert await storage.jobs.marks("slack") == {}


# --- claiming ------------------------------------------------------------------


async def test_a_claim_hands_the_job_over(storage: Storage):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    assert (job.status, job.tries, job.epoch) == (JobStatus.RUNNING, 1, 1)
    assert job.owner
    assert await storage.jobs.get(job.id) == job
    assert await claim(storage.rival) == []


async def test_a_conversation_runs_in_order_one_at_a_time(storage: Storage):
    for key in ("1", "2", "3"):
        await storage.jobs.submit(message(key))
    for key in ("1", "2", "3"):
        job = await claim_one(storage.jobs)
        assert job.message.key == key
        assert await claim(storage.jobs) == []
        await storage.jobs.finish(job.lease)
    assert await claim(storage.jobs) == []


async def test_conversations_run_side_by_side_the_oldest_first(storage: Storage):
    for number in range(5):
        await storage.jobs.submit(message(str(number), replace(PLACE, thread=str(number))))
        storage.clock.advance(0.001)
    assert keys(await claim(storage.jobs, 3)) == ["0", "1", "2"]
    assert keys(await claim(storage.rival, 3)) == ["3", "4"]


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_claim_of_nothing_takes_nothing(storage: Storage, limit: int):
    await storage.jobs.submit(message("1"))
    assert await claim(storage.jobs, limit) == []
    assert len(await claim(storage.jobs, 1)) == 1


async def test_only_jobs_of_the_own_platforms_are_claimed(storage: Storage):
    await storage.jobs.submit(message("1"))
    assert await storage.jobs.claim(10, ("discord", "slackish")) == []
    assert await storage.jobs.claim(10, ()) == []
    assert len(await storage.jobs.claim(10, {"terminal": 1, "slack": 2})) == 1


async def test_only_jobs_of_one_conversation_are_claimed_where_that_is_wanted(storage: Storage):
    await storage.jobs.submit(message("1"))
    await storage.jobs.submit(message("2", OTHER_PLACE))
    assert await storage.jobs.claim(10, PLATFORMS, only="slack:T1:C9") == []
    assert keys(await storage.jobs.claim(10, PLATFORMS, only=OTHER_PLACE.conversation)) == ["2"]
    assert keys(await claim(storage.jobs)) == ["1"]


async def test_what_was_said_first_is_claimed_first_however_they_arrive(storage: Storage):
    for key in ("10", "9", "8"):
        await storage.jobs.submit(message(key))
    for key in ("8", "9", "10"):
        job = await claim_one(storage.jobs)
        assert job.message.key == key
        await storage.jobs.finish(job.lease)


# --- leaving the lane ------------------------------------------------------------


async def test_a_finished_job_is_over(storage: Storage):
    await storage.jobs.submit(message("1"))
    await storage.jobs.retry((await claim_one(storage.jobs)).lease, delay_seconds=0, reason="busy")
    job = await claim_one(storage.jobs)
    storage.clock.advance(2)
    await storage.jobs.finish(job.lease)
    assert await storage.jobs.get(job.id) == replace(
        job, status=JobStatus.DONE, owner=None, ended_at=storage.clock.now(), error=None
    )


async def test_a_retry_waits_and_its_conversation_with_it(storage: Storage):
    await storage.jobs.submit(message("1"))
    await storage.jobs.submit(message("2"))
    await storage.jobs.submit(message("3", OTHER_PLACE))
    first, _ = await claim(storage.jobs)
    await storage.jobs.retry(first.lease, delay_seconds=2.5, reason="busy")
    storage.clock.advance(2.4)
    assert await claim(storage.jobs) == []
    storage.clock.advance(0.1)
    again = await claim_one(storage.jobs)
    assert (again.id, again.tries, again.epoch, again.error) == (first.id, 2, 2, "busy")


async def test_a_buried_job_is_over_with_its_reason(storage: Storage):
    await storage.jobs.submit(message("1"))
    await storage.jobs.submit(message("2"))
    job = await claim_one(storage.jobs)
    await storage.jobs.bury(job.lease, reason="no such model")
    assert await storage.jobs.get(job.id) == replace(
        job, status=JobStatus.FAILED, owner=None, ended_at=storage.clock.now(), error="no such model"
    )
    assert (await claim_one(storage.jobs)).message.key == "2"


async def test_a_released_job_is_free_at_once_and_did_not_try(storage: Storage):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    await storage.jobs.release(job.lease)
    again = await claim_one(storage.rival)
    assert (again.id, again.tries, again.epoch) == (job.id, 1, 2)


async def test_an_asked_job_does_not_hold_up_its_conversation(storage: Storage):
    await storage.jobs.submit(message("1"))
    await storage.jobs.submit(message("2"))
    asked = await claim_one(storage.jobs)
    await storage.jobs.ask(asked.lease, reason="may have been charged")
    waiting = await storage.jobs.get(asked.id)
    assert waiting is not None
    assert (waiting.status, waiting.error, waiting.ended_at) == (JobStatus.ASKED, "may have been charged", None)
    assert (await claim_one(storage.jobs)).message.key == "2"


# --- decisions of people ---------------------------------------------------------


async def asked_job(storage: Storage, key: str = "1") -> Job:
    await storage.jobs.submit(message(key))
    job = await claim_one(storage.jobs)
    await storage.journal.begin(job.lease, "post:text:0")
    await storage.journal.begin(job.lease, "answer")
    await storage.journal.unknown(job.lease, "answer", "cut off")
    await storage.jobs.ask(job.lease, reason="may have been charged")
    return job


async def test_to_repeat_makes_the_doubt_a_failure_and_the_job_ready(storage: Storage):
    asked = await asked_job(storage)
    storage.clock.advance(60)
    assert await storage.rival.decide(asked.id, repeat=True) is True
    steps = await storage.journal.steps(asked.id)
    assert {name: step.state for name, step in steps.items()} == {
        "post:text:0": StepState.BEGAN,
        "answer": StepState.FAILED,
    }
    assert steps["answer"].at == storage.clock.now()
    again = await claim_one(storage.jobs)
    assert (again.id, again.epoch) == (asked.id, 2)
    await storage.journal.begin(again.lease, "answer")


async def test_a_repeated_job_waits_for_what_runs_in_its_conversation(storage: Storage):
    asked = await asked_job(storage)
    await storage.jobs.submit(message("2"))
    await storage.jobs.submit(message("3"))
    second = await claim_one(storage.jobs)
    await storage.jobs.decide(asked.id, repeat=True)
    assert await claim(storage.jobs) == []
    await storage.jobs.finish(second.lease)
    assert (await claim_one(storage.jobs)).id == asked.id


async def test_not_to_repeat_cancels(storage: Storage):
    asked = await asked_job(storage)
    assert await storage.jobs.decide(asked.id, repeat=False) is True
    assert await statuses(storage.jobs) == [JobStatus.CANCELLED]
    assert (await storage.journal.steps(asked.id))["answer"].state is StepState.UNKNOWN


@pytest.mark.parametrize("repeat", [True, False])
async def test_only_asked_jobs_are_decided_about(storage: Storage, *, repeat: bool):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    await storage.journal.begin(job.lease, "answer")
    await storage.journal.unknown(job.lease, "answer", "cut off")
    assert await storage.jobs.decide(job.id, repeat=repeat) is False
    assert await storage.jobs.decide(JobId("none"), repeat=repeat) is False
    assert await statuses(storage.jobs) == [JobStatus.RUNNING]
    assert (await storage.journal.steps(job.id))["answer"].state is StepState.UNKNOWN


async def test_what_is_not_over_can_be_cancelled(storage: Storage):
    asked = await asked_job(storage, "1")
    await storage.jobs.submit(message("2"))
    running = await claim_one(storage.jobs)
    await storage.jobs.submit(message("3"))
    for job in (asked.id, running.id, message("3").job_id):
        assert await storage.rival.cancel(job) is True
        assert await storage.rival.cancel(job) is False
    assert await statuses(storage.jobs) == [JobStatus.CANCELLED] * 3
    assert await storage.jobs.cancel(JobId("none")) is False
    with pytest.raises(LeaseLost):
        await storage.jobs.finish(running.lease)


async def test_what_is_over_cannot_be_cancelled(storage: Storage):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    await storage.jobs.finish(job.lease)
    assert await storage.jobs.cancel(job.id) is False
    assert await statuses(storage.jobs) == [JobStatus.DONE]


# --- leases ----------------------------------------------------------------------

Write = Callable[[Jobs, Journal, Lease], Awaitable[None]]

WRITES: dict[str, Write] = {
    "finish": lambda jobs, _, lease: jobs.finish(lease),
    "retry": lambda jobs, _, lease: jobs.retry(lease, delay_seconds=1, reason=""),
    "bury": lambda jobs, _, lease: jobs.bury(lease, reason=""),
    "ask": lambda jobs, _, lease: jobs.ask(lease, reason=""),
    "release": lambda jobs, _, lease: jobs.release(lease),
    "begin": lambda _, journal, lease: journal.begin(lease, "new"),
    "accepted": lambda _, journal, lease: journal.accepted(lease, "answer", "gen-1"),
    "done": lambda _, journal, lease: journal.done(lease, "answer", {}),
    "failed": lambda _, journal, lease: journal.failed(lease, "answer", ""),
    "unknown": lambda _, journal, lease: journal.unknown(lease, "answer", ""),
}


async def lose_to_rival(storage: Storage, job: Job) -> Job:
    """Sleep through the lease, so that the rival takes the job over."""
    storage.clock.advance(LEASE_SECONDS + 0.001)
    await storage.rival.heartbeat()
    successor = await claim_one(storage.rival)
    assert successor.id == job.id
    return successor


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_who_slept_through_its_lease_writes_nothing(storage: Storage, write: Write):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    await storage.journal.begin(job.lease, "answer")
    successor = await lose_to_rival(storage, job)
    steps = await storage.journal.steps(job.id)
    with pytest.raises(LeaseLost):
        await write(storage.jobs, storage.journal, job.lease)
    assert await storage.jobs.get(job.id) == successor
    assert await storage.journal.steps(job.id) == steps


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_the_owner_writes(storage: Storage, write: Write):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    await storage.journal.begin(job.lease, "answer")
    before = (await storage.jobs.get(job.id), await storage.journal.steps(job.id))
    await write(storage.jobs, storage.journal, job.lease)
    assert (await storage.jobs.get(job.id), await storage.journal.steps(job.id)) != before


async def test_a_lease_is_of_one_owner(storage: Storage):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    with pytest.raises(LeaseLost):
        await storage.rival.finish(replace(job.lease, owner="somebody else"))
    await storage.rival.finish(job.lease)


async def test_a_job_in_nobodys_hands_is_written_by_nobody(storage: Storage):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    await storage.jobs.release(job.lease)
    with pytest.raises(LeaseLost):
        await storage.journal.begin(job.lease, "answer")
    with pytest.raises(LeaseLost):
        await storage.jobs.finish(replace(job.lease, owner=""))


async def test_a_process_that_lives_keeps_its_jobs(storage: Storage):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    for _ in range(10):
        storage.clock.advance(LEASE_SECONDS / 2)
        await storage.jobs.heartbeat()
        await storage.rival.heartbeat()
    await storage.jobs.finish(job.lease)


async def test_a_claim_counts_as_a_sign_of_life(storage: Storage):
    await storage.jobs.submit(message("1"))
    job = await claim_one(storage.jobs)
    storage.clock.advance(LEASE_SECONDS - 0.001)
    await storage.rival.heartbeat()
    await storage.jobs.finish(job.lease)


async def test_a_takeover_counts_the_try_and_keeps_the_order(storage: Storage):
    await storage.jobs.submit(message("1"))
    await storage.jobs.submit(message("2"))
    job = await claim_one(storage.jobs)
    successor = await lose_to_rival(storage, job)
    assert (successor.tries, successor.epoch) == (2, 2)
    assert await claim(storage.rival) == []


async def test_who_woke_up_again_works_on(storage: Storage):
    await storage.jobs.submit(message("1"))
    await storage.jobs.submit(message("2", OTHER_PLACE))
    await storage.jobs.submit(message("3", replace(PLACE, thread="3")))
    (first,) = await claim(storage.jobs, 1)
    storage.clock.advance(LEASE_SECONDS + 1)
    await storage.rival.heartbeat()
    assert keys(await claim(storage.rival, 1)) == ["1"]
    (other,) = await claim(storage.jobs, 1)
    await storage.rival.heartbeat()
    await storage.jobs.finish(other.lease)
    with pytest.raises(LeaseLost):
        await storage.jobs.finish(first.lease)


# --- waiting ---------------------------------------------------------------------


async def seconds_of(waiting: Awaitable[None]) -> float:
    started = time.monotonic()
    await waiting
    return time.monotonic() - started


async def test_a_wait_without_work_ends_in_time(storage: Storage):
    assert await seconds_of(storage.jobs.wait(0.02)) < 0.5


async def test_a_wait_ends_when_a_message_is_stored(storage: Storage):
    async def submit_soon() -> None:
        await asyncio.sleep(0.05)
        await storage.jobs.submit(message("1"))

    async with asyncio.TaskGroup() as group:
        group.create_task(submit_soon())
        while not await claim(storage.jobs):
            assert await seconds_of(storage.jobs.wait(5)) < 0.9


async def test_a_wait_after_a_message_was_stored_ends_at_once(storage: Storage):
    await storage.jobs.submit(message("1"))
    assert await seconds_of(storage.jobs.wait(5)) < 0.5


async def test_a_wait_ends_when_the_conversation_goes_on(storage: Storage):
    await storage.jobs.submit(message("1"))
    await storage.jobs.submit(message("2"))
    job = await claim_one(storage.jobs)
    await storage.jobs.wait(0.02)
    await storage.jobs.finish(job.lease)
    assert await seconds_of(storage.jobs.wait(5)) < 0.5


async def test_jobs_are_served_while_a_heartbeat_is_fresh(storage: Storage):
    assert not await storage.jobs.is_served()
    await storage.rival.heartbeat()
    assert await storage.jobs.is_served()
    storage.clock.advance(LEASE_SECONDS + 1)
    assert not await storage.jobs.is_served()
