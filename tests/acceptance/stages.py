"""A platform, a remote gateway, and a service between them."""

import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.acceptance.discord_scene import open_discord
from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation, Service
from tests.acceptance.slack_scene import open_slack
from tests.fakes.openrouter.client import FakeOpenRouter, driving
from tests.fakes.process import running

KEY = "sk-or-v1-loopback"
PLATFORMS = {"slack": open_slack, "discord": open_discord}
REMOTE_MODELS = (
    '{"chat_model": "openrouter/openai/gpt-4o-mini", "transcription_model": "openrouter/google/gemini-2.5-flash", '
    '"video_model": "openrouter/google/gemini-2.5-flash", "speech_model": "local/en_US-joe-medium", "reply": "text"}'
)


@asynccontextmanager
async def open_scene(platform: str) -> AsyncIterator[Scene]:
    """Start a fake platform with one person in a direct message with Mynah."""
    async with PLATFORMS[platform]() as scene:
        yield scene


@asynccontextmanager
async def open_openrouter() -> AsyncIterator[FakeOpenRouter]:
    """Start a fake OpenRouter."""
    async with running("tests.fakes.openrouter") as url, driving(url) as fake:
        yield fake


def remote(openrouter: FakeOpenRouter, models: str = REMOTE_MODELS) -> Mapping[str, str]:
    """Return the settings with which Mynah asks a fake OpenRouter."""
    return {"OPENROUTER__KEY": KEY, "OPENROUTER__BASE_URL": openrouter.api, "CHANNELS": models}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything that a test plays with."""

    scene: Scene
    """The platform."""
    openrouter: FakeOpenRouter
    """The ears and the mind, which are paid for."""
    installation: Installation
    """The admin's command line."""
    service: Service
    """`mynah serve`."""

    def with_scene(self, scene: Scene) -> "Stage":
        """Return the same with somebody else, or somewhere else."""
        return replace(self, scene=scene)

    async def charged(self) -> int:
        """Return how many calls were paid."""
        return len((await self.openrouter.state()).charged)

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Stop the service for a moment, as a busy machine does; it hears afterwards what was said meanwhile."""
        self.service.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.service.process.send_signal(signal.SIGCONT)

    async def over(self, message: str, *, seconds: float = 30) -> str:
        """Wait until the turn of a message is over, and return how it ended: `done`, `given up` or `asked`."""
        line = await self.service.wait_until(
            lambda line: str(line.get("job", "")).endswith(f":{message}") and line.get("event") in ENDS,
            seconds=seconds,
        )
        return ENDS[line["event"]]

    async def refusal(self, message: str) -> str:
        """Return the one sentence that a message got instead of an answer, without any model having been asked."""
        await self.scene.wait(message, texts=1)
        end, replies = await self.over(message), await self.scene.replies(message)
        if (end, len(replies), await self.charged()) != ("given up", 1, 0):
            raise AssertionError(f"{end}, {await self.charged()} calls paid: {replies}")
        return replies[0].text


ENDS = {"turn done": "done", "turn given up": "given up", "turn waits for a decision": "asked"}


@asynccontextmanager
async def open_stage(platform: str, folder: Path, **settings: str) -> AsyncIterator[Stage]:
    """Start everything; the reply is written only, where nobody says otherwise, because speaking takes time."""
    async with open_scene(platform) as scene, open_openrouter() as openrouter:
        installation = Installation(folder=folder, settings={**scene.settings, **remote(openrouter), **settings})
        async with installation.serving() as service:
            await scene.ready()
            yield Stage(scene=scene, openrouter=openrouter, installation=installation, service=service)
