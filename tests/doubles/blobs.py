"""Media bytes of jobs in a folder of the test, without the care for power cuts."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from typing_extensions import override

from bot.domain.errors import MediaTooLarge
from bot.domain.messages import BlobRef, JobId
from bot.ports import Blobs


class MemoryBlobs(Blobs):
    """Collects the bytes in memory; only because `path` must return a file does it write one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths: dict[BlobRef, Path] = {}
        self._jobs: dict[JobId, Path] = {}

    @override
    async def keep(self, job: JobId, chunks: AsyncIterator[bytes], *, limit: int) -> BlobRef:
        data = b""
        async for chunk in chunks:
            data += chunk
            if len(data) > limit:
                raise MediaTooLarge(limit=limit)
        folder = Path(await self.folder(job)).parent
        path = folder / hashlib.sha256(data).hexdigest()
        await asyncio.to_thread(path.write_bytes, data)
        ref = BlobRef(f"{folder.name}/{path.name}")
        self._paths[ref] = path
        return ref

    @override
    async def path(self, ref: BlobRef) -> str | None:
        path = self._paths.get(ref)
        return str(path) if path is not None and path.is_file() else None

    @override
    async def folder(self, job: JobId) -> str:
        folder = self._jobs.setdefault(job, self._root / str(len(self._jobs))) / "work"
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        return str(folder)

    @override
    async def discard(self, job: JobId) -> None:
        folder = self._jobs.get(job)
        if folder is not None:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
