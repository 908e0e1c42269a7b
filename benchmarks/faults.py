"""How soon people get on when something breaks: a model that hangs, a connection that is cut, a service that was killed."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.rig.bots import Contender, serving
from benchmarks.rig.chat import Chat, Turn
from benchmarks.rig.discord import discord
from benchmarks.rig.load import Platform
from benchmarks.rig.model import AT_ONCE, ENDING, Model, model
from benchmarks.rig.slack import slack
from benchmarks.rig.tables import Aim, aims

TITLE = "When something breaks"

METHOD = """\
Mynah alone, on a platform and with a model of its own. Every connection is cut right before somebody asks, in a channel
where Mynah was spoken to before, and the time until the answer stands there counts. The service is killed (SIGKILL),
somebody asks, it is started again, and the time counts from its connection on. The model keeps its connection alive and
says nothing, and the time counts until the person is told."""

LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 90.0
QUESTION = "what is a mynah?"


async def measure(*, quick: bool) -> str:
    """Break everything on both platforms at once; returns Markdown. Waiting for a hanging model takes a minute."""
    wanted: list[Aim] = []
    for name, platform in {"Slack": slack, "Discord": discord}.items():
        wanted.append(await _alone(platform, lambda *house, name=name: _restarted(name, *house)))
        wanted.append(await _alone(platform, lambda *house, name=name: _cut(name, *house)))
    if not quick:
        async with asyncio.TaskGroup() as group:
            hanging = [
                group.create_task(_alone(platform, lambda *house, name=name: _hanging(name, *house)))
                for name, platform in {"Slack": slack, "Discord": discord}.items()
            ]
        wanted.extend(task.result() for task in hanging)
    return f"{METHOD}\n\n{aims(wanted)}"


async def _alone(platform: Platform, story: Callable[[Chat, Model, Path], Awaitable[Aim]]) -> Aim:
    """Tell a story on a platform, with a model and in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="mynah-bench-") as folder:
        async with platform() as chat, model() as upstream:
            await upstream.answer(AT_ONCE)
            aim = await story(chat, upstream, Path(folder))
    sys.stderr.write(f"{aim.what}: {aim.measured:.2f} s\n")
    return aim


async def _restarted(name: str, chat: Chat, upstream: Model, folder: Path) -> Aim:
    async with serving(Contender.MYNAH, chat, upstream.url, folder) as bot:
        await _answered(chat, await chat.ask(0, QUESTION))
        await bot.kill()
    missed = await chat.ask(0, QUESTION, told=False)
    async with serving(Contender.MYNAH, chat, upstream.url, folder) as bot:
        done_at = await _answered(chat, missed)
    return Aim(what=f"{name}: answered after a restart", limit=5, measured=done_at - bot.connected_at, unit="s")


async def _cut(name: str, chat: Chat, upstream: Model, folder: Path) -> Aim:
    async with serving(Contender.MYNAH, chat, upstream.url, folder):
        await _answered(chat, await chat.ask(0, QUESTION))
        await chat.cut()
        asked = await chat.ask(0, QUESTION)
        done_at = await _answered(chat, asked)
        (turn,) = await chat.turns([asked], ENDING)
    return Aim(what=f"{name}: answered after a cut connection", limit=1.5, measured=done_at - turn.asked_at, unit="s")  # fmt: skip


async def _hanging(name: str, chat: Chat, upstream: Model, folder: Path) -> Aim:
    async with serving(Contender.MYNAH, chat, upstream.url, folder):
        await _answered(chat, await chat.ask(0, QUESTION))
        await upstream.hang_once()
        asked = await chat.ask(1, QUESTION)
        told_at = await _told(chat, asked)
        (turn,) = await chat.turns([asked], ENDING)
    return Aim(what=f"{name}: told of a model that hangs", limit=60, measured=told_at - turn.asked_at, unit="s")


async def _answered(chat: Chat, key: str) -> float:
    """Return when the whole answer stood there."""
    return await _seen(chat, key, lambda turn: turn.done_at)


async def _told(chat: Chat, key: str) -> float:
    """Return when anything stood there."""
    return await _seen(chat, key, lambda turn: turn.first_at)


async def _seen(chat: Chat, key: str, at: Callable[[Turn], float | None]) -> float:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            (turn,) = await chat.turns([key], ENDING)
            if (seen := at(turn)) is not None:
                return seen
            await asyncio.sleep(LOOK_SECONDS)
