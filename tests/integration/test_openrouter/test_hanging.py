"""Answers that do not come, and callers who no longer wait."""

import asyncio
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from bot.domain.errors import (
    ModelInDoubt,
)
from bot.domain.models import (
    Accepted,
    TextDelta,
    TranscriptionRequest,
)
from tests.fakes.openrouter.client import Action, FakeOpenRouter
from tests.integration.gateway_calls import HEARS, ask, everything, problem_of, text_of
from tests.integration.raw_server import Raw, request_of, serving
from tests.integration.recordings import tone
from tests.integration.test_openrouter.harness import HASTE, KEY, SOON

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_silent_hang_ends_in_time() -> None:
    async def hang(raw: Raw, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await request_of(raw, reader)
        await reader.read()

    patience = Patience(idle=0.4)
    async with serving(hang) as raw, RemoteGateway(OPENROUTER, KEY, raw.url, patience=patience) as gateway:
        started = time.monotonic()
        problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt
    assert "too long" in problem.reason
    assert 0.35 < time.monotonic() - started < SOON
    assert len(raw.posts) == 1


@pytest.mark.parametrize(
    ("thinks", "patience", "least"), [(False, Patience(quiet=0.4), 0.35), (True, Patience(quiet=0.4, total=1.2), 1.1)]
)
async def test_comments_do_not_keep_a_hanging_call_for_ever(
    fake: FakeOpenRouter, thinks: bool, patience: Patience, least: float
) -> None:
    await fake.say("never", keepalive_s=0.05)
    await fake.fail(Action.HANG)
    async with RemoteGateway(OPENROUTER, KEY, fake.api, patience=patience) as gateway:
        started = time.monotonic()
        problem, came = await problem_of(gateway, ask(reasoning=thinks))
        assert least < time.monotonic() - started < SOON
        seen = await fake.wait_for(1, ended=True)
    assert type(problem) is ModelInDoubt
    assert [type(delta) for delta in came] == [Accepted]
    assert [call.outcome for call in seen.calls] == ["cancelled"]


async def test_an_answer_that_never_ends_is_ended(fake: FakeOpenRouter) -> None:
    await fake.say("on and on " * 150, tokens_per_second=20)
    async with RemoteGateway(OPENROUTER, KEY, fake.api, patience=Patience(total=1.2)) as gateway:
        started = time.monotonic()
        problem, came = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt
    assert 1.1 < time.monotonic() - started < SOON
    assert text_of(came)


async def test_the_time_that_the_reader_takes_is_not_held_against_the_answer(fake: FakeOpenRouter) -> None:
    await fake.say("one two three four five six", tokens_per_second=4)
    words = []
    async with RemoteGateway(OPENROUTER, KEY, fake.api, patience=Patience(total=1.2)) as gateway:
        async for delta in gateway.perform(ask()):
            words.append(delta)
            await asyncio.sleep(0.5)
    assert text_of(words) == "one two three four five six"


async def test_a_server_that_does_not_read_is_given_up(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def deaf(_: Raw, __: asyncio.StreamReader, ___: asyncio.StreamWriter) -> None:
        await release.wait()

    request = TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav", 14_000_000))
    async with serving(deaf) as raw, RemoteGateway(OPENROUTER, KEY, raw.url, patience=HASTE) as gateway:
        started = time.monotonic()
        problem, _ = await problem_of(gateway, request)
        assert time.monotonic() - started < SOON
        release.set()
    assert type(problem) is ModelInDoubt


async def test_who_stops_reading_hangs_up(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("one two three " * 50, tokens_per_second=50)
    async with aclosing(gateway.perform(ask())) as deltas:
        async for delta in deltas:
            if isinstance(delta, TextDelta):
                break
    seen = await fake.wait_for(1, ended=True)
    assert [call.outcome for call in seen.calls] == ["cancelled"]


async def test_a_cancelled_call_hangs_up_and_is_no_problem_of_the_model(
    fake: FakeOpenRouter, gateway: RemoteGateway
) -> None:
    await fake.say("never", ttft_s=5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await everything(gateway, ask())
    seen = await fake.wait_for(1, ended=True)
    assert [call.outcome for call in seen.calls] == ["cancelled"]
