"""Conversations and what was said in them."""

import base64
import binascii
from itertools import islice

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.messages import channel_object, shown
from tests.fakes.slack.world import Channel, Json

SCOPES = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}
TYPES = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
MAX_PAGE = 999


def info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.info."""
    channel = _allowed(call, "read")
    return {"channel": channel_object(channel, num_members=bool(call.get("include_num_members")))}


def history(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.history: the newest first, threads only by their parent."""
    channel = _readable(call)
    top = (
        message
        for message in reversed(channel.messages.values())
        if message.get("thread_ts", message["ts"]) == message["ts"] or message.get("subtype") == "thread_broadcast"
    )
    limit = _limit(call)
    after = _cursor(call)
    messages = (one for one in top if _in_window(call, one["ts"]) and (after is None or _moment(one["ts"]) < after))
    return _page(call, channel, list(islice(messages, limit + 1)), limit)


def replies(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.replies: the parent, then the oldest first."""
    channel = _readable(call)
    parent = channel.messages.get(call.arguments["ts"])
    if parent is None:
        raise SlackError("thread_not_found")
    after, limit = _cursor(call), _limit(call)
    answers = [channel.messages[ts] for ts in channel.threads.get(parent["ts"], []) if _in_window(call, ts)]
    thread = [parent, *answers] if after is None else [one for one in answers if _moment(one["ts"]) > after]
    return _page(call, channel, thread[: limit + 1], limit)


def list_all(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.list."""
    return _listed(call, [channel for channel in _wanted(call) if channel.kind == "public" or channel.has_bot])


def list_own(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.conversations: those that the app is in."""
    return _listed(call, [channel for channel in _wanted(call) if channel.has_bot])


def _wanted(call: Call) -> list[Channel]:
    wanted = {TYPES.get(name.strip(), "") for name in call.get("types", "public_channel").split(",")}
    if "" in wanted:
        raise SlackError("invalid_types")
    for kind in wanted:
        call.need_scope(f"{SCOPES[kind]}:read")
    return [
        channel
        for channel in call.world.channels.values()
        if channel.team == call.team
        and channel.kind in wanted
        and not (call.get("exclude_archived") and channel.archived)
    ]


def _listed(call: Call, found: list[Channel]) -> Json:
    start, limit = (_cursor(call) or (0, 0))[0], _limit(call)
    following = start + limit
    cursor = _encoded(following, 0) if following < len(found) else ""
    channels = [channel_object(channel, num_members=True) for channel in found[start:following]]
    return {"channels": channels, "response_metadata": {"next_cursor": cursor}}


def members(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.members."""
    return {"members": _allowed(call, "read").members, "response_metadata": {"next_cursor": ""}}


def open_direct(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.open."""
    call.need_scope("im:write", "mpim:write")
    if "channel" in call.arguments:
        return {"channel": {"id": call.channel().id}}
    users = [user for user in call.get("users", "").split(",") if user]
    if not users:
        raise SlackError("users_list_not_supplied")
    if any(user not in call.world.users or not _is_person(call, user) for user in users):
        raise SlackError("user_not_found")
    channel = call.world.direct_channel(users)
    return {"channel": channel_object(channel) if call.get("return_im") else {"id": channel.id}}


def join(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.join."""
    channel = call.channel()
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    if not channel.has_bot:
        channel.members.append(channel.team.bot_user)
    return {"channel": channel_object(channel)}


def _is_person(call: Call, user: str) -> bool:
    return not call.is_own(user) and call.token.opens(call.world.team_of(user))


def _allowed(call: Call, ability: str) -> Channel:
    """The conversation, if the token's scopes reach that kind."""
    channel = call.channel()
    call.need_scope(f"{SCOPES[channel.kind]}:{ability}")
    return channel


def _readable(call: Call) -> Channel:
    channel = _allowed(call, "history")
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    return channel


def _limit(call: Call) -> int:
    return min(int(call.get("limit", 100)), MAX_PAGE)


def _page(call: Call, channel: Channel, found: list[Json], limit: int) -> Json:
    """One page of messages, with a cursor if `found` holds one more than the limit."""
    page = [shown(channel, one, metadata=bool(call.get("include_all_metadata"))) for one in found[:limit]]
    more = len(found) > limit
    answer: Json = {"messages": page, "has_more": more, "pin_count": 0}
    if more:
        answer["response_metadata"] = {"next_cursor": _encoded(*_moment(page[-1]["ts"]))}
    return answer


def _in_window(call: Call, ts: str) -> bool:
    """Whether a time lies between `oldest` and `latest`; the ends count only when `inclusive`."""
    moment, inclusive = _moment(ts), bool(call.get("inclusive"))
    oldest = _moment(str(call.get("oldest", "0")))
    latest = _moment(str(call.get("latest", "99999999999")))
    return oldest < moment < latest or (inclusive and moment in {oldest, latest})


def _moment(ts: str) -> tuple[int, int]:
    """A message time as whole seconds and microseconds, which compare rightly."""
    seconds, _, micros = ts.partition(".")
    return int(seconds), int(micros.ljust(6, "0")[:6])


def _encoded(seconds: int, micros: int) -> str:
    return base64.b64encode(f"next_ts:{seconds}.{micros:06d}".encode()).decode()


def _cursor(call: Call) -> tuple[int, int] | None:
    """Where the last page ended; raises `invalid_cursor`."""
    if not call.get("cursor"):
        return None
    try:
        text = base64.b64decode(call.arguments["cursor"], validate=True).decode()
        return _moment(text.removeprefix("next_ts:"))
    except (binascii.Error, ValueError) as error:
        raise SlackError("invalid_cursor") from error
