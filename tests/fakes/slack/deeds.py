"""The control API, second half: what people do in the workspace, and what Slack does to the app."""

from aiohttp import web

from tests.fakes.slack import events, file_objects
from tests.fakes.slack.control import controlled
from tests.fakes.slack.deliveries import Delivery
from tests.fakes.slack.fake import Fake
from tests.fakes.slack.file_objects import FileRequest
from tests.fakes.slack.http_events import is_local
from tests.fakes.slack.identity import APP_ID, LOOPBACK, TEAM_ID, VERIFICATION_TOKEN
from tests.fakes.slack.messages import rich_text, user_message
from tests.fakes.slack.methods.reactions import react
from tests.fakes.slack.methods.uploads import note_share, remove_file
from tests.fakes.slack.pressing import EXTERNAL, filled, used
from tests.fakes.slack.replies import new_response_url, new_trigger
from tests.fakes.slack.world import Channel, Json, StoredFile


async def create_user(fake: Fake, body: Json) -> Json:
    """Add a person."""
    team = fake.world.teams[body.get("team", TEAM_ID)]
    about = {"is_bot": body.get("is_bot", False), "is_admin": body.get("is_admin", False)}
    user = fake.world.add_user(body["name"], team=team, **about)
    user["locale"] = body.get("locale", "en-US")
    return user


async def set_admin(fake: Fake, body: Json) -> Json:
    """Make somebody an admin, or let them be none any more."""
    fake.world.users[body["user"]]["is_admin"] = body["is_admin"]
    return {}


async def set_usergroup(fake: Fake, body: Json) -> Json:
    """Make a user group, or let it have other members."""
    group = body.get("id") or fake.world.new_id("S")
    fake.world.usergroups[group] = list(body["members"])
    return {"id": group}


async def create_channel(fake: Fake, body: Json) -> Json:
    """Add a conversation; `bot` says whether the app is in it."""
    members, kind = list(body["members"]), body["kind"]
    if kind == "im":
        return {"id": fake.world.direct_channel(members).id}
    team = fake.world.team_of(members[0]) if members else LOOPBACK
    if body.get("bot", True):
        members.append(team.bot_user)
    creator = body.get("creator") or members[0]
    return {"id": fake.world.add_channel(kind, name=body["name"], members=members, creator=creator, team=team).id}


async def join_channel(fake: Fake, body: Json) -> Json:
    """Add a member, perhaps the app, and tell the app of it."""
    channel = fake.world.channels[body["channel"]]
    channel.members.append(body["user"])
    about = {"user": body["user"], "channel": channel.id, "channel_type": channel.id[0], "team": channel.team.id}
    event = {"type": "member_joined_channel", **about, "event_ts": fake.world.new_ts()}
    return _told(fake.emit([event], channel))


async def post(fake: Fake, body: Json) -> Json:
    """Post a message as a person, with files."""
    world, channel = fake.world, fake.world.channels[body["channel"]]
    stored = [
        file_objects.store(world, fake.base_url, body["user"], FileRequest(**about)) for about in body.get("files", [])
    ]
    attached = [file_objects.attached(file) for file in stored]
    message = user_message(world, body["user"], body.get("text", ""), attached)
    if body.get("thread_ts"):
        message["thread_ts"] = body["thread_ts"]
    if body.get("broadcast"):
        message["subtype"] = "thread_broadcast"
    for file in stored:
        note_share(file, channel, message)
    sent = fake.publish(channel, message, deliver=body.get("deliver", True))
    return {"ts": message["ts"], "files": [file.id for file in stored], **_told(sent)}


async def edit(fake: Fake, body: Json) -> Json:
    """Change a person's message."""
    channel, message = _message(fake, body)
    text = body["text"]
    edited = dict(message) | {"text": text, "blocks": rich_text(text, fake.world.new_id("b"))}
    edited["edited"] = {"user": message["user"], "ts": fake.world.new_ts()}
    return _told(fake.change(channel, edited, deliver=body.get("deliver", True)))


async def unfurl(fake: Fake, body: Json) -> Json:
    """Let Slack unfold a link in a person's message, https://docs.slack.dev/messaging/unfurling-links-in-messages."""
    channel, message = _message(fake, body)
    shown = {"id": 1, "fallback": "A page", "title": "A page", "title_link": body["url"], "from_url": body["url"]}
    return _told(fake.change(channel, dict(message) | {"attachments": [shown]}))


