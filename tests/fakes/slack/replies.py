"""What an app says without the Web API: with an acknowledgement, or to a `response_url`."""

import secrets
import time
from collections.abc import Callable

from tests.fakes.slack.deliveries import Delivery
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.messages import bot_message
from tests.fakes.slack.options import Options
from tests.fakes.slack.validation import OFFERS, RESPONSES, VIEWS, problems_of
from tests.fakes.slack.views import keep_view
from tests.fakes.slack.world import Channel, Json, World, now

Publish = Callable[[Channel, Json], object]


def new_trigger(world: World, options: Options) -> str:
    """A `trigger_id` that opens one view, soon."""
    trigger = f"{world.new_id('')}.{secrets.token_hex(4)}"
    world.triggers[trigger] = {"expires": time.monotonic() + options.trigger_seconds, "used": False}
    return trigger


def new_response_url(world: World, options: Options, base_url: str, *, channel: str, user: str, ts: str = "") -> str:
    """A URL where the app may answer a few times; `ts` is the message that it belongs to."""
    key = secrets.token_hex(8)
    expires = time.monotonic() + options.response_url_seconds
    place = {"channel": channel, "user": user, "ts": ts}
    world.response_urls[key] = {"uses": options.response_url_uses, "expires": expires, **place}
    return f"{base_url}/commands/{key}"


def use_response_url(world: World, key: str) -> Json:
    """Count one use; returns the place that it answers to. Raises SlackError when it is unknown or used up."""
    place = world.response_urls.get(key)
    if place is None or time.monotonic() > place["expires"]:
        raise SlackError("expired_url")
    if not place["uses"]:
        raise SlackError("used_url")
    place["uses"] -= 1
    return place


def answer(world: World, place: Json, body: Json, publish: Publish) -> None:
    """Show what the app answered: to one person, or to the whole conversation."""
    for problem in problems_of(RESPONSES, body):
        world.violate(f"response: {problem}")
    channel = world.channels.get(place["channel"])
    if body.get("delete_original") or channel is None:
        return
    parts = {"blocks": body.get("blocks"), "thread_ts": body.get("thread_ts")}
    if body.get("response_type") == "in_channel":
        publish(channel, bot_message(world, channel.team, body.get("text", ""), **parts))
        return
    shown = {"at": now(), "channel": channel.id, "user": place["user"], "text": body.get("text", ""), **parts}
    world.ephemerals.append(shown)
    world.note("ephemeral", channel=channel.id, user=place["user"], text=shown["text"])


def apply_answer(world: World, delivery: Delivery, publish: Publish) -> None:
    """Do what came with an acknowledgement, https://docs.slack.dev/interactivity/implementing-slash-commands."""
    said, payload = delivery.attempts[-1].answer, delivery.payload
    if not said:
        return
    if delivery.kind == "slash_commands":
        answer(world, {"channel": payload["channel_id"], "user": payload["user_id"]}, said, publish)
    elif payload.get("type") == "view_submission":
        _apply_action(world, payload, said)
    elif payload.get("type") == "block_suggestion":
        _offer(world, payload, said)


def _offer(world: World, payload: Json, said: Json) -> None:
    """Keep what the app offers for a menu, https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload."""
    for problem in problems_of(OFFERS, said):
        world.violate(f"options: {problem}")
    world.offered[payload["view"]["id"], payload["action_id"]] = said.get("options", [])


def _apply_action(world: World, payload: Json, said: Json) -> None:
    """Follow a `response_action`, https://docs.slack.dev/surfaces/modals#handling_submissions."""
    action = said.get("response_action")
    if action in {"update", "push"}:
        for problem in problems_of(VIEWS, said["view"]):
            world.violate(f"view_submission: {problem}")
        view_id = payload["view"]["id"] if action == "update" else None
        keep_view(world, said["view"], view_id=view_id)
    elif action == "errors":
        blocks = {block["block_id"] for block in payload["view"]["blocks"] if block["type"] == "input"}
        if unknown := said["errors"].keys() - blocks:
            world.violate(f"view_submission: errors in no input: {sorted(unknown)}")
        world.note("view.errors", view=payload["view"]["id"], errors=said["errors"])
    elif action not in {"clear", None}:
        world.violate(f"view_submission: unknown response_action {action}")
