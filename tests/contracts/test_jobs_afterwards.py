"""What every implementation does with what becomes of a message afterwards: its next jobs, and the end of what is held."""

from dataclasses import replace

import pytest

from bot.domain.budgets import user_scope
from bot.domain.errors import LeaseLost
from bot.domain.jobs import Job, JobStatus
from bot.domain.messages import Action, Attachment, Errand, JobId, Message, Place
from bot.domain.models import ChatTurn, Role
from tests.contracts.samples import ADA, OTHER_PLACE, PLACE, PLATFORMS, message
from tests.contracts.storage import Storage

ALL = 1_000_000
HERE = PLACE.scopes[0]


def next_of(said: Message, revision: int = 1, errand: Errand = Errand.ANSWER) -> Message:
    return replace(said, text="anew", revision=revision, errand=errand)


async def claimed(storage: Storage, limit: int = 10) -> list[Job]:
    return list(await storage.jobs.claim(limit, PLATFORMS))


def test_the_jobs_of_a_message_are_told_apart_and_belong_together():
    said = message("1")
    assert next_of(said).job_id == f"{said.job_id}#1"
    assert next_of(said).subject == said.subject == said.job_id


async def test_what_follows_stops_what_was_there_and_is_stored_once(storage: Storage):
    said = message("1", text="first")
    await storage.jobs.submit(said)
    [job] = await claimed(storage)
    assert await storage.jobs.follow(next_of(said)) is True
    assert await storage.rival.follow(next_of(said)) is False
    with pytest.raises(LeaseLost):
        await storage.jobs.finish(job.lease)
    found = await storage.jobs.of_message(said.subject)
    assert [(job.status, job.message.text) for job in found] == [
        (JobStatus.CANCELLED, "first"),
        (JobStatus.READY, "anew"),
    ]
    [again] = await claimed(storage)
    assert again.id == f"{said.job_id}#1"


async def test_a_revision_that_comes_late_stops_no_later_one(storage: Storage):
    said = message("1")
    await storage.jobs.submit(said)
    await storage.jobs.follow(next_of(said, 2))
    await storage.jobs.follow(next_of(said, 1))
    first, _, last = await storage.jobs.of_message(said.subject)
    assert (first.status, last.status, last.message.revision) == (JobStatus.CANCELLED, JobStatus.READY, 2)


async def test_a_number_that_is_taken_changes_nothing(storage: Storage):
    """Somebody pressed a button at the same moment: whoever comes second has to look again."""
    said = message("1", text="first")
    await storage.jobs.submit(said)
    [job] = await claimed(storage)
    await storage.jobs.submit(replace(next_of(said), pressed=Action.SPEAK))
    assert await storage.jobs.follow(next_of(said, errand=Errand.REMOVE)) is False
    await storage.jobs.finish(job.lease)
    assert [job.status for job in await storage.jobs.of_message(said.subject)] == [JobStatus.DONE, JobStatus.READY]


async def test_what_was_erased_meanwhile_is_not_said_again_by_what_follows(storage: Storage):
    said = message("1", text="words")
    await storage.jobs.submit(said)
    assert await storage.jobs.follow(next_of(said, 1), repeats=said.job_id)
    await storage.records.erase([said.job_id])
    assert not await storage.jobs.follow(next_of(said, 2), repeats=said.job_id)
    assert [job.id for job in await storage.jobs.of_message(said.subject)] == [said.job_id, next_of(said, 1).job_id]
    assert [job.id for job in await claimed(storage)] == [next_of(said, 1).job_id], "it was not stopped either"


async def test_what_was_erased_meanwhile_is_not_said_again_by_a_button(storage: Storage):
    said = message("1", text="words")
    await storage.jobs.submit(said)
    again = replace(said, revision=1, pressed=Action.AGAIN)
    await storage.records.erase([said.job_id])
    assert not await storage.jobs.submit(again)
    assert not await storage.jobs.submit(replace(again, revision=2, regarding=1))
    assert len(await storage.jobs.of_message(said.subject)) == 1
    assert await storage.jobs.submit(replace(again.emptied, errand=Errand.CORRECT)), "which holds no words itself"


async def test_what_holds_no_words_is_not_stopped_by_erasing_it(storage: Storage):
    said = message("1", text="first")
    await storage.jobs.submit(said)
    await storage.jobs.follow(next_of(said, errand=Errand.REMOVE))
    await storage.records.erase([job.id for job in await storage.jobs.of_message(said.subject)])
    found = await storage.jobs.of_message(said.subject)
    assert [job.status for job in found] == [JobStatus.CANCELLED, JobStatus.READY]


async def test_what_follows_runs_before_what_waits_in_its_lane_and_moves_no_mark(storage: Storage):
    for key in ("1", "2"):
        await storage.jobs.submit(message(key))
    marks = await storage.jobs.marks("slack")
    await storage.jobs.follow(next_of(message("1")))
    assert [job.id for job in await claimed(storage)] == [f"{message('1').job_id}#1"]
    assert await storage.jobs.marks("slack") == marks


async def test_a_message_that_nobody_has_begun_is_replaced(storage: Storage):
    said = message("1", text="first")
    await storage.jobs.submit(said)
    anew = replace(said, text="anew")
    assert await storage.jobs.revise(anew, was=said) is True
    assert await storage.rival.revise(replace(said, text="of a moment before"), was=said) is False
    [job] = await claimed(storage)
    assert job.message.text == "anew"
    assert await storage.jobs.revise(replace(said, text="too late"), was=anew) is False
    await storage.journal.begin(job.lease, "post:text:0")
    await storage.jobs.release(job.lease)
    assert await storage.jobs.revise(replace(said, text="too late"), was=anew) is False, (
        "something may have been posted"
    )
    assert await storage.jobs.revise(message("unknown"), was=message("unknown")) is False


