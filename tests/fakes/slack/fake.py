"""The fake as a whole: the workspace, the ways to the app, and everything that can be reset at once."""

import asyncio
from typing import Any

import aiohttp
from aiohttp import web

from tests.fakes.slack import events
from tests.fakes.slack.deliveries import Deliveries, Delivery
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.identity import APP_ID, LOOPBACK, Team
from tests.fakes.slack.limits import RateLimits
from tests.fakes.slack.options import Options
from tests.fakes.slack.replies import apply_answer
from tests.fakes.slack.sockets import Sockets
from tests.fakes.slack.tasks import Tasks
from tests.fakes.slack.validation import Checks
from tests.fakes.slack.world import Channel, Json, World


class Fake:
    """Slack, as far as one app can see it."""

    def __init__(
        self, group: asyncio.TaskGroup, session: aiohttp.ClientSession, options: Options, *, validate: bool
    ) -> None:
        self.checks = Checks(enabled=validate)
        self.tasks = Tasks(group)
        self.base_url = ""
        """`http://127.0.0.1:PORT`, known when the server listens."""
        self._session = session
        self._first_options = options
        self.sockets = Sockets()
        self.reset()

    def reset(self) -> None:
        """Start afresh: an empty workspace, no connections, no faults, the options of the command line."""
        self.tasks.cancel()
        self.sockets.cut()
        self.options = self._first_options
        self.world = World()
        self.sockets = Sockets()
        self.deliveries = Deliveries(self.sockets, self._session)
        self.faults = Faults()
        self.limits = RateLimits()

    def publish(self, channel: Channel, message: Json, *, deliver: bool = True) -> list[Delivery]:
        """Put a message into a conversation and tell the app of it."""
        world = self.world
        parent = channel.messages.get(message.get("thread_ts", ""))
        if parent is not None:
            message["parent_user_id"] = parent["user"]
        channel.add(message)
        if "bot_id" in message and (channel.id, message.get("thread_ts")) in world.live_statuses:
            world.show(channel.id, message.get("thread_ts"), "status", "")
        world.note("message.posted", channel=channel.id, **_summary(message))
        if not deliver or ("bot_id" in message and not self.options.own_events):
            return []
        return self.emit(events.posted(channel, message), channel)

    def change(self, channel: Channel, message: Json, *, deliver: bool = True) -> list[Delivery]:
        """Replace a message by its edited form and tell the app of it."""
        previous = channel.messages[message["ts"]]
        channel.messages[message["ts"]] = message
        self.world.note("message.changed", channel=channel.id, **_summary(message))
        if not deliver or ("bot_id" in message and not self.options.own_events):
            return []
        return self.emit([events.changed(self.world, channel, message, previous)], channel)

    def remove(self, channel: Channel, ts: str, *, deliver: bool = True) -> list[Delivery]:
        """Delete a message (one with replies leaves a tombstone) and tell the app of it."""
        message = channel.messages[ts]
        told = [events.deleted(self.world, channel, message)]
        if channel.threads.get(ts):
            grave = {"type": "message", "subtype": "tombstone", "text": "This message was deleted.", "ts": ts}
            channel.messages[ts] = grave | {"user": "USLACKBOT", "hidden": True, "thread_ts": ts}
            told = [events.changed(self.world, channel, channel.messages[ts], message)]
        else:
            channel.remove(ts)
        self.world.note("message.deleted", channel=channel.id, ts=ts)
        if not deliver or ("bot_id" in message and not self.options.own_events):
            return []
        return self.emit(told, channel)

    def emit(self, made: list[Json], channel: Channel | None = None, team: Team = LOOPBACK) -> list[Delivery]:
        """Send events to the app, if it is in that conversation and subscribed to them; `team` where there is none."""
        if channel is not None and not channel.has_bot:
            return []
        kind = channel.kind if channel else None
        wanted = [event for event in made if events.subscription_of(event, kind) in self.options.subscriptions]
        where = channel.team if channel else team
        return [self.send("events_api", events.event_body(self.world, event, where)) for event in wanted]

    def send(self, kind: str, payload: Json, *, url: str = "", signature: str = "valid") -> Delivery:
        """Bring a payload to the app by and by."""
        delivery = self.deliveries.new(self.world, kind, payload)
        target = url or (self.options.events_url if self.options.delivery == "http" else "")
        if url or self.options.delivery != "none":
            self.tasks.start(self._carry(delivery, target, signature))
        else:
            delivery.state = "failed"
        return delivery

    async def _carry(self, delivery: Delivery, url: str, signature: str) -> None:
        await self.deliveries.carry(self.world, self.options, delivery, url=url, signature=signature)
        if delivery.state == "acked" and delivery.kind != "events_api":
            apply_answer(self.world, delivery, self.publish)


def _summary(message: Json) -> dict[str, Any]:
    """What the journal keeps of a message."""
    return {
        "ts": message["ts"],
        "thread_ts": message.get("thread_ts"),
        "by": "bot" if message.get("app_id") == APP_ID else "user",
        "user": message["user"],
        "text": message["text"],
        "files": [file["id"] for file in message.get("files", [])],
        "metadata": message.get("metadata"),
    }


FAKE = web.AppKey("fake", Fake)
"""Where the application keeps it."""
