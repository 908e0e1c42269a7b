"""Message shortcuts: what is to be done with a message is stored as a turn, and then acknowledged.

A shortcut can be used wherever somebody reads, also where we are not; there we could neither fetch a file nor answer, so
who used it is told so. They alone are told, by the address that comes with the payload: the acknowledgement of a shortcut
shows nothing. https://docs.slack.dev/interactivity/implementing-shortcuts
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack.clients import QUIET, Clients
from adapters.slack.commands import to_turn_with
from adapters.slack.outcomes import ADVICE, INSIST_PAUSES, TOO_MANY, read
from adapters.slack.translate import PLATFORM, Identity, to_answer
from bot.domain.errors import MynahError, PlatformProblem, PostRefused
from bot.domain.messages import Author, Message, Place
from bot.ports import Intake
from bot.words import phrase, say, speaking

log = structlog.get_logger()

SECONDS = 2.5
"""A shortcut must be acknowledged within three seconds, https://docs.slack.dev/interactivity/handling-user-interaction."""

Payload = Mapping[str, Any]


class Shortcuts:
    """Hands what is done with messages to the intake."""

    def __init__(self, clients: Clients, intake: Intake) -> None:
        self._clients = clients
        self._intake = intake

    async def on_shortcut(self, ack: AsyncAck, body: dict[str, Any], me: Identity) -> None:
        """Store a turn; when that is not possible, tell who used the shortcut."""
        told = await self._told(body, me)
        await ack()
        if told:
            with speaking(await self._spoken(body, me)):
                await self._tell(str(body.get("response_url") or ""), say(told), me)

    async def _told(self, body: Payload, me: Identity) -> str:
        """Store a turn; returns what its author is told instead, a phrase or said already, empty when it is stored."""
        try:
            return await self._begin_turn(body, me)
        except TimeoutError:
            return phrase("Slack took too long. Please try again.")
        except PostRefused as error:
            return phrase("I cannot answer here. {reason}", reason=error.reason)
        except PlatformProblem as error:
            log.warning("shortcut not carried out", reason=error.reason)
            return phrase("Slack did not let me work on that just now. Please try again.")
        except MynahError as error:
            with speaking(await self._spoken(body, me)):
                return error.sentence

    async def _spoken(self, body: Payload, me: Identity) -> str:
        """Return the language that who used a shortcut is spoken to in."""
        channel = str((body.get("channel") or {}).get("id") or "")
        place = Place(platform=PLATFORM, workspace=me.team, channel=channel, direct=channel.startswith("D"))
        return await self._intake.language(place, Author(id=str(body["user"]["id"])))

    async def _begin_turn(self, body: Payload, me: Identity) -> str:
        message = to_turn_with(body, me)
        if message is None:
            return phrase("I do not know that shortcut.")
        async with asyncio.timeout(SECONDS):
            await self._refuse_elsewhere(message)
            if message.command == "translate":
                message = replace(message, language=await self._language(message))
        await self._intake.accept(message)
        return ""

    async def _refuse_elsewhere(self, message: Message) -> None:
        """Look whether we are where a message stands, https://docs.slack.dev/reference/methods/conversations.info.

        Raises:
            PostRefused: we are not; says what to do.
        """
        client, channel = self._clients.of(message.place.workspace), message.place.channel
        found = (await read(client.conversations_info(channel=channel)))["channel"]
        if not (found.get("is_member") or found.get("is_im") or found.get("is_mpim")):
            raise PostRefused(ADVICE["not_in_channel"])

    async def _language(self, message: Message) -> str:
        """Return what language somebody reads Slack in, https://docs.slack.dev/reference/methods/users.info; empty if unknown."""
        client = self._clients.of(message.place.workspace)
        try:
            user = (await read(client.users_info(user=message.author.id, include_locale=True)))["user"]
        except PlatformProblem as error:
            log.info("language not known", reason=error.reason)
            return ""
        return str(user.get("locale") or "")

    async def _tell(self, response_url: str, text: str, me: Identity) -> None:
        """Say something to one person, https://docs.slack.dev/interactivity/handling-user-interaction#message_responses."""
        session = self._clients.of(me.team).session
        client = AsyncWebhookClient(response_url, session=session, retry_handlers=[], logger=QUIET)
        client.proxy = None  # the session has it
        for pause in INSIST_PAUSES:  # seen twice by one person is better than never
            if await _is_told(client, text):
                return
            await asyncio.sleep(pause)


async def _is_told(client: AsyncWebhookClient, text: str) -> bool:
    """Say something to one person; returns whether nothing is left to be tried."""
    post = to_answer(text)
    try:
        answer = await client.send(text=post["text"], blocks=post["blocks"], response_type="ephemeral")
    except (aiohttp.ClientError, TimeoutError) as error:
        log.warning("shortcut not answered", error=type(error).__name__)
        return False
    if answer.status_code != 200:
        log.warning("shortcut not answered", status=answer.status_code)
    return answer.status_code not in {TOO_MANY, *range(500, 600)}
