"""Pictures and videos."""

import asyncio
import io
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from bot.domain.audio import AudioLimits, MediaFile, MediaFormat
from bot.domain.errors import ModelCannot, ModelProblem, ModelRefused
from bot.domain.models import ChatRequest, ChatTurn, Role
from tests.fakes.openrouter.client import FakeOpenRouter
from tests.fakes.openrouter.speech import encoded
from tests.integration.gateway_calls import HEARS, READS, everything, problem_of, text_of
from tests.integration.recordings import tone
from tests.integration.test_openrouter.harness import KEY

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOMY = replace(OPENROUTER, audio_limits=AudioLimits(max_bytes=25_000_000, max_seconds=3_600))


def seen(path: Path, data: bytes, form: MediaFormat, seconds: float = 0.0) -> MediaFile:
    path.write_bytes(data)
    return MediaFile(path=str(path), format=form, seconds=seconds, bytes=len(data))


def png() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="image2pipe") as muxer:
        stream = muxer.add_stream("png", rate=1)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "rgb24"
        for ready in (av.VideoFrame(16, 16, "rgb24"), None):
            muxer.mux(stream.encode(ready))
    return out.getvalue()


def asked(model: str = HEARS, **more: Any) -> ChatRequest:
    return ChatRequest(model=model, turns=(ChatTurn(role=Role.USER, text="What is this?", **more),), max_tokens=200)


async def test_all_that_was_sent_is_seen_in_order(fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path) -> None:
    video = seen(tmp_path / "v", encoded(2.0, "mp4", "aac"), MediaFormat.MP4, 2.0)
    turn = asked(
        audio=(tone(tmp_path / "a.wav"),),
        pictures=(seen(tmp_path / "p", png(), MediaFormat.PNG),),
        videos=(video,),
        links=("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube.com/shorts/abcdefghijk"),
    )
    assert [line.partition(",")[0] for line in text_of(await everything(gateway, turn)).splitlines()] == [
        "You said: What is this?",
        "You sent audio: wav/pcm_s16le",
        "You sent a picture: png/png",
        "You sent video: mp4/aac",
        "You sent video: https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "You sent video: https://www.youtube.com/watch?v=abcdefghijk",
    ]


FILM = MediaFile(path="/nowhere", format=MediaFormat.MP4, seconds=2.0, bytes=7_500_000)


@pytest.mark.parametrize(
    ("sent", "kind", "reason"),
    [
        (asked(READS, videos=(FILM,)), ModelCannot, "does not watch mp4"),
        (asked(READS, links=("https://youtu.be/dQw4w9WgXcQ",)), ModelCannot, "by their address"),
        (asked(HEARS, pictures=(FILM,)), ModelCannot, "does not look at mp4"),
        (asked(HEARS, videos=(FILM, FILM)), ModelRefused, "15.0 MB of pictures and videos are more than the 14 MB"),
    ],
)
async def test_what_cannot_be_seen_is_not_sent(
    fake: FakeOpenRouter, gateway: RemoteGateway, sent: ChatRequest, kind: type[ModelProblem], reason: str
) -> None:
    problem, _ = await problem_of(gateway, sent)
    assert type(problem) is kind
    assert reason in problem.sentence
    assert (await fake.state()).calls == ()


async def test_a_large_video_is_sent_in_little_memory(fake: FakeOpenRouter, tmp_path: Path) -> None:
    head = encoded(2.0, "mp4", "aac")
    # A box that players skip, as large as a video of some minutes.
    padding = 20_000_000 - len(head)
    data = head + padding.to_bytes(4, "big") + b"free" + bytes(padding - 8)
    video = await asyncio.to_thread(seen, tmp_path / "v", data, MediaFormat.MP4, 2.0)
    del data
    async with RemoteGateway(ROOMY, KEY, fake.api) as gateway:
        await everything(gateway, asked())
        tracemalloc.start()
        try:
            deltas = await everything(gateway, asked(videos=(video,)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert "mp4/aac, 20000000 bytes" in text_of(deltas)
    assert peak < 3_000_000
