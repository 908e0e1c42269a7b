"""The small rules of the Slack adapter: hosts, outcomes of calls, commands, how far back the history is read."""

import aiohttp
import pytest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.account import SlackAccount
from adapters.slack.clients import proxy_for
from adapters.slack.commands import Typed, to_call, to_root, to_turn, to_typed
from adapters.slack.files import is_page, share_of
from adapters.slack.outcomes import SlackRefusal, read, write
from adapters.slack.reach import Reach
from adapters.slack.sockets import acknowledgement
from adapters.slack.translate import Identity
from bot.domain.commands import COMMANDS, Answer
from bot.domain.errors import PostInDoubt, PostNotDone
from bot.domain.messages import Addressed

ME = Identity(team="T1", user="UME", bot="BME")
ACCOUNT = SlackAccount(bot_token="xoxb-1", app_token="xapp-1")


# --- hosts ---


@pytest.mark.parametrize(
    "url", ["https://files.slack.com/a", "https://slack.com/a", "https://w.enterprise.slack.com/a"]
)
def test_the_token_goes_to_slack(url: str):
    assert ACCOUNT.is_file_host(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.slack.com/a",
        "https://files.slack.com.evil.example/a",
        "https://evilslack.com/a",
        "https://slack.com@evil.example/a",
        "https://127.0.0.1/a",
        "http://localhost/a",
        "http://169.254.169.254/latest",
        "ftp://files.slack.com/a",
        "file:///etc/passwd",
        "//files.slack.com/a",
        "",
    ],
)
def test_the_token_goes_nowhere_else(url: str):
    assert not ACCOUNT.is_file_host(url)


def test_a_host_of_this_machine_must_be_named():
    tested = SlackAccount(bot_token="xoxb-1", file_hosts=("127.0.0.1",))
    assert tested.is_file_host("http://127.0.0.1:1234/a")
    assert not tested.is_file_host("http://localhost:1234/a")
    assert not tested.is_file_host("https://files.slack.com/a")


def test_secrets_are_not_shown():
    shown = repr(SlackAccount(bot_token="xoxb-secret", app_token="xapp-secret", signing_secret="s-secret"))
    assert "secret'" not in shown
    assert "xoxb" not in shown


def test_the_proxy_of_the_environment_is_for_slack_and_not_for_this_machine(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "slack-gov.com")
    assert proxy_for("https://slack.com/api/") == "http://proxy.example:3128"
    assert proxy_for("https://slack-gov.com/api/") is None
    assert proxy_for("http://127.0.0.1:1234/api/") is None


# --- outcomes ---


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (429, {"ok": False, "error": "ratelimited"}, PostNotDone),
        (200, {"ok": False, "error": "ratelimited"}, PostNotDone),
        (200, {"ok": False, "error": "service_unavailable"}, PostNotDone),
        (500, {}, PostInDoubt),
        (503, {}, PostInDoubt),
        (200, {"ok": False, "error": "internal_error"}, PostInDoubt),
        (200, {"ok": False, "error": "fatal_error"}, PostInDoubt),
        (200, {}, PostInDoubt),
        (200, {"ok": False, "error": "channel_not_found"}, SlackRefusal),
        (200, {"ok": False, "error": "an_error_that_nobody_knows"}, SlackRefusal),
    ],
)
async def test_each_answer_has_its_outcome(status: int, body: dict[str, object], outcome: type[Exception]):
    with pytest.raises(outcome):
        await write(answer(status, body))


async def test_a_busy_slack_says_how_long_to_wait():
    with pytest.raises(PostNotDone) as caught:
        await write(answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "7"}))
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (aiohttp.ServerDisconnectedError(), PostInDoubt),
        (aiohttp.ClientOSError(104, "reset"), PostInDoubt),
        (TimeoutError(), PostInDoubt),
        (aiohttp.SocketTimeoutError(), PostInDoubt),
        (aiohttp.ConnectionTimeoutError(), PostNotDone),
    ],
)
async def test_each_silence_has_its_outcome(error: Exception, outcome: type[Exception]):
    with pytest.raises(outcome):
        await write(failing(error))
    with pytest.raises(PostNotDone):
        await read(failing(error))


async def test_a_refusal_says_what_to_do():
    with pytest.raises(SlackRefusal, match=r"missing_scope \(files:write\).*install the app again") as caught:
        await write(answer(200, {"ok": False, "error": "missing_scope", "needed": "files:write"}))
    assert (caught.value.error, caught.value.needed) == ("missing_scope", "files:write")


