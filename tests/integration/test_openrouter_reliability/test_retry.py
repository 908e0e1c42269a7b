"""A call is made again only where the gateway certainly charged nothing, and never otherwise."""

import asyncio
import socket
import time
from pathlib import Path

import pytest

from adapters.gateways.endpoints import OPENROUTE, OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelUnreachable
from bot.domain.models import Accepted, TranscriptionRequest
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import FREE, HEARS, everything, problem_in, text_of
from tests.integration.raw_server import HELLO, Handler, Raw, answer, request_of, send_reset, serving
from tests.integration.recordings import tone
from tests.integration.test_openrouter_reliability.harness import KEY, SOON, ask

pytestmark = pytest.mark.asyncio(loop_scope="package")

ONE_STREAM = "*/chat/completions"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
async def test_an_error_that_was_answered_is_asked_again(
    fake: FakeOpenRouter, gateway: RemoteGateway, status: int
) -> None:
    await fake.say("Here I am.")
    await fake.fail(Action.ERROR, path=ONE_STREAM, status=status, retry_after_s=0)
    assert text_of(await everything(gateway, ask())) == "Here I am."
    seen = await fake.state()
    assert [call.outcome for call in seen.calls] == ["error", "complete"]
    assert len(seen.charged) == 1
    assert await fake.body(0) == await fake.body(1)


@pytest.mark.parametrize(("status", "posts"), [(429, 3), (500, 2), (502, 3), (503, 3), (529, 3)])
async def test_what_goes_on_failing_goes_up(
    fake: FakeOpenRouter, gateway: RemoteGateway, status: int, posts: int
) -> None:
    await fake.fail(Action.ERROR, path=ONE_STREAM, status=status, retry_after_s=0, times=9)
    problem, came = await problem_in(gateway.perform(ask()))
    assert type(problem) is ModelBusy
    assert came == []
    seen = await fake.state()
    assert len(seen.calls) == posts
    assert seen.charged == ()


@pytest.mark.parametrize(("action", "more"), [(Action.OK_ERROR, {}), (Action.MIDSTREAM_ERROR, {"after": 0})])
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_call_that_was_named_is_not_made_under_another_name(
    fake: FakeOpenRouter, gateway: RemoteGateway, action: Action, more: dict[str, int], status: int
) -> None:
    await fake.fail(action, path=ONE_STREAM, status=status, **more)
    problem, came = await problem_in(gateway.perform(ask()))
    assert type(problem) is ModelBusy
    (call,) = (await fake.state()).calls
    assert came == [Accepted(id=call.generation_id, digest=call.body_sha256)]
    assert not call.charged


