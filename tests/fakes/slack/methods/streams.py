"""Messages that grow while the model writes, https://docs.slack.dev/ai/developing-ai-apps#streaming."""

import time

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.messages import bot_message
from tests.fakes.slack.methods.chat import checked_metadata, persona, thread_root, writable
from tests.fakes.slack.world import Channel, Json, Stream

STREAM_BYTES = 10_600
"""The documents tell no limit; longer ones were seen to be refused."""


def start(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.startStream."""
    channel = writable(call.channel())
    _check_recipient(call, channel)
    root = thread_root(call, channel)
    message = bot_message(call.world, channel.team, "", thread_ts=root, streaming_state="in_progress", **persona(call))
    stream = Stream(touched_at=time.monotonic())
    _grow(call, message, stream)
    call.world.streams[channel.id, message["ts"]] = stream
    call.fake.publish(channel, message)
    return {"channel": channel.id, "ts": message["ts"]}


def append(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.appendStream."""
    channel, message, stream = _running(call)
    if not call.get("markdown_text") and not call.get("chunks"):
        raise SlackError("no_text")
    _grow(call, message, stream)
    call.world.note("stream.appended", channel=channel.id, ts=message["ts"], length=len(message["text"]))
    return {"channel": channel.id, "ts": message["ts"]}


def stop(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/chat.stopStream."""
    channel, message, stream = _running(call)
    finished = dict(message)
    _grow(call, finished, stream)
    if call.get("blocks"):
        finished["blocks"] = finished.get("blocks", []) + call.arguments["blocks"]
    if metadata := checked_metadata(call):
        finished["metadata"] = metadata
    finished["streaming_state"] = stream.state = "completed"
    if call.get("session_status"):
        call.world.show(channel.id, message.get("thread_ts"), "session", call.arguments["session_status"])
    call.fake.change(channel, finished)
    return {"channel": channel.id, "ts": message["ts"], "message": finished}


def _running(call: Call) -> tuple[Channel, Json, Stream]:
    """The stream that a call continues; raises Slack's errors when it has ended in any way."""
    channel, message = call.own_message("message_not_owned_by_app")
    stream = call.world.streams.get((channel.id, message["ts"]))
    if stream is None:
        raise SlackError("message_not_in_streaming_state")
    idle = call.fake.options.stream_idle_seconds
    if idle and stream.state == "in_progress" and time.monotonic() - stream.touched_at > idle:
        stream.state = "errored"
    if stream.state == "stopped":
        raise SlackError("stopped_by_user")
    if stream.state != "in_progress":
        message["streaming_state"] = stream.state
        raise SlackError("message_not_in_streaming_state")
    return channel, message, stream


def _grow(call: Call, message: Json, stream: Stream) -> None:
    """Add what a call brings: Markdown to the text, tasks to the plan, blocks below."""
    chunks = list(call.get("chunks") or [])
    if call.get("markdown_text"):
        if chunks:
            call.world.violate(f"{call.method}: markdown_text beside chunks")
            raise SlackError("invalid_arguments")
        chunks.append({"type": "markdown_text", "text": call.arguments["markdown_text"]})
    _check_size(stream.chunks + chunks)
    message["text"] += "".join(chunk["text"] for chunk in chunks if chunk["type"] == "markdown_text")
    added = [block for chunk in chunks if chunk["type"] == "blocks" for block in chunk["blocks"]]
    stream.chunks += chunks
    below = [block for block in message.get("blocks", []) if block["type"] != "plan"]
    if blocks := [*_plan(stream.chunks), *below, *added]:
        message["blocks"] = blocks
    stream.touched_at = time.monotonic()


def _check_size(chunks: list[Json]) -> None:
    """Refuse a message with text that is longer than what Slack was seen to take, counting all that was ever sent."""
    text = sum(len(chunk["text"].encode()) for chunk in chunks if chunk["type"] == "markdown_text")
    titles = sum(len(str(chunk.get("title", "")).encode()) for chunk in chunks)
    if text and text + titles > STREAM_BYTES:
        raise SlackError("msg_too_long")


def _plan(chunks: list[Json]) -> list[Json]:
    """The plan that the tasks make, https://docs.slack.dev/reference/block-kit/blocks/plan-block."""
    titles = [chunk["title"] for chunk in chunks if chunk["type"] == "plan_update"]
    tasks: dict[str, Json] = {}
    for chunk in chunks:
        if chunk["type"] == "task_update":
            about = {"task_id": chunk["id"], "title": chunk["title"], "status": chunk["status"]}
            tasks[chunk["id"]] = {"type": "task_card", **about}
    return [{"type": "plan", "title": titles[-1] if titles else "", "tasks": list(tasks.values())}] if tasks else []


def _check_recipient(call: Call, channel: Channel) -> None:
    """Outside of direct messages a stream needs a reader."""
    if channel.kind == "im":
        return
    for name in ("recipient_user_id", "recipient_team_id"):
        if not call.get(name):
            raise SlackError(f"missing_{name}")
    if call.arguments["recipient_user_id"] not in call.world.users:
        raise SlackError("user_not_found")
    if call.arguments["recipient_team_id"] != channel.team.id:
        raise SlackError("team_not_found")
