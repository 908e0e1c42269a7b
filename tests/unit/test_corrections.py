"""Corrected words: what fits into a field, and when they are said."""

import time

from hypothesis import given, strategies as st

from bot.domain.controls import CONTROLS, from_signal, to_signal
from bot.domain.corrections import Transcript, beginning, corrected, digest
from bot.domain.messages import Action, JobId
from bot.domain.models import Segment

WORD = st.text(alphabet="abcöß. ,", min_size=1, max_size=6).filter(str.strip)


def segments(*texts: str) -> tuple[Segment, ...]:
    return tuple(Segment(start=n, end=n + 1, text=f"{' ' if n else ''}{text}") for n, text in enumerate(texts))


def transcript(*texts: str) -> Transcript:
    return Transcript(recording="F1", text=" ".join(texts), segments=segments(*texts))


def said(words: Transcript, written: str) -> list[tuple[float, str]]:
    return [(each.start, each.text.strip()) for each in corrected(words, words.text, written).segments]


def test_words_that_stay_keep_their_times():
    words = transcript("helo world", "how are you", "good bye")
    assert said(words, "hello world how are you all good bye") == [
        (0, "hello world"),
        (1, "how are you all"),
        (2, "good bye"),
    ]


def test_a_segment_of_which_nothing_is_left_is_gone():
    assert said(transcript("well", "er er", "yes"), "well yes") == [(0, "well"), (2, "yes")]


def test_words_without_times_stay_without():
    words = Transcript(recording="F1", text="helo")
    assert (corrected(words, "helo", "hello").text, corrected(words, "helo", "hello").segments) == ("hello", ())


def test_of_a_long_transcript_only_the_beginning_changes():
    words = transcript("one two", "three four", "five six")
    piece = beginning(words.text, 10)
    assert piece == "one two"
    new = corrected(words, piece, "1 2")
    assert new.text == "1 2 three four five six"
    assert "".join(each.text for each in new.segments) == new.text


def test_a_text_without_spaces_is_cut_where_it_must_be():
    assert beginning("a" * 20, 7) == "a" * 7
    assert beginning("word", 4) == "word"


def test_many_short_words_that_are_all_alike_are_compared_in_no_time_and_stay_in_order():
    words = transcript(*["x", *["la"] * 1_000, "y"])
    written = " ".join(["z", *["la"] * 1_000, "w"])
    began = time.process_time()
    made = corrected(words, words.text, written)
    assert time.process_time() - began < 0.1
    assert (made.text, [each.text.strip() for each in made.segments]) == (written, written.split())


@given(st.lists(WORD, min_size=1, max_size=12), st.lists(WORD, min_size=1, max_size=12))
def test_no_corrected_word_is_lost_and_time_never_runs_backwards(old: list[str], new: list[str]):
    words = transcript(*old)
    made = corrected(words, words.text, " ".join(new))
    assert " ".join(each.text for each in made.segments).split() == " ".join(new).split()
    assert [each.start for each in made.segments] == sorted(each.start for each in made.segments)


@given(st.text(min_size=1, max_size=200), st.integers(min_value=1, max_value=50))
def test_the_beginning_fits_and_is_the_beginning(text: str, limit: int):
    piece = beginning(text, limit)
    assert len(piece) <= limit
    assert text.startswith(piece)


def test_texts_are_told_apart():
    assert digest(["a", "b"]) != digest(["ab"]) != digest(["ab", ""])
    assert len(digest(["\ud83d"])) == 8


def test_a_signal_says_which_button_it_was_and_fits_into_a_button():
    job = JobId(f"discord:{2**64}:{2**64}:{2**64}#999")
    for action in Action:
        signal = to_signal(action, job, "12345678")
        assert len(signal) <= 100
        assert from_signal(signal) == (action, job, ["12345678"])
    assert from_signal("dance|slack:T:C:1") is None
    assert from_signal("again") is None


def test_every_action_has_a_button_that_fits_everywhere():
    assert set(CONTROLS) == set(Action)
    assert all(0 < len(control.label) <= 25 and len(control.opens) <= 24 for control in CONTROLS.values())
