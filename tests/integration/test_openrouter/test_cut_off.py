"""Calls that are cut off, and calls that were never sent."""

import asyncio
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.pace import Limits
from bot.domain.errors import (
    ModelCannot,
    ModelInDoubt,
    ModelRefused,
    ModelUnreachable,
)
from bot.domain.models import (
    Accepted,
    ChatRequest,
    ChatTurn,
    Finished,
    Role,
    SpeechRequest,
    TextDelta,
    TranscriptionRequest,
)
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import HEARS, READS, ask, everything, problem_of, text_of
from tests.integration.raw_server import HELLO, Raw, answer, request_of, send_reset, serving
from tests.integration.recordings import tone
from tests.integration.test_openrouter.harness import HASTE, KEY, SOON

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("rst", [False, True])
@pytest.mark.parametrize(
    "action", [Action.DROP_BEFORE, Action.DROP_AFTER, Action.CUT_AFTER_HEADERS, Action.CUT_MID_STREAM]
)
async def test_a_call_that_was_cut_off_is_in_doubt_and_was_sent_once(
    fake: FakeOpenRouter, gateway: RemoteGateway, action: Action, rst: bool
) -> None:
    await fake.say("one two three", tokens_per_second=100)
    # On a connection that was used before, where clients are most tempted to send again.
    await everything(gateway, ask())
    await fake.fail(action, rst=rst, after=1)
    problem, came = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt
    assert "cut" in problem.reason
    assert any(isinstance(delta, Accepted) for delta in came) is (
        action in {Action.CUT_AFTER_HEADERS, Action.CUT_MID_STREAM}
    )
    assert len((await fake.state()).calls) == 2


@pytest.mark.parametrize("after", [0, 2, None])
async def test_a_stream_that_ends_too_early_is_in_doubt(
    fake: FakeOpenRouter, gateway: RemoteGateway, after: int | None
) -> None:
    await fake.say("one two three")
    await fake.fail(Action.NO_DONE, after=after)
    problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt
    assert "broke off" in problem.reason


async def test_a_connection_that_is_cut_unread_is_in_doubt() -> None:
    async def reset(_: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        send_reset(writer)

    async with serving(reset) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway:
        problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt
    assert raw.connections == 1


async def test_only_the_end_of_the_connection_was_lost() -> None:
    async def cut(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(raw, reader)
        writer.write(answer(HELLO)[: -len(b"data: [DONE]\n\n")])
        await writer.drain()

    async with serving(cut) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway:
        deltas = await everything(gateway, ask())
    assert deltas[:2] == [Accepted(id="c-1"), TextDelta(text="Hi")]
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].usage.cost is None


async def test_an_end_mark_ends_the_answer_though_the_connection_stays_open() -> None:
    async def linger(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(raw, reader)
        writer.write(answer(HELLO).replace(b"Content-Length: %d" % len(HELLO), b"Content-Length: 9999"))
        await reader.read()

    async with serving(linger) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway:
        started = time.monotonic()
        assert text_of(await everything(gateway, ask())) == "Hi"
    assert time.monotonic() - started < SOON


async def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with RemoteGateway(OPENROUTER, KEY, url) as gateway:
            problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelUnreachable
    assert problem.transient


async def test_calls_wait_for_a_place_and_are_not_sent_where_there_is_none(fake: FakeOpenRouter) -> None:
    await fake.say("slow", ttft_s=0.5)
    patience = replace(HASTE, quiet=5, idle=5, total=5, turn=0.1, retry=0)
    async with (
        RemoteGateway(OPENROUTER, KEY, fake.api, patience=patience, limits=Limits(at_once=1)) as gateway,
        asyncio.TaskGroup() as group,
    ):
        first = group.create_task(everything(gateway, ask()))
        await fake.wait_for(1)
        problem, _ = await problem_of(gateway, ask())
    assert text_of(first.result()) == "slow"
    assert type(problem) is ModelUnreachable
    assert len((await fake.state()).calls) == 1


async def test_a_connection_that_was_closed_while_it_was_idle_does_no_harm() -> None:
    async def once(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(raw, reader)
        writer.write(answer(HELLO))
        await writer.drain()

    async with serving(once) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway:
        for _ in range(3):
            assert text_of(await everything(gateway, ask())) == "Hi"
            await asyncio.sleep(0.05)
    assert len(raw.posts) == 3


async def test_speech_cannot_be_asked_for(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    problem, _ = await problem_of(gateway, SpeechRequest(model=READS, text="hello"))
    assert type(problem) is ModelCannot
    assert (await fake.state()).calls == ()


async def test_more_sound_than_a_request_holds_is_not_sent(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    file = replace(tone(tmp_path / "f.wav"), bytes=7_000_001)
    turn = ChatTurn(role=Role.USER, audio=(file, file))
    problem, _ = await problem_of(gateway, ChatRequest(model=HEARS, turns=(turn,), max_tokens=50))
    assert type(problem) is ModelRefused
    assert "14 MB" in problem.reason
    assert (await fake.state()).calls == ()


async def test_a_recording_that_is_gone_is_not_sent(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    file = replace(tone(tmp_path / "f.wav"), path=str(tmp_path / "gone.wav"))
    problem, _ = await problem_of(gateway, TranscriptionRequest(model=HEARS, audio=file))
    assert type(problem) is ModelRefused
    assert (await fake.state()).calls == ()