async def test_a_free_model_that_was_charged_for_all_the_same_is_in_doubt_with_its_cost(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    await fake.say("one two three", cost_usd=0.01)
    await fake.fail(Action.MIDSTREAM_ERROR, path=ONE_STREAM, status=503, after=1, charged=True)
    problem, _ = await problem_in(gateway.perform(ask(model=FREE)))
    assert type(problem) is ModelInDoubt
    assert problem.usage is not None
    assert problem.usage.cost == 10_000_000
    assert len((await fake.state()).charged) == 1


async def test_what_was_said_is_never_said_twice(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("one two three")
    await fake.fail(Action.MIDSTREAM_ERROR, path=ONE_STREAM, status=503, after=1)
    problem, came = await problem_in(gateway.perform(ask()))
    assert type(problem) is ModelBusy
    assert text_of(came) == "one "
    assert len((await fake.state()).calls) == 1


async def test_a_server_error_is_asked_again_only_where_the_gateway_insures() -> None:
    async def broken(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(raw, reader)
        writer.write(answer(b'{"error":{"message":"oh"}}', status="500 Internal", kind="application/json"))
        await writer.drain()

    async with serving(broken) as raw, RemoteGateway(OPENROUTE, KEY, raw.url) as gateway:
        problem, _ = await problem_in(gateway.perform(ask()))
    assert type(problem) is ModelInDoubt
    assert len(raw.posts) == 1


async def test_the_gateways_time_is_waited_for(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("Here I am.")
    await fake.fail(Action.ERROR, path=ONE_STREAM, status=429, retry_after_s=1)
    started = time.monotonic()
    assert text_of(await everything(gateway, ask())) == "Here I am."
    assert 1 <= time.monotonic() - started < SOON


async def test_a_long_time_is_for_somebody_else_to_wait(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, path=ONE_STREAM, availability="capacity_exhausted", retry_after_s=30)
    started = time.monotonic()
    problem, _ = await problem_in(gateway.perform(ask()))
    assert isinstance(problem, ModelBusy)
    assert problem.retry_after == 30
    assert time.monotonic() - started < SOON
    assert len((await fake.state()).calls) == 1


async def test_a_recording_is_sent_again_from_the_disk(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    await fake.say("Buy milk, please.")
    await fake.fail(Action.ERROR, path=ONE_STREAM, status=502, retry_after_s=0, times=2)
    request = TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav", 2_000_000))
    assert text_of(await everything(gateway, request)) == "Buy milk, please."
    bodies = [await fake.body(index) for index in range(3)]
    assert bodies[0] == bodies[1] == bodies[2]
    assert len(bodies[0]) > 2_600_000
    assert len((await fake.state()).charged) == 1


async def test_a_gateway_that_is_just_starting_is_reached() -> None:
    posts: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        posts.append(await request_of(Raw(), reader))
        writer.write(answer(HELLO))
        await writer.drain()
        writer.close()

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with (
        RemoteGateway(OPENROUTER, KEY, f"http://127.0.0.1:{port}/api/v1") as gateway,
        asyncio.TaskGroup() as group,
    ):
        call = group.create_task(everything(gateway, ask()))
        await asyncio.sleep(0)
        server = await asyncio.start_server(serve, "127.0.0.1", port)
        async with server:
            assert text_of(await call) == "Hi"
    assert len(posts) == 1


async def test_a_gateway_that_is_not_there_is_tried_three_times_and_nothing_is_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with RemoteGateway(OPENROUTER, KEY, url) as gateway:
            problem, _ = await problem_in(gateway.perform(ask()))
    assert type(problem) is ModelUnreachable


# --- never again -------------------------------------------------------------


async def dropped(raw: Raw, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await request_of(raw, reader)


async def reset(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(raw, reader)
    send_reset(writer)


async def half(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(raw, reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    await writer.drain()


@pytest.mark.parametrize("server", [dropped, reset, half])
@pytest.mark.parametrize("sound", [False, True])
async def test_every_job_is_posted_once_to_a_server_that_cuts(server: Handler, sound: bool, tmp_path: Path) -> None:
    file = tone(tmp_path / "f.wav", 400_000)
    request = TranscriptionRequest(model=HEARS, audio=file) if sound else ask()
    async with serving(server) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway:
        async with asyncio.TaskGroup() as group:
            jobs = [group.create_task(problem_in(gateway.perform(request))) for _ in range(20)]
        await asyncio.sleep(0.1)
    assert [type(job.result()[0]) for job in jobs] == [ModelInDoubt] * 20
    assert len(raw.posts) == 20
    # And no further connection was made for another try: one of them read the models.
    assert raw.connections <= 21


@pytest.mark.parametrize("status", ["504 Gateway Timeout", "524 Timeout", "408 Request Timeout"])
async def test_whoever_gave_up_on_the_way_may_have_been_charged_for(status: str) -> None:
    async def gave_up(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(raw, reader)
        writer.write(answer(b"<html>timeout</html>", status=status, kind="text/html", extra="Retry-After: 0\r\n"))
        await writer.drain()

    async with serving(gave_up) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway:
        problem, _ = await problem_in(gateway.perform(ask()))
    assert type(problem) is ModelInDoubt
    assert "may have been charged" in problem.sentence
    assert len(raw.posts) == 1
