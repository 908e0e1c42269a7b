"""What every implementation of `Reviews` does, and how what people say of replies is erased."""

from dataclasses import asdict, replace

import pytest

from bot.domain.budgets import user_scope
from bot.domain.conversation import Exchange, Past
from bot.domain.corrections import Correction
from bot.domain.messages import Action, Attachment, Author, Errand, JobId, Quoted
from bot.domain.models import ChatTurn, Role, Segment
from bot.domain.records import Ratings
from tests.contracts.samples import OTHER_PLACE, PLACE, PLATFORMS, message
from tests.contracts.storage import Storage

WORDS = Correction(
    recording="F1", text='Grüße "\ud83d"', segments=(Segment(start=0.5, end=1.25, text='Grüße "\ud83d"'),)
)
ASKED = message("1", text="what?", attachments=(Attachment(id="F1"), Attachment(id="F2")))
ADA = user_scope(ASKED.place, ASKED.author)


async def test_a_person_has_one_opinion_of_a_reply(storage: Storage):
    await storage.jobs.submit(ASKED)
    await storage.reviews.rate(ASKED.job_id, "U1", good=True)
    await storage.reviews.rate(ASKED.job_id, "U2", good=True)
    await storage.reviews.rate(ASKED.job_id, "U1", good=False)
    assert await storage.reviews.ratings(ASKED.job_id) == Ratings(good=1, bad=1)


async def test_a_person_who_is_forgotten_has_no_opinion_of_any_reply_there(storage: Storage):
    elsewhere = message("2", replace(PLACE, workspace="T12"))
    for asked in (ASKED, elsewhere):
        await storage.jobs.submit(asked)
        for person in ("U1", "U2"):
            await storage.reviews.rate(asked.job_id, person, good=person == "U1")
    await storage.reviews.forget(ADA)
    assert await storage.reviews.ratings(ASKED.job_id) == Ratings(bad=1)
    assert await storage.reviews.ratings(elsewhere.job_id) == Ratings(good=1, bad=1)


async def test_of_a_reply_whose_words_are_gone_no_opinion_is_kept(storage: Storage):
    await storage.jobs.submit(ASKED)
    await storage.records.erase([ASKED.job_id])
    await storage.reviews.rate(ASKED.job_id, "U2", good=True)
    assert await storage.reviews.ratings(ASKED.job_id) == Ratings()


async def test_nobody_said_anything(storage: Storage):
    assert await storage.reviews.ratings(ASKED.job_id) == Ratings()
    assert await storage.reviews.rated(since=0) == Ratings()


async def test_opinions_are_summed_by_time_and_channel(storage: Storage):
    elsewhere = replace(ASKED, place=OTHER_PLACE)
    for asked in (ASKED, elsewhere):
        await storage.jobs.submit(asked)
        await storage.reviews.rate(asked.job_id, "U1", good=asked is ASKED)
    now = storage.clock.now()
    assert await storage.reviews.rated(since=now) == Ratings(good=1, bad=1)
    assert await storage.reviews.rated(since=now, place=PLACE) == Ratings(good=1)
    assert await storage.reviews.rated(since=now + 1) == Ratings()


async def test_a_correction_takes_the_place_of_the_one_before(storage: Storage):
    await storage.jobs.submit(ASKED)
    other = Correction(recording="F2", text="hello")
    await storage.reviews.correct(ASKED.subject, [WORDS, replace(other, text="helo")])
    await storage.reviews.correct(ASKED.subject, [other])
    assert await storage.reviews.corrections(ASKED.subject) == {"F1": WORDS, "F2": other}
    assert await storage.reviews.corrections(message("2").subject) == {}


async def test_opinions_and_corrections_go_with_the_message(storage: Storage):
    await storage.jobs.submit(ASKED)
    await storage.reviews.rate(ASKED.job_id, "U2", good=False)
    await storage.reviews.correct(ASKED.subject, [WORDS])
    await storage.records.erase([ASKED.job_id])
    assert await storage.reviews.corrections(ASKED.subject) == {}
    assert await storage.reviews.ratings(ASKED.job_id) == Ratings()


async def test_nothing_is_corrected_in_a_message_that_was_erased(storage: Storage):
    await storage.jobs.submit(ASKED)
    await storage.records.erase([ASKED.job_id])
    await storage.reviews.correct(ASKED.subject, [WORDS])
    assert await storage.reviews.corrections(ASKED.subject) == {}


async def test_what_others_asked_about_a_message_is_held_of_its_author(storage: Storage):
    again = replace(ASKED, author=Author(id="U2"), revision=1, pressed=Action.AGAIN)
    for asked in (ASKED, again):
        await storage.jobs.submit(asked)
    await storage.reviews.correct(ASKED.subject, [WORDS])
    other = user_scope(again.place, again.author)
    assert await storage.records.of_person(ADA) == [ASKED.job_id, again.job_id]
    assert await storage.records.of_person(other) == [again.job_id]
    await storage.records.erase([again.job_id])
    assert await storage.reviews.corrections(ASKED.subject) == {"F1": WORDS}
    emptied = await storage.jobs.get(again.job_id)
    assert emptied is not None
    assert (emptied.message.job_id, emptied.message.pressed) == (again.job_id, Action.AGAIN)


