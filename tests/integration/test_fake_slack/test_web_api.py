"""The fake Slack answers the unmodified slack_sdk as Slack would: messages, files, streams, views."""

import asyncio
from collections.abc import Awaitable

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import Upload

STATES = ("in_progress", "complete")
METADATA = {"event_type": "job_reply", "event_payload": {"job": "j-1"}}
MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Settings"},
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*Voice*"}}],
}
HOME = {"type": "home", "blocks": [{"type": "divider"}]}


@pytest.fixture
def web(slack: SlackFake) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], session=slack.session)


async def refused(call: Awaitable[AsyncSlackResponse]) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response["error"]


async def test_members_of_user_groups(slack: SlackFake, web: AsyncWebClient, ada: str):
    group = await slack.set_usergroup([ada])
    assert (await web.usergroups_users_list(usergroup=group))["users"] == [ada]
    await slack.set_usergroup([], group=group)
    assert (await web.usergroups_users_list(usergroup=group))["users"] == []
    assert await refused(web.usergroups_users_list(usergroup="S0GONE")) == "no_such_subteam"
    await slack.remove_scopes("usergroups:read")
    assert await refused(web.usergroups_users_list(usergroup=group)) == "missing_scope"


async def test_people_of_another_workspace_are_seen_where_a_channel_is_shared(
    slack: SlackFake, web: AsyncWebClient, ada: str
):
    other = await slack.create_team("Partners")
    grace = await other.create_user("Grace")
    assert await refused(web.users_info(user=grace)) == "user_not_found"
    await slack.create_channel([ada, grace])
    user = (await web.users_info(user=grace))["user"]
    assert (user["team_id"], user["is_stranger"]) == (other.team_id, False)


