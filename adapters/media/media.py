"""The `Media` port over warm worker processes: no media byte is read or decoded in the service's own process."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from typing_extensions import override

from adapters.media.checks import findings
from adapters.media.ffmpeg import find_converter
from adapters.workers.pool import WorkerCrashed, WorkerError, WorkerPool, WorkerTimeout
from bot.domain.audio import Conversion, MediaFacts, MediaFile, MediaFormat
from bot.domain.errors import MediaTooLong, MediaUnreadable, SettingInvalid
from bot.domain.health import Finding
from bot.ports import Checked, ClipFormat, Media
from bot.words import phrase

_MEGABYTE = 1024 * 1024
_MEMORY_LIMIT_BYTES = 2048 * _MEGABYTE
_RECYCLE_BYTES = 200 * _MEGABYTE
_PROBE_SECONDS = 30.0


class PydubMedia(Media, Checked):
    """Sound and video by PyAV and pydub. Use it as an async context manager.

    Args:
        workers: how many files are worked on at the same time; by default as many as there are cores.
        max_seconds: the most that is decoded where no plan says so, for `silent` and `clip`.

    Raises:
        SettingInvalid: at the first file; there is no ffmpeg on this machine.
    """

    def __init__(self, *, workers: int | None = None, max_seconds: float = 7200.0) -> None:
        self._workers = workers or os.cpu_count() or 1
        self._max_seconds = max_seconds
        self._converter: str | None = None
        self._failure: Exception = RuntimeError("PydubMedia is used as an async context manager")
        self._open: WorkerPool | None = None

    async def __aenter__(self) -> Self:
        try:
            self._converter = await asyncio.to_thread(find_converter)
        except SettingInvalid as error:  # Who only looks at records needs none.
            self._failure = error
            return self
        self._open = WorkerPool(
            "adapters.media.worker",
            size=self._workers,
            arguments={"converter": self._converter},
            max_rss_bytes=_RECYCLE_BYTES,
            memory_limit_bytes=_MEMORY_LIMIT_BYTES,
        )
        await self._open.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            await self._open.__aexit__(kind, error, trace)
            self._open = None

    async def warm(self) -> None:
        """Start the workers now, so that the first file does not wait for them."""
        await self._pool.warm()

    @property
    def pids(self) -> frozenset[int]:
        """Process ids of the workers that run now."""
        return self._pool.pids

    @override
    async def probe(self, path: str) -> MediaFacts:
        with _translated(self._max_seconds):
            facts: Any = await self._pool.call("probe", {"path": path}, timeout=_PROBE_SECONDS)
        return MediaFacts(**{**facts, "format": facts["format"] and MediaFormat(facts["format"])})

    @override
    async def silent(self, path: str) -> bool:
        order = {"path": path, "max_seconds": self._max_seconds}
        with _translated(self._max_seconds):
            return bool(await self._pool.call("silent", order, timeout=_patience(self._max_seconds)))

    @override
    async def convert(self, path: str, conversion: Conversion, folder: str) -> AsyncGenerator[MediaFile, None]:
        scratch = _scratch(folder)
        order = {"path": path, "conversion": asdict(conversion), "scratch": scratch, "writable": [folder]}
        kept: set[str] = set()
        timeout = _patience(conversion.max_seconds)
        try:
            with _translated(conversion.max_seconds):
                async with aclosing(self._pool.stream("convert", order, timeout=timeout)) as pieces:
                    async for piece in pieces:
                        file = _file(piece)
                        kept.add(file.path)
                        yield file
        except BaseException:
            await asyncio.to_thread(_sweep, scratch, kept)
            raise

    @override
    async def clip(self, sound: MediaFile, form: ClipFormat, target: str) -> tuple[float, bytes]:
        folder = str(Path(target).parent)
        scratch = _scratch(folder)
        order = {
            "path": sound.path,
            "sound": asdict(sound),
            "target": target,
            "format": form.format,
            "rate": form.rate,
            "bitrate": form.bitrate,
            "max_seconds": self._max_seconds,
            "scratch": scratch,
            "writable": [folder],
        }
        timeout = _patience(self._max_seconds)
        try:
            with _translated(self._max_seconds):
                made: list[Any] = [value async for value in self._pool.stream("clip", order, timeout=timeout)]
        except BaseException:
            await asyncio.to_thread(_sweep, scratch, set())
            raise
        seconds, waveform = made
        return seconds, waveform

    @override
    async def check(self) -> Sequence[Finding]:
        """Look whether ffmpeg is there and writes what we need."""
        return await findings(self._converter)

    @property
    def _pool(self) -> WorkerPool:
        if self._open is None:
            raise self._failure
        return self._open


def _patience(seconds: float) -> float:
    """Return how long a worker may take with so many seconds of sound, before it is killed."""
    return 30.0 + 0.1 * seconds


def _scratch(folder: str) -> str:
    """Return a new path in a folder: what a call writes starts with it."""
    return str(Path(folder) / uuid.uuid4().hex)


def _sweep(scratch: str, kept: set[str]) -> None:
    """Remove what a call left unfinished when its worker was killed."""
    shutil.rmtree(scratch, ignore_errors=True)
    for left in Path(scratch).parent.glob(f"{Path(scratch).name}-*"):
        if str(left) not in kept:
            left.unlink(missing_ok=True)


def _file(piece: Any) -> MediaFile:
    return MediaFile(**{**piece, "format": MediaFormat(piece["format"])})


@contextmanager
def _translated(max_seconds: float) -> Iterator[None]:
    """Make the core's errors of a worker's."""
    try:
        yield
    except WorkerError as error:
        if error.kind == "TooLong":
            raise MediaTooLong(seconds=float(error.message), limit=max_seconds) from error
        reason = error.message if error.kind == "Unreadable" else phrase("it cannot be converted")
        raise MediaUnreadable(reason) from error
    except WorkerCrashed as error:
        raise MediaUnreadable(phrase("it makes the decoder crash")) from error
    except WorkerTimeout as error:
        raise MediaUnreadable(phrase("it takes too long to decode")) from error
