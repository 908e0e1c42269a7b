"""What slack-bolt calls when Slack tells us something: translate, store, and only then acknowledge.

bolt acknowledges before its listeners run, unless it is told to process before the response; and then a listener that
raises is answered with status 500, or not at all over a socket, and Slack delivers again.
https://docs.slack.dev/tools/bolt-python/concepts/lazy-listeners, https://docs.slack.dev/apis/events-api/#retries
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse

from adapters.slack.account import SlackAccount
from adapters.slack.agents import Agents
from adapters.slack.catch_ups import CatchUps
from adapters.slack.clients import QUIET, Clients
from adapters.slack.commands import Typed, to_call, to_root, to_turn, to_typed
from adapters.slack.controls import FORM
from adapters.slack.home import OPEN, WISH
from adapters.slack.origin import Origin, happened_at, origin_of
from adapters.slack.outcomes import read, write
from adapters.slack.panel import LISTEN, SETTINGS
from adapters.slack.panels import Panels
from adapters.slack.presses import Presses
from adapters.slack.rights import Rights
from adapters.slack.shortcuts import Shortcuts
from adapters.slack.translate import (
    PLATFORM,
    Identity,
    said_at,
    to_answer,
    to_attachment,
    to_deleted,
    to_edited,
    to_message,
    to_stopped,
)
from bot.domain.commands import COMMANDS
from bot.domain.errors import MynahError, PlatformProblem, PostRefused
from bot.domain.messages import Attachment, Author, Place
from bot.ports import Intake
from bot.words import phrase, say, speaking

log = structlog.get_logger()

COMMAND_SECONDS = 2.2
"""A command must be acknowledged within three seconds, https://docs.slack.dev/interactivity/handling-user-interaction."""

RECENT = 50
"""How many messages are searched for the last recording."""

UNKNOWN_COMMAND = phrase(
    "I do not know that command. I know {commands}.", commands=", ".join(each.usage for each in COMMANDS.values())
)
NO_RECORDING = phrase("I see no recording among the last {count} messages here.", count=RECENT)
TOO_SLOW = phrase("Slack took too long. Please try again.")
NOT_NOW = phrase("Slack did not let me work on that just now. Please try again.")

ENDINGS = frozenset({"app_uninstalled", "team_access_revoked", "tokens_revoked"})
"""Events after which there is nothing more to ask or say: https://docs.slack.dev/reference/events/app_uninstalled."""

Payload = Mapping[str, Any]


