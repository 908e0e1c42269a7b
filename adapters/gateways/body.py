"""A request's body that holds sound: sent piece by piece from the files, so that memory stays small.

The same request gives the same bytes every time.
"""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from bot.domain.audio import MediaFile

PIECE_BYTES = 3 * 65_536
"""Read at once. A multiple of three, so that the pieces' base64 joins without padding in between."""

Body = tuple[bytes | MediaFile, ...]
"""JSON in pieces; a file stands for the base64 of its bytes."""


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
        self._body = body
        self._files = ExitStack()
        self._pieces: list[bytes | tuple[BinaryIO, int]] = []

    async def __aenter__(self) -> Self:
        if any(isinstance(piece, MediaFile) for piece in self._body):
            await asyncio.to_thread(self._open)
        else:
            self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body's bytes in order."""
        for piece in self._pieces:
            self.begun = True
            if isinstance(piece, bytes):
                yield piece
                continue
            file, left = piece
            while left > 0:
                count = min(left, PIECE_BYTES)
                yield await asyncio.to_thread(_encoded, file, count)
                left -= count

    def _open(self) -> None:
        with ExitStack() as opened:
            for piece in self._body:
                if isinstance(piece, bytes):
                    self._pieces.append(piece)
                    self.length += len(piece)
                    continue
                file = opened.enter_context(Path(piece.path).open("rb"))
                size = os.fstat(file.fileno()).st_size
                self._pieces.append((file, size))
                self.length += (size + 2) // 3 * 4
            self._files = opened.pop_all()


def _encoded(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise OSError("the file became shorter while it was sent")
    return base64.b64encode(data)
