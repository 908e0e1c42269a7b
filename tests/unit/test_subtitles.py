"""Transcripts as files: times never run backwards, and no word is lost."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from bot.domain.models import Segment
from bot.domain.subtitles import (
    LINE,
    LINES,
    LONGEST,
    LONGEST_CUE_MS,
    STEM,
    cues,
    file_stem,
    paragraphs,
    to_srt,
    to_vtt,
    transcript_files,
)

words = st.text(alphabet=st.sampled_from("abc ,.!?-<>&\n\t\u00a0\u2028\0äß日本語。！？"), max_size=120)  # noqa: RUF001
times = st.floats(allow_nan=True, allow_infinity=True) | st.floats(min_value=-1, max_value=10_000)
segments = st.lists(st.builds(Segment, text=words, start=times, end=times), max_size=12)
SRT_TIME = re.compile(r"(\d{2,}):(\d\d):(\d\d),(\d{3}) --> (\d{2,}):(\d\d):(\d\d),(\d{3})")


def said(*texts: str, seconds: float = 2.0, pause: float = 0.0) -> list[Segment]:
    """Return segments of one length, with a pause between them."""
    step = seconds + pause
    return [Segment(text=text, start=n * step, end=n * step + seconds) for n, text in enumerate(texts)]


def bare(text: str) -> str:
    return "".join(text.split())


# --- cues ---------------------------------------------------------------------


@given(segments)
@settings(deadline=None)
def test_times_never_run_backwards(given_segments: list[Segment]):
    shown = cues(given_segments)
    assert all(0 <= cue.start < cue.end for cue in shown)
    assert all(first.end <= second.start for first, second in pairwise(shown))


@given(segments)
@settings(deadline=None)
def test_no_word_is_lost_in_cues(given_segments: list[Segment]):
    whole = "".join(segment.text for segment in given_segments)
    assert bare("".join(cue.text for cue in cues(given_segments))) == bare(whole)


@given(segments)
@settings(deadline=None)
def test_a_cue_has_room_on_a_screen(given_segments: list[Segment]):
    for cue in cues(given_segments):
        lines = cue.text.split("\n")
        assert len(lines) <= LINES
        assert all(line.strip() and len(line) <= LINE for line in lines)


@given(st.lists(st.text(alphabet="abcdefgh", min_size=1, max_size=12), min_size=1, max_size=300))
@settings(deadline=None)
def test_a_long_segment_is_cut_into_cues_that_can_be_read(told: list[str]):
    seconds = len(told) * 0.4
    shown = cues([Segment(text=" ".join(told), start=0.0, end=seconds)])
    assert " ".join(cue.text.replace("\n", " ") for cue in shown) == " ".join(told)
    assert all(cue.end - cue.start <= LONGEST_CUE_MS for cue in shown[:1]) or len(told) == 1
    assert shown[-1].end == round(seconds * 1000)


def test_single_words_are_gathered_and_pauses_part_them():
    spoken = [*said("Good", " morn", "ing.", seconds=0.3), Segment(text=" Bye.", start=5.0, end=5.5)]
    assert [(cue.text, cue.start, cue.end) for cue in cues(spoken)] == [("Good morning.", 0, 900), ("Bye.", 5000, 5500)]


def test_a_segment_does_not_last_into_the_next():
    shown = cues([Segment(text="One.", start=0.0, end=30.0), Segment(text=" Two.", start=12.0, end=13.0)])
    assert [(cue.text, cue.start, cue.end) for cue in shown] == [("One.", 0, 12_000), ("Two.", 12_000, 13_000)]


def test_a_language_without_spaces_is_cut_too():
    shown = cues([Segment(text="これは長い話です。" * 30, start=0.0, end=60.0)])
    assert len(shown) > 5
    assert bare("".join(cue.text for cue in shown)) == "これは長い話です。" * 30


# --- files --------------------------------------------------------------------


def test_subrip_is_written_as_players_read_it():
    late = Segment(text=" Later, <b>much</b> later.", start=3_725.5, end=3_727.0)
    assert to_srt(cues([*said("Hello there."), late])) == (
        "1\n00:00:00,000 --> 00:00:02,000\nHello there.\n\n"
        "2\n01:02:05,500 --> 01:02:07,000\nLater, <b>much</b> later.\n"
    )


def test_webvtt_is_written_as_browsers_read_it():
    late = Segment(text=" A --> <b> & C", start=3_725.5, end=3_727.0)
    assert to_vtt(cues([*said("Hello there."), late])) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello there.\n\n"
        "01:02:05.500 --> 01:02:07.000\nA --&gt; &lt;b&gt; &amp; C\n"
    )


@given(segments)
@settings(deadline=None)
def test_subrip_can_be_read_again(given_segments: list[Segment]):
    shown = cues(given_segments)
    blocks = [block for block in to_srt(shown).split("\n\n") if block]
    assert len(blocks) == len(shown)
    for number, (block, cue) in enumerate(zip(blocks, shown, strict=True), start=1):
        first, second, text = block.rstrip("\n").split("\n", 2)
        found = SRT_TIME.fullmatch(second)
        assert found is not None
        h, m, s, ms = map(int, found.groups()[:4])
        assert (first, ((h * 60 + m) * 60 + s) * 1000 + ms, text) == (str(number), cue.start, cue.text)


def test_without_times_there_are_no_subtitles():
    assert [file.name for file in transcript_files("talk", "Hello.")] == ["talk.txt"]
    assert [file.name for file in transcript_files("talk", "Hello.", said("Hello."))] == [
        "talk.txt",
        "talk.srt",
        "talk.vtt",
    ]


def test_half_a_character_does_no_harm():
    (file,) = transcript_files("talk", "Hello \ud83d there.")
    assert file.content == b"Hello ? there.\n"


# --- paragraphs ---------------------------------------------------------------


@given(words.filter(str.strip), st.none() | segments)
@settings(deadline=None)
def test_no_word_is_lost_in_paragraphs(text: str, given_segments: list[Segment] | None):
    whole = "".join(segment.text for segment in given_segments) if given_segments else text
    found = paragraphs(text, given_segments or ())
    assert bare("".join(found)) == bare(whole)
    assert all(paragraph.strip() == paragraph != "" for paragraph in found)


@given(st.lists(st.sampled_from(["word", "word.", "word\n", "日本語", "a" * 80]), min_size=1, max_size=400))
@settings(deadline=None)
def test_no_paragraph_is_longer_than_people_read(told: list[str]):
    assert all(len(paragraph) <= LONGEST for paragraph in paragraphs(" ".join(told)))


def test_paragraphs_of_the_model_stay():
    assert paragraphs("Ada: Hello.\nCharles: Hi.\n\nAda: Bye.") == ["Ada: Hello.\nCharles: Hi.", "Ada: Bye."]


def test_a_paragraph_ends_with_a_sentence():
    sentence = "This is a sentence of some forty characters. "
    found = paragraphs(sentence * 30)
    assert len(found) > 2
    assert all(paragraph.endswith("characters.") for paragraph in found)


def test_a_pause_ends_a_paragraph_that_is_not_very_short():
    spoken = said(*[" and so on and so forth"] * 20, pause=0.1)
    after = [Segment(text=" then", start=60.0, end=60.5), Segment(text=" there", start=70.0, end=70.5)]
    assert paragraphs("", [*spoken, *after])[-1] == "then there"


# --- names --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("interview.m4a", "interview"),
        ("Talk 2026-10-01 (final).mp3", "Talk_2026-10-01_(final)"),
        ("Gespräch mit 日本.wav", "Gespräch_mit_日本"),
        ("noextension", "noextension"),
        ("Dr. Smith on parrots", "Dr._Smith_on_parrots"),
        ("", "transcript"),
        (".m4a", "transcript"),
        ("audio_message.webm", "transcript"),
        ("voice-message.ogg", "transcript"),
        ("../../etc/passwd.ogg", "etc_passwd"),
        ("a\tb\x1b[2J.ogg", "a_b_2J"),
        ("<!channel> *x*.ogg", "channel_x"),
    ],
)
def test_files_are_called_after_the_recording(name: str, stem: str):
    assert file_stem(name) == stem


@given(st.text(max_size=300))
def test_a_hostile_name_becomes_a_plain_one(name: str):
    stem = file_stem(name)
    assert 0 < len(stem) <= STEM
    assert re.fullmatch(r"\w[\w.()-]*", stem)
