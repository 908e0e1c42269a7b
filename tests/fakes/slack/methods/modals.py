"""Modals and the Home tab."""

import time

from tests.fakes.slack.calls import Call
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.views import keep_view
from tests.fakes.slack.world import Json


def open_view(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.open and views.push."""
    if call.arguments["view"]["type"] != "modal":
        raise SlackError("invalid_arguments")
    trigger = call.world.triggers.get(call.get("trigger_id", ""))
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if trigger["used"]:
        raise SlackError("exchanged_trigger_id")
    if time.monotonic() > trigger["expires"]:
        raise SlackError("expired_trigger_id")
    trigger["used"] = True
    return {"view": keep_view(call.world, call.arguments["view"], team=call.teams[0])}


def update_view(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.update."""
    wanted = call.get("view_id"), call.get("external_id")
    found = [view for view in call.world.views.values() if view["id"] == wanted[0] or view["external_id"] == wanted[1]]
    if not found:
        raise SlackError("not_found")
    _check_hash(call, found[0])
    return {"view": keep_view(call.world, call.arguments["view"], view_id=found[0]["id"], team=call.teams[0])}


def publish_home(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/views.publish."""
    user = call.arguments["user_id"]
    if user not in call.world.users or call.arguments["view"]["type"] != "home":
        raise SlackError("invalid_arguments")
    former = call.world.homes.get(user)
    if former is not None:
        _check_hash(call, former)
    view = keep_view(call.world, call.arguments["view"], view_id=former["id"] if former else None, team=call.teams[0])
    call.world.homes[user] = view
    return {"view": view}


def _check_hash(call: Call, view: Json) -> None:
    if call.get("hash", view["hash"]) != view["hash"]:
        raise SlackError("hash_conflict")
