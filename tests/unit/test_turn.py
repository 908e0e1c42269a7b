"""A turn in a house of doubles: what is said, what is called, what is posted, and what is written down."""

import asyncio
import io
import math
import struct
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import ModelBusy, ModelInDoubt, ModelRefused, ModelUnreachable
from bot.domain.jobs import MAX_TRIES, JobStatus
from bot.domain.journal import Step, StepState
from bot.domain.messages import Addressed, Attachment, Place, TextPart
from bot.domain.models import Request
from bot.domain.money import CallKind, Nanodollars, Usage
from bot.pipeline.deliver import SILENT
from bot.pipeline.intake import StoredIntake
from bot.pipeline.live import DRAFT
from bot.pipeline.worker import Worker
from bot.ports import Stage
from tests.doubles.gateway import Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.platform import Trouble


def wav(seconds: float = 1.0, loudness: int = 8000) -> bytes:
    """Return a tone; silence with loudness 0."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        samples = (int(loudness * math.sin(n / 8)) for n in range(int(16_000 * seconds)))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return buffer.getvalue()


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path)
    made.platform.files["note"] = wav()
    return made


def texts(home: TestHouse) -> list[str]:
    return [posted.text for posted in home.platform.posts.values() if posted.text]


def clips(home: TestHouse) -> list[bytes]:
    return [posted.clip for posted in home.platform.posts.values() if posted.clip]


def only_job(home: TestHouse) -> JobStatus:
    [job] = home.store.jobs.values()
    return job.status


async def test_a_voice_note_is_transcribed_answered_and_spoken(home: TestHouse):
    await home.say(message("1", "", VOICE_NOTE))
    assert texts(home) == ["> Good morning, Mynah.\n\nGood morning to you, too."]
    assert len(clips(home)) == 1
    assert [request.kind for request in home.gateway.requests] == [
        CallKind.TRANSCRIPTION,
        CallKind.CHAT,
        CallKind.SPEECH,
    ]
    assert [record.kind for record in home.ledger.records] == [CallKind.TRANSCRIPTION, CallKind.CHAT, CallKind.SPEECH]
    assert only_job(home) is JobStatus.DONE


async def test_the_chat_model_reads_the_transcript_and_what_was_said_before(home: TestHouse):
    await home.say(message("1", "Hello"))
    await home.say(message("2", "What is this about?", VOICE_NOTE))
    turns = [(turn.role.value, turn.text) for turn in home.gateway.requests[-2].turns]  # type: ignore[union-attr]
    assert turns[1:] == [
        ("user", "Hello"),
        ("assistant", "Good morning to you, too."),
        ("user", "What is this about?\n\nGood morning, Mynah."),
    ]


async def test_silence_is_recognised_before_any_model_is_asked(home: TestHouse):
    home.platform.files["note"] = wav(loudness=0)
    await home.say(message("1", "", VOICE_NOTE))
    assert texts(home) == [SILENT]
    assert home.gateway.requests == []


async def test_a_file_that_is_neither_sound_nor_video_is_explained(home: TestHouse):
    home.platform.files["note"] = b"%PDF-1.7 not sound"
    await home.say(message("1", "", VOICE_NOTE))
    assert "could not hear that file" in texts(home)[0]
    assert only_job(home) is JobStatus.FAILED


async def test_a_file_that_is_gone_is_explained_and_the_words_beside_it_are_answered(home: TestHouse):
    gone = Attachment(id="gone", voice_note=True)
    await home.say(message("1", "Hello?", gone))
    assert "no longer there" in texts(home)[0]
    assert "Good morning to you, too." in texts(home)[0]


async def test_a_file_that_is_too_large_is_refused_on_its_bytes(home: TestHouse):
    home.platform.files["note"] = wav(40)
    await home.say(message("1", "", VOICE_NOTE))
    assert "larger than the 1 MB" in texts(home)[0]


async def test_several_recordings_are_heard_in_order(home: TestHouse):
    home.platform.files["two"] = wav(2)
    words = iter(["first", "second"])
    home.gateway.answers[CallKind.TRANSCRIPTION] = lambda _: next(words)
    await home.say(message("1", "", VOICE_NOTE, Attachment(id="two", declared_type="audio/wav")))
    assert texts(home)[0].startswith("> first\n\n> second\n\n")


async def test_a_long_answer_is_posted_in_parts(tmp_path: Path):
    home = open_test_house(tmp_path, max_tokens="1000")
    home.gateway.answers[CallKind.CHAT] = "word " * 300
    await home.say(message("1", "Tell me a lot"))
    assert len(texts(home)) > 2
    assert all(len(text) <= home.platform.abilities.text_limit for text in texts(home))
    assert "".join(texts(home)).split() == ["word"] * 300


async def test_an_answer_that_was_cut_off_says_so(tmp_path: Path):
    home = open_test_house(tmp_path, max_tokens="16")
    home.gateway.answers[CallKind.CHAT] = "word " * 300
    await home.say(message("1", "Tell me a lot"))
    assert texts(home)[-1].endswith("_(cut off: the answer reached this channel's max_tokens)_")


async def test_say_posts_a_clip_and_asks_no_chat_model(home: TestHouse):
    await home.say(message("1", "Lunch is ready", command="say"))
    assert (texts(home), len(clips(home))) == ([], 1)
    assert [request.kind for request in home.gateway.requests] == [CallKind.SPEECH]


async def test_a_busy_platform_is_waited_for_and_a_lost_answer_is_looked_up(home: TestHouse):
    home.platform.troubles += [Trouble.BUSY, Trouble.LOST_AFTER]
    await home.say(message("1", "Hello"))
    assert texts(home) == ["Good morning to you, too."]
    home.platform.troubles += [Trouble.LOST_BEFORE, Trouble.LOST_AFTER]
    await home.say(message("2", "Hello again"))
    assert len(texts(home)) == 2


async def test_a_reply_that_may_not_be_posted_is_given_up_with_a_sentence(home: TestHouse):
    home.platform.troubles += [Trouble.REFUSED]
    await home.say(message("1", "Lunch is ready", command="say"))
    assert only_job(home) is JobStatus.FAILED
    assert (len(texts(home)), clips(home)) == (1, [])


MENTIONED = Place(platform="memory", workspace="W", channel="C", thread="1")


@pytest.mark.parametrize(
    ("addressed", "place", "people"),
    [
        (Addressed.MENTION, MENTIONED, ["U"]),
        (Addressed.OVERHEARD, MENTIONED, []),
        (Addressed.DIRECT, replace(MENTIONED, thread=None, direct=True), []),
    ],
)
async def test_who_called_us_where_we_may_not_write_is_told_why(
    tmp_path: Path, addressed: Addressed, place: Place, people: list[str]
):
    home = open_test_house(tmp_path, hear_unmentioned="on")
    home.platform.files["note"] = wav()
    home.platform.closed = {place.channel}
    await home.say(replace(message("1", "", VOICE_NOTE), addressed=addressed, place=place))
    assert only_job(home) is JobStatus.FAILED
    assert [person for person, _ in home.platform.told] == people
    assert all("where you spoke to me" in text for _, text in home.platform.told)


async def test_who_takes_no_direct_messages_either_is_not_told_and_the_turn_ends(home: TestHouse):
    home.platform.troubles += [Trouble.REFUSED, Trouble.REFUSED]
    home.platform.unreachable.add("U")
    await home.say(replace(message("1", "Lunch is ready", command="say"), place=MENTIONED))
    assert (only_job(home), home.platform.told) == (JobStatus.FAILED, [])


async def test_the_next_model_of_the_list_answers_when_the_first_fails(tmp_path: Path):
    home = open_test_house(tmp_path, chat_model="scripted/omni, scripted/mind")
    home.gateway.fail(Point.SENT, ModelRefused("no", model="omni"))
    await home.say(message("1", "Hello"))
    assert [request.model for request in home.gateway.requests] == ["omni", "mind"]
    assert [record.model for record in home.ledger.records] == ["mind"]


async def test_a_busy_model_is_asked_again_later(home: TestHouse):
    home.gateway.fail(Point.SENT, ModelBusy("busy", retry_after=3), ModelUnreachable("down"))
    await home.say(message("1", "Hello"))
    assert texts(home) == ["Good morning to you, too."]
    assert only_job(home) is JobStatus.DONE


async def test_a_job_that_keeps_failing_is_buried_with_one_sentence_to_its_author(home: TestHouse):
    home.gateway.fail(Point.SENT, *(ModelUnreachable("down", model="mind") for _ in range(MAX_TRIES)))
    await home.say(message("1", "Hello"))
    assert only_job(home) is JobStatus.FAILED
    assert texts(home) == ["The model mind did not answer: down."]
    assert home.gateway.charges == []


async def test_a_paid_call_in_doubt_asks_instead_of_paying_again(home: TestHouse):
    home.gateway.fail(Point.ACCEPTED, ModelInDoubt("cut off", model="mind"))
    await home.say(message("1", "Hello"))
    assert only_job(home) is JobStatus.ASKED
    assert "may have been charged" in texts(home)[0]
    assert len(home.gateway.charges) == 1

    [job] = home.store.jobs
    assert await home.jobs.decide(job, repeat=True)
    await home.work()
    assert only_job(home) is JobStatus.DONE
    assert len(home.gateway.charges) == 2
    assert texts(home)[-1] == "Good morning to you, too."


@pytest.mark.parametrize(("policy", "charges", "status"), [("retry", 2, "done"), ("fail", 1, "failed")])
async def test_the_channel_can_decide_about_doubt_beforehand(tmp_path: Path, policy: str, charges: int, status: str):
    home = open_test_house(tmp_path, in_doubt=policy)
    home.gateway.fail(Point.ACCEPTED, ModelInDoubt("cut off", model="mind"))
    await home.say(message("1", "Hello"))
    assert len(home.gateway.charges) == charges
    assert only_job(home) == status


async def test_what_is_retried_in_doubt_is_given_up_after_some_tries(tmp_path: Path):
    home = open_test_house(tmp_path, in_doubt="retry")
    home.gateway.fail(Point.ACCEPTED, *(ModelInDoubt("cut off", model="mind") for _ in range(MAX_TRIES + 1)))
    await home.say(message("1", "Hello"))
    assert len(home.gateway.charges) == MAX_TRIES
    assert only_job(home) is JobStatus.FAILED
    assert "may have been charged" in texts(home)[0]


async def test_an_unknown_cost_stays_unknown(home: TestHouse):
    home.gateway.price = None
    await home.say(message("1", "Hello"))
    assert [record.usage.cost for record in home.ledger.records] == [None]


async def test_the_price_is_written_down_once(home: TestHouse):
    await home.say(message("1", "Hello"))
    assert [record.usage.cost for record in home.ledger.records] == [Nanodollars(950_000)]


async def test_what_an_answer_of_nothing_cost_is_written_down(tmp_path: Path):
    home = open_test_house(tmp_path, chat_model="scripted/omni, scripted/mind")
    thought = Usage(tokens_in=5, tokens_out=900, cost=Nanodollars(70_000))
    home.gateway.fail(Point.ENDING, ModelRefused("it only thought", model="omni", usage=thought))
    await home.say(message("1", "Hello"))
    assert [record.model for record in home.ledger.records] == ["omni", "mind"]
    assert home.ledger.records[0].usage == thought


async def half_said(home: TestHouse) -> None:
    """Leave what a process leaves that dies between posting the beginning of an answer and writing that down."""
    asked = message("1", "Hello")
    await StoredIntake(home.house).accept(asked)
    home.store.steps[asked.job_id] = {DRAFT: Step(name=DRAFT, state=StepState.BEGAN)}
    await home.platform.post(TextPart(text="Good mor …"), answering=asked, key=f"{asked.job_id}/{DRAFT}")


async def test_an_answer_that_was_growing_when_we_died_gets_its_final_words(home: TestHouse):
    await half_said(home)
    await home.work()
    assert texts(home) == ["Good morning to you, too."]


async def test_an_answer_that_was_growing_when_we_died_gives_way_to_the_apology(home: TestHouse):
    await half_said(home)
    home.gateway.fail(Point.SENT, ModelRefused("no", model="mind"))
    await home.work()
    assert texts(home) == ["The model mind did not answer: no."]


async def test_what_goes_wrong_after_the_text_does_not_take_it_back(tmp_path: Path):
    home = open_test_house(tmp_path, reply="both")

    def answer(_: Request) -> str:
        home.gateway.fail(Point.ACCEPTED, ModelInDoubt("cut off", model="mouth"))
        return "Good morning to you, too."

    home.gateway.answers[CallKind.CHAT] = answer
    await home.say(message("1", "Hello"))
    assert texts(home)[0] == "Good morning to you, too."
    assert "may have been charged" in texts(home)[1]


async def test_a_conversation_runs_in_order_and_others_side_by_side(home: TestHouse):
    hold = home.gateway.hold(Point.ACCEPTED)
    intake = StoredIntake(home.house)
    await intake.accept(message("1", "slow"))
    await intake.accept(message("2", "after it"))
    worker = Worker(home.house, turns=8, drain_seconds=1)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await hold.reached.wait()
        assert [job.status for job in home.store.jobs.values()] == [JobStatus.RUNNING, JobStatus.READY]
        hold.released.set()
        while any(job.status is not JobStatus.DONE for job in home.store.jobs.values()):
            await asyncio.sleep(0.005)
        worker.stop()
    assert [request.turns[-1].text for request in home.gateway.requests] == ["slow", "after it"]  # type: ignore[union-attr]


async def test_stopping_hands_back_what_does_not_finish_in_time(home: TestHouse):
    hold = home.gateway.hold(Point.SENT)
    await StoredIntake(home.house).accept(message("1", "slow"))
    worker = Worker(home.house, turns=8, drain_seconds=0.05)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await hold.reached.wait()
        worker.stop()
    assert only_job(home) is JobStatus.READY
    hold.released.set()
    await home.restarted().work()
    assert only_job(home) in {JobStatus.DONE, JobStatus.ASKED}


async def test_known_messages_and_bots_make_no_job(home: TestHouse):
    intake = StoredIntake(home.house)
    assert await intake.accept(message("1", "Hello"))
    assert not await intake.accept(message("1", "Hello"))
    assert len(home.store.jobs) == 1


async def test_only_stages_that_have_something_to_do_are_shown(home: TestHouse):
    await home.say(message("1", "Hello"))
    assert home.platform.stages == [Stage.THINKING, Stage.POSTING]
    home.platform.stages.clear()
    await home.say(message("2", "", VOICE_NOTE))
    assert home.platform.stages == list(Stage)
