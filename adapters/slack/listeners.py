"""What slack-bolt calls when Slack tells us something: translate, store, and only then acknowledge.

bolt acknowledges before its listeners run, unless it is told to process before the response; and then a listener that
raises is answered with status 500, or not at all over a socket, and Slack delivers again.
https://docs.slack.dev/tools/bolt-python/concepts/lazy-listeners, https://docs.slack.dev/apis/events-api/#retries
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.account import SlackAccount
from adapters.slack.catch_up import CatchUp
from adapters.slack.commands import Typed, to_call, to_root, to_turn, to_typed
from adapters.slack.outcomes import SlackRefusal, read, write
from adapters.slack.translate import Identity, to_answer, to_attachment, to_message
from bot.domain.commands import COMMANDS
from bot.domain.errors import MynahError, PlatformProblem, PostRefused
from bot.domain.messages import Attachment
from bot.ports import Intake

log = structlog.get_logger()

QUIET = logging.getLogger("adapters.slack.vendor")
"""For the SDK and bolt, whose own log lines hold what people said: only what is broken beyond that is let through."""
QUIET.setLevel(logging.CRITICAL)

COMMAND_SECONDS = 2.5
"""A command must be acknowledged within three seconds, https://docs.slack.dev/interactivity/handling-user-interaction."""

RECENT = 50
"""How many messages are searched for the last recording."""

UNKNOWN_COMMAND = f"I do not know that command. I know {', '.join(each.usage for each in COMMANDS.values())}."

STRANGERS = frozenset({"user_not_found", "user_not_visible"})
"""People of another workspace, in a shared channel."""

Payload = Mapping[str, Any]


class Listeners:
    """Hands what happens in Slack to the intake."""

    def __init__(self, client: AsyncWebClient, intake: Intake, me: Identity, catch_up: CatchUp) -> None:
        self._client = client
        self._intake = intake
        self._me = me
        self._catch_up = catch_up

    # --- messages ------------------------------------------------------------

    async def on_message(self, event: dict[str, Any]) -> None:
        """Store a message. What raises here is not acknowledged."""
        message = to_message(event, self._me)
        if message is None:
            return
        await self._catch_up.passed(message.place.channel)
        await self._intake.accept(message)

    async def on_other(self) -> None:
        """Acknowledge an event that nobody waits for."""

    # --- commands ------------------------------------------------------------

    async def on_command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Answer a slash command at once, to its author alone; a turn's answer follows in the channel."""
        try:
            answer = await self._answer(body)
        except TimeoutError:
            answer = "Slack took too long. Please try again."
        except PostRefused as error:
            answer = f"I cannot answer here. {error.reason}"
        except PlatformProblem as error:
            log.warning("command not carried out", reason=error.reason)
            answer = "Slack did not let me work on that just now. Please try again."
        except MynahError as error:
            answer = error.sentence
        if answer:
            await ack(**to_answer(answer))
        else:
            await ack()

    async def _answer(self, body: Payload) -> str:
        """Carry out a command; returns what its author is told, empty when the answer comes in the channel."""
        typed = to_typed(body, self._me)
        if typed is None or typed.lacks:
            return typed.lacks if typed else UNKNOWN_COMMAND
        if typed.becomes_turn:
            return await self._begin_turn(typed)
        async with asyncio.timeout(COMMAND_SECONDS):
            may_manage = typed.would_change and await self._may_manage(typed)
        return await self._intake.command(to_call(typed, self._me, may_manage=may_manage))

    async def _begin_turn(self, typed: Typed) -> str:
        """Post the root of a turn and store the turn, which is then answered there."""
        recording: tuple[Attachment, ...] = ()
        async with asyncio.timeout(COMMAND_SECONDS):
            if typed.wants_recording:
                recording = await self._last_recording(typed.channel)
                if not recording:
                    return f"I see no recording among the last {RECENT} messages here."
            root = await write(
                self._client.chat_postMessage(
                    channel=typed.channel,
                    text=to_root(typed),
                    parse="none",
                    link_names=False,
                    unfurl_links=False,
                    unfurl_media=False,
                )
            )
        await self._store_turn(typed, str(root["ts"]), recording)
        return ""

    async def _store_turn(self, typed: Typed, root: str, recording: tuple[Attachment, ...]) -> None:
        """Store the turn; when that fails, its root is taken away again, since nobody will answer there."""
        try:
            await self._intake.accept(to_turn(typed, self._me, root=root, attachments=recording))
        except MynahError:
            await write(self._client.chat_delete(channel=typed.channel, ts=root))
            raise

    async def _last_recording(self, channel: str) -> tuple[Attachment, ...]:
        """Return the recordings of the last message in a channel that has any."""
        page = await read(self._client.conversations_history(channel=channel, limit=RECENT))
        for item in page["messages"]:
            files = (to_attachment(file) for file in item.get("files") or ())
            found = tuple(file for file in files if file and is_recording(file))
            if found:
                return found
        return ()

    async def _may_manage(self, typed: Typed) -> bool:
        """Whether somebody may change the settings of a channel.

        Slack tells apps nothing of channel managers. So admins and owners of the workspace may, whoever created the
        channel may, and everybody in their own direct messages.
        """
        if typed.channel.startswith("D"):
            return True
        try:
            user = (await read(self._client.users_info(user=typed.author.id)))["user"]
        except SlackRefusal as error:
            if error.error in STRANGERS:
                return False
            raise
        if user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner"):
            return True
        channel = (await read(self._client.conversations_info(channel=typed.channel)))["channel"]
        return bool(channel.get("creator") == typed.author.id)


def is_recording(attachment: Attachment) -> bool:
    """Return whether a file says that it is sound or video."""
    return attachment.voice_note or attachment.declared_type.startswith(("audio/", "video/"))


def listening_app(account: SlackAccount, client: AsyncWebClient, me: Identity, listeners: Listeners) -> AsyncApp:
    """Return bolt's app. It asks Slack for nothing before an event is stored: who we are is known already."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=me.team, bot_user_id=me.user, bot_id=me.bot, bot_token=account.bot_token
        )

    app = AsyncApp(
        name="mynah",
        logger=QUIET,
        client=client,
        authorize=authorize,
        signing_secret=account.signing_secret,
        process_before_response=True,
    )
    for name in ("message", "app_mention"):
        app.event(name)(listeners.on_message)
    app.event(re.compile(".*"))(listeners.on_other)
    app.command(re.compile(".*"))(listeners.on_command)
    app.error(_on_error)
    return app


async def _on_error(error: Exception) -> None:
    """Note why something was not acknowledged, without what was said in it."""
    log.error("event not stored", error=type(error).__name__)
