"""Text on its way out."""

import pytest
from hypothesis import given, strategies as st

from bot.domain.text import FENCE, slices, speakable, split_text

lines = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["```", "```python", "~~~", "````", "    code", "- item", "", "a" * 90, "word " * 20]),
)
markdown = st.lists(lines, max_size=30).map("\n".join)


@given(markdown, st.integers(min_value=40, max_value=200))
def test_no_character_is_lost(text: str, limit: int):
    assert "".join(piece.text for piece in slices(text, limit)) == text


@given(markdown, st.integers(min_value=40, max_value=200))
def test_every_post_is_within_the_limit_and_not_blank(text: str, limit: int):
    for post in split_text(text, limit):
        assert 0 < len(post) <= limit
        assert post.strip()


@given(markdown, st.integers(min_value=40, max_value=200))
def test_every_post_closes_the_code_fences_that_it_opens(text: str, limit: int):
    posts = slices(text, limit)
    if posts and not posts[-1].closing:
        for piece in posts:
            assert slices(piece.post, 10**6)[-1].closing == ""


def test_a_short_text_is_one_post():
    assert split_text("Hello there.", 2000) == ["Hello there."]


def test_cuts_fall_between_paragraphs_where_they_can():
    first, second = "a" * 60 + "\n\n", "b" * 60
    assert split_text(first + second, 100) == [first, second]


def test_a_long_code_block_is_closed_and_opened_again():
    code = "```python\n" + "\n".join(f"line_{n} = {n}" for n in range(40)) + "\n```"
    posts = split_text(code, 200)
    assert len(posts) > 2
    for post in posts:
        assert post.startswith("```python\n")
        assert post.endswith("```")
        assert len(FENCE.findall(post)) == 2


@pytest.mark.parametrize(
    ("markdown", "spoken"),
    [
        ("**Bold** and _soft_ words", "Bold and soft words"),
        ("# Title\n\n- one\n- two", "Title\none\ntwo"),
        ("Read [the guide](https://example.org/x) now", "Read the guide now"),
        ("Before\n```python\nprint(1)\n```\nafter", "Before\nafter"),
        ("Call `run()` at https://example.org", "Call run() at"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("```\nonly code\n```", ""),
        ("> quoted words", "quoted words"),
    ],
)
def test_only_what_a_person_would_read_aloud_is_spoken(markdown: str, spoken: str):
    assert speakable(markdown) == spoken
