"""`python -m tests.fakes.fal --port 0`: serve until SIGTERM; the one line printed is `{"port": N}`."""

import argparse
import asyncio
import json
import signal
import sys

from aiohttp import web

from tests.fakes.fal.server import application


async def serve(port: int) -> None:
    """Serve on loopback; open answers (hangs, slow streams) are cut 0.1 s after the signal."""
    runner = web.AppRunner(application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.fal", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))


main()
