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
    """https://docs.slack.dev/reference/methods/agents.sessions.setStatus; a title is only heard by a new session."""
    status = call.arguments["status"]
    initiator = call.get("initiator_user_id")
    if initiator and initiator not in call.channel("channel_id").members:
        raise SlackError("user_not_in_channel")
    _show(call, "session", status)
    session = call.world.sessions.setdefault(_key(call), {"title": call.get("title", "")})
    session["status"] = status
    answer: Json = {"status": status, "title": session["title"]}
    if "agent_session_stopped" not in call.fake.options.subscriptions:
        answer["warning"] = "missing_agent_session_stopped_event_subscription"
    return answer


def rename_session(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/agents.sessions.rename."""
    session = call.world.sessions.get(_key(call))
    if session is None:
        raise SlackError("session_not_found")
    _show(call, "title", call.arguments["title"])
    session["title"] = call.arguments["title"]
    return {"title": session["title"]}


def _key(call: Call) -> str:
    return f"{call.arguments['channel_id']}:{call.get('thread_ts', '')}"


def _show(call: Call, what: str, value: object) -> None:
    """Note what the agent shows; a thread must be one that exists."""
    channel = call.channel("channel_id")
    thread_ts = call.get("thread_ts")
    if thread_ts and thread_ts not in channel.messages:
        raise SlackError("invalid_thread_ts")
    call.world.show(channel.id, thread_ts, what, value)
