"""The fake Slack brings events, commands and clicks to the unmodified slack-bolt, over sockets and over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack.client import FakeRefused, SlackFake
from tests.fakes.slack.values import Upload

Json = dict[str, Any]


@dataclass
class Bot:
    """A small app of slack-bolt that keeps what it gets, and may fail to take it."""

    app: AsyncApp
    bodies: list[Json] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    failures: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[Json]:
        return [body["event"] for body in self.bodies]

    def listen(self) -> None:
        async def take(body: Json, request: Any) -> None:
            self.retries.append(request.headers.get("x-slack-retry-num", [""])[0])
            if self.failures:
                self.failures -= 1
                raise ConnectionError("the inbox is not at home")
            self.bodies.append(body)
            self.arrived.set()

        for name in ("message", "app_mention", "file_shared", "file_deleted", "reaction_added", "file_change"):
            self.app.event(name)(take)

    async def wait(self, count: int) -> list[Json]:
        async with asyncio.timeout(5):
            while len(self.bodies) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.events


@pytest.fixture
def bot(slack: SlackFake) -> Bot:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    made = Bot(app=AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True))
    made.listen()
    return made


@asynccontextmanager
async def socket_mode(
    slack: SlackFake, bot: Bot, *, ping_interval: float = 10
) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(bot.app, slack.app_token, ping_interval=ping_interval)
    open_before = len((await slack.state())["sockets"])
    await handler.connect_async()
    try:
        await slack.wait_connected(open_before + 1)
        yield handler
    finally:
        await handler.close_async()


@asynccontextmanager
async def http_mode(slack: SlackFake, bot: Bot) -> AsyncIterator[str]:
    runner = web.AppRunner(bot.app.web_app("/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await slack.options(delivery="http", events_url=address)
    try:
        yield address
    finally:
        await runner.cleanup()


async def test_an_event_is_acknowledged_over_the_socket(slack: SlackFake, bot: Bot, ada: str, channel: str):
    async with socket_mode(slack, bot):
        posted = await slack.post(channel, ada, "hello")
        delivered = await slack.wait_delivered(posted.deliveries[0])
    assert delivered.state == "acked"
    assert 0 <= delivered.attempts[0]["seconds"] < 3
    [event] = bot.events
    assert (event["type"], event["text"], event["user"], event["ts"]) == ("message", "hello", ada, posted.ts)
    assert (event["channel"], event["channel_type"]) == (channel, "channel")
    assert bot.bodies[0]["event_id"] == delivered.id
    [ack] = await slack.acks()
    assert ack["in_time"]
    assert ack["envelope_id"] == delivered.attempts[0]["envelope_id"]


async def test_a_mention_comes_twice_with_two_event_ids(slack: SlackFake, bot: Bot, ada: str, channel: str):
    direct = await slack.create_channel([ada], kind="im")
    async with socket_mode(slack, bot):
        posted = await slack.post(channel, ada, f"{slack.mention} hello")
        events = await bot.wait(2)
        await slack.post(direct, ada, f"{slack.mention} here it comes once")
        await bot.wait(3)
    assert sorted(event["type"] for event in events[:2]) == ["app_mention", "message"]
    assert {(event["channel"], event["ts"]) for event in events[:2]} == {(channel, posted.ts)}
    assert len({body["event_id"] for body in bot.bodies}) == 3
    assert bot.events[2]["channel_type"] == "im"


async def test_clips_look_like_slacks(slack: SlackFake, bot: Bot, ada: str, channel: str):
    files = (
        Upload(content=b"m4a", kind="slack_audio", duration_ms=3177),
        Upload(content=b"mp4", kind="slack_video"),
        Upload(content=b"RIFF", name="note.wav"),
        Upload(content=b"far", kind="connect", name="far.mp3"),
    )
    async with socket_mode(slack, bot):
        posted = await slack.post(channel, ada, f"{slack.mention} listen", files=files)
        await bot.wait(6)
    by_type = {event["type"]: event for event in bot.events}
    assert by_type["message"]["subtype"] == "file_share"
    assert "subtype" not in by_type["app_mention"]
    audio, video, plain, stub = by_type["message"]["files"]
    assert (audio["subtype"], audio["mimetype"], audio["duration_ms"]) == ("slack_audio", "audio/webm", 3177)
    assert audio["aac"].endswith("audio_message_audio.mp4")
    assert (video["subtype"], video["mimetype"]) == ("slack_video", "video/mp4")
    assert plain["mimetype"] in {"audio/x-wav", "audio/wav", "audio/vnd.wave"}
    assert (stub["id"], stub["file_access"]) == (posted.files[3], "check_file_info")
    assert "url_private" not in stub
    about = await bot.app.client.files_info(file=stub["id"])
    assert about["file"]["name"] == "far.mp3"


async def test_edits_deletions_reactions_and_transcripts(slack: SlackFake, bot: Bot, ada: str, channel: str):
    async with socket_mode(slack, bot):
        posted = await slack.post(channel, ada, "helo", files=(Upload(content=b"m4a", kind="slack_audio"),))
        await slack.edit(channel, posted.ts, "hello")
        await slack.react(channel, posted.ts, ada, "eyes")
        await slack.finish_transcript(posted.files[0], "hello there")
        await slack.delete_file(posted.files[0])
        await slack.delete(channel, posted.ts)
        await bot.wait(7)
    kinds = {event.get("subtype", event["type"]): event for event in bot.events}
    assert kinds["message_changed"]["message"]["text"] == "hello"
    assert kinds["message_changed"]["previous_message"]["text"] == "helo"
    assert kinds["message_deleted"]["deleted_ts"] == posted.ts
    assert kinds["reaction_added"]["item"]["ts"] == posted.ts
    assert {"file_deleted", "file_change", "file_shared"} <= kinds.keys()


async def test_what_is_not_acknowledged_comes_again(slack: SlackFake, bot: Bot, ada: str, channel: str):
    await slack.options(ack_seconds=0.2, retry_delays=[0, 0.1])
    bot.failures = 2
    async with socket_mode(slack, bot):
        posted = await slack.post(channel, ada, "hello")
        delivered = await slack.wait_delivered(posted.deliveries[0])
    assert bot.retries == ["0", "1", "2"]
    assert [attempt["failure"] for attempt in delivered.attempts] == ["timeout", "timeout", None]
    assert len({attempt["envelope_id"] for attempt in delivered.attempts}) == 3
    assert [body["event_id"] for body in bot.bodies] == [delivered.id]


async def test_slack_gives_up_and_a_test_can_send_again(slack: SlackFake, bot: Bot, ada: str, channel: str):
    await slack.options(ack_seconds=0.1, retry_delays=[0])
    bot.failures = 2
    async with socket_mode(slack, bot):
        posted = await slack.post(channel, ada, "hello")
        assert (await slack.wait_delivered(posted.deliveries[0])).state == "failed"
        again = await slack.send_again(posted.deliveries[0])
        assert (await slack.wait_delivered(again)).state == "acked"
    assert bot.bodies[0]["event_id"] == posted.deliveries[0]


async def test_without_a_socket_only_the_retry_arrives(slack: SlackFake, bot: Bot, ada: str, channel: str):
    await slack.options(retry_delays=[0, 0.5])
    posted = await slack.post(channel, ada, "anybody there?")
    async with socket_mode(slack, bot):
        delivered = await slack.wait_delivered(posted.deliveries[0])
    assert [attempt["failure"] for attempt in delivered.attempts] == ["connection_failed", "connection_failed", None]
    assert bot.retries == ["2"]


async def test_each_payload_goes_to_one_of_several_sockets(slack: SlackFake, bot: Bot, ada: str, channel: str):
    async with socket_mode(slack, bot), socket_mode(slack, bot):
        for number in range(6):
            await slack.post(channel, ada, f"m{number}")
        await bot.wait(6)
        used = {ack["socket"] for ack in (await slack.wait_until(lambda state: len(state["acks"]) == 6))["acks"]}
    assert len(used) == 2
    assert sorted(event["text"] for event in bot.events) == [f"m{number}" for number in range(6)]


async def test_the_client_reconnects_when_asked(slack: SlackFake, bot: Bot, ada: str, channel: str):
    async with socket_mode(slack, bot):
        [before] = (await slack.state())["sockets"]
        await slack.disconnect("refresh_requested")
        await slack.wait_until(lambda state: state["sockets"] and before not in state["sockets"])
        await slack.post(channel, ada, "still there?")
        await bot.wait(1)


async def test_a_cut_before_the_ack_leads_to_a_redelivery(slack: SlackFake, bot: Bot, ada: str, channel: str):
    await slack.options(ack_seconds=0.3, retry_delays=[0, 0.3, 0.5, 1])
    async with socket_mode(slack, bot, ping_interval=0.2):
        await slack.cut_socket_after(1)
        posted = await slack.post(channel, ada, "hello")
        delivered = await slack.wait_delivered(posted.deliveries[0])
        assert delivered.state == "acked"
        assert delivered.attempts[0]["failure"] == "timeout"
        assert await slack.cut_sockets() == 1
        await slack.wait_connected(1)
    assert {body["event_id"] for body in bot.bodies} == {delivered.id}


async def test_the_app_hears_only_where_it_is_and_what_it_subscribed_to(slack: SlackFake, ada: str, channel: str):
    elsewhere = await slack.create_channel([ada], name="elsewhere", bot=False)
    assert (await slack.post(elsewhere, ada, f"{slack.mention}?")).deliveries == ()
    await slack.options(subscriptions=["app_mention"])
    assert len((await slack.post(channel, ada, f"{slack.mention}!")).deliveries) == 1
    assert (await slack.post(channel, ada, "hello")).deliveries == ()
    assert (await slack.post(channel, ada, f"{slack.mention} later", deliver=False)).deliveries == ()


async def test_the_apps_own_messages_come_back_to_it(slack: SlackFake, bot: Bot, channel: str):
    async with socket_mode(slack, bot):
        sent = await bot.app.client.chat_postMessage(channel=channel, text="me")
        state = await slack.wait_until(lambda state: any(one["state"] == "acked" for one in state["deliveries"]))
    [delivery] = state["deliveries"]
    assert (delivery["payload"]["event"]["bot_id"], delivery["payload"]["event"]["ts"]) == (slack.bot_id, sent["ts"])
    assert bot.bodies == []


async def test_a_slash_command_and_its_answers(slack: SlackFake, bot: Bot, ada: str, channel: str):
    @bot.app.command("/ask")
    async def ask(ack: Any, command: Json, respond: Any) -> None:
        await ack(f"thinking about {command['text']}")
        await respond("done", response_type="in_channel")

    await slack.options(response_url_uses=1)
    async with socket_mode(slack, bot):
        typed = await slack.slash("/ask", "birds", user=ada, channel=channel)
        delivered = await slack.wait_delivered(typed.delivery)
        [seen] = await slack.wait_for_reply(channel, None)
        state = await slack.wait_until(lambda state: bool(state["ephemerals"]))
    assert delivered.attempts[0]["answer"] == {"text": "thinking about birds"}
    assert state["ephemerals"][0]["text"] == "thinking about birds"
    assert seen.text == "done"
    async with slack.session.post(typed.response_url, json={"text": "too much"}) as response:
        assert (response.status, await response.json()) == (404, {"ok": False, "error": "used_url"})


async def test_an_unanswered_command_is_not_repeated(slack: SlackFake, bot: Bot, ada: str, channel: str):
    await slack.options(ack_seconds=0.1, retry_delays=[0])

    @bot.app.command("/slow")
    async def slow(ack: Any) -> None:
        await asyncio.sleep(0.3)
        await ack()

    async with socket_mode(slack, bot):
        typed = await slack.slash("/slow", "", user=ada, channel=channel)
        delivered = await slack.wait_delivered(typed.delivery)
        late = await slack.wait_until(lambda state: bool(state["acks"]))
    assert (delivered.state, len(delivered.attempts)) == ("failed", 1)
    assert not late["acks"][0]["in_time"]


async def test_a_shortcut_opens_a_modal_and_takes_its_values(slack: SlackFake, bot: Bot, ada: str, channel: str):
    label = {"type": "plain_text", "text": "Voice"}
    voice = {
        "type": "input",
        "block_id": "v",
        "label": label,
        "element": {"type": "plain_text_input", "action_id": "a"},
    }
    modal = {"type": "modal", "callback_id": "settings", "title": label, "submit": label, "blocks": [voice]}
    taken: list[Json] = []

    @bot.app.shortcut("transcribe_message")
    async def shortcut(ack: Any, shortcut: Json, client: AsyncWebClient) -> None:
        taken.append(shortcut)
        await ack()
        await client.views_open(trigger_id=shortcut["trigger_id"], view=modal)

    @bot.app.view("settings")
    async def submitted(ack: Any, view: Json) -> None:
        taken.append(view["state"]["values"])
        await ack(response_action="errors", errors={"v": "unknown voice"})

    async with socket_mode(slack, bot):
        posted = await slack.post(channel, ada, "hello")
        used = await slack.message_action("transcribe_message", user=ada, channel=channel, ts=posted.ts)
        await slack.wait_delivered(used.delivery)
        [view] = (await slack.state())["views"]
        sent = await slack.submit_view(
            view, user=ada, values={"v": {"a": {"type": "plain_text_input", "value": "amy"}}}
        )
        delivered = await slack.wait_delivered(sent.delivery)
    assert taken[0]["message"]["ts"] == posted.ts
    assert taken[1]["v"]["a"]["value"] == "amy"
    assert delivered.attempts[0]["answer"] == {"response_action": "errors", "errors": {"v": "unknown voice"}}


async def test_a_button_is_pressed(slack: SlackFake, bot: Bot, ada: str, channel: str):
    button = {"type": "button", "text": {"type": "plain_text", "text": "Again"}, "action_id": "again", "value": "j-1"}
    blocks = [{"type": "actions", "block_id": "b", "elements": [button]}]
    pressed: list[Json] = []

    @bot.app.action("again")
    async def again(ack: Any, action: Json, respond: Any) -> None:
        pressed.append(action)
        await ack()
        await respond("on it", replace_original=False)

    async with socket_mode(slack, bot):
        message = await bot.app.client.chat_postMessage(channel=channel, text="sorry", blocks=blocks)
        click = await slack.press("again", user=ada, channel=channel, ts=message["ts"])
        await slack.wait_delivered(click.delivery)
    assert (pressed[0]["value"], pressed[0]["block_id"]) == ("j-1", "b")
    assert [one["text"] for one in (await slack.state())["ephemerals"]] == ["on it"]


async def test_feedback_and_what_one_person_sees_are_pressed(slack: SlackFake, bot: Bot, ada: str, channel: str):
    sides = {side: {"text": {"type": "plain_text", "text": side}, "value": side} for side in ("yes", "no")}
    feedback = {
        "type": "feedback_buttons",
        "action_id": "feedback",
        "positive_button": sides["yes"],
        "negative_button": sides["no"],
    }
    blocks = [{"type": "context_actions", "elements": [feedback]}]
    pressed: list[Json] = []

    @bot.app.action("feedback")
    async def taken(ack: Any, body: Json) -> None:
        pressed.append(body)
        await ack()

    async with socket_mode(slack, bot):
        message = await bot.app.client.chat_postMessage(channel=channel, text="so?", blocks=blocks)
        for side in ("positive", "negative"):
            click = await slack.press("feedback", user=ada, channel=channel, ts=message["ts"], pressed=side)
            await slack.wait_delivered(click.delivery)
        with pytest.raises(FakeRefused):
            await slack.press("feedback", user=ada, channel=channel, ts=message["ts"])
        with pytest.raises(FakeRefused):
            await slack.press_private("feedback", user=ada, channel=channel)
        await bot.app.client.chat_postEphemeral(channel=channel, user=ada, text="so?", blocks=blocks)
        with pytest.raises(FakeRefused):
            await slack.press_private("other", user=ada, channel=channel)
    assert [one["actions"][0]["value"] for one in pressed] == ["yes", "no"]
    assert [one["actions"][0]["type"] for one in pressed] == ["feedback_buttons"] * 2


async def test_a_modal_takes_what_slack_lets_people_send(slack: SlackFake, bot: Bot, ada: str, channel: str):
    def block(name: str, **element: Any) -> Json:
        label = {"type": "plain_text", "text": name}
        return {"type": "input", "block_id": name, "label": label, "element": {"action_id": "a", **element}}

    option = {"text": {"type": "plain_text", "text": "Yes"}, "value": "yes"}
    text = block("text", type="plain_text_input", max_length=5, initial_value="hello")
    choice = block("choice", type="checkboxes", options=[option]) | {"optional": True}
    title = {"type": "plain_text", "text": "Form"}
    modal = {"type": "modal", "callback_id": "form", "title": title, "submit": title, "blocks": [text, choice]}
    taken: list[Json] = []

    @bot.app.view("form")
    async def submitted(ack: Any, view: Json) -> None:
        taken.append(view["state"]["values"])
        await ack()

    async with socket_mode(slack, bot):
        typed = await slack.slash("/form", "", user=ada, channel=channel)
        view = (await bot.app.client.views_open(trigger_id=typed.trigger_id, view=modal))["view"]["id"]
        for given in ({}, {"text": "bye", "choice": ["yes"]}):
            await slack.wait_delivered((await slack.fill_in(view, user=ada, **given)).delivery)
        for wrong in ({"text": "too long"}, {"text": ""}, {"other": "x"}):
            with pytest.raises(FakeRefused):
                await slack.fill_in(view, user=ada, **wrong)
    assert [one["text"]["a"]["value"] for one in taken] == ["hello", "bye"]
    assert [len(one["choice"]["a"]["selected_options"]) for one in taken] == [0, 1]


async def test_events_over_http_are_signed(slack: SlackFake, bot: Bot, ada: str, channel: str):
    async with http_mode(slack, bot) as address:
        posted = await slack.post(channel, ada, "hello")
        delivered = await slack.wait_delivered(posted.deliveries[0])
        assert (delivered.state, delivered.attempts[0]["status"]) == ("acked", 200)
        await slack.options(retry_delays=[])
        for signature in ("wrong", "stale", "missing"):
            sent = await slack.send_event(bot.events[0], url=address, signature=signature)
            assert (await slack.wait_delivered(sent)).attempts[0]["status"] == 401
    assert [event["text"] for event in bot.events] == ["hello"]


async def test_events_over_http_come_again(slack: SlackFake, bot: Bot, ada: str, channel: str):
    await slack.options(retry_delays=[0, 0.05, 0.1])
    bot.failures = 2
    async with http_mode(slack, bot):
        posted = await slack.post(channel, ada, "hello")
        delivered = await slack.wait_delivered(posted.deliveries[0])
    assert bot.retries == ["", "1", "2"]
    assert [attempt["failure"] for attempt in delivered.attempts] == ["http_error", "http_error", None]
    posted = await slack.post(channel, ada, "gone")
    delivered = await slack.wait_delivered(posted.deliveries[0])
    assert {attempt["failure"] for attempt in delivered.attempts} == {"connection_failed"}
    assert len(delivered.attempts) == 4


async def test_an_http_app_may_refuse_repeats_or_be_too_slow(slack: SlackFake, ada: str, channel: str):
    async def refuse(request: web.Request) -> web.Response:
        if request.query.get("slow"):
            await asyncio.sleep(0.3)
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    app = web.Application()
    app.add_routes([web.post("/", refuse)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await slack.options(ack_seconds=0.1, retry_delays=[0])
    refused = await slack.wait_delivered(await slack.send_event({"type": "message"}, url=address))
    slow = await slack.wait_delivered(await slack.send_event({"type": "message"}, url=f"{address}?slow=1"))
    await runner.cleanup()
    assert [attempt["failure"] for attempt in refused.attempts] == ["http_error"]
    assert [attempt["failure"] for attempt in slow.attempts] == ["http_timeout", "http_timeout"]


async def test_commands_over_http_and_the_url_challenge(slack: SlackFake, bot: Bot, ada: str, channel: str):
    @bot.app.command("/ask")
    async def ask(ack: Any, command: Json) -> None:
        await ack(f"heard {command['text']}")

    async with http_mode(slack, bot) as address:
        typed = await slack.slash("/ask", "birds & bees", user=ada, channel=channel)
        delivered = await slack.wait_delivered(typed.delivery)
        challenge = await slack.wait_delivered(await slack.verify_url(address, "c-1"))
    assert delivered.attempts[0]["answer"] == {"text": "heard birds & bees"}
    assert challenge.attempts[0]["answer"] == {"challenge": "c-1"}


async def test_there_is_room_for_ten_sockets(slack: SlackFake):
    client = AsyncWebClient(base_url=slack.api_url, retry_handlers=[])
    address = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with AsyncExitStack() as stack:
        for number in range(1, 11):
            socket = await stack.enter_async_context(slack.session.ws_connect(address))
            assert (await socket.receive_json())["num_connections"] == number
        eleventh = await stack.enter_async_context(slack.session.ws_connect(address))
        assert await eleventh.receive_json() == {"type": "disconnect", "reason": "too_many_websockets"}


async def test_the_protocol_of_the_socket_is_watched(slack: SlackFake):
    client = AsyncWebClient(base_url=slack.api_url, retry_handlers=[])
    address = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with slack.session.ws_connect(address) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        await socket.send_json({"envelope": "?"})
        await slack.wait_until(lambda state: bool(state["violations"]))
    assert "socket: " in (await slack.take_violations())[0]


async def test_a_socket_is_pinged_until_it_falls_silent(slack: SlackFake, ada: str, channel: str):
    await slack.options(ping_seconds=0.05, ack_seconds=0.2, retry_delays=[])
    async with aiohttp.ClientSession() as session:
        asked = {"Authorization": f"Bearer {slack.app_token}"}
        async with session.post(f"{slack.api_url}apps.connections.open", headers=asked) as answer:
            address = (await answer.json())["url"]
        async with session.ws_connect(address, autoping=False) as socket:
            assert (await socket.receive()).json()["num_connections"] == 1
            assert (await socket.receive()).type is aiohttp.WSMsgType.PING
            assert await slack.silence_sockets() == 1
            await socket.ping()
            while (await socket.receive()).type is not aiohttp.WSMsgType.PONG:
                pass
            posted = await slack.post(channel, ada, "hello")
            assert (await slack.wait_delivered(posted.deliveries[0])).attempts[0]["failure"] == "timeout"
            with pytest.raises(TimeoutError):
                await socket.receive(timeout=0.2)
