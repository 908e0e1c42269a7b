"""`python -m tests.integration.test_gateways_page.dying SETTINGS GATEWAY MODEL`: make a call, and be killed.

It dies when the whole answer is there and nothing of it is kept; all that it leaves is the gateway's name of the call.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.domain.journal import Step, StepState
from bot.domain.models import Accepted, Finished
from tests.fakes.process import ROOT
from tests.integration.test_gateways_page.asking import ask
from tests.integration.test_gateways_page.columns import opened


async def killed(tables: Mapping[str, Any], gateway: str, model: str) -> Step:
    """Let a process with these settings make a call and die; returns what its journal had written down.

    Its time is left for the caller to set.
    """
    module = "tests.integration.test_gateways_page.dying"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, json.dumps(tables), gateway, model), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL
    if not output:
        return Step(name="answer", state=StepState.BEGAN)
    told = json.loads(output)
    return Step(name="answer", state=StepState.ACCEPTED, vendor_id=told["id"], digest=told["digest"])


async def call(tables: Mapping[str, Any], name: str, model: str) -> None:
    async with opened(tables, name) as gateway:
        async for delta in gateway.perform(ask(model)):
            if isinstance(delta, Accepted):
                sys.stdout.write(json.dumps(asdict(delta)) + "\n")
                sys.stdout.flush()
            if isinstance(delta, Finished):
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(call(json.loads(sys.argv[1]), *sys.argv[2:]))
