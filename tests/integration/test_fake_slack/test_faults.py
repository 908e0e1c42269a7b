"""The fake Slack fails on order, limits rates, and takes no malformed request."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.process import running
from tests.fakes.slack.client import FakeRefused, SlackFake
from tests.fakes.slack.values import Upload
from tests.fakes.specs import specification

CHANNEL = "C0000000002"
POST = "POST /api/chat.postMessage"


@pytest.fixture
def web(slack: SlackFake) -> AsyncWebClient:
    return client(slack)


def client(slack: SlackFake, **more: Any) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, **{"retry_handlers": [], **more})


async def texts(slack: SlackFake, channel: str) -> list[str]:
    return [message.text for message in await slack.bot_messages(channel)]


async def test_too_many_requests(slack: SlackFake, web: AsyncWebClient, channel: str):
    await slack.fault(POST, "429", seconds=7)
    with pytest.raises(SlackApiError) as caught:
        await web.chat_postMessage(channel=channel, text="once")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "7"
    await web.chat_postMessage(channel=channel, text="again")
    assert await texts(slack, channel) == ["again"]


@pytest.mark.parametrize("kind", ["500", "503"])
async def test_a_broken_server(slack: SlackFake, web: AsyncWebClient, channel: str, kind: str):
    await slack.fault(POST, kind, count=2)
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            await web.chat_postMessage(channel=channel, text="x")
        assert caught.value.response.status_code == int(kind)
    assert await texts(slack, channel) == []


@pytest.mark.parametrize(("kind", "status"), [("429_text", 429), ("503_text", 503)])
async def test_what_stands_before_slack_answers_in_a_plain_text(
    slack: SlackFake, web: AsyncWebClient, channel: str, kind: str, status: int
):
    await slack.fault(POST, kind, seconds=7)
    with pytest.raises(SlackApiError) as caught:
        await web.chat_postMessage(channel=channel, text="x")
    assert caught.value.response.status_code == status
    assert isinstance(caught.value.response.data, str)
    assert caught.value.response.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert await texts(slack, channel) == []


async def test_an_answer_that_cannot_be_read(slack: SlackFake, web: AsyncWebClient, channel: str):
    await slack.fault(POST, "garble")
    with pytest.raises(SlackApiError) as caught:
        await web.chat_postMessage(channel=channel, text="x")
    assert isinstance(caught.value.response, aiohttp.ClientResponse)
    assert await texts(slack, channel) == ["x"]


async def test_a_named_error_before_or_after_the_effect(slack: SlackFake, web: AsyncWebClient, channel: str):
    await slack.fault(POST, "error", error="fatal_error")
    await slack.fault(POST, "error_after")
    for expected in ("fatal_error", "internal_error"):
        with pytest.raises(SlackApiError) as caught:
            await web.chat_postMessage(channel=channel, text=expected)
        assert caught.value.response["error"] == expected
    assert await texts(slack, channel) == ["internal_error"]


async def test_a_connection_cut_before_or_after_the_effect(slack: SlackFake, web: AsyncWebClient, channel: str):
    for kind in ("drop_before", "drop_after"):
        await slack.fault(POST, kind)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await web.chat_postMessage(channel=channel, text=kind)
    assert await texts(slack, channel) == ["drop_after"]
    assert [one["fault"] for one in await slack.requests("chat.postMessage")] == ["drop_before", "drop_after"]


async def test_the_librarys_own_retry_posts_twice(slack: SlackFake, channel: str):
    eager = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    await slack.fault(POST, "drop_after")
    await eager.chat_postMessage(channel=channel, text="twice")
    assert await texts(slack, channel) == ["twice", "twice"]


async def test_a_slow_answer(slack: SlackFake, channel: str):
    hasty = client(slack, timeout=0.2)
    await slack.fault(POST, "slow", seconds=0.5)
    with pytest.raises(TimeoutError):
        await hasty.chat_postMessage(channel=channel, text="late")
    await slack.wait_for_reply(channel, None)
    assert await texts(slack, channel) == ["late"]


async def test_a_download_that_breaks_off(slack: SlackFake, web: AsyncWebClient, channel: str):
    posted = await slack.post(channel, await slack.create_user(), files=(Upload(content=b"x" * 10_000),))
    address = (await web.files_info(file=posted.files[0]))["file"]["url_private"]
    await slack.fault("GET /files-*", "truncate")
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with slack.session.get(address, headers=headers) as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_faults_wait_for_their_turn_and_can_be_called_off(slack: SlackFake, web: AsyncWebClient, channel: str):
    await slack.fault(POST, "500", skip=1)
    await web.chat_postMessage(channel=channel, text="first")
    with pytest.raises(SlackApiError):
        await web.chat_postMessage(channel=channel, text="second")
    await slack.fault("* /api/*", "500", count=100)
    await slack.clear_faults()
    assert (await web.auth_test())["ok"]
    with pytest.raises(FakeRefused):
        await slack.fault(POST, "earthquake")


async def test_rates_are_limited_per_method_and_channel(slack: SlackFake, web: AsyncWebClient, channel: str):
    other = await slack.create_channel([await slack.create_user()], name="other")
    await slack.rate_limits(**{"reactions.add": {"calls": 2, "seconds": 60}})
    await web.chat_postMessage(channel=channel, text="1")
    await web.chat_postMessage(channel=other, text="2")
    with pytest.raises(SlackApiError) as caught:
        await web.chat_postMessage(channel=channel, text="3")
    assert caught.value.response.headers["Retry-After"] == "1"
    ts = (await slack.bot_messages(channel))[0].ts
    for name in ("one", "two"):
        await web.reactions_add(channel=channel, timestamp=ts, name=name)
    with pytest.raises(SlackApiError) as caught:
        await web.reactions_add(channel=channel, timestamp=ts, name="eyes")
    assert 50 < int(caught.value.response.headers["Retry-After"]) <= 60


BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "x" * 76}, "action_id": "a"}
MALFORMED = {
    "no content": ("chat.postMessage", {"channel": CHANNEL}, "no_text"),
    "unknown argument": ("chat.postMessage", {"channel": CHANNEL, "text": "x", "colour": "red"}, "invalid_arguments"),
    "no channel": ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
    "not an id": ("chat.update", {"channel": "general", "ts": "1700000000.000001", "text": "x"}, "invalid_arguments"),
    "not a time": (
        "chat.postMessage",
        {"channel": CHANNEL, "text": "x", "thread_ts": "yesterday"},
        "invalid_arguments",
    ),
    "null": ("chat.postMessage", {"channel": CHANNEL, "text": "x", "thread_ts": None}, "invalid_arguments"),
    "text and markdown": (
        "chat.postMessage",
        {"channel": CHANNEL, "text": "x", "markdown_text": "x"},
        "markdown_text_conflict",
    ),
    "long markdown": ("chat.postMessage", {"channel": CHANNEL, "markdown_text": "x" * 12_001}, "msg_too_long"),
    "bad metadata": (
        "chat.postMessage",
        {"channel": CHANNEL, "text": "x", "metadata": {"event_type": "a"}},
        "invalid_metadata_format",
    ),
    "long button": (
        "chat.postMessage",
        {"channel": CHANNEL, "text": "x", "blocks": [{"type": "actions", "elements": [BUTTON]}]},
        "invalid_blocks",
    ),
    "too many blocks": (
        "chat.postMessage",
        {"channel": CHANNEL, "text": "x", "blocks": [{"type": "divider"}] * 51},
        "invalid_blocks",
    ),
    "bad chunk": (
        "chat.appendStream",
        {"channel": CHANNEL, "ts": "1700000000.000001", "chunks": [{"type": "task_update", "id": "1"}]},
        "invalid_chunks",
    ),
    "no thread": ("chat.startStream", {"channel": CHANNEL, "markdown_text": "x"}, "invalid_arguments"),
    "no bytes": ("files.getUploadURLExternal", {"filename": "a.mp3", "length": 0}, "invalid_arguments"),
    "no files": ("files.completeUploadExternal", {"files": []}, "invalid_arguments"),
    "long title": (
        "views.open",
        {"trigger_id": "1", "view": {"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}, "blocks": []}},
        "invalid_arguments",
    ),
    "too many messages": (
        "assistant.threads.setStatus",
        {"channel_id": CHANNEL, "thread_ts": "1700000000.000001", "status": "x", "loading_messages": ["x"] * 11},
        "invalid_arguments",
    ),
    "unknown status": ("agents.sessions.setStatus", {"channel_id": CHANNEL, "status": "busy"}, "invalid_arguments"),
    "unknown method": ("chat.shout", {"text": "x"}, "unknown_method"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bare_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYNAH_SPECS", str(tmp_path_factory.mktemp("empty")))
        async with running("tests.fakes.slack") as found:
            yield found


@pytest.mark.parametrize("specified", [True, False], ids=["specified", "bare"])
@pytest.mark.parametrize("case", MALFORMED)
async def test_a_malformed_call_is_refused_and_remembered(url: str, bare_url: str, case: str, specified: bool):
    method, arguments, expected = MALFORMED[case]
    async with SlackFake.connected(url if specified else bare_url) as slack:
        await slack.reset()
        with pytest.raises(SlackApiError) as caught:
            await client(slack).api_call(method, json=arguments)
        assert caught.value.response["error"] == expected
        assert (await slack.take_violations())[0].startswith(f"{method}: ")


async def test_our_own_rules_hold_where_no_specification_is(bare_url: str):
    async with SlackFake.connected(bare_url) as slack:
        assert (await slack.state())["checks"] == ["own"]


@pytest.mark.skipif(specification("slack-requests.schema.json") is None, reason="no specification on this machine")
async def test_the_specification_finds_more(slack: SlackFake, web: AsyncWebClient, channel: str):
    assert (await slack.state())["checks"] == ["own", "methods", "requests"]
    with pytest.raises(SlackApiError) as caught:
        await web.chat_postMessage(channel=channel, text="x", blocks=[{"type": "section", "colour": "red"}])
    assert caught.value.response["error"] == "invalid_blocks"
    assert (await slack.take_violations())[0].startswith("chat.postMessage: blocks/0")


async def test_rules_of_conduct_are_remembered_too(slack: SlackFake, web: AsyncWebClient, channel: str):
    root = await web.chat_postMessage(channel=channel, text="root")
    reply = await web.chat_postMessage(channel=channel, text="reply", thread_ts=root["ts"])
    third = await web.chat_postMessage(channel=channel, text="third", thread_ts=reply["ts"])
    assert third["message"]["thread_ts"] == root["ts"]
    assert "is a reply" in (await slack.take_violations())[0]
    long = await web.chat_postMessage(channel=channel, text="x" * 40_001)
    assert len(long["message"]["text"]) == 40_000
    assert "was cut" in (await slack.take_violations())[0]
    place = await web.files_getUploadURLExternal(filename="a.mp3", length=3)
    with pytest.raises(SlackApiError):
        await web.files_completeUploadExternal(files=[{"id": place["file_id"], "title": "a"}], channel_id=channel)
    assert "before its bytes" in (await slack.take_violations())[0]


async def test_bodies_that_are_no_json_object(slack: SlackFake):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {slack.bot_token}"}
    for body, expected in (("{", "invalid_json"), ("[]", "json_not_object")):
        async with slack.session.post(f"{slack.api_url}auth.test", data=body, headers=headers) as response:
            assert (await response.json())["error"] == expected


async def test_checks_can_be_left_out_for_speed(tmp_path: Path):
    async with running("tests.fakes.slack", "--no-validate") as found, SlackFake.connected(found) as slack:
        channel = await slack.create_channel([await slack.create_user()])
        await client(slack).api_call("chat.postMessage", json={"channel": channel, "text": "x", "colour": "red"})
        assert await slack.violations() == []
        counted = await slack.counts()
        assert (counted["messages"], counted["requests"]) == (1, {POST: 1})


async def test_a_reset_forgets_everything(slack: SlackFake, web: AsyncWebClient, channel: str):
    await web.chat_postMessage(channel=channel, text="x")
    await slack.options(ack_seconds=9)
    await slack.reset()
    state = await slack.state()
    assert (state["channels"], state["journal"], state["requests"]) == ([], [], [])
    assert state["options"]["ack_seconds"] == 3.0
