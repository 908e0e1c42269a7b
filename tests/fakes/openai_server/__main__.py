"""`python -m tests.fakes.openai_server --port 0`: serve until SIGTERM; the one line printed is `{"port": N}`."""

import argparse
import asyncio

from tests.fakes.openai_server.server import application
from tests.fakes.serving import serve


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.openai_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(application(), parser.parse_args().port))


main()