async def test_the_leases_of_this_process_are_known(storage: Storage):
    for key in ("1", "2"):
        await storage.jobs.submit(message(key, replace(PLACE, thread=key)))
    first, second = await claimed(storage)
    assert set(await storage.jobs.held()) == {first.lease, second.lease}
    assert set(await storage.rival.held()) == set()
    await storage.rival.cancel(first.id)
    await storage.jobs.finish(second.lease)
    assert set(await storage.jobs.held()) == set()


async def test_what_is_not_over_is_found_by_conversation_and_by_workspace(storage: Storage):
    elsewhere = replace(PLACE, workspace="T2")
    for key, place in (("1", PLACE), ("2", OTHER_PLACE), ("3", elsewhere), ("4", PLACE)):
        await storage.jobs.submit(message(key, place))
    await storage.jobs.cancel(message("4").job_id)

    async def keys(within: str) -> list[str]:
        return [job.message.key for job in await storage.jobs.under_way(within)]

    assert await keys(PLACE.conversation) == ["1"]
    assert await keys(HERE) == ["1", "2"]
    assert await keys("slack:T") == []


async def test_only_what_answers_is_the_newest_and_counts_for_a_rate(storage: Storage):
    said = message("1")
    await storage.jobs.submit(said)
    await storage.jobs.follow(next_of(said, 1))
    await storage.jobs.follow(next_of(said, 2, Errand.REMOVE))
    newest = await storage.jobs.newest(PLACE)
    assert newest is not None
    assert newest.message.revision == 1
    sent = await storage.jobs.sent(user_scope(PLACE, ADA), HERE, since=0, limit=10)
    assert len(sent) == 2


async def test_of_what_has_nothing_more_to_say_no_words_are_held(storage: Storage):
    said = message("1")
    await storage.jobs.submit(said)
    await storage.jobs.follow(next_of(said, 1, Errand.STOP))
    assert await storage.records.of_person(user_scope(PLACE, ADA)) == [said.job_id]


async def test_what_a_workspace_holds_is_found(storage: Storage):
    for key, place in (("1", PLACE), ("2", OTHER_PLACE), ("3", replace(PLACE, workspace="T12"))):
        await storage.jobs.submit(message(key, place))
    found = await storage.records.of_workspace(HERE)
    assert found == [message("1").job_id, message("2", OTHER_PLACE).job_id]
    await storage.records.erase(found)
    assert await storage.records.of_workspace(HERE) == []


async def test_messages_are_found_by_their_files_and_by_those_that_they_refer_to(storage: Storage):
    file = Attachment(id="F1", name="note.mp4")
    await storage.jobs.submit(message("1", text="F1", attachments=(file,)))
    await storage.jobs.submit(message("2", text='{"id":"F1"}'))
    [job] = await claimed(storage)
    await storage.jobs.finish(job.lease)
    [job] = await claimed(storage)
    assert await storage.records.of_file(HERE, "F1") == [message("1").job_id]
    quoted = {"author": {"id": "U9", "name": "", "is_bot": False}, "attachments": [{"id": "F1", "name": "note.mp4"}]}
    await storage.journal.begin(job.lease, "quote")
    await storage.journal.done(job.lease, "quote", {"quoted": [quoted]})
    assert await storage.records.of_file(HERE, "F1") == [message("1").job_id, message("2").job_id]
    assert await storage.records.of_file("slack:T2", "F1") == []
    await storage.records.erase([JobId(message("1").job_id)])
    assert await storage.records.of_file(HERE, "F1") == [message("2").job_id]


async def test_settings_of_a_workspace_are_erased_with_their_history(storage: Storage):
    elsewhere = Place(platform="slack", workspace="T12", channel="C1")
    channel = PLACE.scopes[1]
    await storage.channels.set(channel, "system_prompt", "Be kind to Grace.", by="U1")
    await storage.channels.set(HERE, "reply", "voice", by="U1")
    await storage.channels.set(elsewhere.scopes[0], "reply", "voice", by="U1")
    await storage.channels.erase(HERE, by="they left")
    settled = await storage.channels.config(PLACE)
    assert {settled.origins["system_prompt"], settled.origins["reply"]} <= {"default", "service"}
    assert (await storage.channels.config(elsewhere)).origins["reply"] == elsewhere.scopes[0]
    changes = await storage.audit.newest(100, HERE)
    assert {(one.old, one.new) for one in changes} == {(None, None)}
    assert [one.name for one in changes] == ["settings erased", "reply", "system_prompt"]


async def test_what_is_remembered_of_a_message_goes_with_its_earlier_job(storage: Storage):
    said = message("1")
    await storage.jobs.submit(said)
    await storage.conversations.remember(said.job_id, PLACE, [ChatTurn(role=Role.USER, text="first")])
    await storage.jobs.follow(next_of(said))
    await storage.conversations.remember(next_of(said).job_id, PLACE, [ChatTurn(role=Role.USER, text="anew")])
    await storage.records.erase([said.job_id])
    past = await storage.conversations.recall(PLACE, ALL)
    assert [turn.text for one in past.exchanges for turn in one.turns] == ["anew"]


async def test_the_same_bytes_have_the_same_name_in_every_job(storage: Storage):
    async def chunks():
        yield b"the same"

    first = await storage.blobs.keep(message("1").job_id, chunks(), limit=100)
    second = await storage.blobs.keep(message("2").job_id, chunks(), limit=100)
    assert first.rpartition("/")[2] == second.rpartition("/")[2]
