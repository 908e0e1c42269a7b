"""The typed driver that tests use: what people do in Slack, and what can be seen of the app."""

import io
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import aiohttp

from tests.fakes.slack import identity
from tests.fakes.slack.values import BotMessage, Delivery, Interaction, Posted, Upload, bot_message

Json = dict[str, Any]


class FakeRefused(Exception):
    """The control API did not understand a command: a mistake in the test."""


@dataclass(kw_only=True)
class SlackFake:
    """One running fake of Slack; made by `connected`."""

    url: str
    """`http://127.0.0.1:PORT`."""
    session: aiohttp.ClientSession
    bot_token: str = identity.BOT_TOKEN
    app_token: str = identity.APP_TOKEN
    signing_secret: str = identity.SIGNING_SECRET
    team_id: str = identity.TEAM_ID
    app_id: str = identity.APP_ID
    bot_id: str = identity.BOT_ID
    bot_user_id: str = identity.BOT_USER_ID
    organisation: str = ""
    """The organisation of the workspace; empty for none."""
    client_id: str = identity.CLIENT_ID
    client_secret: str = identity.CLIENT_SECRET
    mention: str = field(default=f"<@{identity.BOT_USER_ID}>")
    """The text that mentions the app."""

    @property
    def api_url(self) -> str:
        """The `base_url` for slack_sdk."""
        return f"{self.url}/api/"

    # --- the workspaces ---

    async def create_team(self, name: str, *, organisation: str = "") -> Self:
        """Add a workspace, perhaps of an organisation (`E…`); returns a driver for it, which knows no token."""
        team = await self.command("teams", name=name, organisation=organisation)
        about = {"team_id": team["id"], "bot_id": team["bot"], "bot_user_id": team["bot_user"]}
        return replace(self, **about, mention=f"<@{team['bot_user']}>", bot_token="", organisation=organisation)

    async def authorise(self, url: str, *, allow: bool = True, org_wide: bool = False, user: str = "") -> str:
        """Open the page for permissions as somebody of this workspace; returns where its button leads back to."""
        async with self.session.get(url) as page:
            if page.status != 200:
                raise FakeRefused(f"the page for permissions: {await page.text()}")
            choice = {"organisation": self.organisation} if org_wide else {"team": self.team_id}
            button = page.url.with_path("/oauth/v2/allow").extend_query({**page.url.query, **choice, "user": user})
        chosen = button.update_query(allow=str(int(allow)))
        async with self.session.get(chosen, allow_redirects=False) as response:
            return response.headers["Location"]

    async def expire_tokens(self) -> None:
        """Let all tokens that came by OAuth with rotation end now."""
        await self.command("tokens/expire")

    async def uninstall(self, *, org_wide: bool = False, unnamed: bool = False) -> list[str]:
        """Remove the app from this workspace or its organisation; returns the ids of the two events' deliveries.

        Args:
            org_wide: whether from its organisation.
            unnamed: whether the events do not say which of the two.
        """
        whose = {"organisation": self.organisation} if org_wide else {"team": self.team_id}
        return list((await self.command("uninstall", **whose, unnamed=unnamed))["deliveries"])

    async def withdraw(self) -> list[str]:
        """Let the organisation take this workspace from the app; returns the ids of the deliveries."""
        return list((await self.command("withdraw", team=self.team_id))["deliveries"])

    async def create_user(
        self, name: str = "Ada", *, is_admin: bool = False, is_bot: bool = False, locale: str = "en-US"
    ) -> str:
        """Add a person; returns the user id."""
        about = {"name": name, "is_admin": is_admin, "is_bot": is_bot, "locale": locale}
        return str((await self.command("users", team=self.team_id, **about))["id"])

    async def set_admin(self, user: str, *, is_admin: bool) -> None:
        """Make somebody an admin, or let them be none any more."""
        await self.command("users/admin", user=user, is_admin=is_admin)

    async def set_usergroup(self, members: list[str], *, group: str | None = None) -> str:
        """Make a user group, or let one have other members; returns its id."""
        return str((await self.command("usergroups", id=group, members=members))["id"])

    async def create_channel(
        self, members: list[str], *, kind: str = "public", name: str = "general", bot: bool = True, creator: str = ""
    ) -> str:
        """Add a conversation: `public`, `private`, `im` or `mpim`; `bot` says whether the app is in it."""
        about = {"members": members, "kind": kind, "name": name, "bot": bot, "creator": creator}
        return str((await self.command("channels", **about))["id"])

    async def join(self, channel: str, user: str) -> None:
        """Add a member, perhaps the app."""
        await self.command("channels/join", channel=channel, user=user)

    async def post(
        self,
        channel: str,
        user: str,
        text: str = "",
        *,
        thread_ts: str | None = None,
        files: tuple[Upload, ...] = (),
        deliver: bool = True,
    ) -> Posted:
        """Post as a person.

        Args:
            channel: the conversation's id.
            user: who posts.
            text: what they type; `slack.mention` in it mentions the app.
            thread_ts: the thread's parent.
            files: what they attach.
            deliver: False posts it behind the app's back, as while the app is down for long.
        """
        attached = [await self._attach(upload) for upload in files]
        about = {"channel": channel, "user": user, "text": text, "files": attached, "deliver": deliver}
        done = await self.command("messages", thread_ts=thread_ts, **about)
        return Posted(ts=done["ts"], files=tuple(done["files"]), deliveries=tuple(done["deliveries"]))

    async def edit(self, channel: str, ts: str, text: str) -> list[str]:
        """Change a person's message; returns the deliveries that tell of it."""
        return list((await self.command("messages/edit", channel=channel, ts=ts, text=text))["deliveries"])

    async def unfurl(self, channel: str, ts: str, url: str) -> list[str]:
        """Let Slack unfold a link in a person's message; returns the deliveries that tell of it."""
        return list((await self.command("messages/unfurl", channel=channel, ts=ts, url=url))["deliveries"])

    async def delete(self, channel: str, ts: str) -> list[str]:
        """Delete a message; returns the deliveries that tell of it."""
        return list((await self.command("messages/delete", channel=channel, ts=ts))["deliveries"])

    async def delete_file(self, file: str, *, told: bool = True) -> None:
        """Delete a file; with `told` false the event that tells of it is lost."""
        await self.command("files/delete", file=file, told=told)

    async def react(self, channel: str, ts: str, user: str, name: str) -> None:
        """React to a message as a person."""
        await self.command("reactions", channel=channel, ts=ts, user=user, name=name)

    async def finish_transcript(self, file: str, text: str) -> None:
        """Let Slack's own transcript of a clip be ready."""
        await self.command("files/transcript", file=file, text=text)

    # --- what people do to the app ---

    async def slash(self, command: str, text: str, *, user: str, channel: str) -> Interaction:
        """Type a slash command."""
        return Interaction(**await self.command("slash", command=command, text=text, user=user, channel=channel))

    async def message_action(self, callback_id: str, *, user: str, channel: str, ts: str) -> Interaction:
        """Use a message shortcut."""
        place = {"user": user, "channel": channel, "ts": ts}
        return Interaction(**await self.command("message_action", callback_id=callback_id, **place))

    async def press(
        self, action_id: str, *, user: str, channel: str, ts: str, pressed: str | None = None, **more: Any
    ) -> Interaction:
        """Use a button or menu of a message.

        Args:
            action_id: which.
            user: who.
            channel: where.
            ts: of the message.
            pressed: of feedback buttons, `positive` or `negative`.
            more: what it sends beside, such as `selected_option`.
        """
        place = {"user": user, "channel": channel, "ts": ts, "pressed": pressed, "with": more}
        return Interaction(**await self.command("press", action_id=action_id, **place))

    async def press_private(self, action_id: str, *, user: str, channel: str) -> Interaction:
        """Use a button of the last message that this person alone sees in a channel."""
        return Interaction(**await self.command("press/private", action_id=action_id, user=user, channel=channel))

    async def private(self, channel: str, user: str) -> list[Json]:
        """What one person alone was shown in a channel, oldest first."""
        shown = (await self.state())["ephemerals"]
        return [one for one in shown if (one["channel"], one["user"]) == (channel, user)]

    async def submit_view(self, view: str, *, user: str, values: Json) -> Interaction:
        """Submit a modal with `{block: {action: {...}}}`."""
        return Interaction(**await self.command("views/submit", view=view, user=user, values=values))

    async def fill_in(self, view: str, *, user: str, **given: str | list[str]) -> Interaction:
        """Fill in and submit a modal: texts and chosen values by block; what is not given stays as it is."""
        return Interaction(**await self.command("views/submit", view=view, user=user, filled=given))

    async def type_into(
        self, view: str, action_id: str, typed: str, *, user: str, **given: str | list[str]
    ) -> list[Json]:
        """Type into a menu of a modal that asks the app, as it is filled in so far; returns what the app offers."""
        about = {"view": view, "action_id": action_id, "value": typed, "user": user, "filled": given}
        used = Interaction(**await self.command("views/type", **about))
        delivery = await self.wait_delivered(used.delivery)
        if delivery.state != "acked":
            raise FakeRefused(f"nothing was offered: {delivery}")
        return list((delivery.attempts[-1]["answer"] or {}).get("options", []))

    async def press_in(
        self, view: str, action_id: str, *, user: str, filled: Json | None = None, **more: Any
    ) -> Interaction:
        """Use an element of a modal, as it is filled in so far; of the person's Home tab, without a view."""
        about = {"view": view, "action_id": action_id, "user": user, "filled": filled or {}, "with": more}
        return Interaction(**await self.command("views/press", **about))

    async def open_home(self, user: str) -> str:
        """Open the app's Home tab as a person; returns the event's delivery."""
        return str((await self.command("home/open", user=user))["deliveries"][0])

    async def home(self, user: str) -> Json:
        """The Home tab that a person sees; an empty one before the app has shown any."""
        shown: Json = (await self.state())["homes"].get(user, {"blocks": []})
        return shown

    async def interact(self, payload: Json) -> Interaction:
        """Send any interactive payload; `user` (and `channel`) in it are ids."""
        return Interaction(**await self.command("interact", payload=payload))

    async def send_event(self, event: Json, *, url: str = "", signature: str = "valid") -> str:
        """Send any event; returns the delivery's id.

        Args:
            event: the inner event.
            url: POST it there, whatever the options say.
            signature: `valid`, `wrong`, `stale` or `missing`.
        """
        done = await self.command("events", event=event, url=url, signature=signature)
        return str(done["deliveries"][0])

    async def send_body(self, body: Json, *, url: str = "", signature: str = "valid") -> str:
        """Send any whole events body, such as `app_rate_limited`; returns the delivery's id."""
        done = await self.command("events", body=body, url=url, signature=signature)
        return str(done["deliveries"][0])

    async def send_again(self, delivery: str) -> str:
        """Deliver a payload once more with the same event_id; returns the new delivery's id."""
        return str((await self.command("events/again", id=delivery))["deliveries"][0])

    async def verify_url(self, url: str, challenge: str) -> str:
        """Ask a request URL for its challenge; returns the delivery's id."""
        return str((await self.command("events/verify", url=url, challenge=challenge))["deliveries"][0])

    # --- connections and faults ---

    async def cut_sockets(self) -> int:
        """Cut all websockets; returns how many there were."""
        return int((await self.command("sockets/cut"))["cut"])

    async def cut_socket_after(self, envelopes: int) -> None:
        """Cut the socket that gets the n-th next envelope, right after it was written and before its ack."""
        await self.command("sockets/cut", after=envelopes)

    async def silence_sockets(self) -> int:
        """Let the open websockets answer pings and say nothing more; returns how many there are."""
        return int((await self.command("sockets/silence"))["silenced"])

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Send `disconnect` to all sockets."""
        await self.command("sockets/disconnect", reason=reason)

    async def options(self, **changes: Any) -> None:
        """Change some of `Options`."""
        await self.command("options", **changes)

    async def fault(self, match: str, kind: str, **about: Any) -> None:
        """Let the next requests that match (`POST /api/chat.*`) fail; see `faults.Fault` for the kinds and fields."""
        await self.command("faults", match=match, kind=kind, **about)

    async def clear_faults(self) -> None:
        """Call off all faults that are still to come."""
        await self._call("DELETE", "faults")

    async def rate_limits(self, **limits: Json) -> None:
        """Count calls from now on; `limits` are by method, such as `{"chat.update": {"calls": 1, "seconds": 5}}`."""
        await self.command("rate_limits", **limits)

    async def set_token(self, value: str, scopes: list[str], *, kind: str = "bot", revoked: bool = False) -> None:
        """Create or replace a token."""
        await self.command("tokens", value=value, scopes=scopes, kind=kind, revoked=revoked)

    async def remove_scopes(self, *scopes: str) -> None:
        """Take scopes from the bot token."""
        await self.set_token(self.bot_token, sorted(identity.BOT_SCOPES.difference(scopes)))

    async def expire_stream(self, channel: str, ts: str) -> None:
        """Let a stream end by itself."""
        await self.command("streams/end", channel=channel, ts=ts, state="errored")

    async def stop_stream(self, channel: str, ts: str, user: str) -> None:
        """Press the Stop button of a stream."""
        await self.command("streams/end", channel=channel, ts=ts, state="stopped", user=user)

    async def reset(self) -> None:
        """Start afresh: an empty workspace, no connections, no faults."""
        await self.command("reset")

    # --- what can be seen ---

    async def state(self) -> Json:
        """Everything that happened; see `control.state` for the fields."""
        return await self._call("GET", "state")

    async def counts(self) -> Json:
        """The state in numbers."""
        return await self._call("GET", "counts")

    async def violations(self) -> list[str]:
        """The rules that the app broke; empty at the end of every test."""
        return list((await self._call("GET", "violations"))["violations"])

    async def take_violations(self) -> list[str]:
        """The rules that were broken, which are then forgotten: for a test that breaks them on purpose."""
        return list((await self.command("violations/take"))["violations"])

    async def journal(self, kind: str) -> list[Json]:
        """The effects of one kind, such as `message.posted`, in order."""
        return [entry for entry in (await self.state())["journal"] if entry["kind"] == kind]

    async def requests(self, method: str) -> list[Json]:
        """The calls of one Web API method, in order."""
        return [one for one in (await self.state())["requests"] if one["path"] == f"/api/{method}"]

    async def direct_message(self, user: str) -> str:
        """The app's direct conversation with a person; empty while there is none."""
        members = {user, self.bot_user_id}
        direct = (one for one in (await self.state())["channels"] if one["kind"] == "im")
        return next((str(one["id"]) for one in direct if set(one["members"]) == members), "")

    async def file_bytes(self, file: str) -> bytes:
        """The bytes of a file."""
        async with self.session.get(f"{self.url}/_fake/files/{file}") as response:
            response.raise_for_status()
            return await response.read()

    async def messages(self, channel: str, ts: str | None = None) -> list[Json]:
        """Everybody's messages in a thread, or in the whole conversation, oldest first."""
        return list((await self._call("GET", "messages", channel=channel, ts=ts or ""))["messages"])

    async def bot_messages(self, channel: str, ts: str | None = None) -> list[BotMessage]:
        """The app's messages in a thread, or in the whole conversation, oldest first."""
        return (await self._bot_messages(channel, ts))[1]

    async def wait_for(
        self, channel: str, ts: str | None, holds: Callable[[list[BotMessage]], bool], *, seconds: float = 10
    ) -> list[BotMessage]:
        """Wait until `holds` of the app's messages in a thread (or, without `ts`, in the conversation).

        Raises TimeoutError, which says what was there instead.
        """
        deadline = time.monotonic() + seconds
        while True:
            version, messages = await self._bot_messages(channel, ts)
            if holds(messages):
                return messages
            left = deadline - time.monotonic()
            if left <= 0:
                broken = await self.violations()
                raise TimeoutError(f"not after {seconds} s: {messages}; violations: {broken}")
            await self._call("GET", "wait", version=str(version), seconds=str(left))

    async def wait_for_reply(
        self, channel: str, ts: str | None, *, count: int = 1, seconds: float = 10
    ) -> list[BotMessage]:
        """Wait until the app has at least so many finished messages there; returns all of its messages."""
        return await self.wait_for(
            channel, ts, lambda found: sum(message.finished for message in found) >= count, seconds=seconds
        )

    async def wait_until(self, holds: Callable[[Json], bool], *, seconds: float = 10) -> Json:
        """Wait until `holds` of the whole state; returns it. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            state = await self.state()
            if holds(state):
                return state
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not after {seconds} s; violations: {state['violations']}")
            await self._call("GET", "wait", version=str(state["version"]), seconds=str(left))

    async def wait_connected(self, sockets: int = 1, *, seconds: float = 10) -> None:
        """Wait until the app has at least so many open websockets."""
        await self.wait_until(lambda state: len(state["sockets"]) >= sockets, seconds=seconds)

    async def wait_delivered(self, delivery: str, *, seconds: float = 10) -> Delivery:
        """Wait until a delivery is acknowledged or given up. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            answer = await self._call("GET", "delivery", id=delivery)
            found = Delivery.of(answer["delivery"])
            if found.state != "pending":
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not delivered after {seconds} s: {found}")
            await self._call("GET", "wait", version=str(answer["version"]), seconds=str(left))

    async def deliveries(self) -> list[Delivery]:
        """All payloads that were sent to the app, in order."""
        return [Delivery.of(one) for one in (await self.state())["deliveries"]]

    async def acks(self) -> list[Json]:
        """All Socket Mode acknowledgements, in the order of arrival."""
        return list((await self.state())["acks"])

    # --- the wire ---

    async def command(self, path: str, /, **body: Any) -> Json:
        """POST to the control API. Raises FakeRefused."""
        return await self._call("POST", path, json={key: value for key, value in body.items() if value is not None})

    async def _call(self, verb: str, path: str, /, *, json: Json | None = None, **query: str) -> Json:
        async with self.session.request(verb, f"{self.url}/_fake/{path}", json=json, params=query) as response:
            if response.status != 200:
                raise FakeRefused(f"{path}: {await response.text()}")
            answer: Json = await response.json()
            return answer

    async def _attach(self, upload: Upload) -> Json:
        """Hand over a file's bytes; returns what is said about them."""
        async with self.session.post(f"{self.url}/_fake/blobs", data=io.BytesIO(upload.content)) as response:
            blob = (await response.json())["blob"]
        about = {name: value for name, value in asdict(upload).items() if name != "content" and value is not None}
        return about | {"blob": blob}

    async def _bot_messages(self, channel: str, ts: str | None) -> tuple[int, list[BotMessage]]:
        answer = await self._call("GET", "messages", channel=channel, ts=ts or "")
        own = [one for one in answer["messages"] if one.get("bot_id") == self.bot_id]
        return answer["version"], [bot_message(one) for one in own]

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str) -> AsyncIterator[Self]:
        """Open a driver for a fake that runs at `url`."""
        async with aiohttp.ClientSession() as session:
            yield cls(url=url, session=session)
