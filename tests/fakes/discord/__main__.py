"""`python -m tests.fakes.discord --port 0`: a Discord on 127.0.0.1."""

import argparse
import asyncio

from tests.fakes.discord.server import run


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="tests.fakes.discord", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where to listen; 0 takes any free port")
    parser.add_argument("--no-validate", action="store_true", help="check no request against schemas")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.port, validate=not arguments.no_validate))


if __name__ == "__main__":
    main()
