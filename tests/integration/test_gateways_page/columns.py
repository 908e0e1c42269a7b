"""The columns of the page's table: each kind of gateway, opened from settings as the service opens it."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import PydanticBaseSettingsSource
from typing_extensions import override

from adapters.local.gateway import LocalGateway
from adapters.storage.clock import SystemClock
from bot.app.remote import remote_gateways
from bot.ports import Gateway
from bot.settings import Settings
from tests.fakes.fal.client import driving as driving_fal
from tests.fakes.openai_server.client import driving as driving_server
from tests.fakes.openrouter.client import driving
from tests.fakes.process import running
from tests.integration.test_gateways_page.files import CLIP, DATA
from tests.integration.test_gateways_page.fronts import FalFront, Fronts, LocalFront, RouterFront, ServerFront

Tables = Mapping[str, Any]
"""Of the settings."""

LOCAL = "local"
FLAVOURS = {"ollama": "ollama", "llama": "llama.cpp", "vllm": "vllm", "speaches": "speaches", "localai": "localai"}
"""Servers by the names that their models get in front."""
OTHER_WAYS = ("stream", "sync")
"""Of `fal.way`, beside the default one."""


class PlainSettings(Settings):
    """Settings that come from nowhere but a test."""

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[Any],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


@asynccontextmanager
async def opened(tables: Tables, name: str) -> AsyncIterator[Gateway]:
    """Open one gateway as the service does that has these settings."""
    settings = PlainSettings(**tables)
    if name == LOCAL:
        async with LocalGateway(settings.local.models, idle_seconds=settings.local.idle_minutes * 60) as local:
            yield local
        return
    gateways = {gateway.name: gateway for gateway in remote_gateways(settings, SystemClock(), serving=True)}
    async with gateways[name] as gateway:
        await gateway.catalogue()
        yield gateway


@asynccontextmanager
async def openrouter(folder: Path) -> AsyncIterator[Fronts]:
    async with _router(folder, "openrouter") as fronts:
        yield fronts


@asynccontextmanager
async def openroute(folder: Path) -> AsyncIterator[Fronts]:
    async with _router(folder, "openroute", "--openroute") as fronts:
        yield fronts


@asynccontextmanager
async def _router(folder: Path, name: str, *arguments: str) -> AsyncIterator[Fronts]:
    async with running("tests.fakes.openrouter", *arguments) as url, driving(url) as fake:
        tables = {"data": str(folder), name: {"key": "sk-loopback-0123456789", "base_url": fake.api}}
        async with opened(tables, name) as gateway:
            yield [RouterFront(gateway=gateway, tables=tables, fake=fake)]


@asynccontextmanager
async def fal(folder: Path) -> AsyncIterator[Fronts]:
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(driving_fal(await stack.enter_async_context(running("tests.fakes.fal"))))
        urls = {
            "run_url": fake.run_url,
            "queue_url": fake.queue_url,
            "rest_url": fake.rest_url,
            "api_url": fake.api_url,
        }
        table = {"key": "id-0123456789:secret-0123456789", **urls}

        async def enter(**more: object) -> Gateway:
            return await stack.enter_async_context(opened({"data": str(folder), "fal": {**table, **more}}, "fal"))

        port = _free_port()
        yield [
            FalFront(
                gateway=await enter(),
                tables={"data": str(folder), "fal": table},
                ways={f'`way = "{way}"`': await enter(way=way) for way in OTHER_WAYS},
                rung=await enter(webhook_url=f"http://127.0.0.1:{port}/fal", webhook_port=port),
                fake=fake,
            )
        ]


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Fronts]:
    """One process plays each of them, one after another; what they list was read when they were opened."""
    async with (
        running("tests.fakes.openai_server") as url,
        driving_server(url) as fake,
        AsyncExitStack() as stack,
    ):
        tables = {"data": str(folder), "servers": {name: {"base_url": fake.api} for name in FLAVOURS}}
        fronts = []
        for name, flavour in FLAVOURS.items():
            await fake.become(flavour)
            gateway = await stack.enter_async_context(opened(tables, name))
            fronts.append(ServerFront(gateway=gateway, tables=tables, fake=fake, flavour=flavour))
        yield fronts


@asynccontextmanager
async def local(folder: Path) -> AsyncIterator[Fronts]:
    words = json.loads((DATA / "texts.json").read_text(encoding="utf-8"))[CLIP]
    tables = {"data": str(folder)}
    async with opened(tables, LOCAL) as gateway:
        yield [LocalFront(gateway=gateway, tables=tables, words=words)]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@dataclass(frozen=True, kw_only=True)
class Column:
    """One kind of gateway."""

    title: str
    """In the table's head."""
    open: Callable[[Path], AbstractAsyncContextManager[Fronts]]
    """Opens it, in a folder of its own."""


COLUMNS = (
    Column(title="OpenRouter", open=openrouter),
    Column(title="fal", open=fal),
    Column(title="OpenRoute.cn", open=openroute),
    Column(title="a server", open=server),
    Column(title="embedded", open=local),
)
"""In the page's order."""
