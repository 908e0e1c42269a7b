"""The fake OpenRouter when things go wrong: its cache, its errors, cut connections, and who pays for them."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource

from tests.fakes.openrouter.client import Action, FakeOpenRouter, Script
from tests.fakes.openrouter.errors import AVAILABILITY, USUAL
from tests.fakes.openrouter.fixtures import KEY
from tests.fakes.openrouter.openapi import schema_validator

pytest_plugins = ["tests.fakes.openrouter.fixtures"]

CHAT = "/chat/completions"
GPT, GEMINI = "openai/gpt-4o-mini", "google/gemini-2.5-flash"
CACHED = {"X-OpenRouter-Cache": "true"}
LOST = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


def ask(text: str = "hello there", model: str = GPT, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


async def streamed(http: httpx.AsyncClient, body: dict[str, Any], **options: Any) -> AsyncIterator[str]:
    """The data of each event."""
    async with http.stream("POST", CHAT, json={**body, "stream": True}, **options) as response:
        assert response.status_code == 200, await response.aread()
        async for event in EventSource(response).aiter_sse():
            yield event.data


async def whole(http: httpx.AsyncClient, body: dict[str, Any], **options: Any) -> list[str]:
    return [data async for data in streamed(http, body, **options)]


def words(events: list[str]) -> str:
    chunks = [json.loads(data) for data in events if data.startswith("{")]
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])


# --- the response cache ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
async def test_the_same_bytes_again_are_a_free_hit(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, stream: bool
):
    body = ask(stream=stream)
    await openrouter.answer(Script(text="only once", cost_usd=0.003), times=1)
    first, again = [await openrouter_http.post(CHAT, json=body, headers=CACHED) for _ in range(2)]
    assert (first.headers["X-OpenRouter-Cache-Status"], first.headers["X-OpenRouter-Cache-TTL"]) == ("MISS", "300")
    assert again.headers["X-OpenRouter-Cache-Status"] == "HIT"
    assert again.headers["X-OpenRouter-Cache-Age"] == "0"
    source = again.headers["X-OpenRouter-Cache-Source-Id"]
    assert source == first.headers["X-Generation-Id"] != again.headers["X-Generation-Id"]
    answers = [answer.text.replace(answer.headers["X-Generation-Id"], "ID") for answer in (first, again)]
    assert answers[0].split('"usage"')[0].split('"created"')[0] == answers[1].split('"usage"')[0].split('"created"')[0]
    assert '"prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"cost":0' in again.text
    paid = (await openrouter_http.get("/generation", params={"id": source})).json()["data"]
    free = (await openrouter_http.get("/generation", params={"id": again.headers["X-Generation-Id"]})).json()["data"]
    assert (paid["total_cost"], free["total_cost"], free["response_cache_source_id"]) == (0.003, 0, source)
    seen = await openrouter.state()
    assert [(call.cache, call.charged, call.outcome) for call in seen.calls] == [
        ("MISS", True, "complete"),
        ("HIT", False, "replayed"),
    ]
    assert seen.calls[1].cache_source_id == source
    assert seen.spent_usd == 0.003


async def test_what_makes_a_request_another_one(openrouter_http: httpx.AsyncClient):
    body = json.dumps(ask())

    async def status(content: str, **headers: str) -> str:
        sent = {**CACHED, "Content-Type": "application/json", **headers}
        answer = await openrouter_http.post(CHAT, content=content, headers=sent)
        return answer.headers["X-OpenRouter-Cache-Status"]

    assert await status(body) == "MISS"
    assert await status(json.dumps(ask(), indent=4)) == "HIT"
    assert await status(body, **{"HTTP-Referer": "https://example.org"}) == "HIT"
    assert await status(json.dumps(dict(reversed(ask().items())))) == "MISS"
    assert await status(body, Authorization="Bearer another") == "MISS"
    assert await status(json.dumps(ask(stream=True))) == "MISS"
    assert await status(body, **{"X-OpenRouter-Cache-Clear": "true"}) == "MISS"
    assert await status(body) == "HIT"


async def test_entries_expire_or_are_evicted(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    async def status(ttl: str) -> tuple[str, str]:
        sent = {**CACHED, "X-OpenRouter-Cache-TTL": ttl}
        headers = (await openrouter_http.post(CHAT, json=ask(), headers=sent)).headers
        return headers["X-OpenRouter-Cache-Status"], headers["X-OpenRouter-Cache-TTL"]

    assert await status("999999") == ("MISS", "86400")
    await openrouter.advance(86_000)
    assert await status("60") in {("HIT", "400"), ("HIT", "399")}
    await openrouter.advance(401)
    assert await status("60abc") == ("MISS", "60")
    await openrouter.evict()
    assert await status("soon") == ("MISS", "300")
    assert (await openrouter.state()).cached == 1


async def test_without_the_header_nothing_is_cached(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    for _ in range(2):
        assert "X-OpenRouter-Cache-Status" not in (await openrouter_http.post(CHAT, json=ask())).headers
    assert len((await openrouter.state()).charged) == 2


async def test_two_at_once_are_both_paid(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.say("slow", ttft_s=0.2)
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(openrouter_http.post(CHAT, json=ask(), headers=CACHED))
    assert [call.cache for call in (await openrouter.state()).charged] == ["MISS", "MISS"]


@pytest.mark.parametrize(
    "fault",
    [
        {"action": Action.ERROR, "status": 500},
        {"action": Action.OK_ERROR},
        {"action": Action.MIDSTREAM_ERROR},
        {"action": Action.NO_DONE},
    ],
)
async def test_only_complete_answers_are_stored(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, fault: dict[str, Any]
):
    await openrouter.fail(**fault)
    for _ in range(2):
        await openrouter_http.post(CHAT, json=ask(stream=True), headers=CACHED)
    assert [call.cache for call in (await openrouter.state()).calls][1:] == ["MISS"]


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", USUAL)
async def test_every_status_has_the_vendors_shape(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, status: int
):
    await openrouter.fail(Action.ERROR, status=status, message="upstream says no", provider_code="nope")
    response = await openrouter_http.post(CHAT, json=ask())
    error = response.json()["error"]
    assert response.status_code == error["code"] == status
    assert error["metadata"]["error_type"] == USUAL[status][0]
    masked = status == 500
    assert error["message"] == ("Internal Server Error" if masked else "upstream says no")
    assert ("provider_code" in error["metadata"]) is not masked
    assert "X-Generation-Id" in response.headers
    (call,) = (await openrouter.state()).calls
    assert (call.status, call.outcome, call.charged) == (status, "error", False)
    named = schema_validator("TooManyRequestsResponse")
    assert named is None or named.is_valid(response.json())


@pytest.mark.parametrize("code", AVAILABILITY)
async def test_availability_errors_have_no_code(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, code: str
):
    await openrouter.fail(Action.ERROR, availability=code, retry_after_s=40)
    response = await openrouter_http.post(CHAT, json=ask())
    error = response.json()["error"]
    assert "code" not in error
    assert (error["http_status"], error["availability"]["code"]) == (response.status_code, code)
    assert error["availability"]["requested_models"] == [GPT]
    assert error["availability"]["retryable"] is AVAILABILITY[code][1]
    assert response.headers["Retry-After"] == "40"


async def test_rate_limits_say_when_to_come_back(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.fail(Action.ERROR, status=429, retry_after_s=7, times=2, path="*/chat/completions")
    assert (await openrouter_http.get("/key")).status_code == 200
    answers = [await openrouter_http.post(CHAT, json=ask()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


async def test_an_edge_in_front_may_send_html(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.fail(Action.ERROR, status=502, raw_body="<html>Bad gateway</html>")
    response = await openrouter_http.post(CHAT, json=ask())
    assert (response.status_code, response.text) == (502, "<html>Bad gateway</html>")
    assert response.headers["Content-Type"].startswith("text/html")


async def test_a_timeout_may_have_been_paid(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.fail(Action.ERROR, status=504, charged=True)
    assert (await openrouter_http.post(CHAT, json=ask())).status_code == 504
    (call,) = (await openrouter.state()).calls
    assert call.charged
    assert call.cost_usd > 0


async def test_an_error_may_hide_behind_a_200(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.fail(Action.OK_ERROR, status=502, message="Provider returned error")
    response = await openrouter_http.post(CHAT, json=ask())
    assert response.status_code == 200
    assert set(response.json()) == {"error"}
    assert response.json()["error"]["code"] == 502
    assert not (await openrouter.state()).charged


async def test_faults_pick_their_requests(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.fail(Action.ERROR, containing="unlucky", times=2)
    await openrouter.fail(Action.ERROR, status=503, method="GET", path="*/key")
    statuses = [(await openrouter_http.post(CHAT, json=ask(text))).status_code for text in ("a", "unlucky b", "c")]
    assert statuses == [200, 500, 200]
    assert [(await openrouter_http.get("/key")).status_code for _ in range(2)] == [503, 200]


async def test_a_fault_may_only_take_time(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.fail(Action.SLOW, seconds=0.2)
    started = time.monotonic()
    assert (await openrouter_http.post(CHAT, json=ask())).status_code == 200
    assert time.monotonic() - started >= 0.2


# --- streams that go wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "said"), [(None, 429), ("server_error", "server_error")])
async def test_an_error_may_come_in_the_middle(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, code: str | None, said: int | str
):
    await openrouter.say("one two three")
    await openrouter.fail(Action.MIDSTREAM_ERROR, status=429, code=code, after=2)
    events = await whole(openrouter_http, ask())
    last = json.loads(events[-1])
    assert words(events) == "one two "
    assert last["error"]["code"] == said
    assert last["error"]["metadata"]["error_type"] == "rate_limit_exceeded"
    assert last["choices"] == [{**last["choices"][0], "delta": {"content": ""}, "finish_reason": "error"}]
    (call,) = (await openrouter.state()).calls
    assert (call.status, call.outcome, call.charged) == (200, "error", False)
    shape = schema_validator("ChatStreamChunk")
    assert shape is None or shape.is_valid(last) is (code is None)


async def test_without_streaming_the_error_is_a_finish_reason(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient
):
    await openrouter.fail(Action.MIDSTREAM_ERROR, status=502, charged=True)
    (choice,) = (await openrouter_http.post(CHAT, json=ask())).json()["choices"]
    assert (choice["finish_reason"], choice["error"]["code"]) == ("error", 502)
    assert (await openrouter.state()).charged


async def test_a_stream_may_end_without_done(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.say("one two three")
    await openrouter.fail(Action.NO_DONE)
    events = await whole(openrouter_http, ask())
    assert words(events) == "one two three"
    assert not any("usage" in data or data == "[DONE]" for data in events)


async def test_a_hang_says_nothing_but_comments(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.answer(Script(keepalive_s=0.05))
    await openrouter.fail(Action.HANG)
    async with openrouter_http.stream("POST", CHAT, json=ask(stream=True)) as response:
        seen = await first_half_second(response)
    assert set(seen.splitlines()) == {b": OPENROUTER PROCESSING", b""}
    assert seen.count(b":") >= 3
    (call,) = (await openrouter.wait_for(1, ended=True)).calls
    assert (call.outcome, call.fault, call.charged) == ("cancelled", "hang", True)


async def first_half_second(response: httpx.Response) -> bytes:
    seen = b""
    try:
        async with asyncio.timeout(0.5):
            async for data in response.aiter_raw():
                seen += data
    except TimeoutError:
        return seen
    raise AssertionError("the stream ended")


async def test_a_hang_without_a_stream_is_silence(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.fail(Action.HANG, seconds=0.2)
    with pytest.raises(httpx.RemoteProtocolError):
        await openrouter_http.post(CHAT, json=ask())
    await openrouter.fail(Action.HANG)
    with pytest.raises(httpx.ReadTimeout):
        await openrouter_http.post(CHAT, json=ask(), timeout=0.3)
    assert [call.outcome for call in (await openrouter.wait_for(2, ended=True)).calls] == ["cut", "cut"]


@pytest.mark.parametrize("split", [False, True])
async def test_characters_travel_raw_and_in_halves(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, split: bool
):
    text = "line\u2028separator \u00e9t\u00e9 \U0001f99c end"
    await openrouter.say(text, raw_unicode=True, split_utf8=split, blank_data=True)
    pieces: list[bytes] = []
    async with openrouter_http.stream("POST", CHAT, json=ask(stream=True)) as response:
        pieces += [piece async for piece in response.aiter_raw()]
    raw = b"".join(pieces)
    assert "\u2028".encode() in raw
    assert b"data:\n\n" in raw
    broken = 0
    for piece in pieces:
        try:
            piece.decode()
        except UnicodeDecodeError:
            broken += 1
    assert (broken > 0) is split
    assert words(await whole(openrouter_http, ask())) == text


# --- cut connections: one POST, and who pays -------------------------------------------------------------------------

CUTS = [
    (Action.DROP_BEFORE, False, None),
    (Action.DROP_AFTER, True, None),
    (Action.CUT_AFTER_HEADERS, True, 200),
    (Action.CUT_MID_STREAM, True, 200),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("rst", [False, True])
@pytest.mark.parametrize("cut", CUTS)
async def test_a_cut_connection_is_one_post_and_at_most_one_charge(
    openrouter: FakeOpenRouter,
    openrouter_http: httpx.AsyncClient,
    cut: tuple[Action, bool, int | None],
    rst: bool,
    stream: bool,
):
    action, charged, status = cut
    await openrouter.answer(Script(text="one two three"), model=GEMINI)
    await openrouter.fail(action, rst=rst)
    with pytest.raises(LOST):
        await openrouter_http.post(CHAT, json=ask(model=GEMINI, stream=stream))
    (call,) = (await openrouter.wait_for(1, ended=True)).calls
    assert (call.outcome, call.charged, call.status, call.fault) == ("cut", charged, status, action)
    assert (call.body_sha256 == "") is (action is Action.DROP_BEFORE)
    assert (call.cost_usd > 0) is charged


async def test_what_came_before_the_cut_is_received(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter.say("one two three")
    for rst in (False, True):
        await openrouter.fail(Action.CUT_MID_STREAM, after=2, rst=rst)
        events: list[str] = []
        with pytest.raises(LOST):
            events += [data async for data in collecting(events, streamed(openrouter_http, ask()))]
        assert words(events) == "one two "


async def collecting(kept: list[str], events: AsyncIterator[str]) -> AsyncIterator[str]:
    """Keep what came, even if the source then fails."""
    async for data in events:
        kept.append(data)
        yield data


async def test_a_reset_is_a_reset_and_a_close_is_a_close(openrouter: FakeOpenRouter):
    async def ending(rst: bool) -> bytes:
        await openrouter.fail(Action.DROP_AFTER, rst=rst)
        port = int(openrouter.api.split(":")[2].split("/")[0])
        body = json.dumps(ask()).encode()
        head = (
            f"POST /api/v1{CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(connection, head.encode() + body)
            return await loop.sock_recv(connection, 1000)

    assert await ending(rst=False) == b""
    with pytest.raises(ConnectionResetError):
        await ending(rst=True)


@pytest.mark.parametrize(
    ("stream", "setting", "cached"), [(False, None, 1), (False, False, 0), (True, None, 0), (True, True, 1)]
)
async def test_an_answer_may_be_cached_although_nobody_got_it(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, stream: bool, setting: bool | None, cached: int
):
    await openrouter.answer(Script(text="x", finish_after_disconnect=setting))
    await openrouter.fail(Action.DROP_AFTER)
    with pytest.raises(LOST):
        await openrouter_http.post(CHAT, json=ask(stream=stream), headers=CACHED)
    await openrouter.wait_for(1, ended=True)
    again = await openrouter_http.post(CHAT, json=ask(stream=stream), headers=CACHED)
    assert again.headers["X-OpenRouter-Cache-Status"] == ("HIT" if cached else "MISS")
    assert len((await openrouter.state()).charged) == 2 - cached


@pytest.mark.parametrize(("model", "share"), [(GPT, (0.01, 0.9)), (GEMINI, (1, 1))])
async def test_leaving_a_stream_saves_money_only_with_some_providers(
    openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient, model: str, share: tuple[float, float]
):
    await openrouter.say("word " * 100, tokens_per_second=100)
    async with openrouter_http.stream("POST", CHAT, json=ask(model=model, stream=True)) as response:
        generation = response.headers["X-Generation-Id"]
        async for _ in EventSource(response).aiter_sse():
            break
    (call,) = (await openrouter.wait_for(1, ended=True)).calls
    assert call.outcome == "cancelled"
    assert share[0] <= call.cost_usd / call.usage["cost"] <= share[1]
    found = (await openrouter_http.get("/generation", params={"id": generation})).json()["data"]
    assert found["cancelled"] is True
    assert found["total_cost"] == call.cost_usd


async def test_other_endpoints_are_cut_too(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    body = {"model": "hexgrad/kokoro-82m", "input": "Good morning.", "voice": "af_alloy"}
    for action in (Action.DROP_BEFORE, Action.DROP_AFTER, Action.CUT_AFTER_HEADERS, Action.CUT_MID_STREAM):
        await openrouter.fail(action)
        with pytest.raises(LOST):
            await openrouter_http.post("/audio/speech", json=body)
    await openrouter.fail(Action.DROP_AFTER)
    with pytest.raises(LOST):
        await openrouter_http.get("/key")
    assert [call.charged for call in (await openrouter.state()).calls] == [False, True, True, True]


async def test_the_ledger_tells_the_paying_key(openrouter: FakeOpenRouter, openrouter_http: httpx.AsyncClient):
    await openrouter_http.post(CHAT, json=ask())
    assert (await openrouter.headers(0))["Authorization"] == f"Bearer {KEY}"
