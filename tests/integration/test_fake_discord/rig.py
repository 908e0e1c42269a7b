"""A real discord.py client that writes down what it hears, pointed at the fake."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
import yarl
from discord.flags import MessageFlags
from discord.http import handle_message_parameters
from typing_extensions import override

from tests.fakes.discord.client import FakeDiscord, File

INTENTS = discord.Intents(guilds=True, messages=True, message_content=True, reactions=True, typing=True)
WAVEFORM = base64.b64encode(bytes(range(0, 250, 10))).decode()
NOTE = File(
    name="voice-message.ogg",
    data=b"OggS" + bytes(range(256)) * 8,
    content_type="audio/ogg",
    duration_secs=2.5,
    waveform=WAVEFORM,
)


class Heard:
    """Gateway events by name, in order, and a way to wait for them."""

    def __init__(self) -> None:
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self._more = asyncio.Event()

    def add(self, name: str, values: tuple[Any, ...]) -> None:
        self.events.append((name, values))
        self._more.set()

    def of(self, name: str) -> list[Any]:
        return [values[-1] if values else None for heard, values in self.events if heard == name]

    async def wait(self, name: str, count: int = 1, seconds: float = 10) -> list[Any]:
        async with asyncio.timeout(seconds):
            while len(self.of(name)) < count:
                self._more.clear()
                await self._more.wait()
        return self.of(name)


def listening(base: type[discord.Client]) -> type[discord.Client]:
    class Listening(base):  # type: ignore[misc, valid-type]
        def __init__(self, **options: Any) -> None:
            super().__init__(guild_ready_timeout=0.05, **options)
            self.heard = Heard()

        @override
        def dispatch(self, event: str, /, *values: Any, **named: Any) -> None:
            self.heard.add(event, values)
            super().dispatch(event, *values, **named)

        @override
        async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
            """Skip the five seconds that the library waits between identifies."""

    return Listening


Client: Any = listening(discord.Client)
ShardedClient: Any = listening(discord.AutoShardedClient)


@asynccontextmanager
async def pointed_at(fake: FakeDiscord) -> AsyncIterator[None]:
    """Let discord.py talk to the fake: the only two knobs that it has."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = fake.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(fake.gateway_url)
    try:
        yield
    finally:
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@asynccontextmanager
async def connected(fake: FakeDiscord, client: Any = None) -> AsyncIterator[Any]:
    """Yield a client that is logged in and ready, and close it at the end."""
    client = client or Client(intents=INTENTS)
    async with pointed_at(fake), asyncio.TaskGroup() as tasks, client:
        await client.login(await fake.token())
        tasks.create_task(client.connect())
        await client.heard.wait("ready")
        yield client
        await client.close()


class VoiceFile(discord.File):
    """discord.py sends no voice messages by itself; this carries what it leaves out."""

    def __init__(self, data: bytes, *, duration_secs: float | None, waveform: str | None) -> None:
        super().__init__(io.BytesIO(data), filename="voice-message.ogg")
        self.extra = {"duration_secs": duration_secs, "waveform": waveform}

    @override
    def to_dict(self, index: int) -> dict[str, Any]:
        return {**super().to_dict(index), **{name: value for name, value in self.extra.items() if value is not None}}


async def send_voice(
    channel: Any,
    *,
    content: str = discord.utils.MISSING,
    content_type: str = "audio/ogg",
    duration_secs: float | None = 2.5,
    waveform: str | None = WAVEFORM,
    files: int = 1,
    nonce: str | None = None,
) -> dict[str, Any]:
    """Send a voice message, or one that is wrong in a chosen way, through discord.py's own HTTP client."""
    notes = [VoiceFile(NOTE.data, duration_secs=duration_secs, waveform=waveform) for _ in range(files)]
    flags = MessageFlags._from_value(1 << 13)
    with handle_message_parameters(content, files=notes, flags=flags, nonce=nonce) as params:
        for part in (params.multipart or [])[1:]:
            part["content_type"] = content_type
        found: dict[str, Any] = await channel._state.http.send_message(channel.id, params=params)
        return found


async def refused(call: Callable[[], Any]) -> discord.HTTPException:
    """Return the error that a call ends with."""
    try:
        await call()
    except discord.HTTPException as error:
        return error
    raise AssertionError("the call was not refused")
