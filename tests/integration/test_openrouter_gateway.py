import asyncio
import base64
import json
import logging
import socket
import struct
import time
import tracemalloc
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from blockbuster import blockbuster_ctx

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from adapters.gateways.reply import Patience
from bot.domain.audio import MediaFile, MediaFormat
from bot.domain.errors import (
    ModelBusy,
    ModelCannot,
    ModelInDoubt,
    ModelProblem,
    ModelRefused,
    ModelUnauthorised,
    ModelUnknown,
    ModelUnreachable,
)
from bot.domain.journal import Step, StepState
from bot.domain.models import (
    Accepted,
    ChatRequest,
    ChatTurn,
    Delta,
    Finished,
    ModelRef,
    ReasoningDelta,
    Recovery,
    Request,
    Role,
    SpeechRequest,
    TextDelta,
    TranscriptionRequest,
)
from bot.domain.money import CallKind
from tests.contracts.gateway import Call, GatewayContract
from tests.fakes.openrouter.client import Action, FakeOpenRouter, driving
from tests.fakes.process import running

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-or-v1-integration-0123456789"
HEARS = "google/gemini-2.5-flash"
READS = "openai/gpt-4o-mini"
FREE = "meta-llama/llama-3.3-70b-instruct:free"
HASTE = Patience(connect=0.5, idle=0.4, quiet=0.4, total=1.2, listing=0.5)
SOON = 10
"""Seconds: far more than the short limits, also on a busy machine, and far less than the long ones."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fake_url() -> AsyncIterator[str]:
    async with running("tests.fakes.openrouter") as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def fake(fake_url: str) -> AsyncIterator[FakeOpenRouter]:
    async with driving(fake_url) as driver:
        await driver.reset()
        yield driver
        assert (await driver.state()).violations == ()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(fake_url: str) -> AsyncIterator[RemoteGateway]:
    async with RemoteGateway(OPENROUTER, KEY, f"{fake_url}/api/v1") as opened:
        yield opened


@pytest.fixture
def gateway(fake: FakeOpenRouter, shared: RemoteGateway) -> RemoteGateway:
    """One for all tests, as one is for the whole process."""
    return shared


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(fake: FakeOpenRouter) -> AsyncIterator[RemoteGateway]:
    async with RemoteGateway(OPENROUTER, KEY, fake.api) as opened:
        yield opened


def ask(text: str = "hello", *, model: str = READS, **more: Any) -> ChatRequest:
    return ChatRequest(model=model, turns=(ChatTurn(role=Role.USER, text=text),), max_tokens=500, **more)


def tone(path: Path, size: int = 32_044) -> MediaFile:
    """A wav file of so many bytes, mono, 16 kHz."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(size - 44))
    return MediaFile(path=str(path), format=MediaFormat.WAV, seconds=(size - 44) / 32_000, bytes=size)


async def everything(gateway: RemoteGateway, request: Request) -> list[Delta]:
    return [delta async for delta in gateway.perform(request)]


async def problem_of(gateway: RemoteGateway, request: Request) -> tuple[ModelProblem, list[Delta]]:
    """The problem that a call ends with, and what came before."""
    came: list[Delta] = []

    async def read() -> None:
        async for delta in gateway.perform(request):
            came.append(delta)  # noqa: PERF401

    with pytest.raises(ModelProblem) as caught:
        await read()
    return caught.value, came


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


# --- servers that misbehave below HTTP ---------------------------------------


@dataclass(kw_only=True)
class Raw:
    url: str = ""
    connections: int = 0
    posts: list[bytes] = field(default_factory=list)


