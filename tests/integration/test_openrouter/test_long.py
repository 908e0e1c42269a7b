"""Long recordings."""

import asyncio
import tracemalloc
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from bot.domain.errors import (
    ModelRefused,
)
from bot.domain.models import (
    TranscriptionRequest,
)
from tests.fakes.openrouter.client import FakeOpenRouter
from tests.integration.gateway_calls import HEARS, ask, everything, problem_of, text_of
from tests.integration.raw_server import Raw, answer, serving
from tests.integration.recordings import tone
from tests.integration.test_openrouter.harness import KEY

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_long_recording_is_sent_in_little_memory(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    file = tone(tmp_path / "f.wav", 14_000_000)
    await everything(gateway, ask())
    tracemalloc.start()
    try:
        deltas = await everything(gateway, TranscriptionRequest(model=HEARS, audio=file))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "14000000 bytes" in text_of(deltas)
    assert peak < 3_000_000


async def test_nothing_blocks_the_loop(fake: FakeOpenRouter, tmp_path: Path) -> None:
    request = TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav", 2_000_000))
    with blockbuster_ctx():
        async with RemoteGateway(OPENROUTER, KEY, fake.api) as gateway:
            await gateway.catalogue()
            assert "2000000 bytes" in text_of(await everything(gateway, request))


async def test_an_answer_before_the_end_of_the_request_is_heard(tmp_path: Path) -> None:
    async def refuse(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw.posts.append(await reader.readuntil(b"\r\n\r\n"))
        body = b'{"error":{"code":413,"message":"too large"}}'
        writer.write(answer(body, status="413 Too Large", kind="application/json"))
        await writer.drain()
        await asyncio.sleep(0.5)

    request = TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav", 14_000_000))
    async with serving(refuse) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway:
        problem, _ = await problem_of(gateway, request)
    assert type(problem) is ModelRefused
    assert problem.reason == "too large (413)"
