"""Reactions to messages."""

from tests.fakes.slack import events
from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.fake import Fake
from tests.fakes.slack.world import Channel, Json


def add(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/reactions.add."""
    channel, message = _target(call)
    if not react(call.fake, channel, message, user=channel.team.bot_user, name=call.arguments["name"]):
        raise SlackError("already_reacted")
    return {}


def remove(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/reactions.remove."""
    channel, message = _target(call)
    name, me = call.arguments["name"], channel.team.bot_user
    given = [one for one in message.get("reactions", []) if one["name"] == name and me in one["users"]]
    if not given:
        raise SlackError("no_reaction")
    given[0]["users"].remove(me)
    given[0]["count"] -= 1
    message["reactions"] = [one for one in message["reactions"] if one["count"]]
    call.world.note("reaction.removed", channel=channel.id, ts=message["ts"], name=name, user=me)
    call.fake.emit(
        [events.reaction(call.world, channel, message, user=me, name=name, kind="reaction_removed")], channel
    )
    return {}


def react(fake: Fake, channel: Channel, message: Json, *, user: str, name: str) -> bool:
    """Add somebody's reaction; returns False when it was there already."""
    reactions = message.setdefault("reactions", [])
    given = next((one for one in reactions if one["name"] == name), None)
    if given is None:
        given = {"name": name, "users": [], "count": 0}
        reactions.append(given)
    if user in given["users"]:
        return False
    given["users"].append(user)
    given["count"] += 1
    fake.world.note("reaction.added", channel=channel.id, ts=message["ts"], name=name, user=user)
    fake.emit([events.reaction(fake.world, channel, message, user=user, name=name, kind="reaction_added")], channel)
    return True


def _target(call: Call) -> tuple[Channel, Json]:
    channel = call.channel()
    message = channel.messages.get(call.arguments["timestamp"])
    if message is None:
        raise SlackError("message_not_found")
    return channel, message
