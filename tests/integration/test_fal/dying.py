"""A process that makes one call to fal and can be killed at any moment: `python -m ... BASE_URL REQUEST CALL`.

It prints each delta's kind, and the name of the call, as they come.
"""

import asyncio
import sys

from adapters.gateways.fal.gateway import FalGateway
from adapters.gateways.fal.options import Options, Places
from adapters.storage.clock import SystemClock
from bot.domain.models import Accepted
from tests.integration.test_fal.conftest import KEY, QUICK, ask


async def main(base_url: str, text: str, call: str) -> None:
    """Make the call."""
    places = Places(run=f"{base_url}/run", queue=f"{base_url}/queue", rest=f"{base_url}/rest", api=f"{base_url}/v1")
    async with FalGateway(KEY, SystemClock(), Options(places=places, waits=QUICK, carries_on=True)) as gateway:
        async for delta in gateway.perform(ask(text, call=call)):
            sys.stdout.write(f"{type(delta).__name__} {delta.id if isinstance(delta, Accepted) else ''}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