Handler = Callable[[Raw, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Raw]:
    raw = Raw()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw.connections += 1
        try:
            await handler(raw, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    raw.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1"
    async with server:
        yield raw


async def request_of(raw: Raw, reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    raw.posts.append(head)
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return await reader.readexactly(length)


def answer(body: bytes, *, status: str = "200 OK", kind: str = "text/event-stream", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


HELLO = b'data: {"id":"c-1","choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


# --- what every gateway keeps ------------------------------------------------


@dataclass(kw_only=True)
class Harness:
    gateway: RemoteGateway
    requests: tuple[Request, ...]
    fake: FakeOpenRouter
    calls: list[Call] = field(default_factory=list)

    async def running(self) -> int:
        return sum(call.outcome == "open" for call in (await self.fake.state()).calls)


class TestContract(GatewayContract):
    @pytest.fixture
    def harness(self, fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path) -> Harness:
        transcription = TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav"))
        return Harness(gateway=gateway, requests=(ask(), transcription, ask(model=FREE)), fake=fake)


# --- a good call -------------------------------------------------------------


async def test_a_call_is_named_then_streamed_then_counted(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("Hello to you, too.", reasoning="I greet back. ", cost_usd=0.000_95)
    accepted, *middle, finished = await everything(gateway, ask(reasoning=True))
    (call,) = (await fake.state()).calls
    assert accepted == Accepted(id=call.generation_id)
    assert "".join(delta.text for delta in middle if isinstance(delta, ReasoningDelta)) == "I greet back. "
    assert text_of(middle) == "Hello to you, too."
    assert isinstance(finished, Finished)
    assert finished.usage.cost == 950_000
    assert finished.usage.tokens_out == call.usage["completion_tokens"]
    assert not finished.truncated
    assert call.outcome == "complete"


async def test_the_request_is_what_the_vendor_documents(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await everything(gateway, ask("hello \u2028 you", temperature=0.3))
    await everything(gateway, ask("hello \u2028 you", temperature=0.3))
    first, second = await fake.body(0), await fake.body(1)
    assert first == second
    body, headers = json.loads(first), await fake.headers(0)
    assert body["messages"] == [{"role": "user", "content": "hello \u2028 you"}]
    assert body["stream"] is True
    assert body["max_completion_tokens"] == 500
    assert headers["Authorization"] == f"Bearer {KEY}"
    lowered = {name.lower(): value for name, value in headers.items()}
    assert lowered["x-openrouter-title"] == "Mynah"
    assert lowered["http-referer"].startswith("https://")
    assert int(lowered["content-length"]) == len(first)


async def test_a_recording_is_transcribed_by_a_model_that_hears(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    await fake.say("Buy milk, please.")
    file = tone(tmp_path / "note.wav")
    deltas = await everything(gateway, TranscriptionRequest(model=HEARS, audio=file, language="en"))
    assert text_of(deltas) == "Buy milk, please."
    finished = deltas[-1]
    assert isinstance(finished, Finished)
    assert finished.usage.audio_ms == 1000
    part = json.loads(await fake.body(0))["messages"][0]["content"][1]["input_audio"]
    assert part["format"] == "wav"
    assert base64.b64decode(part["data"]) == (tmp_path / "note.wav").read_bytes()


async def test_silence_is_an_empty_transcript(fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path) -> None:
    await fake.say("NO_SPEECH", tokens_per_second=200)
    deltas = await everything(gateway, TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav")))
    assert text_of(deltas) == ""
    assert isinstance(deltas[-1], Finished)


async def test_a_chat_model_hears_sound_beside_words(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path
) -> None:
    turn = ChatTurn(role=Role.USER, text="What is this?", audio=(tone(tmp_path / "f.wav"),))
    deltas = await everything(gateway, ChatRequest(model=HEARS, turns=(turn,), max_tokens=100))
    assert "You said: What is this?" in text_of(deltas)
    assert "wav/pcm_s16le, 32044 bytes, 1.0 s" in text_of(deltas)


@pytest.mark.parametrize("dress", [{"raw_unicode": True}, {"split_utf8": True}, {"blank_data": True}, {}])
async def test_however_the_stream_is_cut_the_words_are_the_same(
    fake: FakeOpenRouter, gateway: RemoteGateway, dress: dict[str, bool]
) -> None:
    words = "Zeilen\u2028trenner, Grüße,\u2029 \x85 und 🦜 am\nEnde"
    await fake.say(words, **dress)
    assert text_of(await everything(gateway, ask())) == words


async def test_comments_keep_the_connection_alive(fake: FakeOpenRouter) -> None:
    await fake.say("late", ttft_s=1.2, keepalive_s=0.05)
    async with RemoteGateway(OPENROUTER, KEY, fake.api, patience=Patience(idle=0.6)) as gateway:
        assert text_of(await everything(gateway, ask())) == "late"


async def test_text_comes_as_it_is_made(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("one two three four five six", tokens_per_second=20)
    times = [time.monotonic() async for delta in gateway.perform(ask()) if isinstance(delta, TextDelta)]
    assert times[-1] - times[0] > 0.15


async def test_an_answer_that_reached_its_limit_is_truncated(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("word " * 40)
    (*_, finished) = await everything(gateway, replace(ask(), max_tokens=20))
    assert isinstance(finished, Finished)
    assert finished.truncated


async def test_many_calls_at_once_share_the_connections(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("ok then", ttft_s=0.2)
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(everything(gateway, ask(str(number)))) for number in range(150)]
    assert time.monotonic() - started < 2 * SOON  # one after the other: 30 s and more
    assert all(text_of(call.result()) == "ok then" for call in calls)
    assert len((await fake.state()).calls) == 150


# --- refusals ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ModelRefused),
        (401, ModelUnauthorised),
        (402, ModelUnauthorised),
        (403, ModelUnauthorised),
        (404, ModelRefused),
        (408, ModelInDoubt),
        (429, ModelBusy),
        (500, ModelBusy),
        (502, ModelBusy),
        (503, ModelBusy),
        (504, ModelInDoubt),
        (524, ModelInDoubt),
        (529, ModelBusy),
    ],
)
async def test_an_answer_that_is_an_error(
    fake: FakeOpenRouter, gateway: RemoteGateway, status: int, kind: type[ModelProblem]
) -> None:
    await fake.fail(Action.ERROR, status=status, retry_after_s=7 if kind is ModelBusy else None)
    problem, came = await problem_of(gateway, ask())
    assert type(problem) is kind
    assert came == []
    assert not isinstance(problem, ModelBusy) or problem.retry_after == 7
    assert len((await fake.state()).calls) == 1


async def test_an_error_page_of_something_on_the_way(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, status=502, raw_body="<html>" + "x" * 100_000)
    problem, _ = await problem_of(gateway, ask())
    assert problem.reason == "no reason given (502)"


async def test_the_status_of_an_error_is_enough() -> None:
    async def cut(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(raw, reader)
        writer.write(answer(b'{"error":', status="429 Too Many Requests", kind="application/json")[:-3])
        await writer.drain()

    async with serving(cut) as raw, RemoteGateway(OPENROUTER, KEY, raw.url) as gateway:
        problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelBusy


async def test_an_error_in_a_good_answer(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.fail(Action.OK_ERROR, status=429)
    problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelBusy


async def test_a_capacity_problem_in_the_newer_shape(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, availability="capacity_exhausted", retry_after_s=3)
    problem, _ = await problem_of(gateway, ask())
    assert isinstance(problem, ModelBusy)
    assert problem.retry_after == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(429, None, ModelBusy), (504, None, ModelBusy), (500, "server_error", ModelBusy)]
)
async def test_an_error_in_the_middle_is_not_charged_so_it_may_be_asked_again(
    fake: FakeOpenRouter, gateway: RemoteGateway, status: int, code: str | None, kind: type[ModelProblem]
) -> None:
    await fake.say("one two three")
    await fake.fail(Action.MIDSTREAM_ERROR, status=status, code=code, after=2)
    problem, came = await problem_of(gateway, ask())
    assert type(problem) is kind
    assert text_of(came) == "one two "
    assert (await fake.state()).charged == ()


async def test_thinking_that_used_every_token_is_explained(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await fake.say("", empty=True)
    problem, _ = await problem_of(gateway, ask(reasoning=True))
    assert type(problem) is ModelRefused
    assert "raise max_tokens" in problem.sentence


# --- cut off -----------------------------------------------------------------


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
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

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


# --- never sent --------------------------------------------------------------


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
    patience = replace(HASTE, quiet=5, idle=5, total=5, connect=0.1)
    async with (
        RemoteGateway(OPENROUTER, KEY, fake.api, patience=patience, max_connections=1) as gateway,
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


# --- hanging -----------------------------------------------------------------


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


# --- hanging up --------------------------------------------------------------


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


# --- a long recording --------------------------------------------------------


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


# --- the key -----------------------------------------------------------------


async def test_the_key_is_in_no_text(
    fake: FakeOpenRouter, gateway: RemoteGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await fake.fail(Action.ERROR, status=401, message=f"No such key: {KEY}")
    refused, _ = await problem_of(gateway, ask())
    await fake.fail(Action.MIDSTREAM_ERROR, status=400, message=f"No such key: {KEY}")
    broken, _ = await problem_of(gateway, ask())
    await fake.fail(Action.DROP_AFTER)
    cut, _ = await problem_of(gateway, ask())
    assert "No such key" in refused.reason
    assert "No such key" in broken.reason
    for problem in (refused, broken, cut):
        assert KEY not in f"{problem} {problem!r} {problem.sentence} {problem.__cause__!r} {gateway!r}"
    assert KEY not in caplog.text


# --- the models --------------------------------------------------------------


async def test_the_listing_says_what_models_can_do(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    hears, reads = await gateway.capabilities(HEARS), await gateway.capabilities(READS)
    assert hears.kinds == {CallKind.CHAT, CallKind.TRANSCRIPTION}
    assert hears.audio_formats[:2] == (MediaFormat.MP3, MediaFormat.OGG)
    assert hears.audio_limits is not None
    assert hears.audio_limits.max_bytes == 14_000_000
    assert hears.context_tokens == 1_048_576
    assert reads.kinds == {CallKind.CHAT}
    assert not reads.hears()
    assert (await gateway.capabilities("openai/gpt-audio-mini")).audio_formats == (MediaFormat.MP3, MediaFormat.WAV)
    assert (await gateway.capabilities(FREE)).free
    assert not reads.free
    with pytest.raises(ModelUnknown):
        await gateway.capabilities("no/such-model")
    catalogue = await gateway.catalogue()
    assert catalogue[ModelRef(gateway="openrouter", name=HEARS)] == hears
    assert len(catalogue) == 4


async def test_every_offered_format_is_taken(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    for ref, found in (await gateway.catalogue()).items():
        if found.hears():
            offered = {form.value for form in found.audio_formats}
            assert {"wav", "mp3"} <= offered, ref


async def test_the_listing_is_read_once_until_it_is_old(fake: FakeOpenRouter) -> None:
    async with RemoteGateway(OPENROUTER, KEY, fake.api, fresh_seconds=0.2) as gateway:
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(gateway.catalogue())
        assert (await fake.state()).reads == {"GET /api/v1/models": 1}
        await asyncio.sleep(0.25)
        await gateway.catalogue()
        await gateway.capabilities(READS)
        assert (await fake.state()).reads == {"GET /api/v1/models": 2}


async def test_without_a_listing_the_well_known_models_can_be_used(fake: FakeOpenRouter, fresh: RemoteGateway) -> None:
    await fake.fail(Action.ERROR, method="GET", path="*/models", status=503, times=5)
    assert (await fresh.capabilities(HEARS)).hears()
    assert ModelRef(gateway="openrouter", name=READS) in await fresh.catalogue()
    assert (await fresh.capabilities("new/model")).kinds == {CallKind.CHAT}
    # And it is not asked again for every turn.
    assert (await fake.state()).reads == {"GET /api/v1/models": 1}
    assert text_of(await everything(fresh, ask("hi"))) == "You said: hi"


async def test_an_old_listing_is_better_than_none(fake: FakeOpenRouter) -> None:
    async with RemoteGateway(OPENROUTER, KEY, fake.api, fresh_seconds=0, patience=HASTE) as gateway:
        assert (await gateway.capabilities(FREE)).free
        await fake.fail(Action.SLOW, method="GET", path="*/models", seconds=20)
        started = time.monotonic()
        assert (await gateway.capabilities(FREE)).free
        assert time.monotonic() - started < SOON


async def test_a_model_that_may_not_think_is_told_so(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await gateway.catalogue()
    await everything(gateway, ask())
    await everything(gateway, ask(reasoning=True))
    efforts = [json.loads(await fake.body(index))["reasoning"]["effort"] for index in (0, 1)]
    assert efforts == ["none", "medium"]


async def test_a_model_that_nobody_knows_is_asked_where_there_is_no_listing(
    fake: FakeOpenRouter, fresh: RemoteGateway
) -> None:
    problem, _ = await problem_of(fresh, ask(model="new/model"))
    assert type(problem) is ModelRefused
    assert json.loads(await fake.body(0))["reasoning"] == {"effort": "none"}


async def test_a_model_that_is_not_listed_is_not_asked(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    await gateway.catalogue()
    problem, _ = await problem_of(gateway, ask(model="no/such-model"))
    assert type(problem) is ModelUnknown
    assert "openrouter/no/such-model" in problem.sentence
    assert (await fake.state()).calls == ()


async def test_a_variant_is_the_same_model_on_other_terms(fake: FakeOpenRouter, gateway: RemoteGateway) -> None:
    base, variant = await gateway.capabilities(HEARS), await gateway.capabilities(f"{HEARS}:nitro")
    assert variant == base
    assert not (await gateway.capabilities(f"{FREE}:nitro")).free


@pytest.mark.parametrize("form", [MediaFormat.M4A, MediaFormat.WAV])
async def test_sound_that_a_model_does_not_hear_is_not_sent(
    fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path, form: MediaFormat
) -> None:
    file = replace(tone(tmp_path / "f.wav"), format=form)
    model = READS if form is MediaFormat.WAV else HEARS
    turn = ChatTurn(role=Role.USER, audio=(file,))
    problem, _ = await problem_of(gateway, ChatRequest(model=model, turns=(turn,), max_tokens=50))
    assert type(problem) is ModelCannot
    assert (await fake.state()).calls == ()


# --- after a crash -----------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "model", "recovery"),
    [
        (StepState.BEGAN, HEARS, Recovery.UNKNOWN),
        (StepState.ACCEPTED, HEARS, Recovery.UNKNOWN),
        (StepState.BEGAN, "new/model", Recovery.UNKNOWN),
        (StepState.BEGAN, f"{FREE}:nitro", Recovery.UNKNOWN),
        (StepState.FAILED, HEARS, Recovery.REPEAT),
        (StepState.BEGAN, FREE, Recovery.REPEAT),
    ],
)
async def test_a_paid_call_that_a_crash_cut_off_is_for_a_human(
    fake: FakeOpenRouter, gateway: RemoteGateway, state: StepState, model: str, recovery: Recovery
) -> None:
    step = Step(name="answer", state=state, vendor_id="gen-1")
    assert await gateway.recover(step, ask(model=model)) is recovery
    assert (await fake.state()).calls == ()
