"""What buttons do, in a house of doubles."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.controls import YES, Form, Press, Response
from bot.domain.errors import ModelInDoubt, ModelRefused
from bot.domain.jobs import JobStatus
from bot.domain.messages import Action, Author, JobId, Message, Quoted
from bot.domain.money import CallKind
from bot.domain.records import Ratings
from bot.pipeline.intake import StoredIntake
from bot.pipeline.presses.again import BELOW, DONE_BEFORE
from bot.pipeline.presses.correct import DONE, MEANWHILE, NOTHING
from bot.pipeline.presses.wanted import AT_WORK, GONE
from bot.pipeline.retention import forget
from tests.doubles.gateway import Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.platform import Posted
from tests.unit.test_turn import wav

ALL = (Action.AGAIN, Action.SPEAK, Action.CORRECT, Action.RECEIPT, Action.GOOD, Action.BAD)
CHARLES = Author(id="U2", name="Charles")
NOTE = message("1", "", VOICE_NOTE)
HEARD = "Good morning, Mynah."
TRUE = "Good evening, Mynah."


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path, reply="text", voice_notes="both")
    made.platform.files[VOICE_NOTE.id] = wav(2)
    return made


def posts(home: TestHouse) -> list[Posted]:
    return list(home.platform.posts.values())


def calls(home: TestHouse) -> list[CallKind]:
    return [request.kind for request in home.gateway.requests]


def about(action: Action, said: Message = NOTE, author: Author | None = None, **more: object) -> Press:
    found = {"job": said.job_id, "place": said.place, "author": author or said.author, **more}
    return Press(action=action, **found)  # type: ignore[arg-type]


async def press(
    home: TestHouse, action: Action, said: Message = NOTE, *, work: bool = True, **more: object
) -> Response:
    response = await StoredIntake(home.house).press(about(action, said, **more))
    if work:
        await home.work()
    return response


async def correct(home: TestHouse, text: str, *, answer: bool = False, **more: object) -> Response:
    form = (await press(home, Action.CORRECT, **more)).form
    assert form is not None
    return await submit(home, form, {"words0": text, "answer": YES if answer else ""})


async def submit(home: TestHouse, form: Form, filled: Mapping[str, str]) -> Response:
    response = await StoredIntake(home.house).press(replace(form.press, filled=filled, shown=form.shown))
    await home.work()
    return response


# --- which buttons -----------------------------------------------------------


async def test_the_last_text_of_a_reply_has_the_buttons(home: TestHouse):
    home.gateway.answers[CallKind.CHAT] = "A long story. " * 60
    await home.say(NOTE)
    assert len(posts(home)) > 1
    assert [post.actions for post in posts(home)] == [*[()] * (len(posts(home)) - 1), ALL]
    assert posts(home)[-1].about == NOTE.job_id


async def test_only_what_makes_sense_is_offered(tmp_path: Path, home: TestHouse):
    await home.say(message("2", "Hello?"))
    assert posts(home)[0].actions == tuple(action for action in ALL if action is not Action.CORRECT)
    spoken = open_test_house(tmp_path, reply="both")
    await spoken.say(message("2", "Hello?"))
    assert Action.SPEAK not in posts(spoken)[0].actions


async def test_a_channel_can_do_without_buttons(tmp_path: Path):
    plain = open_test_house(tmp_path, buttons="off")
    await plain.say(message("2", "Hello?"))
    assert [post.actions for post in posts(plain)] == [()]


async def test_where_no_words_are_kept_nothing_is_offered_that_needs_them(tmp_path: Path):
    brief = open_test_house(tmp_path, retention_days="0", reply="text")
    brief.platform.files[VOICE_NOTE.id] = wav(2)
    await brief.say(NOTE)
    assert posts(brief)[0].actions == (Action.RECEIPT,)
    assert "Sum: $0.0019." in (await press(brief, Action.RECEIPT)).text


async def test_who_is_refused_gets_no_buttons(tmp_path: Path):
    closed = open_test_house(tmp_path, deny="U")
    await closed.say(message("2", "Hello?"))
    assert [post.actions for post in posts(closed)] == [()]


async def test_what_a_model_spoilt_can_be_asked_again(home: TestHouse):
    home.gateway.fail(Point.SENT, ModelRefused("no"))
    asked = message("2", "Hello?")
    await home.say(asked)
    assert [post.actions for post in posts(home)] == [(Action.AGAIN,)]
    assert (await press(home, Action.AGAIN, asked)).text == BELOW
    assert posts(home)[-1].text == "Good morning to you, too."


# --- again -------------------------------------------------------------------


async def test_a_message_is_answered_again_below(home: TestHouse):
    await home.say(NOTE)
    home.gateway.answers[CallKind.CHAT] = "Hello again."
    assert (await press(home, Action.AGAIN)).text == BELOW
    first, second = posts(home)
    assert first.text == f"> {HEARD}\n\nGood morning to you, too."
    assert second.text == f"> {HEARD}\n\nHello again."
    assert second.about == JobId(f"{NOTE.job_id}#1")
    assert calls(home) == [CallKind.TRANSCRIPTION, CallKind.CHAT, CallKind.CHAT]


async def test_pressed_twice_it_is_answered_and_paid_once(home: TestHouse):
    await home.say(NOTE)
    first = await press(home, Action.AGAIN, work=False)
    second = await press(home, Action.AGAIN, author=CHARLES)
    third = await press(home, Action.AGAIN)
    assert [first.text, second.text, third.text] == [BELOW, AT_WORK, DONE_BEFORE]
    assert len(posts(home)) == 2
    newer = replace(NOTE, revision=1)
    assert (await press(home, Action.AGAIN, newer)).text == BELOW
    assert len(posts(home)) == 3


async def test_a_transcript_alone_is_made_again(home: TestHouse):
    asked = replace(NOTE, command="transcribe")
    await home.say(asked)
    await press(home, Action.AGAIN, asked)
    assert calls(home) == [CallKind.TRANSCRIPTION, CallKind.TRANSCRIPTION]


async def test_the_first_answer_is_not_told_as_what_was_said_before(home: TestHouse):
    asked = message("2", "Hello?")
    await home.say(asked)
    await press(home, Action.AGAIN, asked)
    (first, second) = home.gateway.requests
    assert first.turns == second.turns  # type: ignore[union-attr]


async def test_who_has_it_answered_again_is_counted_and_told_alone(tmp_path: Path):
    slow = open_test_house(tmp_path, per_hour="1")
    asked = message("2", "Hello?")
    await slow.say(asked)
    refused = await press(slow, Action.AGAIN, asked)
    assert refused.text.startswith("That is more than the 1 message an hour")
    assert (await press(slow, Action.AGAIN, asked, author=CHARLES)).text == BELOW
    assert len(posts(slow)) == 2
    assert slow.store.jobs[JobId(f"{asked.job_id}#1")].message.author == CHARLES


async def test_who_may_not_use_the_service_may_press_nothing(tmp_path: Path):
    closed = open_test_house(tmp_path, deny="U2")
    asked = message("2", "Hello?")
    await closed.say(asked)
    for action in Action:
        assert (await press(closed, action, asked, author=CHARLES)).text.startswith("I may not answer you here")
    assert len(posts(closed)) == 1
    assert await closed.house.reviews.ratings(asked.job_id) == Ratings()


async def test_what_waits_for_a_decision_is_repeated_by_who_may(home: TestHouse):
    home.gateway.fail(Point.ACCEPTED, ModelInDoubt("cut off"))
    asked = message("2", "Hello?")
    await home.say(asked)
    assert [post.actions for post in posts(home)] == [(Action.AGAIN,)]
    assert (await press(home, Action.AGAIN, asked, author=CHARLES)).text.startswith("Only <@U>")
    assert (await press(home, Action.AGAIN, asked)).text.startswith("I try again")
    assert home.store.jobs[asked.job_id].status is JobStatus.DONE
    assert [*home.store.jobs] == [asked.job_id]


async def test_what_was_erased_is_not_answered(home: TestHouse):
    await home.say(NOTE)
    await home.house.records.erase([NOTE.job_id])
    for action in (Action.AGAIN, Action.SPEAK, Action.CORRECT):
        assert (await press(home, action)).text == GONE
    assert len(home.store.jobs) == 1


async def test_a_button_of_another_channel_does_nothing(home: TestHouse):
    await home.say(NOTE)
    elsewhere = replace(NOTE.place, channel="D")
    assert (await press(home, Action.RECEIPT, place=elsewhere)).text == GONE
    assert (await press(home, Action.RECEIPT, job=JobId("memory:W:C:99"))).text == GONE


async def test_what_was_answered_together_is_answered_together_again_and_read_aloud_alone(home: TestHouse):
    await home.house.channels.set("memory:W", "gather_seconds", "1", by="test")
    intake = StoredIntake(home.house)
    first, last = message("2", "How high is the oak?"), message("3", "And the elm?")
    for asked in (first, last):
        await intake.accept(asked)
    await home.work()
    await press(home, Action.AGAIN, last)
    await press(home, Action.SPEAK, last)
    questions = [request.turns[-1].text for request in home.gateway.requests if request.kind is CallKind.CHAT]  # type: ignore[union-attr]
    assert questions == ["How high is the oak?\nAnd the elm?"] * 2
    spoken = [request.text for request in home.gateway.requests if request.kind is CallKind.SPEECH]  # type: ignore[union-attr]
    assert spoken == ["Good morning to you, too."]


# --- speak, receipt, judge ---------------------------------------------------


async def test_a_reply_is_read_aloud_once(home: TestHouse):
    await home.say(NOTE)
    assert (await press(home, Action.SPEAK)).text == "I read it aloud, below."
    assert (await press(home, Action.SPEAK)).text == "I have read it aloud already, below."
    text, clip = posts(home)
    assert text.actions == ALL
    assert clip.clip
    assert [request.text for request in home.gateway.requests if request.kind is CallKind.SPEECH] == [  # type: ignore[union-attr]
        "Good morning to you, too."
    ]


async def test_a_receipt_is_that_of_its_reply(home: TestHouse):
    await home.say(NOTE)
    await home.say(message("2", "Hello?"))
    receipt = (await press(home, Action.RECEIPT)).text
    assert receipt.count("Wrote down: scripted/ear") == receipt.count("Answered: scripted/mind") == 1
    assert "Sum: $0.0019." in receipt


async def test_what_people_find_is_kept_and_may_change(home: TestHouse):
    await home.say(NOTE)
    assert not (await press(home, Action.GOOD)).actions
    await press(home, Action.GOOD, author=CHARLES)
    assert await home.house.reviews.ratings(NOTE.job_id) == Ratings(good=2)
    assert (await press(home, Action.BAD)).actions == (Action.CORRECT,)
    assert await home.house.reviews.ratings(NOTE.job_id) == Ratings(good=1, bad=1)


async def test_only_what_was_heard_can_be_corrected(home: TestHouse):
    asked = message("2", "Hello?")
    await home.say(asked)
    assert not (await press(home, Action.BAD, asked)).actions
    assert (await press(home, Action.CORRECT, asked)).text == GONE


# --- correct -----------------------------------------------------------------


async def test_a_form_opens_with_what_was_heard(home: TestHouse):
    await home.say(NOTE)
    form = (await press(home, Action.CORRECT)).form
    assert form is not None
    assert [(field.name, field.value) for field in form.fields] == [("words0", HEARD), ("answer", "")]


async def test_corrected_words_stand_in_the_reply_and_are_known_from_then_on(home: TestHouse):
    await home.say(NOTE)
    assert (await correct(home, TRUE)).text == DONE
    (reply,) = posts(home)
    assert reply.text == f"> {TRUE}\n\nGood morning to you, too."
    assert (reply.actions, reply.about) == (ALL, NOTE.job_id)
    await home.say(message("2", "What did I say?"))
    past = home.gateway.requests[-1].turns  # type: ignore[union-attr]
    assert [turn.text for turn in past[1:]] == [TRUE, "Good morning to you, too.", "What did I say?"]


async def test_corrected_words_are_answered_again_without_being_heard_again(home: TestHouse):
    await home.say(NOTE)
    home.gateway.answers[CallKind.CHAT] = "Good evening."
    assert (await correct(home, TRUE, answer=True)).text == "Corrected. I answer again with these words, below."
    assert [post.text for post in posts(home)] == [
        f"> {TRUE}\n\nGood morning to you, too.",
        f"> {TRUE}\n\nGood evening.",
    ]
    assert calls(home) == [CallKind.TRANSCRIPTION, CallKind.CHAT, CallKind.CHAT]
    assert home.gateway.requests[-1].turns[-1].text == TRUE  # type: ignore[union-attr]


async def test_corrected_words_stay_when_the_words_beside_the_recording_are_edited(home: TestHouse):
    asked = replace(NOTE, text="Translate this.")
    await home.say(asked)
    await correct(home, TRUE)
    edited = replace(asked, text="Translate that.", edited="e1")
    assert await StoredIntake(home.house).edited(edited, said_at=home.house.clock.now())
    await home.work()
    await press(home, Action.AGAIN, replace(edited, revision=2))
    await home.work()
    assert posts(home)[-1].text.startswith(f"> {TRUE}")
    assert calls(home).count(CallKind.TRANSCRIPTION) == 1


async def test_a_correction_can_be_corrected(home: TestHouse):
    await home.say(NOTE)
    await correct(home, TRUE)
    form = (await press(home, Action.CORRECT)).form
    assert form is not None
    assert form.fields[0].value == TRUE
    await submit(home, form, {"words0": "Good night."})
    assert [post.text for post in posts(home)] == ["> Good night.\n\nGood morning to you, too."]


async def test_who_was_slower_is_told_and_loses_nothing(home: TestHouse):
    await home.say(NOTE)
    form = (await press(home, Action.CORRECT)).form
    assert form is not None
    await submit(home, form, {"words0": TRUE})
    late = (await submit(home, form, {"words0": "Good night."})).text
    assert late.startswith(MEANWHILE)
    assert late.endswith("> Good night.")
    assert posts(home)[0].text.startswith(f"> {TRUE}")


async def test_the_same_correction_twice_is_one_and_is_answered_once(home: TestHouse):
    await home.say(NOTE)
    form = (await press(home, Action.CORRECT)).form
    assert form is not None
    filled = {"words0": TRUE, "answer": YES}
    intake = StoredIntake(home.house)
    sent = replace(form.press, filled=filled, shown=form.shown)
    texts = [(await intake.press(sent)).text for _ in range(2)]
    await home.work()
    assert texts == ["Corrected. I answer again with these words, below.", AT_WORK]
    assert len(posts(home)) == 2


async def test_nothing_changed_changes_nothing(home: TestHouse):
    await home.say(NOTE)
    assert (await correct(home, f" {HEARD}\n")).text == NOTHING
    assert (await correct(home, " ")).text == NOTHING
    assert posts(home)[0].edits == 0 or posts(home)[0].text.startswith(f"> {HEARD}")
    assert len(home.store.jobs) == 1


async def test_only_the_author_or_a_manager_may_correct(home: TestHouse):
    await home.say(NOTE)
    told = (await press(home, Action.CORRECT, author=CHARLES)).text
    assert told == "Only <@U>, whose message it is, or who manages this channel can correct that."
    assert (await press(home, Action.CORRECT, author=CHARLES, may_manage=True)).form is not None
    await press(home, Action.AGAIN, author=CHARLES)
    newer = replace(NOTE, revision=1)
    assert (await press(home, Action.CORRECT, newer, author=CHARLES)).form is None
    assert (await press(home, Action.CORRECT, newer)).form is not None


async def test_of_long_words_the_beginning_can_be_corrected(home: TestHouse):
    long = ("The oak is forty feet high. " * 200).strip()
    home.gateway.answers[CallKind.TRANSCRIPTION] = long
    await home.say(NOTE)
    form = (await press(home, Action.CORRECT)).form
    assert form is not None
    (words, _) = form.fields
    assert len(words.value) <= words.limit == home.platform.abilities.field_limit
    assert words.hint
    await submit(home, form, {"words0": words.value.replace("oak", "elm", 1)})
    new = long.replace("oak", "elm", 1)
    files = posts(home)[-1].files
    assert [*files] == ["voice-corrected.txt", "voice-corrected.srt", "voice-corrected.vtt"]
    assert files["voice-corrected.txt"].decode().split() == new.split()
    assert b"The elm is forty" in files["voice-corrected.srt"].replace(b"\n", b" ")
    assert "> The elm is forty feet high." in posts(home)[0].text


async def test_a_reply_that_gets_longer_or_shorter_stands_in_as_many_posts_as_it_needs(home: TestHouse):
    await home.say(NOTE)
    for text in ("word " * 250, "short", "word " * 150, "short again"):
        await correct(home, text)
        whole = "".join(post.text for post in posts(home))
        assert whole.count("word") == text.count("word")
        assert whole.endswith("Good morning to you, too.")
        assert [post.actions for post in posts(home)] == [*[()] * (len(posts(home)) - 1), ALL]


async def test_what_refers_to_a_corrected_recording_reads_the_corrected_words(home: TestHouse):
    await home.say(NOTE)
    await correct(home, TRUE)
    home.platform.said.append(NOTE)
    quoted = Quoted(channel="C", key="1", author=NOTE.author, attachments=(VOICE_NOTE,))
    await home.say(replace(message("3", "And this?"), quoted=(quoted,), place=replace(NOTE.place, thread="t")))
    assert TRUE in home.gateway.requests[-1].turns[-1].text  # type: ignore[union-attr]


async def test_the_conversation_and_the_corrections_are_forgotten_on_wish(home: TestHouse):
    await home.say(NOTE)
    await correct(home, TRUE, answer=True)
    await press(home, Action.GOOD)
    await forget(home.house, "memory:W:@U", by="U")
    assert await home.house.reviews.corrections(NOTE.subject) == {}
    assert await home.house.reviews.ratings(NOTE.job_id) == Ratings()
    assert not await home.house.conversations.recall(NOTE.place, 1_000)
    assert await home.house.records.of_person("memory:W:@U") == []
