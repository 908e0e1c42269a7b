"""Messages in quick succession, in every implementation of `Jobs`: claimed together, ended together, never lost."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.gathering import LATE_MS, LONGEST
from bot.domain.jobs import Job, JobStatus
from bot.domain.messages import Author, Errand, Message, Place
from tests.contracts.samples import PLACE, message
from tests.contracts.storage import Storage

PAUSE = 1.5
MOMENT = 0.0001
GRACE = Author(id="U2")
TOP = replace(PLACE, thread=None)


def at_top(key: str, place: Place = PLACE) -> Message:
    """Return what begins a thread of its own."""
    return message(key, replace(place, thread=key))


async def say(storage: Storage, *said: Message, pause: float = PAUSE) -> None:
    for each in said:
        assert await storage.jobs.submit(each, pause=pause)


async def claimed(storage: Storage, limit: int = 9) -> Sequence[tuple[list[str], str]]:
    jobs = await storage.jobs.claim(limit, {"slack"})
    return [([each.key for each in job.gathered], job.message.key) for job in jobs]


async def states(storage: Storage, *keys: str) -> list[str]:
    jobs = {job.message.key: job.status.value for job in await storage.jobs.recent(20)}
    return [jobs[key] for key in keys]


async def one(storage: Storage) -> Job:
    (job,) = await storage.jobs.claim(9, {"slack"})
    return job


async def test_a_message_waits_for_another_one(storage: Storage):
    await say(storage, message("1"))
    assert await claimed(storage) == []
    storage.clock.advance(PAUSE)
    assert await claimed(storage) == [([], "1")]


async def test_without_a_pause_each_is_answered_for_itself(storage: Storage):
    await say(storage, message("1"), message("2"), pause=0.0)
    assert await claimed(storage) == [([], "1")]


async def test_the_last_of_several_leads(storage: Storage):
    await say(storage, message("1"))
    storage.clock.advance(1)
    await say(storage, message("2"))
    storage.clock.advance(1)
    assert await claimed(storage) == [], "somebody goes on speaking"
    await say(storage, message("3"))
    storage.clock.advance(PAUSE)
    assert await claimed(storage) == [(["1", "2"], "3")]
    assert await claimed(storage) == []


async def test_the_last_is_the_one_that_was_said_last_however_they_arrive(storage: Storage):
    await say(storage, message("10"), message("8"), message("9"))
    storage.clock.advance(PAUSE)
    assert await claimed(storage) == [(["8", "9"], "10")]


async def test_what_others_said_in_between_keeps_them_apart_also_when_it_arrives_late(storage: Storage):
    await say(storage, message("3"), message("1"), replace(message("2"), author=GRACE), pause=MOMENT)
    answered = []
    for _ in range(3):
        job = await one(storage)
        answered.append(([each.key for each in job.gathered], job.message.key))
        await storage.jobs.finish(job.lease)
    assert answered == [([], "1"), ([], "2"), ([], "3")]


async def test_who_does_not_stop_speaking_is_answered_in_between(storage: Storage):
    for key in range(1, 2 * LONGEST + 1):
        await say(storage, message(str(key)))
        storage.clock.advance(1)
        found = await claimed(storage)
        if found:
            break
    assert found == [(["1", "2", "3", "4", "5"], "6")]
    assert LONGEST * PAUSE == 6


async def test_what_waits_while_another_is_answered_is_answered_together(storage: Storage):
    await say(storage, message("1"), pause=MOMENT)
    running = await one(storage)
    await say(storage, message("2"), message("3"), pause=MOMENT)
    assert await claimed(storage) == []
    await storage.jobs.finish(running.lease)
    assert await claimed(storage) == [(["2"], "3")]


async def test_they_end_together(storage: Storage):
    await say(storage, message("1"), message("2"), message("3"), pause=MOMENT)
    job = await one(storage)
    assert await states(storage, "1", "2", "3") == ["ready", "ready", "running"]
    await storage.jobs.finish(job.lease)
    assert await states(storage, "1", "2", "3") == ["done"] * 3
    assert await claimed(storage) == []


async def test_they_end_together_also_when_it_goes_wrong(storage: Storage):
    await say(storage, message("1"), message("2"), pause=MOMENT)
    await storage.jobs.bury((await one(storage)).lease, reason="no")
    assert await states(storage, "1", "2") == ["done", "failed"]


async def test_a_crash_loses_none_of_them(storage: Storage):
    await say(storage, message("1"), message("2"), pause=MOMENT)
    assert await claimed(storage) == [(["1"], "2")]
    await say(storage, message("3"), pause=MOMENT)
    storage.clock.advance(60)
    await storage.rival.heartbeat()
    (job,) = await storage.rival.claim(9, {"slack"})
    assert ([each.key for each in job.gathered], job.message.key, job.tries) == (["1"], "2", 2)
    assert job.gathered[0].text == message("1").text


async def test_a_retry_has_them_with_it(storage: Storage):
    await say(storage, message("1"), message("2"), pause=MOMENT)
    await storage.jobs.retry((await one(storage)).lease, delay_seconds=1, reason="busy")
    await say(storage, message("3"), pause=MOMENT)
    assert await claimed(storage) == []
    storage.clock.advance(1)
    assert await claimed(storage) == [(["1"], "2")]


async def test_what_others_say_in_between_keeps_them_apart(storage: Storage):
    await say(storage, message("1"), replace(message("2"), author=GRACE), message("3"), message("4"), pause=MOMENT)
    assert await claimed(storage) == [([], "1")]
    job = next(job for job in await storage.jobs.recent(9) if job.status is JobStatus.RUNNING)
    await storage.jobs.finish(job.lease)
    second = await one(storage)
    assert (second.message.key, second.gathered) == ("2", ())
    await storage.jobs.finish(second.lease)
    assert await claimed(storage) == [(["3"], "4")]


async def test_commands_refusals_and_what_becomes_of_messages_stand_alone(storage: Storage):
    plain, asked = message("1"), replace(message("2"), command="ask")
    await say(storage, plain, asked, replace(message("3"), refusal="No."))
    assert await claimed(storage) == [], "a lane stays in order"
    storage.clock.advance(PAUSE)
    found = []
    while jobs := await storage.jobs.claim(9, {"slack"}):
        found += [(job.message.key, job.gathered) for job in jobs]
        await storage.jobs.finish(jobs[0].lease)
    assert found == [("1", ()), ("2", ()), ("3", ())]


async def test_what_one_person_says_at_the_top_of_a_channel_is_answered_together(storage: Storage):
    await say(storage, at_top("1"), at_top("2"), replace(at_top("3"), author=GRACE))
    storage.clock.advance(1)
    await say(storage, at_top("4"))
    storage.clock.advance(0.5)
    assert await claimed(storage) == [([], "3")]
    storage.clock.advance(1)
    assert await claimed(storage) == [(["1", "2"], "4")]


async def test_other_threads_and_channels_stay_apart(storage: Storage):
    elsewhere = replace(PLACE, channel="C2")
    await say(storage, at_top("1"), message("2", replace(PLACE, thread="9")), at_top("3", elsewhere))
    storage.clock.advance(PAUSE)
    assert sorted(await claimed(storage)) == [([], "1"), ([], "2"), ([], "3")]


async def test_questions_of_long_ago_that_are_caught_up_on_are_answered_each_for_itself(storage: Storage):
    old = storage.clock.now() - int(LONGEST * PAUSE * 1000) - LATE_MS - 1
    await say(storage, replace(at_top("1"), said_at=old), replace(at_top("2"), said_at=old))
    fresh = storage.clock.now()
    await say(storage, replace(at_top("3"), said_at=fresh), replace(at_top("4"), said_at=fresh))
    storage.clock.advance(PAUSE)
    assert sorted(await claimed(storage)) == [([], "1"), ([], "2"), (["3"], "4")]


async def test_what_is_taken_back_is_not_answered(storage: Storage):
    await say(storage, message("1"), message("2"), message("3"), pause=MOMENT)
    job = await one(storage)
    await storage.jobs.cancel(message("1").job_id)
    await storage.jobs.release(job.lease)
    assert await claimed(storage) == [(["2"], "3")]


async def test_when_the_last_one_is_taken_back_the_others_are_answered(storage: Storage):
    await say(storage, message("1"), message("2"), message("3"), pause=MOMENT)
    await one(storage)
    await storage.jobs.follow(replace(message("3"), errand=Errand.REMOVE, revision=1))
    removal = await one(storage)
    assert removal.message.errand is Errand.REMOVE
    await storage.jobs.finish(removal.lease)
    assert await claimed(storage) == [(["1"], "2")]


async def test_an_edit_of_the_last_one_is_answered_with_the_others(storage: Storage):
    await say(storage, message("1"), message("2"), pause=MOMENT)
    await one(storage)
    await storage.jobs.follow(replace(message("2"), text="edited", revision=1))
    again = await one(storage)
    assert ([each.key for each in again.gathered], again.message.text) == (["1"], "edited")
    await storage.jobs.finish(again.lease)
    assert (await states(storage, "1")) == ["done"]
    await storage.jobs.follow(replace(message("2"), text="edited again", revision=2))
    assert await claimed(storage) == [(["1"], "2")]


async def test_who_was_stopped_with_the_last_one_is_over(storage: Storage):
    await say(storage, message("1"), message("2"), pause=MOMENT)
    await storage.jobs.cancel((await one(storage)).id)
    await storage.jobs.heartbeat()
    assert await states(storage, "1", "2") == ["done", "cancelled"]


async def test_a_lead_that_nobody_could_claim_is_led_itself(storage: Storage):
    await say(storage, at_top("1"), message("5", replace(PLACE, thread="5")), pause=MOMENT)
    await say(
        storage, at_top("6", replace(PLACE, channel="C2")), at_top("7", replace(PLACE, channel="C2")), pause=MOMENT
    )
    first = await claimed(storage, 1)
    await say(storage, at_top("8", replace(PLACE, channel="C2")), pause=MOMENT)
    assert sorted([*first, *await claimed(storage)], key=str) == [(["1"], "5"), (["6", "7"], "8")]


async def test_a_message_that_waits_for_others_may_still_be_edited_but_not_once_it_is_led(storage: Storage):
    await say(storage, message("1"), message("2"), pause=PAUSE)
    assert await storage.jobs.revise(replace(message("1"), text="edited"), was=message("1"))
    storage.clock.advance(PAUSE)
    job = await one(storage)
    assert [each.text for each in job.gathered] == ["edited"]
    assert not await storage.jobs.revise(message("1", text="again"), was=job.gathered[0])


async def test_one_of_several_is_rewritten_with_the_next_revision_of_the_last(storage: Storage):
    await say(storage, message("1", text="one"), message("2", text="two"), pause=MOMENT)
    await one(storage)
    again = replace(message("2", text="two"), revision=1)
    assert await storage.jobs.follow(again, member=message("1", text="first"))
    job = await one(storage)
    assert [each.text for each in job.gathered] == ["first"]
    stranger = replace(message("2", text="two"), revision=2)
    await say(storage, message("9", text="nine"), pause=MOMENT)
    assert await storage.jobs.follow(stranger, member=message("9", text="changed"))
    found = await storage.jobs.get(message("9").job_id)
    assert found
    assert found.message.text == "nine"


async def test_one_of_several_is_left_out_once_with_the_next_revision_of_the_last(storage: Storage):
    await say(storage, message("1", text="one"), message("2", text="two"), message("3", text="three"), pause=MOMENT)
    await one(storage)
    again = [replace(message("3", text="three"), revision=revision) for revision in (1, 2)]
    gone = message("1").subject
    assert await storage.jobs.follow(again[0], without=gone)
    assert not await storage.jobs.follow(again[1], without=gone)
    job = await one(storage)
    assert (job.message.revision, [each.key for each in job.gathered]) == (1, ["2"])
    found = await storage.jobs.get(gone)
    assert found
    assert found.lead is None


async def test_what_was_begun_and_handed_back_stands_alone(storage: Storage):
    await say(storage, message("1"), pause=MOMENT)
    await storage.jobs.release((await one(storage)).lease)
    await say(storage, message("2"), message("3"), pause=MOMENT)
    first = await one(storage)
    assert (first.message.key, first.gathered) == ("1", ())
    await storage.jobs.finish(first.lease)
    assert await claimed(storage) == [(["2"], "3")]


async def test_who_was_handed_back_leads_nobody_who_came_before_or_after(storage: Storage):
    await say(storage, message("1"), message("2"), pause=MOMENT)
    await storage.jobs.release((await one(storage)).lease)
    await say(storage, message("3"), pause=MOMENT)
    again = await one(storage)
    assert ([each.key for each in again.gathered], again.message.key) == (["1"], "2")
    await storage.jobs.finish(again.lease)
    assert await claimed(storage) == [([], "3")]
