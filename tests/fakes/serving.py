"""What every fake's process does: listen on 127.0.0.1, say where in one line of JSON, and serve until SIGTERM."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

BACKLOG = 1024
"""Connections that wait to be accepted: what a load test opens in one moment."""


async def serve(app: web.Application, port: int) -> None:
    """Serve an application until SIGTERM or SIGINT.

    Args:
        app: a fake.
        port: where to listen; 0 takes any free port.
    """
    async with listening(app, port) as origin:
        await stopped(origin)


@asynccontextmanager
async def listening(app: web.Application, port: int, *, grace_seconds: float = 0.1) -> AsyncIterator[str]:
    """Listen, and yield `http://127.0.0.1:N`; who has to know that before the first request is told it here.

    Args:
        app: a fake.
        port: where to listen; 0 takes any free port.
        grace_seconds: after how long open answers (hangs, slow streams) are cut at the end.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace_seconds)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=BACKLOG).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def stopped(origin: str) -> None:
    """Say where the fake listens, and wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    announce(int(origin.rpartition(":")[2]))
    await stop.wait()


def announce(port: int) -> None:
    """Print the line that `tests.fakes.process.running` waits for."""
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()
