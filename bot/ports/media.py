"""Sound, video, and their bytes."""

from collections.abc import AsyncIterator
from typing import Protocol

from bot.domain.audio import Conversion, MediaFacts, MediaFile
from bot.domain.messages import BlobRef, JobId
from bot.ports.platform import ClipFormat


class Media(Protocol):
    """Sound and video: off the event loop, in bounded memory and time, safe against hostile files."""

    async def probe(self, path: str) -> MediaFacts:
        """Read what a file is from its bytes.

        Raises:
            MediaUnreadable: not sound or video, damaged, or hostile.
        """
        ...

    async def silent(self, path: str) -> bool:
        """Return whether there is nothing to hear in a file, by its loudness."""
        ...

    def convert(self, path: str, conversion: Conversion, folder: str) -> AsyncIterator[MediaFile]:
        """Carry out a conversion; yield its pieces in order, each as soon as it is written.

        Args:
            path: the source.
            conversion: what `plan_conversion` planned.
            folder: where the pieces are written; with `How.AS_IS` the source itself is yielded.

        Raises:
            MediaUnreadable: it cannot be decoded.
            MediaTooLong: more is decoded than the plan allows, whatever the header said.
        """
        ...

    async def clip(self, sound: MediaFile, form: ClipFormat, target: str) -> tuple[float, bytes]:
        """Make speech into the clip that a platform plays: even loudness, right codec.

        Args:
            sound: the speech.
            form: what the platform plays.
            target: where the clip is written.

        Returns:
            The true length in seconds, and the waveform (`VoiceClip.waveform`).
        """
        ...


class Blobs(Protocol):
    """Media bytes of jobs, by content hash."""

    async def keep(self, job: JobId, chunks: AsyncIterator[bytes], *, limit: int) -> BlobRef:
        """Stream bytes to storage; a broken stream leaves nothing behind.

        Returns:
            A name that ends, behind its last slash, with the hash of the bytes.

        Raises:
            MediaTooLarge: more than `limit` bytes came; nothing is kept.
        """
        ...

    async def path(self, ref: BlobRef) -> str | None:
        """Return a local file with the bytes; None when they are gone."""
        ...

    async def folder(self, job: JobId) -> str:
        """Return a private folder for the job's intermediate files."""
        ...

    async def discard(self, job: JobId) -> None:
        """Remove everything of a job."""
        ...
