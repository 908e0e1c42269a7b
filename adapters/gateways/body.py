"""A request's body with files in it: sent piece by piece from the disk, so that memory stays small.

The same body gives the same bytes every time, so that its digest tells whether two requests are the same.
"""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from bot.domain.audio import MediaFile
from bot.words import phrase

PIECE_BYTES = 3 * 65_536
"""Read at once. A multiple of three, so that the pieces' base64 joins without padding in between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """A file that is sent as it is, and not as text."""

    file: MediaFile
    """On this machine."""


Body = tuple[bytes | MediaFile | Raw, ...]
"""What is sent, in pieces; a file stands for the base64 of its bytes."""


class Upload:
    """Reads a body once, for sending. Open it first: then its length is known, and a missing file is found early.

    Raises:
        OSError: on opening, where a file cannot be read.
    """

    def __init__(self, body: Body) -> None:
        self.begun = False
        """Whether anything was handed over for sending: until then, nobody can have been charged."""
        self.length = 0
        """Of the whole body, in bytes."""
        self.digest = ""
        """SHA-256 of the body in hexadecimal digits, as soon as all of it was handed over; until then empty."""
        self._body = body
        self._files = ExitStack()
        self._pieces: list[bytes | _OpenFile] = []

    async def __aenter__(self) -> Self:
        if any(not isinstance(piece, bytes) for piece in self._body):
            await self._open_in_thread()
        else:
            self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body's bytes in order."""
        seen = hashlib.sha256()
        left = self.length
        for piece in self._pieces:
            async for data in _bytes_of(piece):
                self.begun = True
                seen.update(data)
                left -= len(data)
                if left == 0:
                    self.digest = seen.hexdigest()
                yield data

    async def _open_in_thread(self) -> None:
        opening = asyncio.get_running_loop().run_in_executor(None, self._open)
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread goes on opening files, and nobody will come to close them.
            opening.add_done_callback(self._close_late)
            raise

    def _close_late(self, opening: asyncio.Future[None]) -> None:
        if opening.exception() is None:
            self._files.close()

    def _open(self) -> None:
        with ExitStack() as opened:
            for piece in self._body:
                if isinstance(piece, bytes):
                    self._pieces.append(piece)
                else:
                    media = piece.file if isinstance(piece, Raw) else piece
                    file = opened.enter_context(Path(media.path).open("rb"))
                    size = os.fstat(file.fileno()).st_size
                    self._pieces.append(_OpenFile(file=file, size=size, encoded=media is piece))
            self.length = sum(map(len, self._pieces))
            self._files = opened.pop_all()


async def digest(body: Body) -> str:
    """Return the digest that sending a body would give (`Upload.digest`), without sending it.

    Raises:
        OSError: a file cannot be read.
    """
    async with Upload(body) as upload:
        async for _ in upload:
            pass
        return upload.digest


@dataclass(frozen=True, kw_only=True, slots=True)
class _OpenFile:
    """A file of a body."""

    file: BinaryIO
    size: int
    encoded: bool

    def __len__(self) -> int:
        """Return how many bytes of the body it makes."""
        return (self.size + 2) // 3 * 4 if self.encoded else self.size

    def read(self, count: int) -> bytes:
        """Read the next bytes of the file, as they are sent."""
        data = self.file.read(count)
        if len(data) < count:
            raise OSError(phrase("the file became shorter while it was sent"))
        return base64.b64encode(data) if self.encoded else data


async def _bytes_of(piece: bytes | _OpenFile) -> AsyncIterator[bytes]:
    if isinstance(piece, bytes):
        yield piece
        return
    left = piece.size
    while left > 0:
        count = min(left, PIECE_BYTES)
        yield await asyncio.to_thread(piece.read, count)
        left -= count
