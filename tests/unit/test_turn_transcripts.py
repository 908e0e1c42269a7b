"""Long transcripts in a house of doubles: their beginning in the reply, all of it in files."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.audio import AudioLimits, MediaFormat
from bot.domain.errors import ModelRefused
from bot.domain.jobs import JobStatus
from bot.domain.messages import Attachment
from bot.domain.money import CallKind
from bot.pipeline.transcripts import PAGE
from tests.doubles.gateway import Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.platform import Posted, Trouble
from tests.unit.test_turn import wav

SENTENCE = "The oak behind the house is forty feet high. "
LONG = (SENTENCE * 60).strip()
INTERVIEW = Attachment(id="note", name="interview.wav", declared_type="audio/wav")


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path, voice_notes="both")
    made.platform.files["note"] = wav(20)
    made.gateway.answers[CallKind.TRANSCRIPTION] = LONG
    made.platform.abilities = replace(made.platform.abilities, text_limit=2_000)
    return made


def posts(home: TestHouse) -> list[Posted]:
    return list(home.platform.posts.values())


def seconds_of(time: str) -> float:
    hours, minutes, seconds = time.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


async def test_of_a_long_transcript_the_reply_has_the_beginning_and_files_have_all(home: TestHouse):
    await home.say(message("1", "", INTERVIEW))
    text, files = posts(home)[:2]
    summary, first, answer = text.text.split("\n", 2)
    assert summary == "_Recording of 20 s, 540 words. It begins like this; the files below have all of it:_"
    assert LONG.startswith(first.removeprefix("> "))
    assert len(SENTENCE) < len(first) < PAGE
    assert answer.strip() == "Good morning to you, too."
    assert list(files.files) == ["interview.txt", "interview.srt", "interview.vtt"]
    assert files.files["interview.txt"].decode().split() == LONG.split()
    assert files.key.endswith("/post:files:0")


async def test_the_chat_model_reads_all_of_it(home: TestHouse):
    await home.say(message("1", "", INTERVIEW))
    chats = [request for request in home.gateway.requests if request.kind is CallKind.CHAT]
    assert LONG in chats[-1].turns[-1].text  # type: ignore[union-attr]


async def test_a_page_is_shown_as_a_whole(home: TestHouse):
    home.gateway.answers[CallKind.TRANSCRIPTION] = "w" * PAGE
    await home.say(message("1", "", INTERVIEW))
    assert posts(home)[0].text.startswith(f"> {'w' * 100}")
    assert not any(posted.files for posted in posts(home))


async def test_what_is_not_shown_is_not_attached(tmp_path: Path, home: TestHouse):
    quiet = open_test_house(tmp_path, voice_notes="answer")
    quiet.platform.files["note"] = wav(20)
    quiet.gateway.answers = home.gateway.answers
    await quiet.say(message("1", "", INTERVIEW))
    assert not any(posted.files for posted in posts(quiet))


async def test_times_of_a_cut_recording_are_those_of_the_whole(home: TestHouse):
    ear = home.gateway.models["ear"]
    limits = AudioLimits(max_bytes=10**7, max_seconds=6.0)
    home.gateway.models = {
        **home.gateway.models,
        "ear": replace(ear, audio_formats=(MediaFormat.MP3,), audio_limits=limits),
    }
    await home.say(message("1", "", INTERVIEW))
    pieces = [request for request in home.gateway.requests if request.kind is CallKind.TRANSCRIPTION]
    assert len(pieces) > 3
    files = posts(home)[1].files
    assert files["interview.txt"].decode().split() == (f"{LONG} " * len(pieces)).split()
    lines = [line for line in files["interview.srt"].decode().splitlines() if " --> " in line]
    times = [seconds_of(time) for line in lines for time in line.split(" --> ")]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(20.0, abs=0.05)


async def test_a_text_without_times_has_no_subtitles(tmp_path: Path, home: TestHouse):
    plain = open_test_house(tmp_path, transcription_model="scripted/omni", voice_notes="transcribe")
    plain.platform.files["note"] = wav(20)
    plain.platform.abilities = home.platform.abilities
    plain.gateway.answers[CallKind.CHAT] = LONG
    await plain.say(message("1", "", VOICE_NOTE))
    assert list(posts(plain)[1].files) == ["voice.txt"]


async def test_recordings_of_one_name_have_files_of_their_own(home: TestHouse):
    home.platform.files["two"] = wav(2)
    both = [INTERVIEW, replace(INTERVIEW, id="two")]
    await home.say(message("1", "", *both))
    assert [list(posted.files) for posted in posts(home) if posted.files] == [
        ["interview.txt", "interview.srt", "interview.vtt"],
        ["interview-2.txt", "interview-2.srt", "interview-2.vtt"],
    ]


async def test_a_language_without_spaces_is_counted_in_characters(home: TestHouse):
    home.gateway.answers[CallKind.TRANSCRIPTION] = "これは長い話です。" * 250
    await home.say(message("1", "", INTERVIEW))
    assert posts(home)[0].text.startswith("_Recording of 20 s, 2,250 characters.")


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.LOST_BEFORE, Trouble.LOST_AFTER])
async def test_files_are_posted_once_whatever_the_network_does(home: TestHouse, trouble: Trouble):
    home.platform.troubles = [Trouble.LOST_AFTER, trouble]  # the first befalls the text
    await home.say(message("1", "", INTERVIEW, command="transcribe"))
    assert [bool(posted.files) for posted in posts(home)] == [False, True]


async def test_files_that_are_refused_follow_as_text(home: TestHouse):
    home.platform.troubles = [Trouble.LOST_AFTER, Trouble.REFUSED]  # the first befalls the text
    await home.say(message("1", "", INTERVIEW, command="transcribe"))
    first, *others = [posted.text for posted in posts(home)]
    assert not any(posted.files for posted in posts(home))
    assert others[0].startswith("_(I could not attach the transcript: not allowed)_")
    assert "".join(others).partition("\n\n")[2].split() == LONG.split()
    assert "It begins like this" in first
    [job] = home.store.jobs.values()
    assert job.status is JobStatus.DONE


async def test_silence_that_a_model_marks_has_no_times(home: TestHouse):
    home.gateway.answers[CallKind.TRANSCRIPTION] = "[silence]"
    await home.say(message("1", "", INTERVIEW))
    assert "nothing to hear" in posts(home)[0].text


async def test_when_a_piece_has_no_times_there_are_no_subtitles(tmp_path: Path, home: TestHouse):
    both = open_test_house(tmp_path, transcription_model="scripted/ear, scripted/omni")
    limits = AudioLimits(max_bytes=10**7, max_seconds=12.0)
    short = {"audio_formats": (MediaFormat.MP3,), "audio_limits": limits}
    both.gateway.models = {
        name: replace(can, **short) if can.hears() else can for name, can in both.gateway.models.items()
    }
    both.platform.files, both.platform.abilities = home.platform.files, home.platform.abilities
    both.gateway.answers = {CallKind.TRANSCRIPTION: LONG, CallKind.CHAT: LONG}
    both.gateway.fail(Point.SENT, ModelRefused("no", model="ear"))
    await both.say(message("1", "", INTERVIEW, command="transcribe"))
    text, files = posts(both)
    assert list(files.files) == ["interview.txt"]
    assert "written down by another model" in text.text
