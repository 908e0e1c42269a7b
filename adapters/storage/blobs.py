"""Media bytes in files: a private folder for each job, in it the bytes by their hash.

Names are made here and from hashes alone; nothing that a person or a platform wrote ends up in a path. A file has its
name only when it is whole and on the disk: written beside, flushed, then renamed
(https://man7.org/linux/man-pages/man2/rename.2.html).
"""

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from typing_extensions import override

from bot.domain.errors import MediaTooLarge, StorageUnavailable
from bot.domain.messages import BlobRef, JobId
from bot.ports import Blobs

REF = re.compile(r"[0-9a-f]{32}/[0-9a-f]{64}")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class FileBlobs(Blobs):
    """Media bytes under one folder of this machine."""

    def __init__(self, root: Path) -> None:
        """Prepare.

        Args:
            root: the folder; made when it is needed.
        """
        self._root = root.absolute()

    @override
    async def keep(self, job: JobId, chunks: AsyncIterator[bytes], *, limit: int) -> BlobRef:
        draft = await _off_loop(self._draft, job, limit)
        try:
            async for chunk in chunks:
                await _off_loop(draft.write, chunk)
            name = await _off_loop(draft.publish)
        finally:
            await _off_loop(draft.discard)
            # A download that is left early is closed now, not when it is garbage.
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        return BlobRef(f"{_folder_name(job)}/{name}")

    @override
    async def path(self, ref: BlobRef) -> str | None:
        path = self._root / ref
        is_there = REF.fullmatch(ref) is not None and await _off_loop(path.is_file)
        return str(path) if is_there else None

    @override
    async def folder(self, job: JobId) -> str:
        return str(await _off_loop(self._work, job))

    @override
    async def discard(self, job: JobId) -> None:
        await _off_loop(_remove, self._root / _folder_name(job))

    def _draft(self, job: JobId, limit: int) -> "_Draft":
        return _Draft(self._make(job), limit)

    def _work(self, job: JobId) -> Path:
        return _private(self._make(job) / "work")

    def _make(self, job: JobId) -> Path:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _private(self._root / _folder_name(job))


class _Draft:
    """A file that is being written; it has no name yet. Blocks: to be used off the event loop."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._size = 0
        self._hash = hashlib.sha256()
        descriptor, path = tempfile.mkstemp(prefix="draft-", dir=folder)
        self._file = os.fdopen(descriptor, "wb")
        self._path = Path(path)

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise MediaTooLarge(limit=self._limit)
        self._hash.update(data)
        self._file.write(data)

    def publish(self) -> str:
        """Give the file its name: the hash of its bytes."""
        self._file.flush()
        os.fsync(self._file.fileno())
        name = self._hash.hexdigest()
        self._path.rename(self._folder / name)
        _sync_folder(self._folder)
        return name

    def discard(self) -> None:
        """Leave nothing behind of what was not published."""
        # What is still buffered may not fit on the disk; it is not wanted anyway.
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


def _folder_name(job: JobId) -> str:
    return hashlib.sha256(job.encode()).hexdigest()[:32]


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _sync_folder(folder: Path) -> None:
    """Put a new name on the disk: https://man7.org/linux/man-pages/man2/fsync.2.html."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    with suppress(FileNotFoundError):  # it never was, or somebody else removes it at this moment, too
        shutil.rmtree(folder)


async def _off_loop(work: Callable[[*Ts], T], *arguments: *Ts) -> T:
    """Do what blocks in a thread."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except OSError as error:
        raise StorageUnavailable(f"media files: {error}") from error