async def delete(fake: Fake, body: Json) -> Json:
    """Delete a message."""
    channel, message = _message(fake, body)
    return _told(fake.remove(channel, message["ts"], deliver=body.get("deliver", True)))


async def delete_file(fake: Fake, body: Json) -> Json:
    """Delete a file; `told` false loses the event that tells of it."""
    remove_file(fake, fake.world.files[body["file"]], told=body.get("told", True))
    return {}


async def add_reaction(fake: Fake, body: Json) -> Json:
    """React to a message as a person."""
    channel, message = _message(fake, body)
    react(fake, channel, message, user=body["user"], name=body["name"])
    return {}


async def finish_transcript(fake: Fake, body: Json) -> Json:
    """Let Slack's own transcript of a clip be ready."""
    stored: StoredFile = fake.world.files[body["file"]]
    preview = {"content": body["text"][:100], "has_more": len(body["text"]) > 100}
    stored.object["transcription"] = {"status": "complete", "locale": "en-US", "preview": preview}
    event = {"type": "file_change", "file_id": stored.id, "file": {"id": stored.id}, "event_ts": fake.world.new_ts()}
    return _told(fake.emit([event]))


async def slash(fake: Fake, body: Json) -> Json:
    """Type a slash command, https://docs.slack.dev/interactivity/implementing-slash-commands."""
    world, channel = fake.world, fake.world.channels[body["channel"]]
    user = world.users[body["user"]]
    url = new_response_url(world, fake.options, fake.base_url, channel=channel.id, user=user["id"])
    named = {"public": channel.name, "private": "privategroup", "im": "directmessage", "mpim": "mpdm"}
    payload = {
        "token": VERIFICATION_TOKEN,
        "team_id": channel.team.id,
        "team_domain": "loopback",
        **({"enterprise_id": channel.team.organisation} if channel.team.organisation else {}),
        "channel_id": channel.id,
        "channel_name": named[channel.kind],
        "user_id": user["id"],
        "user_name": user["name"],
        "command": body["command"],
        "text": body.get("text", ""),
        "api_app_id": APP_ID,
        "is_enterprise_install": str(world.is_org_wide(channel.team)).lower(),
        "response_url": url,
        "trigger_id": new_trigger(world, fake.options),
    }
    return _interaction(fake.send("slash_commands", payload))