async def answer(status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> AsyncSlackResponse:
    response = AsyncSlackResponse(
        client=AsyncWebClient(),
        http_verb="POST",
        api_url="",
        req_args={},
        data=body,
        headers=headers or {},
        status_code=status,
    )
    raise SlackApiError("no", response)


async def failing(error: Exception) -> AsyncSlackResponse:
    raise error


# --- acknowledgements ---


def test_what_was_not_handled_is_not_acknowledged():
    assert acknowledgement("e1", BoltResponse(status=500, body="")) is None
    assert acknowledgement("e1", BoltResponse(status=404, body={"error": "no"})) is None


def test_an_answer_goes_with_the_acknowledgement():
    assert acknowledgement("e1", BoltResponse(status=200, body="")) == {"envelope_id": "e1"}
    assert acknowledgement("e1", BoltResponse(status=200, body="hi")) == {
        "envelope_id": "e1",
        "payload": {"text": "hi"},
    }
    answered = acknowledgement("e1", BoltResponse(status=200, body={"text": "hi", "blocks": []}))
    assert answered == {"envelope_id": "e1", "payload": {"text": "hi", "blocks": []}}


# --- commands ---


def typed(command: str, text: str = "", channel: str = "C1") -> Typed:
    payload = {"command": f"/{command}", "text": text, "channel_id": channel, "user_id": "U1", "user_name": "ada"}
    found = to_typed(payload, ME)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_can_be_typed(name: str):
    assert typed(name).becomes_turn == (COMMANDS[name].answer is Answer.TURN)


def test_an_unknown_command_is_none():
    assert to_typed({"command": "/dance", "channel_id": "C1", "user_id": "U1"}, ME) is None


def test_a_question_becomes_a_message_in_the_thread_of_its_root():
    asked = typed("ask", "is 1 &lt; 2?", channel="D1")
    message = to_turn(asked, ME, root="1.000001")
    assert (message.text, message.command, message.addressed) == ("is 1 < 2?", "ask", Addressed.COMMAND)
    assert (message.key, message.place.thread, message.place.direct) == ("1.000001", "1.000001", True)
    assert not asked.lacks


def test_what_is_required_must_be_typed():
    assert "/ask <question>" in typed("ask").lacks
    assert not typed("transcribe").lacks
    assert typed("transcribe").wants_recording
    assert not typed("ask", "why?").wants_recording


def test_a_root_calls_nobody_but_names_who_asked():
    root = to_root(typed("say", "<!channel> &lt;!here&gt; " + "x" * 5_000))
    assert root.startswith("<@U1> used /say: @channel &lt;!here&gt; xxx")
    assert root.count("<") == 1
    assert len(root) < 1_100


@pytest.mark.parametrize(("text", "changes"), [("", False), ("chat", True), ("chat local/x", True)])
def test_only_what_has_options_may_change_a_channel(text: str, changes: bool):
    assert typed("model", text).would_change is changes
    assert not typed("usage", text).would_change


def test_a_call_knows_its_options_by_name():
    call = to_call(typed("model", "chat local/a, local/b"), ME, may_manage=True)
    assert call.options == {"kind": "chat", "model": "local/a, local/b"}
    assert (call.place.scopes, call.may_manage) == (("slack:T1", "slack:T1:C1"), True)


# --- the history ---

DAY = 24 * 3600


def ts(seconds: float) -> str:
    return f"{1_760_000_000 + seconds:.6f}"


def test_only_what_is_newer_than_the_newest_mark_was_missed():
    reach = Reach(marks={ts(0): ts(0), ts(50): ts(70)}, oldest=ts(-DAY))
    assert [reach.is_missed({"ts": ts(at)}) for at in (60, 70, 70.000001, 80)] == [False, False, True, True]


def test_threads_with_newer_replies_are_found_by_their_own_mark():
    reach = Reach(marks={ts(0): ts(10), ts(50): ts(70)}, oldest=ts(-DAY))
    assert reach.has_missed_replies({"ts": ts(0), "latest_reply": ts(11)})
    assert not reach.has_missed_replies({"ts": ts(0), "latest_reply": ts(10)})
    assert not reach.has_missed_replies({"ts": ts(20), "latest_reply": ts(70)})
    assert reach.has_missed_replies({"ts": ts(20), "latest_reply": ts(71)})
    assert not reach.has_missed_replies({"ts": ts(20)})


def test_a_thread_with_an_old_root_is_read_when_it_was_lively():
    old, lively, sleepy = ts(-5 * DAY), ts(10), ts(-2 * DAY)
    reach = Reach(marks={old: lively, ts(-6 * DAY): sleepy, ts(0): ts(0), "": ts(5)}, oldest=ts(-9 * DAY))
    assert reach.lively_threads() == {old}


def test_what_is_too_old_is_left():
    reach = Reach(marks={ts(0): ts(0)}, oldest=ts(3 * DAY))
    assert not reach.is_missed({"ts": ts(2 * DAY)})
    assert reach.after(ts(0)) == ts(3 * DAY)


# --- files ---


@pytest.mark.parametrize("first", [b"<!DOCTYPE html><html>", b"\n  <html lang=en>", b"<!doctype HTML>"])
def test_a_login_page_is_recognised(first: bytes):
    assert is_page(first)


@pytest.mark.parametrize("first", [b"", b"OggS", b"RIFF<html>", b"\x00\x00\x00 ftypM4A "])
def test_a_recording_is_no_page(first: bytes):
    assert not is_page(first)


def test_a_share_is_found_in_its_channel():
    shares = {"public": {"C1": [{"ts": "1.2"}]}, "private": {"G1": [{"ts": "3.4"}]}}
    assert share_of({"shares": shares}, "G1") == "3.4"
    assert share_of({"shares": shares}, "C2") is None
    assert share_of({}, "C1") is None
