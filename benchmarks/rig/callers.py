"""Two ways to make one call of a gateway: Mynah's, and one plain httpx client.

`python -m benchmarks.rig.callers WAY URL FILE` makes two calls of its own, the second with a recording, and prints what
memory that took.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from benchmarks.bare.model import MODEL, ask, open_client, sound
from bot.domain.audio import AudioLimits, MediaFile, MediaFormat
from bot.domain.models import ChatRequest, ChatTurn, Origin, Role

QUESTION = "what is a mynah?"
BYTES_A_SECOND = 32_000
HALF_GIGABYTE = AudioLimits(max_bytes=500_000_000, max_seconds=36_000)

Way = Callable[[Path | None], Awaitable[float]]
"""Asks, with a WAV file or without one; returns when the whole answer was there, in seconds of the steady clock."""


@asynccontextmanager
async def mynah(url: str) -> AsyncIterator[Way]:
    """Ask as Mynah does; nothing is too large for it here."""
    async with RemoteGateway(replace(OPENROUTER, audio_limits=HALF_GIGABYTE), "sk-or-bench", url) as gateway:
        await gateway.catalogue()
        numbers = count()

        async def call(recording: Path | None) -> float:
            files = () if recording is None else (_media(recording),)
            turn = ChatTurn(role=Role.USER, text="" if files else QUESTION, audio=files)
            origin = Origin(call=f"call-{next(numbers)}", author="ada", conversation="aviary")
            async for _ in gateway.perform(ChatRequest(origin=origin, model=MODEL, turns=(turn,), max_tokens=1000)):
                pass
            return time.monotonic()

        yield call


@asynccontextmanager
async def plain(url: str) -> AsyncIterator[Way]:
    """Ask with nothing but httpx."""
    async with open_client(url) as client:

        async def call(recording: Path | None) -> float:
            data = None if recording is None else await asyncio.to_thread(recording.read_bytes)
            await ask(client, QUESTION if data is None else sound(data, "wav"))
            return time.monotonic()

        yield call


WAYS: Mapping[str, Callable[[str], AbstractAsyncContextManager[Way]]] = {"httpx": plain, "Mynah": mynah}


def _media(recording: Path) -> MediaFile:
    size = recording.stat().st_size
    return MediaFile(path=str(recording), format=MediaFormat.WAV, seconds=size / BYTES_A_SECOND, bytes=size)


def _memory(name: str) -> float:
    """Return a line of /proc/self/status in megabytes: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024 / 1e6


async def _weigh(way: str, url: str, recording: Path) -> dict[str, float]:
    async with WAYS[way](url) as call:
        await call(None)
        # The highest mark begins anew: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
        await asyncio.to_thread(Path("/proc/self/clear_refs").write_text, "5", encoding="ascii")
        before = _memory("VmRSS")
        await call(recording)
        return {"before": before, "peak": _memory("VmHWM")}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_weigh(sys.argv[1], sys.argv[2], Path(sys.argv[3])))))
