"""Addresses of YouTube videos, in the one form that every provider takes. No network here."""

import re

_VIDEO = re.compile(
    r"https?://(?:(?:www\.|m\.|music\.)?youtube(?:-nocookie)?\.com/"
    r"(?:watch/?\?(?:[^\s#]*&)?v=|shorts/|live/|embed/|v/)|youtu\.be/)"
    r"(?P<id>[\w-]+)(?:[/?&#]\S*)?",
    re.ASCII | re.IGNORECASE,
)


def watch_address(link: str) -> str:
    """Return a video's address as `https://www.youtube.com/watch?v=…`; what is no video of YouTube, as it is.

    Shorts are refused under their own address, and short addresses by some: https://github.com/vercel/ai/issues/4559.
    """
    found = _VIDEO.fullmatch(link.strip())
    return link if found is None else f"https://www.youtube.com/watch?v={found['id']}"
