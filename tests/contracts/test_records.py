"""What every implementation of `Records` does."""

from dataclasses import asdict, replace

import pytest

from bot.domain.budgets import user_scope
from bot.domain.conversation import Exchange, Past
from bot.domain.errors import LeaseLost
from bot.domain.jobs import Job, JobStatus
from bot.domain.messages import Action, Attachment, Author, JobId, Message, Place, Quoted
from bot.domain.models import ChatTurn, Role
from bot.domain.records import Erased
from tests.contracts.samples import ADA, OTHER_PLACE, PLACE, PLATFORMS, message, record, rich_message
from tests.contracts.storage import Storage

ALL = 1_000_000
PERSON = user_scope(PLACE, ADA)
GRACE = Author(id="U2", name="Grace")
HOUR_MS = 3_600_000
MOMENT = 0.0001


async def run(storage: Storage, said: Message, *, name: str = "hear:0:0:local/whisper", stopped: bool = False) -> Job:
    """Run a turn to its end, or let it be stopped just before: a transcript, a post, and something to remember."""
    await storage.jobs.submit(said)
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    await storage.journal.begin(job.lease, name)
    await storage.journal.done(job.lease, name, {"text": said.text}, record(job.id, name, storage.clock.now()))
    await storage.journal.begin(job.lease, "post:text:0")
    await storage.journal.done(job.lease, "post:text:0", {"post": "P1"})
    await storage.conversations.remember(job.id, said.place, [ChatTurn(role=Role.USER, text=said.text)])
    if stopped:
        await storage.jobs.cancel(job.id)
    else:
        await storage.jobs.finish(job.lease)
    return job


async def status(storage: Storage, job: JobId) -> JobStatus:
    found = await storage.jobs.get(job)
    assert found is not None
    return found.status


async def test_what_is_erased_leaves_who_where_and_when(storage: Storage):
    said = rich_message()
    job = await run(storage, said)
    assert await storage.records.erase([job.id]) == Erased(jobs=(job.id,), results=1, turns=1)
    kept = await storage.jobs.get(job.id)
    assert kept is not None
    assert kept.message == Message(
        key=said.key, place=PLACE, author=Author(id=ADA.id), addressed=said.addressed, command="ask"
    )
    assert (kept.status, kept.error) == (JobStatus.DONE, None)
    heard, posted = (await storage.journal.steps(job.id)).values()
    assert (heard.result, posted.result) == (None, {"post": "P1"})
    assert await storage.conversations.recall(PLACE, ALL) == Past()


async def test_what_was_used_and_cost_stays(storage: Storage):
    job = await run(storage, message("1", text="hello"))
    before = await storage.ledger.of_job(job.id)
    await storage.records.erase([job.id])
    assert await storage.ledger.of_job(job.id) == before
    assert len(before) == 1


async def test_a_message_that_was_erased_is_still_known(storage: Storage):
    said = message("1", text="hello")
    await storage.records.erase([(await run(storage, said)).id])
    assert await storage.jobs.submit(said) is False
    assert await storage.jobs.takes_part(message("2"))


async def test_what_is_erased_is_erased_once(storage: Storage):
    job = await run(storage, message("1", text="hello"))
    await storage.records.erase([job.id])
    assert await storage.records.erase([job.id, JobId("nobody's")]) == Erased()
    assert await storage.records.of_person(PERSON) == []
    assert await storage.records.places() == []


@pytest.mark.parametrize("state", [JobStatus.READY, JobStatus.RUNNING, JobStatus.ASKED])
async def test_what_is_under_way_is_stopped_first(storage: Storage, state: JobStatus):
    await storage.jobs.submit(message("1", text="hello"))
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    await storage.journal.begin(job.lease, "answer:local/mind")
    if state is JobStatus.READY:
        await storage.jobs.release(job.lease)
    if state is JobStatus.ASKED:
        await storage.jobs.ask(job.lease, reason="hello may have been charged")
    assert await status(storage, job.id) is state

    assert await storage.records.erase([job.id]) == Erased(jobs=(job.id,))
    assert await status(storage, job.id) is JobStatus.CANCELLED
    with pytest.raises(LeaseLost):
        await storage.journal.done(job.lease, "answer:local/mind", {"text": "hello"})
    await storage.conversations.remember(job.id, PLACE, [ChatTurn(role=Role.USER, text="hello")])
    assert await storage.conversations.recall(PLACE, ALL) == Past()
    kept = await storage.jobs.get(job.id)
    assert kept is not None
    assert (kept.message.text, kept.error) == ("", None)


async def test_a_person_has_what_they_said_in_a_workspace(storage: Storage):
    theirs = [await run(storage, message("1", text="a")), await run(storage, message("2", OTHER_PLACE, text="b"))]
    await run(storage, replace(message("3", text="c"), author=GRACE))
    await run(storage, message("4", replace(PLACE, workspace="T2"), text="d"))
    assert await storage.records.of_person(PERSON) == [job.id for job in theirs]
    await storage.records.erase([theirs[0].id])
    assert await storage.records.of_person(PERSON) == [theirs[1].id]


