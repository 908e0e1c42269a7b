"""One service between two busy platforms and a fast model: set up, talked to, and left when it is quiet again."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rig.crowd import ENDING, Pace, talk
from benchmarks.rig.discord_town import discord_town
from benchmarks.rig.slack_town import slack_town
from benchmarks.rig.talk import Said
from benchmarks.rig.towns import Town
from tests.acceptance.service import Installation, Service
from tests.fakes.openrouter.client import FakeOpenRouter, Script, driving
from tests.fakes.process import running

KEY = "sk-or-v1-loopback"
HEARING = "google/gemini-2.5-flash"
CHANNELS = f"""{{
    "chat_model": "openrouter/openai/gpt-4o-mini", "transcription_model": "openrouter/{HEARING}",
    "speech_model": "openrouter/hexgrad/kokoro-82m", "hear_unmentioned": "on"
}}"""
"""Voice notes are written down, answered and answered aloud, also where nobody mentioned the bot."""

CHAT = Script(ttft_s=0.4, tokens_per_second=60)
"""Says back what it hears, in the time that a fast model takes: the first token after 0.4 s, then 60 a second."""
TRANSCRIPT = Script(text=f"This is what I said, {ENDING}", ttft_s=0.5, tokens_per_second=200)
SPEECH = Script(ttft_s=0.3)

BEGIN = "turn begins"
ENDS = frozenset({"turn done", "turn given up", "turn waits for a decision"})
"""What the log says when a turn is over."""

PATIENCE_SECONDS = 120.0
QUIET_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Busy:
    """A service and everything around it."""

    towns: Sequence[Town]
    """The platforms."""
    model: FakeOpenRouter
    """Who hears, answers and speaks."""
    service: Service
    """The real service, a process of its own."""
    folder: Path
    """Its data."""

    @property
    def pid(self) -> int:
        """The service's process."""
        return self.service.process.pid

    @property
    def media(self) -> Sequence[str]:
        """Names of the files that are left of recordings and clips."""
        return [path.name for path in (self.folder / "media").rglob("*") if path.is_file()]

    async def talked(self, pace: Pace) -> Mapping[str, Sequence[Said]]:
        """Let people talk everywhere, and wait until every turn is over; returns what was said, by platform."""
        before = self._over()
        async with asyncio.TaskGroup() as group:
            talks = {town.name: group.create_task(talk(town, pace)) for town in self.towns}
        said = {name: done.result() for name, done in talks.items()}
        await self._until_quiet(before + sum(map(len, said.values())))
        return said

    def _over(self) -> int:
        """Return how many messages had their turn; several may have one together."""
        begun = {line["job"]: line.get("together", 1) for line in self.service.log if line.get("event") == BEGIN}
        return sum(begun.get(job, 1) for job in {line["job"] for line in self.service.log if line.get("event") in ENDS})

    async def _until_quiet(self, messages: int) -> None:
        """Wait until so many messages had their turn and nothing happens any more; not for ever."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        seen, since = [-1], time.monotonic()
        while time.monotonic() < deadline and (self._over() < messages or time.monotonic() < since + QUIET_SECONDS):
            versions = [await town.version() for town in self.towns]
            if versions != seen:
                seen, since = versions, time.monotonic()
            await asyncio.sleep(QUIET_SECONDS / 10)


@asynccontextmanager
async def busy(folder: Path, *, places: int, validated: bool = False) -> AsyncIterator[Busy]:
    """Start everything, anew.

    Args:
        folder: for the data of the service.
        places: how many on each platform.
        validated: whether the fakes compare every request with the platforms' rules.
    """
    async with AsyncExitStack() as stack:
        arguments = () if validated else ("--no-validate",)
        url = await stack.enter_async_context(running("tests.fakes.openrouter", *arguments))
        model = await stack.enter_async_context(driving(url))
        await model.answer(CHAT)
        await model.answer(TRANSCRIPT, model=HEARING)
        await model.answer(SPEECH, model="hexgrad/*")
        towns: list[Town] = [
            await stack.enter_async_context(slack_town(places, validated=validated)),
            await stack.enter_async_context(discord_town(places, validated=validated)),
        ]
        settings = {"OPENROUTER__KEY": KEY, "OPENROUTER__BASE_URL": model.api, "CHANNELS": CHANNELS}
        for town in towns:
            settings |= town.settings
        installation = Installation(folder=folder, settings=settings)
        service = await stack.enter_async_context(installation.serving())
        for town in towns:
            await town.ready()
        yield Busy(towns=towns, model=model, service=service, folder=folder)
