"""`python -m tests.fakes.slack`: listen on 127.0.0.1, print the port, serve until SIGTERM."""

import argparse
import asyncio
import json

import aiohttp

from tests.fakes.serving import listening, stopped
from tests.fakes.slack.fake import Fake
from tests.fakes.slack.options import Options
from tests.fakes.slack.server import application


async def serve(port: int, options: Options, *, validate: bool) -> None:
    """Serve until SIGTERM or SIGINT."""
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        fake = Fake(group, session, options, validate=validate)
        async with listening(application(fake), port) as fake.base_url:
            await stopped(fake.base_url)
            fake.reset()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.slack", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--no-validate", action="store_true", help="check no request against a schema")
    parser.add_argument("--options", type=json.loads, default={}, help="JSON object of Options' fields")
    arguments = parser.parse_args()
    options = Options().changed(arguments.options)
    asyncio.run(serve(arguments.port, options, validate=not arguments.no_validate))


if __name__ == "__main__":
    main()
