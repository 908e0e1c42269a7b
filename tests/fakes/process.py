"""Run a fake platform or gateway as its own process, as the real one would be, and wait for what listens."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def running(module: str, *arguments: str, start_seconds: float = 20) -> AsyncIterator[str]:
    """Start `python -m module`, wait for its `{"port": N}` line, yield `http://127.0.0.1:N`, stop it at the end.

    Args:
        module: a fake such as `tests.fakes.slack`.
        arguments: command-line arguments for it.
        start_seconds: how long it may take to print its port.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, env={**os.environ}
    )
    if process.stdout is None:
        raise RuntimeError("a fake must have a standard output")
    try:
        async with asyncio.timeout(start_seconds):
            port = json.loads(await process.stdout.readline())["port"]
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def wait_for_port(port: int, *, seconds: float = 10) -> None:
    """Wait until somebody on this machine listens on a port."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
