import string

from hypothesis import given, strategies as st

from adapters.local.sentences import LONGEST, TimedText, group_words


def timed(text: str, *, gap: float = 0.1, length: float = 0.4) -> list[TimedText]:
    return [
        TimedText(text=f" {word}", start=number * (gap + length), end=number * (gap + length) + length)
        for number, word in enumerate(text.split())
    ]


def test_a_segment_is_a_sentence():
    segments = list(group_words(timed("Good morning. How are you? Fine")))
    assert [segment.text for segment in segments] == [" Good morning.", " How are you?", " Fine"]
    assert (segments[1].start, segments[1].end) == (1.0, 2.4)


def test_a_pause_ends_a_segment():
    first, second = timed("well"), timed("then")
    later = [TimedText(text=word.text, start=word.start + 5, end=word.end + 5) for word in second]
    assert [segment.text for segment in group_words([*first, *later])] == [" well", " then"]


def test_a_sentence_without_end_is_cut():
    segments = list(group_words(timed("and so on " * 100)))
    assert len(segments) > 10
    assert all(segment.end - segment.start < LONGEST + 1 for segment in segments)


@given(st.lists(st.text(string.ascii_letters + ".?!…,", min_size=1, max_size=8)))
def test_no_word_is_lost(words: list[str]):
    text = " ".join(words)
    assert "".join(segment.text for segment in group_words(timed(text))) == "".join(f" {word}" for word in text.split())