async def test_what_others_said_stays(storage: Storage):
    await run(storage, message("1", text="mine"))
    theirs = await run(storage, replace(message("2", text="theirs"), author=GRACE))
    await storage.records.erase(await storage.records.of_person(PERSON))
    (left,) = (await storage.conversations.recall(PLACE, ALL)).exchanges
    assert left == Exchange(job=theirs.id, turns=(ChatTurn(role=Role.USER, text="theirs"),))


async def test_a_summary_goes_with_what_it_stands_for(storage: Storage):
    jobs = [await run(storage, message(key, text=key)) for key in ("1", "2", "3")]
    await storage.conversations.summarise(PLACE, [jobs[1].id], "They said 1 and 2.")
    await storage.records.erase([jobs[0].id])
    past = await storage.conversations.recall(PLACE, ALL)
    assert (past.summary, [said.job for said in past.exchanges]) == ("", [jobs[1].id, jobs[2].id])


@pytest.mark.parametrize("buried", [False, True])
async def test_what_a_turn_has_summed_up_for_itself_goes_with_its_end(storage: Storage, *, buried: bool):
    await storage.jobs.submit(message("1"))
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    for name in ("summary:local/mind", "answer:local/mind"):
        await storage.journal.begin(job.lease, name)
        await storage.journal.done(job.lease, name, {"text": "words"})
    await (storage.jobs.bury(job.lease, reason="no") if buried else storage.jobs.finish(job.lease))
    steps = await storage.journal.steps(job.id)
    assert {name: step.result for name, step in steps.items()} == {
        "summary:local/mind": None,
        "answer:local/mind": {"text": "words"},
    }


async def test_a_summary_goes_also_where_somebody_else_had_it_made(storage: Storage):
    mine = await run(storage, message("1", text="mine"))
    by_grace = replace(message("2", text="theirs"), author=GRACE)
    theirs = await run(storage, by_grace, name="summary:local/mind", stopped=True)
    elsewhere = replace(message("3", OTHER_PLACE, text="there"), author=GRACE)
    other = await run(storage, elsewhere, name="summary:local/mind", stopped=True)
    await storage.records.erase([mine.id])
    assert (await storage.journal.steps(theirs.id))["summary:local/mind"].result is None
    assert (await storage.journal.steps(other.id))["summary:local/mind"].result is not None
    kept = await storage.jobs.get(theirs.id)
    assert kept is not None
    assert kept.message.text == "theirs"


async def test_others_quote_what_a_person_said(storage: Storage):
    quoted = Quoted(channel="C1", key="1", author=ADA, text="mine")
    by_grace = replace(message("2", text="as she says"), author=GRACE)
    by_message = await run(storage, replace(by_grace, quoted=(quoted,)))
    await storage.jobs.submit(replace(by_grace, key="3", quoted=(Quoted(channel="C1", key="1"),)))
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    await storage.journal.begin(job.lease, "quote")
    await storage.journal.done(job.lease, "quote", {"quoted": [asdict(quoted)]})
    assert await storage.records.quoting(PERSON) == [by_message.id], "the other one is under way"
    await storage.jobs.ask(job.lease, reason="in doubt")
    assert await storage.records.quoting(PERSON) == [by_message.id, job.id]
    await storage.jobs.decide(job.id, repeat=True)
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    await storage.jobs.finish(job.lease)
    await run(storage, replace(by_grace, key="4", text='"author":{"id":"U1","name"'))
    await run(storage, replace(by_grace, key="5", quoted=(replace(quoted, author=GRACE),)))
    await run(storage, replace(by_grace, key="6", quoted=(quoted,), place=replace(PLACE, workspace="T2")))
    await run(storage, message("7", quoted=(quoted,)))
    assert await storage.records.quoting(PERSON) == [by_message.id, job.id]
    await storage.records.erase([job.id])
    assert await storage.records.quoting(PERSON) == [by_message.id]


async def together_and_aloud(storage: Storage, first: Message) -> list[JobId]:
    """Let a message be answered together with a second one, and that reply be read aloud; return their jobs."""
    last = replace(message("9", text="And you?"), author=first.author)
    for each in (first, last):
        await storage.jobs.submit(each, pause=MOMENT)
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    assert job.gathered == (first,)
    await storage.jobs.finish(job.lease)
    aloud = replace(last, text="They said so.", revision=1, pressed=Action.SPEAK, command="say")
    await run(storage, replace(last, text="Something else.", key="8"))
    await storage.jobs.submit(aloud)
    return [first.job_id, last.job_id, aloud.job_id]


