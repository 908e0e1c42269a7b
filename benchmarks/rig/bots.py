"""The bots that are measured, each a process of its own."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.rig.chat import Chat
from benchmarks.rig.machine import ROOT

START_SECONDS = 60.0
STOP_SECONDS = 5.0
LOOK_SECONDS = 0.01
SETTLE_SECONDS = 1.5

HEARS_OPUS = "google/gemini-2.5-flash"
"""Takes a voice note as it is."""
HEARS_MP3 = "openai/gpt-audio-mini"
"""Takes only wav and mp3."""


class Contender(StrEnum):
    """Who is measured."""

    BARE = "bare bot"
    MYNAH = "Mynah"


@dataclass(kw_only=True)
class Bot:
    """A bot that is connected."""

    process: asyncio.subprocess.Process
    """It runs."""
    start_seconds: float
    """From the start of the process to its connection."""
    connected_at: float
    """In seconds since 1970."""
    killed: bool = False
    """Whether we did it."""

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    async def kill(self) -> None:
        """Pull the plug."""
        self.killed = True
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def serving(
    contender: Contender, chat: Chat, model_url: str, folder: Path, *, hearing: str = HEARS_OPUS
) -> AsyncIterator[Bot]:
    """Start a bot, wait until it is connected and at rest, and stop it at the end.

    Args:
        contender: who is started.
        chat: where it connects.
        model_url: whom it asks.
        folder: for its data, and for what it writes.
        hearing: the model that Mynah asks.

    Raises:
        RuntimeError: it ended by itself; says what it wrote.
    """
    command, environment = _started(contender, chat, model_url, folder, hearing)
    log = folder / "log"
    started = time.perf_counter()
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *command), cwd=folder, env=environment, stdout=output, stderr=output
        )
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await chat.is_connected():
                _check(process, log)
                await asyncio.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - started
        bot = Bot(process=process, start_seconds=seconds, connected_at=time.time_ns() / 1e9)
        await asyncio.sleep(SETTLE_SECONDS)
        yield bot
        if not bot.killed:
            _check(process, log)
    finally:
        await _stop(process)


def _started(
    contender: Contender, chat: Chat, model_url: str, folder: Path, hearing: str
) -> tuple[list[str], Mapping[str, str]]:
    """Return the module with its arguments, and the environment."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment = {**inherited, "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    if contender is Contender.BARE:
        return [*chat.bare, model_url], environment
    settings = {
        **chat.settings,
        "DATA": str(folder / "data"),
        "SECRETS": str(folder / "secrets"),
        "OPENROUTER__KEY": "sk-or-v1-loopback",
        "OPENROUTER__BASE_URL": model_url,
        "CHANNELS": _channels(f"openrouter/{hearing}"),
        "LOG_FORMAT": "json",
    }
    return ["bot", "serve"], {**environment, **{f"MYNAH_{name}": value for name, value in settings.items()}}


def _channels(model: str) -> str:
    """Return settings with which voice notes go to the chat model, as the bare bot's do, and replies are written."""
    settings = {"chat_model": model, "transcription_model": model, "voice_notes": "answer", "reply": "text"}
    return json.dumps(settings)


def _check(process: asyncio.subprocess.Process, log: Path) -> None:
    if process.returncode is not None:
        raise RuntimeError(f"the bot ended with {process.returncode}:\n{log.read_text(errors='replace')[-4000:]}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
