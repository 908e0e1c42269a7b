"""`python -m tests.integration.test_openrouter_reliability.dying URL`: make a call, tell its name, and be killed.

With `early` as second argument it dies in the middle of the answer, else when all of it is there and nothing is kept.
"""

import asyncio
import sys

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from bot.domain.models import Finished, TextDelta
from tests.integration.dying_calls import dies
from tests.integration.test_openrouter_reliability.harness import KEY, ask


async def main(url: str, *, early: bool) -> None:
    async with RemoteGateway(OPENROUTER, KEY, url) as gateway:
        await gateway.catalogue()
        await dies(gateway.perform(ask()), TextDelta if early else Finished)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], early="early" in sys.argv))
