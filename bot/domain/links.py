"""Addresses of videos in what people write: only YouTube's, because only those are fetched by models' providers."""

import re

_VIDEO = re.compile(
    r"https?://(?:(?:www\.|m\.)?youtube\.com/(?:watch\?(?:[^\s#]*&)?v=|shorts/|live/)|youtu\.be/)[\w-]{6,20}(?:[?&][\w=&%-]*)?",
    re.ASCII,
)

MOST = 5
"""More than anybody asks about at once; each may be hours long."""


def video_links(text: str) -> tuple[str, ...]:
    """Return the addresses of YouTube videos in a text, as they were written, each once."""
    return tuple(dict.fromkeys(_VIDEO.findall(text)))[:MOST]
