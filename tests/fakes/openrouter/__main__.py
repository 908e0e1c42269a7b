"""`python -m tests.fakes.openrouter --port 0`: serve until SIGTERM; the one line printed is `{"port": N}`."""

import argparse
import asyncio

from tests.fakes.openrouter.profile import OPENROUTE, OPENROUTER
from tests.fakes.openrouter.server import application
from tests.fakes.serving import serve


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.openrouter", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-validate", action="store_true", help="skip the JSON schemas (benchmarks)")
    parser.add_argument("--openroute", action="store_true", help="be OpenRoute.cn")
    arguments = parser.parse_args()
    profile = OPENROUTE if arguments.openroute else OPENROUTER
    asyncio.run(serve(application(validate=not arguments.no_validate, profile=profile), arguments.port))


main()