async def test_a_correction_is_kept_while_a_job_of_the_message_holds_the_recording(storage: Storage):
    other, again = replace(WORDS, recording="F2"), replace(ASKED, revision=1, edited="e1")
    without = replace(again, attachments=ASKED.attachments[:1], revision=2, edited="e2")
    await storage.jobs.submit(ASKED)
    await storage.reviews.correct(ASKED.subject, [WORDS, other])
    for edited in (again, without):
        await storage.jobs.follow(edited)
    await storage.records.erase([ASKED.job_id])
    assert await storage.reviews.corrections(ASKED.subject) == {"F1": WORDS, "F2": other}
    await storage.records.erase([again.job_id])
    assert await storage.reviews.corrections(ASKED.subject) == {"F1": WORDS}
    await storage.records.erase([without.job_id])
    assert await storage.reviews.corrections(ASKED.subject) == {}


async def test_a_correction_of_what_was_quoted_is_kept_while_that_is_held(storage: Storage):
    quoted = Quoted(channel="C1", key="0", author=Author(id="U2"), attachments=ASKED.attachments)
    asked, later = message("1", quoted=(Quoted(channel="C1", key="0"),)), message("1", quoted=(quoted,), revision=1)
    await storage.jobs.submit(asked)
    [job] = await storage.jobs.claim(1, PLATFORMS)
    await storage.journal.begin(job.lease, "quote")
    await storage.journal.done(job.lease, "quote", {"quoted": [asdict(quoted)]})
    await storage.reviews.correct(asked.subject, [WORDS])
    await storage.jobs.submit(later)
    for gone, left in ((later, {"F1": WORDS}), (asked, {})):
        await storage.records.erase([gone.job_id])
        assert await storage.reviews.corrections(asked.subject) == left


@pytest.mark.parametrize("first", [0, 1], ids=["its own message first", "the last message first"])
async def test_a_correction_of_what_was_answered_together_is_kept_with_its_own_message(storage: Storage, first: int):
    spoken, last = ASKED, message("2", text="now")
    for said in (spoken, last):
        await storage.jobs.submit(said, pause=0.0001)
    storage.clock.advance(1)
    [job] = await storage.jobs.claim(9, PLATFORMS)
    assert [each.key for each in job.gathered] == ["1"]
    await storage.reviews.correct(last.subject, [WORDS])
    await storage.jobs.follow(replace(last, text="then", revision=1, edited="e1"))
    await storage.records.erase([last.job_id])
    assert await storage.reviews.corrections(last.subject) == {"F1": WORDS}
    gone = [spoken.job_id, JobId(f"{last.subject}#1")]
    await storage.records.erase([gone[first]])
    await storage.records.erase([gone[1 - first]])
    assert await storage.reviews.corrections(last.subject) == {}


async def test_an_errand_to_correct_holds_no_words(storage: Storage):
    await storage.jobs.submit(replace(ASKED.emptied, revision=1, errand=Errand.CORRECT))
    assert await storage.records.of_person(ADA) == []


# --- in conversations --------------------------------------------------------


def said(*words: str) -> tuple[ChatTurn, ...]:
    return tuple(ChatTurn(role=(Role.USER, Role.ASSISTANT)[n % 2], text=text) for n, text in enumerate(words))


async def test_corrected_words_take_the_place_of_others_in_a_conversation(storage: Storage):
    await storage.conversations.remember(ASKED.job_id, PLACE, said("please: helo world", "helo yourself"))
    await storage.conversations.correct(ASKED.job_id, "helo world", 'hello "\ud83d" world')
    past = await storage.conversations.recall(PLACE, 1_000)
    assert past.exchanges == (Exchange(job=ASKED.job_id, turns=said('please: hello "\ud83d" world', "helo yourself")),)


async def test_a_summary_of_wrong_words_goes(storage: Storage):
    await storage.conversations.remember(ASKED.job_id, PLACE, said("helo", "hi"))
    await storage.conversations.remember(message("2").job_id, PLACE, said("why?", "because"))
    await storage.conversations.summarise(PLACE, [message("2").job_id], "They said helo.")
    await storage.conversations.correct(ASKED.job_id, "helo", "hello")
    past = await storage.conversations.recall(PLACE, 1_000)
    assert past.summary == ""
    assert [exchange.turns[0].text for exchange in past.exchanges] == ["hello", "why?"]


async def test_what_was_never_said_cannot_be_corrected(storage: Storage):
    await storage.conversations.correct(ASKED.job_id, "a", "b")
    assert await storage.conversations.recall(PLACE, 1_000) == Past()
