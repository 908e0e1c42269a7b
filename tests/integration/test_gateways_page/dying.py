"""`python -m tests.integration.test_gateways_page.dying SETTINGS GATEWAY MODEL`: make a call, and be killed.

It dies when the whole answer is there and nothing of it is kept; all that it leaves is the gateway's name of the call.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from bot.domain.models import Finished
from tests.integration.dying_calls import dies
from tests.integration.test_gateways_page.asking import ask
from tests.integration.test_gateways_page.columns import opened


async def call(tables: Mapping[str, Any], name: str, model: str) -> None:
    async with opened(tables, name) as gateway:
        await dies(gateway.perform(ask(model)), Finished)


if __name__ == "__main__":
    asyncio.run(call(json.loads(sys.argv[1]), *sys.argv[2:]))
