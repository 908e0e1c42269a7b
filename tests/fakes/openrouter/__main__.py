"""`python -m tests.fakes.openrouter --port 0`: serve until SIGTERM; the one line printed is `{"port": N}`."""

import argparse
import asyncio
import json
import signal
import sys

from aiohttp import web

from tests.fakes.openrouter.profile import OPENROUTE, OPENROUTER, Profile
from tests.fakes.openrouter.server import application


async def serve(port: int, *, validate: bool, profile: Profile) -> None:
    """Serve on loopback; open answers (hangs, slow streams) are cut 0.1 s after the signal."""
    runner = web.AppRunner(application(validate=validate, profile=profile), access_log=None, shutdown_timeout=0.1)
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
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.openrouter", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-validate", action="store_true", help="skip the JSON schemas (benchmarks)")
    parser.add_argument("--openroute", action="store_true", help="be OpenRoute.cn")
    arguments = parser.parse_args()
    profile = OPENROUTE if arguments.openroute else OPENROUTER
    asyncio.run(serve(arguments.port, validate=not arguments.no_validate, profile=profile))


main()
