"""Copies of listings on disk, so that a start with a slow network, or with none, knows the models and their prices.

A copy is the listing as it came; its file's time of change says when. It is whole or not there: written beside, flushed,
then renamed (https://man7.org/linux/man-pages/man2/rename.2.html). Only we can read it: it tells what a key may do.
"""

import asyncio
import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from bot.ports import Clock

UNFIT = re.compile(r"[^\w.-]")
"""For a file's name."""


class Copies:
    """The copies in one folder.

    Args:
        folder: made when it is needed.
        clock: tells how old a copy is.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    async def load(self, gateway: str, address: str) -> tuple[bytes, float] | None:
        """Return the last listing that was saved, and its age in seconds; None without one.

        Args:
            gateway: its name.
            address: where it was read; what another address says is no copy of this one's.
        """
        return await asyncio.to_thread(self._load, self._path(gateway, address))

    async def save(self, gateway: str, address: str, listing: bytes) -> None:
        """Keep a listing that was read now.

        Raises:
            OSError: it could not be written; an older copy is as it was.
        """
        await asyncio.to_thread(self._save, self._path(gateway, address), listing)

    def _path(self, gateway: str, address: str) -> Path:
        digest = hashlib.sha256(address.encode()).hexdigest()[:8]
        return self._folder / f"{UNFIT.sub('_', gateway)}-{digest}.json"

    def _load(self, path: Path) -> tuple[bytes, float] | None:
        with suppress(OSError), path.open("rb") as file:
            age = self._clock.now() / 1000 - os.fstat(file.fileno()).st_mtime
            return file.read(), max(0.0, age)
        return None

    def _save(self, path: Path, listing: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Made with mode 0600: https://docs.python.org/3/library/tempfile.html#tempfile.mkstemp
        handle, beside = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".json")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(listing)
                file.flush()
                os.fsync(file.fileno())
            seconds = self._clock.now() / 1000
            os.utime(beside, (seconds, seconds))
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
