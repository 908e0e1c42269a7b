"""Turns that do something with a message of somebody else."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.jobs import JobStatus
from bot.domain.messages import Addressed, Author, Message, Quoted
from bot.domain.models import ChatRequest, SpeechRequest
from bot.domain.money import CallKind
from bot.domain.shortcuts import TASKS
from tests.doubles.gateway import MODELS
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.platform import Trouble
from tests.unit.test_turn import texts, wav

GRACE = Author(id="G", name="Grace")


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path)
    made.platform.files["note"] = wav()
    return made


def said(home: TestHouse, key: str, text: str = "", *, note: bool = False) -> Quoted:
    """Let Grace say something to nobody in particular, and return where it stands."""
    heard = message(key, text, *((VOICE_NOTE,) if note else ()))
    home.platform.said.append(replace(heard, author=GRACE, addressed=Addressed.OVERHEARD))
    return Quoted(channel="C", key=key)


def used(command: str, *quoted: Quoted, key: str = "9", text: str = "", language: str = "") -> Message:
    return replace(message(key, text, command=command), quoted=quoted, language=language)


def asked(home: TestHouse) -> list[str]:
    return [each.turns[-1].text for each in home.gateway.requests if isinstance(each, ChatRequest)]


async def over(home: TestHouse, key: str = "9") -> JobStatus:
    (job,) = [job for job in home.store.jobs.values() if job.message.key == key]
    return job.status


# --- transcribe ----------------------------------------------------------------


async def test_to_transcribe_writes_the_recording_of_the_message_down(home: TestHouse):
    await home.say(used("transcribe", said(home, "1", "listen", note=True)))
    assert texts(home) == ["> Good morning, Mynah."]
    assert asked(home) == []


async def test_what_was_written_down_before_is_not_paid_again(home: TestHouse):
    await home.say(message("1", "", VOICE_NOTE))
    before = len(home.gateway.requests)
    home.platform.said.append(message("1", "", VOICE_NOTE))
    await home.say(used("transcribe", Quoted(channel="C", key="1")))
    assert texts(home)[-1] == "> Good morning, Mynah."
    assert len(home.gateway.requests) == before


@pytest.mark.parametrize(
    ("command", "text", "told"),
    [
        ("transcribe", "only words", "There is no recording in that message"),
        ("say", "", "There are no words in that message"),
        ("translate", "", "There are no words in that message"),
        ("summarise", "", "There are no words from that message on"),
    ],
)
async def test_a_message_that_has_nothing_for_it_costs_nothing(home: TestHouse, command: str, text: str, told: str):
    await home.say(used(command, said(home, "1", text)))
    assert texts(home)[-1].startswith(told)
    assert home.gateway.requests == []
    assert await over(home) is JobStatus.FAILED


async def test_a_message_that_may_not_be_read_is_told_alike(home: TestHouse):
    await home.say(used("transcribe", Quoted(channel="C", key="404")))
    assert texts(home)[-1].startswith("There is no recording in that message, or I cannot reach it")


# --- read aloud ------------------------------------------------------------------


async def test_to_read_aloud_speaks_the_words_and_fetches_no_file(home: TestHouse):
    home.platform.files.clear()
    await home.say(used("say", said(home, "1", "Good **night**.", note=True)))
    (request,) = home.gateway.requests
    assert isinstance(request, SpeechRequest)
    assert request.text == "Good night."
    (post,) = home.platform.posts.values()
    assert post.clip


# --- translate -------------------------------------------------------------------


async def test_to_translate_asks_for_the_language_and_nothing_else(home: TestHouse):
    home.gateway.answers[CallKind.CHAT] = "Guten Morgen."
    await home.say(message("1", "My name is Ada."))
    await home.say(used("translate", said(home, "2", "Good morning."), language="de-AT"))
    prompt = TASKS["translate"].prompt.format(language="German")
    assert asked(home)[-1] == f"{prompt}\n\nGood morning."
    (request,) = [each for each in home.gateway.requests if isinstance(each, ChatRequest)][1:]
    assert len(request.turns) == 1
    assert texts(home)[-1] == "Guten Morgen."


async def test_a_recording_is_translated_by_its_transcript(home: TestHouse):
    home.gateway.answers[CallKind.CHAT] = "Guten Morgen, Mynah."
    await home.say(used("translate", said(home, "1", note=True), language="de"))
    assert asked(home)[-1].endswith("\n\nGood morning, Mynah.")
    assert texts(home) == ["> Good morning, Mynah.\n\nGuten Morgen, Mynah."]


async def test_what_was_translated_is_no_part_of_the_conversation(home: TestHouse):
    await home.say(used("translate", said(home, "1", "Good morning."), language="de"))
    await home.say(message("10", "What did I say before?"))
    assert asked(home)[-1] == "What did I say before?"


# --- sum up ----------------------------------------------------------------------


async def test_to_sum_up_reads_all_from_the_message_on(home: TestHouse):
    home.gateway.answers[CallKind.CHAT] = "Lunch is at noon."
    said(home, "1", "before")
    start = said(home, "2", "Lunch?")
    said(home, "3", "At noon.", note=True)
    await home.say(used("summarise", start))
    assert asked(home) == [f"{TASKS['summarise'].prompt}\n\nGrace: Lunch?\nGrace: At noon.\n(a recording)"]
    assert texts(home) == ["Lunch is at noon."]


async def test_of_more_than_the_model_reads_the_newest_is_summed_up(home: TestHouse):
    home.gateway.models = {**MODELS, "mind": replace(MODELS["mind"], context_tokens=3_000)}
    start = said(home, "1", "oldest " * 300)
    for number in range(2, 6):
        said(home, str(number), f"{number} " * 300)
    await home.say(used("summarise", start))
    (words,) = asked(home)
    assert "oldest" not in words
    assert words.rstrip().endswith("5 5")


async def test_a_platform_that_is_busy_is_asked_again(home: TestHouse):
    start = said(home, "1", "Lunch?")
    home.platform.troubles.append(Trouble.BUSY)
    await home.say(used("summarise", start))
    assert await over(home) is JobStatus.DONE
    assert len(home.platform.looked_up) == 2
