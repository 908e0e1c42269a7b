"""Pictures, by their first bytes. They are handed on as they are, so nothing here ever decodes one."""

import os

from adapters.media.sniff import HEAD_BYTES
from bot.domain.audio import MediaFacts, MediaFormat

_AT_START: tuple[tuple[bytes, MediaFormat], ...] = (
    (b"\xff\xd8\xff", MediaFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", MediaFormat.PNG),
    (b"GIF87a", MediaFormat.GIF),
    (b"GIF89a", MediaFormat.GIF),
)
"""Magic numbers: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern."""


def picture_format(head: bytes) -> MediaFormat | None:
    """Say what picture a file is by its first bytes; None when it is none that we know."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaFormat.WEBP
    return next((known for magic, known in _AT_START if head.startswith(magic)), None)


def probe_picture(path: str) -> MediaFacts | None:
    """Say what a picture is; None for everything else."""
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb", buffering=0) as file:  # noqa: PTH123
        found = picture_format(file.read(HEAD_BYTES))
        size = os.fstat(file.fileno()).st_size
    if found is None:
        return None
    return MediaFacts(
        format=found, container=found.value, codec="", rate=0, channels=0, seconds=None, bytes=size, has_video=False
    )