class Listeners:
    """Hands what happens in Slack to the intake."""

    def __init__(self, clients: Clients, intake: Intake, catch_ups: CatchUps, agents: Agents) -> None:
        self._rights = rights = Rights(clients)
        self.shortcuts = Shortcuts(clients, intake)
        """What is done with messages."""
        self.presses = Presses(clients, intake, rights.may_manage)
        """What is pressed under replies."""
        self.panels = Panels(clients, intake, rights.may_manage, rights.may_administer)
        """Settings and Home tabs."""
        self._clients = clients
        self._intake = intake
        self._catch_ups = catch_ups
        self._agents = agents

    # --- from where ----------------------------------------------------------

    async def recognise(
        self, body: Payload, context: AsyncBoltContext, next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        """Note where a payload comes from, as `origin` for the listeners, and who we are there, as `me`.

        At the end of an installation there is no `me`. What comes from a workspace that the app is not installed in
        (any more) is acknowledged, and goes no further.
        """
        origin = origin_of(body)
        if origin is None:
            return await next_()
        context["origin"] = origin
        if (body.get("event") or {}).get("type") in ENDINGS:
            return await next_()
        try:
            await self._clients.tokens.seen(origin)
            context["me"] = await self._clients.identity(origin.workspace)
        except PostRefused as error:
            log.warning("from a workspace without us", workspace=origin.workspace, reason=error.reason)
            return BoltResponse(status=200, body=say(error.reason) if "command" in body else "")
        return await next_()

    async def on_uninstalled(self, body: dict[str, Any], origin: Origin) -> None:
        """Do nothing more in a workspace that has let us go, and forget its tokens."""
        at = happened_at(body)
        farewell = await self._clients.tokens.farewell(origin, at=at)
        for workspace in farewell.left:
            await self._intake.left(PLATFORM, workspace)
        await self._clients.tokens.ended(farewell.installation, at=at)

    async def on_revoked(self, event: dict[str, Any], body: dict[str, Any], origin: Origin) -> None:
        """Do so too when our token is among those that were revoked; people's we have none of."""
        if (event.get("tokens") or {}).get("bot"):
            await self.on_uninstalled(body, origin)

    async def on_withdrawn(self, event: dict[str, Any]) -> None:
        """Do so where an organisation took workspaces from us, https://docs.slack.dev/reference/events/team_access_revoked."""
        tokens = self._clients.tokens
        for workspace in event.get("team_ids") or ():
            if not await tokens.has_own(workspace):
                await self._intake.left(PLATFORM, workspace)
            await tokens.withdrawn(workspace)

    # --- messages ------------------------------------------------------------

    async def on_message(self, event: dict[str, Any], me: Identity) -> None:
        """Store a message, or what became of one. What raises here is not acknowledged."""
        deleted = to_deleted(event, me)
        if deleted is not None:
            await self._catch_ups.passed(me.team, deleted[0].channel)
            await self._intake.deleted(*deleted)
            return
        if event.get("subtype") == "message_changed":
            await self._on_edit(event, me)
            return
        message = to_message(event, me)
        if message is None:
            return
        passed = await self._catch_ups.passed(me.team, message.place.channel)
        await self._intake.accept(replace(message, ahead=not passed))

    async def _on_edit(self, event: dict[str, Any], me: Identity) -> None:
        message = to_edited(event, me)
        if message is not None:
            await self._catch_ups.passed(me.team, message.place.channel)
            await self._intake.edited(message, said_at=said_at(message))

    async def on_file_deleted(self, event: dict[str, Any], me: Identity) -> None:
        """Erase what is held of a file, https://docs.slack.dev/reference/events/file_deleted."""
        await self._intake.file_deleted(PLATFORM, me.team, str(event.get("file_id")))

    async def on_channel_deleted(self, event: dict[str, Any], me: Identity) -> None:
        """Erase what was said in a channel that is gone.

        https://docs.slack.dev/reference/events/channel_deleted, https://docs.slack.dev/reference/events/group_deleted
        """
        place = Place(platform=PLATFORM, workspace=me.team, channel=str(event.get("channel")))
        await self._catch_ups.passed(me.team, place.channel)
        await self._intake.channel_deleted(place)

    async def on_stopped(self, event: dict[str, Any], me: Identity) -> None:
        """Stop what somebody pressed Stop for: what they asked for themselves, or anything where they manage the channel."""
        place, person = to_stopped(event, me), str(event.get("user") or "")
        if place is None:
            return
        try:
            may_manage = await self._rights.may_manage(place.channel, person, me)
        except PlatformProblem as error:
            log.warning("not known who manages the channel", channel=place.channel, reason=error.reason)
            may_manage = False
        stopped = await self._intake.stop(place, by=person, may_manage=may_manage)
        log.info("stopped by a person", replies=stopped)

    async def on_home_opened(self, event: dict[str, Any], me: Identity) -> None:
        """Suggest what could be asked, to who opens the conversation with us; show their own page to who opens that.

        https://docs.slack.dev/reference/events/app_home_opened
        """
        if event.get("tab") == "messages":
            channel = str(event.get("channel") or "")
            place = Place(platform=PLATFORM, workspace=me.team, channel=channel, direct=True)
            with speaking(await self._intake.language(place, Author(id=str(event.get("user") or "")))):
                await self._agents.suggest(place)
        elif event.get("tab") == "home":
            await self.panels.on_home(event, me)

    async def on_other(self) -> None:
        """Acknowledge an event that nobody waits for."""

    # --- commands ------------------------------------------------------------

    async def on_command(self, ack: AsyncAck, body: dict[str, Any], me: Identity) -> None:
        """Answer a slash command at once, to its author alone; a turn's answer follows in the channel."""
        try:
            answer = await self._answer(body, me)
        except TimeoutError:
            answer = await self._told(TOO_SLOW, body, me)
        except PostRefused as error:
            answer = await self._told(phrase("I cannot answer here. {reason}", reason=error.reason), body, me)
        except PlatformProblem as error:
            log.warning("command not carried out", reason=error.reason)
            answer = await self._told(NOT_NOW, body, me)
        except MynahError as error:
            answer = await self._told(error, body, me)
        if answer:
            await ack(**to_answer(answer))
        else:
            await ack()

    async def _told(self, what: str | MynahError, body: Payload, me: Identity) -> str:
        """Say something to who used a command, in their language."""
        with speaking(await self._language(body, me)):
            return what.sentence if isinstance(what, MynahError) else say(what)

    async def _language(self, body: Payload, me: Identity) -> str:
        channel = str(body["channel_id"])
        place = Place(platform=PLATFORM, workspace=me.team, channel=channel, direct=channel.startswith("D"))
        return await self._intake.language(place, Author(id=str(body["user_id"])))

    async def _answer(self, body: Payload, me: Identity) -> str:
        """Carry out a command; returns what its author is told, empty when the answer comes in the channel."""
        typed = to_typed(body, me)
        if typed is None or typed.lacks:
            return await self._told(typed.lacks if typed else UNKNOWN_COMMAND, body, me)
        if typed.becomes_turn:
            with speaking(await self._language(body, me)):
                return await self._begin_turn(typed, me)
        async with asyncio.timeout(COMMAND_SECONDS):
            if typed.opens_settings and await self._rights.may_manage(typed.channel, typed.author.id, me):
                return await self.panels.open(to_call(typed, me, may_manage=True), str(body.get("trigger_id") or ""))
            may_manage = typed.would_change and await self._rights.may_manage(typed.channel, typed.author.id, me)
            may_administer = typed.command.administers and await self._rights.may_administer(typed.author.id, me)
        return await self._intake.command(to_call(typed, me, may_manage=may_manage, may_administer=may_administer))

    async def _begin_turn(self, typed: Typed, me: Identity) -> str:
        """Post the root of a turn and store the turn, which is then answered there."""
        recording: tuple[Attachment, ...] = ()
        async with asyncio.timeout(COMMAND_SECONDS):
            if typed.wants_recording:
                recording = await self._last_recording(typed.channel, me)
                if not recording:
                    return say(NO_RECORDING)
            root = await write(
                self._clients.of(me.team).chat_postMessage(
                    channel=typed.channel,
                    text=to_root(typed),
                    parse="none",
                    link_names=False,
                    unfurl_links=False,
                    unfurl_media=False,
                )
            )
        await self._store_turn(typed, me, str(root["ts"]), recording)
        return ""

    async def _store_turn(self, typed: Typed, me: Identity, root: str, recording: tuple[Attachment, ...]) -> None:
        """Store the turn; when that fails, its root is taken away again, since nobody will answer there."""
        try:
            await self._intake.accept(to_turn(typed, me, root=root, attachments=recording))
        except MynahError:
            await write(self._clients.of(me.team).chat_delete(channel=typed.channel, ts=root))
            raise

    async def _last_recording(self, channel: str, me: Identity) -> tuple[Attachment, ...]:
        """Return the recordings of the last message in a channel that has any."""
        page = await read(self._clients.of(me.team).conversations_history(channel=channel, limit=RECENT))
        for item in page["messages"]:
            files = (to_attachment(file) for file in item.get("files") or ())
            found = tuple(file for file in files if file and is_recording(file))
            if found:
                return found
        return ()


def is_recording(attachment: Attachment) -> bool:
    """Return whether a file says that it is sound or video."""
    return attachment.voice_note or attachment.declared_type.startswith(("audio/", "video/"))


def listening_app(account: SlackAccount, clients: Clients, listeners: Listeners) -> AsyncApp:
    """Return bolt's app. It asks Slack for nothing before an event is stored: who we are is known already."""

    async def authorize(me: Identity) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=me.team, bot_user_id=me.user, bot_id=me.bot)

    app = AsyncApp(
        name="mynah",
        logger=QUIET,
        client=clients.of(""),
        before_authorize=listeners.recognise,
        authorize=authorize,
        signing_secret=account.signing_secret,
        process_before_response=True,
    )
    for name in ("message", "app_mention"):
        app.event(name)(listeners.on_message)
    app.event("app_uninstalled")(listeners.on_uninstalled)
    app.event("tokens_revoked")(listeners.on_revoked)
    app.event("team_access_revoked")(listeners.on_withdrawn)
    app.event("file_deleted")(listeners.on_file_deleted)
    for name in ("channel_deleted", "group_deleted"):
        app.event(name)(listeners.on_channel_deleted)
    app.event("agent_session_stopped")(listeners.on_stopped)
    app.event("app_home_opened")(listeners.on_home_opened)
    app.event(re.compile(".*"))(listeners.on_other)
    app.command(re.compile(".*"))(listeners.on_command)
    app.message_shortcut(re.compile(".*"))(listeners.shortcuts.on_shortcut)
    panels = listeners.panels
    app.action(LISTEN)(panels.on_listen)
    app.action(OPEN)(panels.on_channel)
    app.action(re.compile(f"^{WISH}"))(panels.on_wish)
    app.options(re.compile(".*"))(panels.on_typed)
    app.view(SETTINGS)(panels.on_settings)
    app.action(re.compile(".*"))(listeners.presses.on_press)
    app.view(FORM)(listeners.presses.on_form)
    app.error(_on_error)
    return app


async def _on_error(error: Exception) -> None:
    """Note why something was not acknowledged, without what was said in it."""
    log.error("event not stored", error=type(error).__name__)