async def test_what_others_asked_together_with_a_quote_keeps_it_too_and_so_does_what_is_read_aloud(storage: Storage):
    quoted = Quoted(channel="C1", key="0", author=ADA, text="mine")
    jobs = await together_and_aloud(storage, replace(message("1"), author=GRACE, quoted=(quoted,)))
    assert await storage.records.quoting(PERSON) == jobs


async def test_what_was_answered_together_with_a_file_keeps_it_too_and_so_does_what_is_read_aloud(storage: Storage):
    jobs = await together_and_aloud(storage, message("1", attachments=(Attachment(id="F1", name="note.mp4"),)))
    assert await storage.records.of_file("slack:T1", "F1") == jobs


async def test_a_channel_has_what_was_said_in_it_and_in_its_threads(storage: Storage):
    top, beside = replace(PLACE, thread=None), replace(PLACE, thread="1700000000.000200")
    for key, place in enumerate((PLACE, OTHER_PLACE, top, beside, replace(PLACE, channel="C10"))):
        await storage.jobs.submit(message(str(key), place))
    assert await storage.records.of_place(PLACE) == [message("0").job_id]
    channel = [message("0").job_id, message("2").job_id, message("3").job_id]
    assert await storage.records.of_place(top) == channel
    await storage.records.erase(channel[1:])
    assert await storage.records.of_place(top) == channel[:1]


async def test_a_summary_of_other_words_stays(storage: Storage):
    jobs = [await run(storage, message(key, text=key)) for key in ("1", "2")]
    await storage.conversations.summarise(PLACE, [jobs[0].id], "They said 1.")
    await storage.records.erase([jobs[1].id])
    assert await storage.conversations.recall(PLACE, ALL) == Past(summary="They said 1.")


async def test_places_are_those_of_which_something_is_kept(storage: Storage):
    top = replace(PLACE, thread=None)
    no_workspace = Place(platform="discord", workspace="", channel="42", direct=True)
    for number, place in enumerate((PLACE, PLACE, top, no_workspace)):
        await run(storage, message(str(number), place))
    assert set(await storage.records.places()) == {PLACE, top, replace(no_workspace, direct=False)}


async def test_old_is_what_was_over_at_a_time(storage: Storage):
    old = await run(storage, message("1"))
    over = storage.clock.now()
    storage.clock.advance(1)
    new = await run(storage, message("2"))
    await run(storage, message("3", OTHER_PLACE))
    await storage.jobs.submit(message("4"))
    never = {"waiting_before": 0}
    assert await storage.records.expired(PLACE, before=over - 1, **never) == []
    assert await storage.records.expired(PLACE, before=over, **never) == [old.id]
    assert await storage.records.expired(PLACE, before=over + HOUR_MS, **never) == [old.id, new.id]
    await storage.records.erase([old.id])
    assert await storage.records.expired(PLACE, before=over, **never) == []


async def test_what_waits_for_a_decision_is_old_by_a_time_of_its_own(storage: Storage):
    await storage.jobs.submit(message("1"))
    (job,) = await storage.jobs.claim(1, PLATFORMS)
    await storage.jobs.ask(job.lease, reason="in doubt")
    now = storage.clock.now()
    assert await storage.records.expired(PLACE, before=now, waiting_before=now - 1) == []
    assert await storage.records.expired(PLACE, before=now, waiting_before=now) == [job.id]


async def test_older_versions_are_ended(storage: Storage):
    assert await storage.records.scrub() is True


# --- how much somebody said ----------------------------------------------------


async def test_what_a_person_sent_is_counted_in_each_scope_the_newest_first(storage: Storage):
    start, thread = storage.clock.now(), PLACE
    top, elsewhere = replace(PLACE, thread=None), OTHER_PLACE
    for number, place in enumerate((thread, top, elsewhere)):
        await storage.jobs.submit(message(str(number), place))
        storage.clock.advance(1)
    await storage.jobs.submit(replace(message("9"), author=GRACE))
    await storage.jobs.submit(message("10", replace(PLACE, workspace="T2")))
    workspace, channel, below = PLACE.scopes

    async def sent(within: str, *, since: int = start, limit: int = 9) -> list[int]:
        found = await storage.jobs.sent(PERSON, within, since=since, limit=limit)
        return [(at - start) // 1000 for at in found]

    assert await sent(workspace) == [2, 1, 0]
    assert await sent(channel) == [1, 0]
    assert await sent(below) == [0]
    assert await sent(workspace, limit=2) == [2, 1]
    assert await sent(workspace, since=start + 1000) == [2, 1]


async def test_what_was_refused_is_counted_apart(storage: Storage):
    start = storage.clock.now()
    await storage.jobs.submit(message("1", refusal="no"))
    storage.clock.advance(1)
    await storage.jobs.submit(message("2"))
    workspace = PLACE.scopes[0]
    assert await storage.jobs.sent(PERSON, workspace, since=start, limit=9) == [start + 1000]
    assert await storage.jobs.sent(PERSON, workspace, since=start, limit=9, refused=True) == [start]
