"""What an agent shows beside its messages: status, title, prompts, session."""

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.world import Json


def set_status(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/assistant.threads.setStatus."""
    _show(call, "status", call.arguments["status"])
    return {}


def set_title(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/assistant.threads.setTitle."""
    _show(call, "title", call.arguments["title"])
    return {}


def set_prompts(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts."""
    _show(call, "prompts", call.arguments["prompts"])
    return {}


def set_session_status(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/agents.sessions.setStatus."""
    _show(call, "session", call.arguments["status"])
    return {"session": _session(call) | {"status": call.arguments["status"]}}


def rename_session(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/agents.sessions.rename."""
    _show(call, "title", call.arguments["title"])
    return {"session": _session(call)}


def _session(call: Call) -> Json:
    place = (call.arguments["channel_id"], call.get("thread_ts", ""))
    session = call.world.sessions.setdefault(":".join(place), {"channel_id": place[0], "thread_ts": place[1]})
    session |= {name: call.arguments[name] for name in ("status", "title") if name in call.arguments}
    return session


def _show(call: Call, what: str, value: object) -> None:
    """Note what the agent shows; a thread must be one that exists."""
    channel = call.channel("channel_id")
    thread_ts = call.get("thread_ts")
    if thread_ts and thread_ts not in channel.messages:
        raise SlackError("invalid_thread_ts")
    call.world.show(channel.id, thread_ts, what, value)
