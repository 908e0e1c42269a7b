"""sound: what a model speaks, collected and kept as a file."""

from collections.abc import AsyncIterator

from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import MediaUnreadable
from bot.domain.messages import BlobRef
from bot.domain.models import SoundDelta
from bot.pipeline.run import Result, Run
from bot.words import phrase

LIMIT_BYTES = 64_000_000
"""Of one spoken answer, before it is encoded."""

BYTES_A_SAMPLE = 2
"""Of `pcm16`, which is mono."""


class Sound:
    """Collects one spoken answer."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._data = bytearray()
        self._first: SoundDelta | None = None

    def take(self, delta: SoundDelta) -> None:
        """Take the next piece."""
        self._first = self._first or delta
        self._data += delta.data

    async def keep(self) -> Result | None:
        """Keep what came; returns what `open_sound` finds it by, None when nothing came."""
        if self._first is None:
            return None
        blob = await self._run.house.blobs.keep(self._run.job.id, self._chunks(), limit=LIMIT_BYTES)
        return {"blob": blob, "format": self._first.format, "rate": self._first.rate, "bytes": len(self._data)}

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield bytes(self._data)


async def open_sound(run: Run, kept: Result) -> MediaFile:
    """Return the file of what was kept.

    Raises:
        MediaUnreadable: it is gone.
    """
    path = await run.house.blobs.path(BlobRef(str(kept["blob"])))
    if path is None:
        raise MediaUnreadable(phrase("the spoken answer is gone from this machine"))
    size, rate = int(str(kept["bytes"])), int(str(kept["rate"]))
    seconds = size / BYTES_A_SAMPLE / rate if kept["format"] == MediaFormat.PCM16 else 0.0
    return MediaFile(path=path, format=MediaFormat(str(kept["format"])), seconds=seconds, bytes=size, rate=rate)