async def interact(fake: Fake, body: Json) -> Json:
    """Send an interactive payload; what every such payload has is added."""
    world, given = fake.world, dict(body["payload"])
    user, team = world.users[given["user"]], world.team_of(given["user"])
    payload = {
        "token": VERIFICATION_TOKEN,
        "api_app_id": APP_ID,
        "team": {"id": team.id, "domain": "loopback"},
        "enterprise": {"id": team.organisation, "name": team.organisation} if team.organisation else None,
        "is_enterprise_install": world.is_org_wide(team),
        "trigger_id": new_trigger(world, fake.options),
        **given,
        "user": {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": team.id},
    }
    if "channel" in given:
        channel = world.channels[given["channel"]]
        place = {"channel": channel.id, "user": user["id"], "ts": given.get("message_ts", "")}
        payload["channel"] = {"id": channel.id, "name": channel.name or "directmessage"}
        payload["response_url"] = new_response_url(world, fake.options, fake.base_url, **place)
    return _interaction(fake.send("interactive", payload))


async def message_action(fake: Fake, body: Json) -> Json:
    """Use a message shortcut on a message."""
    channel, message = _message(fake, body)
    about = {"type": "message_action", "callback_id": body["callback_id"], "user": body["user"]}
    place = {"channel": channel.id, "message_ts": message["ts"], "message": message, "action_ts": fake.world.new_ts()}
    return await interact(fake, {"payload": about | place})


async def press(fake: Fake, body: Json) -> Json:
    """Use an element of a message's blocks, https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.

    `body` has channel, ts, user and action_id, of feedback buttons `pressed`, and in `with` what else the element sends, such
    as `selected_option`.
    """
    channel, message = _message(fake, body)
    container = {"type": "message", "message_ts": message["ts"], "channel_id": channel.id, "is_ephemeral": False}
    place = {"channel": channel.id, "message_ts": message["ts"], "message": message}
    return await _pressed(fake, body, message.get("blocks", []), {"container": container} | place)


async def press_private(fake: Fake, body: Json) -> Json:
    """Use an element of the last message that one person alone sees in a channel; such a payload has no message."""
    shown = [one for one in fake.world.ephemerals if (one["channel"], one["user"]) == (body["channel"], body["user"])]
    if not shown:
        raise ValueError("nothing is shown to that person alone")
    thread = {"thread_ts": shown[-1]["thread_ts"]} if shown[-1].get("thread_ts") else {}
    about = {"type": "message", "message_ts": fake.world.new_ts(), "channel_id": body["channel"], "is_ephemeral": True}
    place = {"channel": body["channel"], "container": about | thread}
    return await _pressed(fake, body, shown[-1].get("blocks") or [], place)


async def _pressed(fake: Fake, body: Json, blocks: list[Json], place: Json) -> Json:
    action = used(blocks, body["action_id"], body.get("pressed"))
    action = action | body.get("with", {}) | {"action_ts": fake.world.new_ts()}
    return await interact(
        fake, {"payload": {"type": "block_actions", "user": body["user"], "actions": [action]} | place}
    )


async def submit_view(fake: Fake, body: Json) -> Json:
    """Submit a modal: with these values (`{block: {action: {...}}}`), or filled in (`{block: text or values}`)."""
    opened = fake.world.views[body["view"]]
    if "filled" not in body:
        view = dict(opened) | {"state": {"values": body.get("values", {})}}
    else:
        view = _as_filled(fake, opened, body["filled"])
    return await interact(fake, {"payload": {"type": "view_submission", "user": body["user"], "view": view}})


def _as_filled(fake: Fake, opened: Json, given: Json) -> Json:
    """A view as the client sends it, with what stands in it."""
    offered = {action: options for (view, action), options in fake.world.offered.items() if view == opened["id"]}
    return dict(opened) | {"state": {"values": filled(opened, given, offered) if opened["type"] == "modal" else {}}}


async def type_into_view(fake: Fake, body: Json) -> Json:
    """Type into a menu of a modal that asks the app what there is.

    https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
    """
    view = fake.world.views[body["view"]]
    block = next(one for one in view["blocks"] if one.get("element", {}).get("action_id") == body["action_id"])
    if block["element"]["type"] not in EXTERNAL:
        raise ValueError(f"{body['action_id']} is no menu that asks the app")
    about = {"type": "block_suggestion", "user": body["user"], "container": {"type": "view", "view_id": view["id"]}}
    typed = {"action_id": body["action_id"], "block_id": block["block_id"], "value": body.get("value", "")}
    shown = _as_filled(fake, view, body.get("filled", {}))
    return await interact(fake, {"payload": about | typed | {"view": shown}})


async def press_in_view(fake: Fake, body: Json) -> Json:
    """Use an element of a modal, filled in so far, or of a person's Home tab."""
    view = fake.world.views[body["view"]] if body.get("view") else fake.world.homes[body["user"]]
    shown = _as_filled(fake, view, body.get("filled", {}))
    return await _pressed(
        fake, body, view["blocks"], {"container": {"type": "view", "view_id": view["id"]}, "view": shown}
    )


async def open_home(fake: Fake, body: Json) -> Json:
    """Open the app's Home tab, https://docs.slack.dev/reference/events/app_home_opened."""
    team, user = fake.world.team_of(body["user"]), body["user"]
    channel = fake.world.direct_channel([user])
    view = {"view": fake.world.homes[user]} if user in fake.world.homes else {}
    event = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": "home", **view}
    payload = events.event_body(fake.world, event | {"event_ts": fake.world.new_ts()}, team)
    return _told([fake.send("events_api", payload)])


async def send_event(fake: Fake, body: Json) -> Json:
    """Send any event, or any whole body, whatever the app is subscribed to."""
    team = fake.world.teams[body.get("team", TEAM_ID)]
    payload = body.get("body") or events.event_body(fake.world, body["event"], team)
    if url := body.get("url"):
        if not is_local(url):
            raise ValueError("the app must be on this machine")
        return _told([fake.send("events_api", payload, url=url, signature=body.get("signature", "valid"))])
    return _told([fake.send("events_api", payload)])


async def send_again(fake: Fake, body: Json) -> Json:
    """Deliver a payload once more, as Slack does when it missed an acknowledgement: same event_id."""
    delivery = fake.deliveries.sent[body["id"]]
    return _told([fake.send(delivery.kind, delivery.payload)])


async def cut_sockets(fake: Fake, body: Json) -> Json:
    """Cut all sockets now, or the one that gets the n-th next envelope right after it was written."""
    if "after" in body:
        fake.sockets.cut_after = int(body["after"])
        return {"cut": 0}
    return {"cut": fake.sockets.cut()}


async def silence_sockets(fake: Fake, _body: Json) -> Json:
    """Let the open sockets say nothing more, although they stay."""
    return {"silenced": fake.sockets.silence()}


async def disconnect_sockets(fake: Fake, body: Json) -> Json:
    """Send `disconnect` to all sockets."""
    await fake.sockets.disconnect(body.get("reason", "refresh_requested"))
    return {}


async def end_stream(fake: Fake, body: Json) -> Json:
    """Let a stream expire (`errored`), or let a person stop it (`stopped`), who the app is told of."""
    channel, message = _message(fake, body)
    stream = fake.world.streams[channel.id, message["ts"]]
    stream.state = body["state"]
    message["streaming_state"] = "completed" if stream.state == "stopped" else stream.state
    fake.world.touch()
    if stream.state != "stopped":
        return {}
    about = {"channel": channel.id, "thread_ts": message.get("thread_ts"), "user": body["user"]}
    event = {"type": "agent_session_stopped", **about, "streaming_message_ts": [message["ts"]]}
    return _told(fake.emit([event | {"event_ts": fake.world.new_ts()}], channel))


async def verify_url(fake: Fake, body: Json) -> Json:
    """Ask a request URL for its challenge, https://docs.slack.dev/reference/events/url_verification."""
    challenge = {"type": "url_verification", "token": VERIFICATION_TOKEN, "challenge": body["challenge"]}
    return await send_event(fake, {**body, "body": challenge})


def _message(fake: Fake, body: Json) -> tuple[Channel, Json]:
    channel = fake.world.channels[body["channel"]]
    return channel, channel.messages[body["ts"]]


def _told(sent: list[Delivery]) -> Json:
    return {"deliveries": [delivery.id for delivery in sent]}


def _interaction(delivery: Delivery) -> Json:
    payload = delivery.payload
    return {
        "delivery": delivery.id,
        "trigger_id": payload["trigger_id"],
        "response_url": payload.get("response_url", ""),
    }


ROUTES = [
    web.post("/_fake/users", controlled(create_user)),
    web.post("/_fake/users/admin", controlled(set_admin)),
    web.post("/_fake/usergroups", controlled(set_usergroup)),
    web.post("/_fake/channels", controlled(create_channel)),
    web.post("/_fake/channels/join", controlled(join_channel)),
    web.post("/_fake/messages", controlled(post)),
    web.post("/_fake/messages/edit", controlled(edit)),
    web.post("/_fake/messages/unfurl", controlled(unfurl)),
    web.post("/_fake/messages/delete", controlled(delete)),
    web.post("/_fake/files/delete", controlled(delete_file)),
    web.post("/_fake/files/transcript", controlled(finish_transcript)),
    web.post("/_fake/reactions", controlled(add_reaction)),
    web.post("/_fake/slash", controlled(slash)),
    web.post("/_fake/interact", controlled(interact)),
    web.post("/_fake/message_action", controlled(message_action)),
    web.post("/_fake/press", controlled(press)),
    web.post("/_fake/press/private", controlled(press_private)),
    web.post("/_fake/views/submit", controlled(submit_view)),
    web.post("/_fake/views/type", controlled(type_into_view)),
    web.post("/_fake/views/press", controlled(press_in_view)),
    web.post("/_fake/home/open", controlled(open_home)),
    web.post("/_fake/events", controlled(send_event)),
    web.post("/_fake/events/again", controlled(send_again)),
    web.post("/_fake/events/verify", controlled(verify_url)),
    web.post("/_fake/sockets/cut", controlled(cut_sockets)),
    web.post("/_fake/sockets/silence", controlled(silence_sockets)),
    web.post("/_fake/sockets/disconnect", controlled(disconnect_sockets)),
    web.post("/_fake/streams/end", controlled(end_stream)),
]
