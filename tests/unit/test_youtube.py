"""Addresses of videos on YouTube."""

import string

import pytest
from hypothesis import given, strategies as st

from adapters.gateways.youtube import watch_address

IDS = st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=11, max_size=11)
BEFORE = st.sampled_from(
    [
        "https://youtu.be/",
        "https://www.youtube.com/shorts/",
        "https://youtube.com/shorts/",
        "https://m.youtube.com/watch?v=",
        "http://www.youtube.com/watch?app=desktop&v=",
        "https://www.youtube.com/live/",
        "https://www.youtube.com/embed/",
        "https://music.youtube.com/watch?v=",
    ]
)
BEHIND = st.sampled_from(["", "?si=Ab_3", "?t=42", "&t=42", "/", "#share"])


@given(before=BEFORE, video=IDS, behind=BEHIND)
def test_every_address_of_a_video_becomes_the_one_that_providers_take(before: str, video: str, behind: str) -> None:
    address = watch_address(f"{before}{video}{behind}")
    assert address == f"https://www.youtube.com/watch?v={video}"
    assert watch_address(address) == address


@given(link=st.text(max_size=60))
def test_what_is_no_video_of_youtube_is_left_as_it_is(link: str) -> None:
    assert watch_address(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/clip.mp4",
        "https://www.youtube.com/@channel",
        "https://www.youtube.com/playlist?list=PL123",
        "https://example.com/?u=https://youtu.be/dQw4w9WgXcQ",
        "https://notyoutube.com/shorts/dQw4w9WgXcQ",
    ],
)
def test_other_addresses_are_left_as_they_are(link: str) -> None:
    assert watch_address(link) == link
