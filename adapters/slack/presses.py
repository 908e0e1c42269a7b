"""Buttons that are pressed and forms that are sent: translated, handed to the intake, and answered to one person alone.

All of it is done before the payload is acknowledged, within three seconds: a form must open in that time, and what was not
stored must not count as received. https://docs.slack.dev/interactivity/handling-user-interaction
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.clients import Clients
from adapters.slack.controls import card, to_filled, to_press, to_view
from adapters.slack.outcomes import SlackRefusal, insist
from adapters.slack.translate import Identity, to_answer
from bot.domain.controls import CONTROLS, Press, Response
from bot.domain.errors import MynahError, PlatformProblem
from bot.ports import Intake
from bot.words import speaking

log = structlog.get_logger()

USED_UP = "exchanged_trigger_id"

LOOK_SECONDS = 1.2
"""How long may be asked who manages the channel; who cannot be looked up in time counts as nobody who does."""

SAY_SECONDS = 1.5
"""How long it may take to open a form, or to answer."""

MayManage = Callable[[str, str, Identity], Awaitable[bool]]
"""Whether somebody may manage a channel: channel, person, and who we are."""


class Presses:
    """Hands presses to the intake."""

    def __init__(self, clients: Clients, intake: Intake, may_manage: MayManage) -> None:
        self._clients = clients
        self._intake = intake
        self._may_manage = may_manage

    async def on_press(self, ack: AsyncAck, body: dict[str, Any], me: Identity) -> None:
        """Take the press of a button; one that nobody knows is acknowledged."""
        press = to_press(body, me)
        if press is not None:
            await self._carry_out(press, me, trigger=str(body.get("trigger_id") or ""))
        await ack()

    async def on_form(self, ack: AsyncAck, body: dict[str, Any], me: Identity) -> None:
        """Take a form that was filled in; it closes."""
        press = to_filled(body, me)
        if press is not None:
            await self._carry_out(press, me, trigger=str(body.get("trigger_id") or ""))
        await ack()

    async def _carry_out(self, press: Press, me: Identity, *, trigger: str) -> None:
        try:
            response = await self._intake.press(replace(press, may_manage=await self._manages(press, me)))
        except MynahError as error:
            response = Response(text=error.sentence)
        try:
            async with asyncio.timeout(SAY_SECONDS):
                with speaking(response.language):
                    await self._answer(response, press, me, trigger)
        except (PlatformProblem, TimeoutError) as error:
            log.warning("press not answered", action=press.action, reason=str(error))

    async def _manages(self, press: Press, me: Identity) -> bool:
        """Return whether somebody manages the channel, where that matters."""
        if not CONTROLS[press.action].guarded:
            return False
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._may_manage(press.place.channel, press.author.id, me)
        except (PlatformProblem, TimeoutError) as error:
            log.warning("not known who manages the channel", channel=press.place.channel, reason=str(error))
            return False

    async def _answer(self, response: Response, press: Press, me: Identity, trigger: str) -> None:
        """Open a form (https://docs.slack.dev/reference/methods/views.open), or say something to one person.

        See https://docs.slack.dev/reference/methods/chat.postEphemeral.
        """
        client = self._clients.of(me.team)
        if response.form is not None:
            view = to_view(response.form)
            await open_view(lambda: client.views_open(trigger_id=trigger, view=view))
        elif response.text:
            post = to_answer(response.text)
            under = card(press.job, response.actions)
            await insist(  # seen twice by one person is better than never
                lambda: client.chat_postEphemeral(
                    channel=press.place.channel,
                    user=press.author.id,
                    thread_ts=press.place.thread,
                    text=post["text"],
                    blocks=[*post["blocks"], *under],
                )
            )


async def open_view(call: Callable[[], Awaitable[AsyncSlackResponse]]) -> None:
    """Open a form; a trigger that is used up has opened it already. Raises as `insist` does."""
    try:
        await insist(call)
    except SlackRefusal as error:
        if error.error != USED_UP:
            raise
