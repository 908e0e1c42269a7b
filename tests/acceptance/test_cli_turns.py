"""One turn at the terminal: `mynah demo`, `ask`, `transcribe` and `say`, with the embedded models."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.commands import STAGES, all_shown, is_one_sentence, shown
from tests.acceptance.hearing import TEXTS, play, word_errors
from tests.acceptance.recordings import DATA
from tests.acceptance.service import STEADY, Installation

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

EMBEDDED = ("local/whisper-tiny.en", "local/smollm2-135m-instruct", "local/en_US-joe-medium")


@pytest.fixture
def desk(tmp_path: Path) -> Installation:
    """Mynah with its embedded models and nothing set up."""
    return Installation(folder=tmp_path, settings=STEADY)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), TEXTS["voice-note.ogg"]), ((str(DATA / "video.mp4"),), TEXTS["video.mp4"])],
    ids=["the packaged sample", "a video of one's own"],
)
async def test_demo_hears_answers_speaks_and_says_what_it_took(
    desk: Installation, arguments: tuple[str, ...], words: str
):
    seen = await shown(desk, "demo", *arguments)
    assert seen.status == 0
    assert seen.stages == list(STAGES)

    (transcript,), (answer,) = seen.facts["Transcript"], seen.facts["Answer"]
    assert word_errors(transcript, words) <= 0.2
    assert len(answer.split()) > 1

    path, told = re.fullmatch(r"(.+) \(([\d.]+) s\)", seen.facts["Reply clip"][0]).groups()  # type: ignore[union-attr]
    container, codec, seconds, peak = play(Path(path).read_bytes())
    assert (container, codec) == ("ogg", "opus")
    assert seconds == pytest.approx(float(told), abs=0.1)
    assert peak > 0.1

    for row, model in zip(seen.facts["Usage"], EMBEDDED, strict=True):
        assert re.match(rf"{re.escape(model)}, .*(s of sound|tokens out), took [\d.]+ s, free$", row), row
    for step in ("mynah serve", "mynah slack manifest", "mynah discord invite-url"):
        assert step in seen.out


async def test_ask_answers_in_words_and_about_recordings(desk: Installation):
    plain, with_recording = await all_shown(
        replace(desk, settings={**STEADY, "CHANNELS__REPLY": "text"}),
        ["ask", "What", "is", "a", "mynah?"],
        ["ask", "What is asked here?", "--file", str(DATA / "clip.mp3"), "--json"],
    )
    assert plain.status == 0
    assert len(plain.out.split()) > 1
    assert "thinking" in plain.stages
    assert "listening" not in plain.stages, "there was nothing to listen to"

    told = with_recording.json
    assert with_recording.err == "", "a script wants no progress"
    assert word_errors(told["transcript"], TEXTS["clip.mp3"]) <= 0.2
    assert told["answer"]
    assert [row["model"] for row in told["usage"]] == list(EMBEDDED[:2])
    assert (told["clips"], told["error"]) == ([], None)


async def test_transcribe_writes_down_what_is_said(desk: Installation):
    plain, as_json, silent = await all_shown(
        desk,
        ["transcribe", str(DATA / "clip.m4a")],
        ["transcribe", str(DATA / "clip.wav"), "--json"],
        ["transcribe", str(DATA / "silence.ogg")],
    )
    assert plain.status == 0
    assert word_errors(plain.out, TEXTS["clip.m4a"]) <= 0.2
    assert "thinking" not in plain.stages

    told = as_json.json
    assert word_errors(told["text"], TEXTS["clip.wav"]) <= 0.2
    times = [time for segment in told["segments"] for time in (segment["start"], segment["end"])]
    assert times == sorted(times)
    assert 3 < times[-1] < 7
    assert " ".join(segment["text"].strip() for segment in told["segments"]) == told["text"]
    (row,) = told["usage"]
    assert (row["kind"], row["cost"]) == ("transcription", "free")
    assert row["audio_seconds"] == pytest.approx(5.5, abs=0.2)
    assert row["seconds"] > 0

    assert silent.status == 0
    assert "nothing to hear" in silent.out


async def test_say_speaks_into_a_file_of_the_format_that_it_is_named_after(desk: Installation):
    said = "Good morning, everybody."
    ogg, mp3 = await all_shown(desk, ["say", said, "-o", "one.ogg"], ["say", *said.split(), "--output", "two.mp3"])
    for seen, name, form in ((ogg, "one.ogg", ("ogg", "opus")), (mp3, "two.mp3", ("mp3", "mp3float"))):
        assert seen.status == 0, seen
        container, codec, seconds, peak = play((desk.folder / name).read_bytes())
        assert (container, codec) == form
        assert seconds > 1
        assert peak > 0.1
        assert re.fullmatch(rf"{name} \({seconds:.1f} s\)\n", seen.out)
    heard = await shown(desk, "transcribe", "two.mp3")
    assert word_errors(heard.out, said) <= 0.25


async def test_what_goes_wrong_at_work_is_one_sentence_with_status_1(desk: Installation):
    wrong = Installation(
        folder=desk.folder, settings={"CHANNELS": '{"chat_model": "local/mind", "speech_model": "local/mouth"}'}
    )
    asked, spoken, as_json = await all_shown(
        wrong, ["ask", "Hello"], ["say", "Hello", "-o", "x.ogg"], ["ask", "Hello", "--json"]
    )
    for seen, model in ((asked, "local/mind"), (spoken, "local/mouth")):
        assert seen.status == 1
        assert model in seen.err
        assert seen.err.count("mynah: ") == 1
        assert not seen.out
    assert as_json.status == 1
    assert '"error": "local/mind cannot be used for chat' in as_json.out
    assert is_one_sentence(await shown(wrong, "transcribe", str(DATA / "texts.json")))
