"""Addresses of videos in what people write."""

import pytest
from hypothesis import given, strategies as st

from bot.domain.links import MOST, video_links

ID = "dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "address",
    [
        f"https://www.youtube.com/watch?v={ID}",
        f"https://youtube.com/watch?v={ID}&t=43",
        f"https://m.youtube.com/watch?app=desktop&v={ID}",
        f"https://youtu.be/{ID}?si=abc",
        f"https://www.youtube.com/shorts/{ID}",
        f"https://www.youtube.com/live/{ID}",
    ],
)
def test_an_address_is_found_as_it_was_written(address: str):
    for text in (address, f"Look: {address}", f"({address})", f"<{address}>", f"see {address}.", f"{address}, please"):
        assert video_links(text) == (address,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.com/watch?v=dQw4w9WgXcQ",
        "https://youtube.com.example.com/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/@somebody",
        "youtu.be",
    ],
)
def test_other_addresses_are_no_videos(text: str):
    assert video_links(text) == ()


def test_each_is_named_once_and_not_too_many():
    ids = [f"abcdefghi{number:02}" for number in range(9)]
    text = " ".join(f"https://youtu.be/{name} https://youtu.be/{name}" for name in ids)
    assert video_links(text) == tuple(f"https://youtu.be/{name}" for name in ids[:MOST])


@given(st.text())
def test_nothing_that_people_write_breaks_it(text: str):
    assert all(link in text for link in video_links(text))
