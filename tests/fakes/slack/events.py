"""The events that a change in the workspace makes, and the body that carries one to the app."""

from tests.fakes.slack.identity import APP_ID, LOOPBACK, VERIFICATION_TOKEN, Team
from tests.fakes.slack.messages import CHANNEL_TYPES
from tests.fakes.slack.world import Channel, Json, World, now

MESSAGE_SUBSCRIPTIONS = {
    "public": "message.channels",
    "private": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}


def event_body(world: World, event: Json, team: Team = LOOPBACK) -> Json:
    """Wrap an event as https://docs.slack.dev/apis/events-api/#event-type-structure describes; the event_id is new."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id,
        "context_team_id": team.id,
        "context_enterprise_id": team.organisation or None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": world.new_id("Ev"),
        "event_time": int(now()),
        "authorizations": [
            {
                "enterprise_id": team.organisation or None,
                "team_id": team.id,
                "user_id": team.bot_user,
                "is_bot": True,
                "is_enterprise_install": world.is_org_wide(team),
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{world.new_id('ctx')}",
    }


def posted(channel: Channel, message: Json) -> list[Json]:
    """The events of a new message: `message`, `app_mention` when the app is mentioned, `file_shared` for each file."""
    place = {"channel": channel.id, "event_ts": message["ts"]}
    seen = {name: value for name, value in message.items() if name != "metadata"}
    events: list[Json] = [{**seen, **place, "channel_type": CHANNEL_TYPES[channel.kind]}]
    bot = channel.team.bot_user
    if f"<@{bot}>" in message["text"] and channel.kind != "im" and message["user"] != bot:
        mention = {name: value for name, value in seen.items() if name != "subtype"}
        events.append({**mention, **place, "type": "app_mention"})
    for file in message.get("files", []):
        shared = {"type": "file_shared", "file_id": file["id"], "user_id": message["user"], "file": {"id": file["id"]}}
        events.append({**shared, "channel_id": channel.id, "event_ts": message["ts"]})
    return events


def changed(world: World, channel: Channel, message: Json, previous: Json) -> Json:
    """The event of an edit, https://docs.slack.dev/reference/events/message/message_changed."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind],
        "message": {name: value for name, value in message.items() if name != "metadata"},
        "previous_message": {name: value for name, value in previous.items() if name != "metadata"},
        **_stamped(world),
    }


def deleted(world: World, channel: Channel, previous: Json) -> Json:
    """The event of a deletion, https://docs.slack.dev/reference/events/message/message_deleted."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind],
        "deleted_ts": previous["ts"],
        "previous_message": {name: value for name, value in previous.items() if name != "metadata"},
        **_stamped(world),
    }


def reaction(world: World, channel: Channel, message: Json, *, user: str, name: str, kind: str) -> Json:
    """The event of a reaction; `kind` is `reaction_added` or `reaction_removed`."""
    item = {"type": "message", "channel": channel.id, "ts": message["ts"]}
    return {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": item,
        "item_user": message["user"],
        "event_ts": world.new_ts(),
    }


def subscription_of(event: Json, kind: str | None) -> str:
    """The name under which an app subscribes to an event; `kind` is the kind of its channel."""
    return MESSAGE_SUBSCRIPTIONS[kind] if event["type"] == "message" and kind else event["type"]


def _stamped(world: World) -> Json:
    ts = world.new_ts()
    return {"ts": ts, "event_ts": ts}