async def test_identity_people_and_conversations(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    me = await web.auth_test()
    assert (me["user_id"], me["bot_id"], me["team_id"]) == (slack.bot_user_id, slack.bot_id, slack.team_id)
    assert "chat:write" in me.headers["x-oauth-scopes"]
    assert (await web.api_test())["ok"]
    assert (await web.users_info(user=ada))["user"]["real_name"] == "Ada"
    assert "locale" not in (await web.users_info(user=ada))["user"]
    assert (await web.users_info(user=ada, include_locale=True))["user"]["locale"] == "en-US"
    assert (await web.bots_info(bot=slack.bot_id))["bot"]["user_id"] == slack.bot_user_id
    about = (await web.conversations_info(channel=channel, include_num_members=True))["channel"]
    assert (about["name"], about["is_member"], about["num_members"]) == ("general", True, 2)
    assert ada in (await web.conversations_members(channel=channel))["members"]


async def test_conversations_are_listed_by_kind_and_page(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    hidden = await slack.create_channel([ada], kind="private", name="hidden", bot=False)
    private = await slack.create_channel([ada], kind="private", name="team")
    first = await web.conversations_list(types="public_channel,private_channel", limit=1)
    second = await web.conversations_list(
        types="public_channel,private_channel", cursor=first["response_metadata"]["next_cursor"]
    )
    assert [one["id"] for one in first["channels"] + second["channels"]] == [channel, private]
    public = await slack.create_channel([ada], name="without us", bot=False)
    assert public in [one["id"] for one in (await web.conversations_list())["channels"]]
    assert [one["id"] for one in (await web.users_conversations())["channels"]] == [channel]
    assert await refused(web.conversations_info(channel=hidden)) == "channel_not_found"
    direct = (await web.conversations_open(users=[ada]))["channel"]["id"]
    assert direct.startswith("D")
    assert (await web.conversations_open(users=[ada]))["channel"]["id"] == direct
    assert (await web.chat_postMessage(channel=ada, text="hello"))["channel"] == direct


async def test_a_reply_is_found_again_by_its_metadata(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    asked = await slack.post(channel, ada, "question")
    answer = await web.chat_postMessage(channel=channel, text="answer", thread_ts=asked.ts, metadata=METADATA)
    thread = await web.conversations_replies(channel=channel, ts=asked.ts, include_all_metadata=True)
    assert [one["text"] for one in thread["messages"]] == ["question", "answer"]
    assert thread["messages"][0]["reply_count"] == 1
    assert thread["messages"][1]["metadata"] == METADATA
    assert thread["messages"][1]["parent_user_id"] == ada
    bare = await web.conversations_replies(channel=channel, ts=asked.ts)
    assert "metadata" not in bare["messages"][1]
    [seen] = await slack.wait_for_reply(channel, asked.ts)
    assert (seen.ts, seen.text, seen.metadata) == (answer["ts"], "answer", METADATA)
    assert await refused(web.conversations_replies(channel=channel, ts="1000000000.000001")) == "thread_not_found"


async def test_history_is_newest_first_paged_and_without_replies(
    slack: SlackFake, web: AsyncWebClient, ada: str, channel: str
):
    posted = [await slack.post(channel, ada, f"m{number}") for number in range(5)]
    await slack.post(channel, ada, "reply", thread_ts=posted[0].ts)
    pages = [
        [one["text"] for one in page["messages"]]
        async for page in await web.conversations_history(channel=channel, limit=2)
    ]
    assert pages == [["m4", "m3"], ["m2", "m1"], ["m0"]]
    after = await web.conversations_history(channel=channel, oldest=posted[2].ts)
    assert [one["text"] for one in after["messages"]] == ["m4", "m3"]
    within = await web.conversations_history(channel=channel, oldest=posted[1].ts, latest=posted[2].ts, inclusive=True)
    assert [one["text"] for one in within["messages"]] == ["m2", "m1"]
    assert await refused(web.conversations_history(channel=channel, cursor="!")) == "invalid_cursor"


async def test_replies_are_paged_oldest_first(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    root = await slack.post(channel, ada, "root")
    for number in range(3):
        await slack.post(channel, ada, f"r{number}", thread_ts=root.ts)
    pages = [
        [one["text"] for one in page["messages"]]
        async for page in await web.conversations_replies(channel=channel, ts=root.ts, limit=2)
    ]
    assert pages == [["root", "r0"], ["r1", "r2"]]


async def test_own_messages_are_changed_and_deleted(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    hers = await slack.post(channel, ada, "hers")
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]
    mine = await web.chat_postMessage(channel=channel, text="draft", blocks=blocks, metadata=METADATA)
    changed = await web.chat_update(channel=channel, ts=mine["ts"], text="final")
    assert "blocks" not in changed["message"]
    [seen] = await slack.bot_messages(channel)
    assert (seen.text, seen.metadata) == ("final", METADATA)
    assert (await web.chat_getPermalink(channel=channel, message_ts=mine["ts"]))["permalink"].startswith(slack.url)
    assert await refused(web.chat_update(channel=channel, ts=mine["ts"], text="x" * 4_001)) == "msg_too_long"
    assert await refused(web.chat_update(channel=channel, ts=hers.ts, text="no")) == "cant_update_message"
    assert await refused(web.chat_delete(channel=channel, ts=hers.ts)) == "cant_delete_message"
    await slack.post(channel, ada, "a reply", thread_ts=mine["ts"])
    await web.chat_delete(channel=channel, ts=mine["ts"])
    thread = await web.conversations_replies(channel=channel, ts=mine["ts"])
    assert [one.get("subtype") for one in thread["messages"]] == ["tombstone", None]
    assert await slack.bot_messages(channel) == []


async def test_markdown_and_whispers(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    await web.chat_postMessage(channel=channel, markdown_text="**bold**")
    [seen] = await slack.bot_messages(channel)
    assert seen.blocks == ({"type": "markdown", "text": "**bold**"},)
    await web.chat_postEphemeral(channel=channel, user=ada, text="psst")
    [whisper] = (await slack.state())["ephemerals"]
    assert (whisper["user"], whisper["text"]) == (ada, "psst")
    two = [{"type": "markdown", "text": "x" * 7000}] * 2
    assert await refused(web.chat_postMessage(channel=channel, text="t", blocks=two)) == "msg_blocks_too_long"


async def test_arguments_come_from_query_form_and_json(slack: SlackFake, channel: str):
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    target = f"{slack.api_url}chat.postMessage"
    mixed = {"params": {"channel": channel, "team_id": slack.team_id}, "headers": headers}
    async with slack.session.post(target, json={"text": "json"}, **mixed) as response:
        assert (await response.json())["ok"]
    form = {"text": "form", "unfurl_links": "0", "blocks": '[{"type": "divider"}]', "token": slack.bot_token}
    async with slack.session.post(target, data=form, params={"channel": channel}) as response:
        assert (await response.json())["ok"]
    async with slack.session.get(f"{slack.api_url}conversations.info", **mixed) as response:
        assert (await response.json())["channel"]["id"] == channel
    assert [message.text for message in await slack.bot_messages(channel)] == ["json", "form"]


async def test_an_upload_is_shared_a_little_later(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    await slack.options(share_seconds=0.3)
    asked = await slack.post(channel, ada, "speak")
    done = await web.files_upload_v2(
        file=b"ID3 sound", filename="reply.mp3", title="Reply", channel=channel, thread_ts=asked.ts
    )
    early = (await web.files_info(file=done["file"]["id"]))["file"]
    assert (early["shares"], early["mimetype"], done["file"]["shares"]) == ({}, "", {})
    assert await slack.bot_messages(channel) == []
    [seen] = await slack.wait_for(channel, asked.ts, lambda found: bool(found and found[0].files))
    assert await slack.file_bytes(seen.files[0]) == b"ID3 sound"
    about = (await web.files_info(file=done["file"]["id"]))["file"]
    assert about["mimetype"] == "audio/mpeg"
    assert about["shares"]["public"][channel][0] | {"channel_name": ""} == {
        "ts": seen.ts,
        "thread_ts": asked.ts,
        "channel_name": "",
        "team_id": slack.team_id,
        "share_user_id": slack.bot_user_id,
    }
    await web.files_delete(file=about["id"])
    assert await refused(web.files_info(file=about["id"])) == "file_deleted"


async def test_a_share_can_be_lost_silently(slack: SlackFake, web: AsyncWebClient, channel: str):
    await slack.options(drop_shares=1, share_seconds=0.01)
    lost = await web.files_upload_v2(file=b"one", filename="a.mp3", channel=channel)
    await slack.wait_until(lambda state: any(one["kind"] == "share.dropped" for one in state["journal"]))
    assert (await web.files_info(file=lost["file"]["id"]))["file"]["shares"] == {}
    await web.files_upload_v2(file=b"two", filename="b.mp3", channel=channel)
    [seen] = await slack.wait_for_reply(channel, None)
    assert await slack.file_bytes(seen.files[0]) == b"two"


@pytest.mark.parametrize(
    ("content", "authorized", "problem"),
    [(b"1234", False, "4 bytes came, 3 were announced"), (b"123", True, "the token was sent to an upload URL")],
)
async def test_upload_urls_watch_length_and_token(
    slack: SlackFake, web: AsyncWebClient, content: bytes, authorized: bool, problem: str
):
    place = await web.files_getUploadURLExternal(filename="a.mp3", length=3)
    headers = {"Authorization": f"Bearer {slack.bot_token}"} if authorized else {}
    async with slack.session.post(place["upload_url"], data=content, headers=headers) as response:
        assert response.content_type == "text/plain"
    assert await slack.take_violations() == [f"upload: {problem}"]


async def test_a_private_file_needs_the_token_and_the_scope(
    slack: SlackFake, web: AsyncWebClient, ada: str, channel: str
):
    clip = Upload(content=b"\x00\x00\x00 ftypM4A ", kind="slack_audio", duration_ms=1200)
    posted = await slack.post(channel, ada, files=(clip,))
    about = (await web.files_info(file=posted.files[0]))["file"]
    assert (about["subtype"], about["mimetype"], about["name"]) == ("slack_audio", "audio/webm", "audio_message.webm")
    assert about["url_private"].endswith(".mp4")
    assert await fetched(slack, about["url_private"], slack.bot_token) == ("audio/mp4", clip.content)
    assert await fetched(slack, about["url_private_download"], slack.bot_token) == ("audio/mp4", clip.content)
    for token in ("", "xoxb-wrong"):
        kind, page = await fetched(slack, about["url_private"], token)
        assert (kind, page[:15]) == ("text/html", b"<!DOCTYPE html>")
    await slack.remove_scopes("files:read")
    assert (await fetched(slack, about["url_private"], slack.bot_token))[0] == "text/html"
    assert await refused(web.files_info(file=posted.files[0])) == "missing_scope"


async def fetched(slack: SlackFake, address: str, token: str) -> tuple[str, bytes]:
    async with slack.session.get(address, headers={"Authorization": f"Bearer {token}"}) as response:
        assert response.status == 200
        return response.content_type, await response.read()


async def test_downloads_may_be_redirected_here_or_elsewhere(
    slack: SlackFake, web: AsyncWebClient, ada: str, channel: str
):
    posted = await slack.post(channel, ada, files=(Upload(content=b"bytes", name="../a b.ogg"),))
    address = (await web.files_info(file=posted.files[0]))["file"]["url_private"]
    await slack.options(redirect="same")
    assert (await fetched(slack, address, slack.bot_token))[1] == b"bytes"
    await slack.options(redirect="foreign")
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with slack.session.get(address, headers=headers, allow_redirects=False) as response:
        elsewhere = response.headers["Location"]
    assert elsewhere.startswith("http://localhost:")
    async with slack.session.get(elsewhere) as response:
        assert await response.read() == b"bytes"
    assert await slack.violations() == []
    async with slack.session.get(elsewhere, headers=headers):
        assert "the token was sent to localhost" in (await slack.take_violations())[0]


async def test_a_stream_grows_and_ends(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    asked = await slack.post(channel, ada, "tell me")
    stream = await web.chat_stream(
        channel=channel, thread_ts=asked.ts, recipient_user_id=ada, recipient_team_id=slack.team_id, buffer_size=1
    )
    task = {"type": "task_update", "id": "1", "title": "Thinking", "status": "in_progress"}
    await stream.append(chunks=[task])
    await stream.append(markdown_text="Hello ")
    [seen] = await slack.bot_messages(channel, asked.ts)
    assert (seen.text, seen.streaming_state, seen.finished) == ("Hello ", "in_progress", False)
    assert await refused(web.chat_update(channel=channel, ts=stream.ts, text="x")) == "streaming_state_conflict"
    await stream.stop(markdown_text="world", metadata=METADATA, session_status="active")
    [seen] = await slack.wait_for_reply(channel, asked.ts)
    assert (seen.text, seen.streaming_state, seen.metadata) == ("Hello world", "completed", METADATA)
    assert await refused(web.chat_appendStream(channel=channel, ts=stream.ts, markdown_text="x")) == (
        "message_not_in_streaming_state"
    )


async def test_a_stream_may_be_refused_expire_or_be_stopped(
    slack: SlackFake, web: AsyncWebClient, ada: str, channel: str
):
    asked = await slack.post(channel, ada, "tell me")
    place = {"channel": channel, "thread_ts": asked.ts}
    assert await refused(web.chat_startStream(**place)) == "missing_recipient_user_id"
    assert await refused(web.chat_startStream(**place, recipient_user_id=ada)) == "missing_recipient_team_id"
    reader = {"recipient_user_id": ada, "recipient_team_id": slack.team_id}
    first = await web.chat_startStream(**place, **reader, markdown_text="a")
    await slack.expire_stream(channel, first["ts"])
    assert await refused(web.chat_stopStream(channel=channel, ts=first["ts"])) == "message_not_in_streaming_state"
    assert (await web.chat_update(channel=channel, ts=first["ts"], text="whole"))["ok"]
    second = await web.chat_startStream(**place, **reader)
    await slack.stop_stream(channel, second["ts"], ada)
    ended = web.chat_appendStream(channel=channel, ts=second["ts"], markdown_text="b")
    assert await refused(ended) == "stopped_by_user"
    await slack.options(stream_idle_seconds=0.01)
    third = await web.chat_startStream(**place, **reader)
    await asyncio.sleep(0.05)
    late = web.chat_appendStream(channel=channel, ts=third["ts"], markdown_text="c")
    assert await refused(late) == "message_not_in_streaming_state"


async def test_a_stream_shows_a_plan_and_takes_only_so_much(
    slack: SlackFake, web: AsyncWebClient, ada: str, channel: str
):
    asked = await slack.post(channel, ada, "tell me")
    reader = {"recipient_user_id": ada, "recipient_team_id": slack.team_id}
    tasks = [{"type": "task_update", "id": "1", "title": f"step {state}", "status": state} for state in STATES]
    chunks = [{"type": "plan_update", "title": "Working"}, tasks[0]]
    begun = await web.chat_startStream(channel=channel, thread_ts=asked.ts, chunks=chunks, **reader)
    place = {"channel": channel, "ts": begun["ts"]}
    await web.chat_appendStream(**place, chunks=[tasks[1], {"type": "markdown_text", "text": "Hello"}])
    card = {"type": "task_card", "task_id": "1", "title": "step complete", "status": "complete"}
    [seen] = await slack.bot_messages(channel, asked.ts)
    assert seen.blocks == ({"type": "plan", "title": "Working", "tasks": [card]},)
    assert await refused(web.chat_appendStream(**place, markdown_text="語" * 3_600)) == "msg_too_long"
    both = web.chat_appendStream(**place, markdown_text="a", chunks=tasks)
    assert await refused(both) == "invalid_arguments"
    assert len(await slack.take_violations()) == 1
    await web.chat_stopStream(**place, blocks=[{"type": "divider"}])
    [seen] = await slack.bot_messages(channel, asked.ts)
    assert [block["type"] for block in seen.blocks] == ["plan", "divider"]


async def test_a_session_keeps_the_title_that_it_began_with_until_it_is_renamed(
    slack: SlackFake, web: AsyncWebClient, ada: str, channel: str
):
    asked = await slack.post(channel, ada, "tell me")
    place = {"channel_id": channel, "thread_ts": asked.ts}
    assert await refused(web.agents_sessions_rename(**place, title="x")) == "session_not_found"
    await web.agents_sessions_setStatus(**place, status="processing", title="first", initiator_user_id=ada)
    again = await web.agents_sessions_setStatus(**place, status="active", title="second")
    assert (again["title"], again["status"]) == ("first", "active")
    assert (await web.agents_sessions_rename(**place, title="third"))["title"] == "third"
    await slack.options(subscriptions=["message.im"])
    told = await web.agents_sessions_setStatus(**place, status="processing")
    assert told["warning"] == "missing_agent_session_stopped_event_subscription"


async def test_a_workspace_may_lack_methods(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    asked = await slack.post(channel, ada, "tell me")
    await slack.options(missing=["agents.*"])
    call = web.agents_sessions_setStatus(channel_id=channel, thread_ts=asked.ts, status="processing")
    assert await refused(call) == "unknown_method"
    assert await slack.violations() == []


async def test_reactions(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    posted = await slack.post(channel, ada, "hi")
    place = {"channel": channel, "timestamp": posted.ts}
    await web.reactions_add(**place, name="eyes")
    assert await refused(web.reactions_add(**place, name="eyes")) == "already_reacted"
    [message] = (await web.conversations_history(channel=channel))["messages"]
    assert message["reactions"] == [{"name": "eyes", "users": [slack.bot_user_id], "count": 1}]
    await web.reactions_remove(**place, name="eyes")
    assert await refused(web.reactions_remove(**place, name="eyes")) == "no_reaction"


async def test_an_agents_status_lasts_until_it_speaks(slack: SlackFake, web: AsyncWebClient, ada: str):
    direct = await slack.create_channel([ada], kind="im")
    asked = await slack.post(direct, ada, "hello")
    place = {"channel_id": direct, "thread_ts": asked.ts}
    await web.assistant_threads_setStatus(**place, status="is listening…", loading_messages=["Hearing"])
    await web.assistant_threads_setTitle(**place, title="Voice note")
    await web.assistant_threads_setSuggestedPrompts(
        channel_id=direct, prompts=[{"title": "Transcribe", "message": "Transcribe it"}]
    )
    await web.agents_sessions_setStatus(**place, status="processing", title="Voice note")
    await web.chat_postMessage(channel=direct, thread_ts=asked.ts, text="done")
    shown = [(one["what"], one["value"]) for one in (await slack.state())["statuses"]]
    assert shown[0] == ("status", "is listening…")
    assert shown[-1] == ("status", "")
    unknown = web.assistant_threads_setStatus(channel_id=direct, thread_ts="1000000000.000001", status="x")
    assert await refused(unknown) == "invalid_thread_ts"


async def test_views_open_once_by_a_trigger(slack: SlackFake, web: AsyncWebClient, ada: str, channel: str):
    typed = await slack.slash("/settings", "", user=ada, channel=channel)
    view = (await web.views_open(trigger_id=typed.trigger_id, view=MODAL))["view"]
    assert await refused(web.views_open(trigger_id=typed.trigger_id, view=MODAL)) == "exchanged_trigger_id"
    assert await refused(web.views_open(trigger_id="never", view=MODAL)) == "invalid_trigger_id"
    updated = (await web.views_update(view_id=view["id"], hash=view["hash"], view=MODAL))["view"]
    assert updated["id"] == view["id"]
    assert await refused(web.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)) == "hash_conflict"
    home = (await web.views_publish(user_id=ada, view=HOME))["view"]
    await web.views_publish(user_id=ada, view=HOME, hash=home["hash"])
    assert await refused(web.views_publish(user_id=ada, view=HOME, hash=home["hash"])) == "hash_conflict"
    await slack.options(trigger_seconds=0.0)
    late = await slack.slash("/settings", "", user=ada, channel=channel)
    assert await refused(web.views_open(trigger_id=late.trigger_id, view=MODAL)) == "expired_trigger_id"


async def test_tokens_and_scopes(slack: SlackFake, web: AsyncWebClient, channel: str):
    assert await refused(web.auth_test(token="xoxb-wrong")) == "invalid_auth"
    nobody = AsyncWebClient(base_url=slack.api_url, retry_handlers=[])
    assert await refused(nobody.auth_test()) == "not_authed"
    assert await refused(web.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    assert (await web.apps_connections_open(app_token=slack.app_token))["url"].startswith("ws://127.0.0.1:")
    await slack.remove_scopes("chat:write", "channels:history")
    assert await refused(web.chat_postMessage(channel=channel, text="x")) == "missing_scope"
    assert await refused(web.conversations_history(channel=channel)) == "missing_scope"
    await slack.set_token(slack.bot_token, ["chat:write"], revoked=True)
    assert await refused(web.auth_test()) == "token_revoked"


async def test_places_that_the_app_may_not_write_to(slack: SlackFake, web: AsyncWebClient, ada: str):
    public = await slack.create_channel([ada], bot=False)
    private = await slack.create_channel([ada], kind="private", name="secret", bot=False)
    assert await refused(web.chat_postMessage(channel=public, text="x")) == "not_in_channel"
    assert await refused(web.chat_postMessage(channel=private, text="x")) == "channel_not_found"
    assert await refused(web.conversations_history(channel=public)) == "not_in_channel"
    await slack.join(public, slack.bot_user_id)
    assert (await web.chat_postMessage(channel="#general", text="x"))["channel"] == public
    gone = web.chat_postMessage(channel=public, text="x", thread_ts="1000000000.000001")
    assert await refused(gone) == "cannot_reply_to_message"


async def test_an_unknown_websocket_ticket_is_refused(slack: SlackFake):
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await slack.session.ws_connect(f"{slack.url}/link/?ticket=guessed")
