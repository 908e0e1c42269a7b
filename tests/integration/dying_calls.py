"""Processes that make a call and are killed: all that they leave is the gateway's name of the call.

A module of a process tells of its call with `dies`; a test runs it with `killed`.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict

from bot.domain.journal import Step, StepState
from bot.domain.models import Accepted, Delta
from tests.fakes.process import ROOT


async def killed(module: str, *arguments: str) -> Step:
    """Let a process make a call and die; returns what its journal had written down, without the time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL
    if not output:
        return Step(name="answer", state=StepState.BEGAN)
    told = json.loads(output)
    return Step(name="answer", state=StepState.ACCEPTED, vendor_id=told["id"], digest=told["digest"])


async def dies(deltas: AsyncIterator[Delta], last: type[Delta]) -> None:
    """Read an answer, tell the call's name as soon as it has one, and kill this process at the first such delta."""
    async for delta in deltas:
        if isinstance(delta, Accepted):
            sys.stdout.write(json.dumps(asdict(delta)) + "\n")
            sys.stdout.flush()
        if isinstance(delta, last):
            os.kill(os.getpid(), signal.SIGKILL)
