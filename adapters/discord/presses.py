"""Buttons that are pressed and forms that are sent, handed to the intake and answered to one person alone, in time.

What opens a form cannot be deferred: the form is the first answer. Everything else is deferred at once.
https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction
"""

import asyncio
from functools import partial
from typing import Any, Literal

import discord
import structlog
from discord.http import Route

from adapters.discord.client import Client
from adapters.discord.controls import rows, to_modal, to_press
from adapters.discord.outcomes import insist
from adapters.discord.translate import TEXT_LIMIT
from bot.domain.controls import CONTROLS, Press, Response
from bot.domain.errors import MynahError
from bot.domain.text import split_text
from bot.ports import Intake
from bot.words import phrase, say

log = structlog.get_logger()

FORM_SECONDS = 2.2
"""A form must open within three seconds."""

NOT_KNOWN = phrase("I do not know that button any more.")
TOO_SLOW = phrase("That took too long. Please try again.")

MESSAGE, MODAL = 4, 9
EPHEMERAL = 1 << 6


class Presses:
    """Hands presses to the intake."""

    def __init__(self, client: Client, intake: Intake) -> None:
        self._client = client
        self._intake = intake

    async def take(self, interaction: discord.Interaction) -> None:
        """Take the press of a button, or a form that was filled in."""
        press = to_press(interaction)
        if press is None:
            await insist(lambda: interaction.response.send_message(say(NOT_KNOWN), ephemeral=True))
        elif CONTROLS[press.action].opens and press.filled is None:
            await self._open(interaction, press)
        else:
            await insist(lambda: interaction.response.defer(ephemeral=True, thinking=True))
            await self._tell(interaction, press, await self._response(press))

    async def _response(self, press: Press) -> Response:
        try:
            return await self._intake.press(press)
        except MynahError as error:
            return Response(text=error.sentence)

    async def _open(self, interaction: discord.Interaction, press: Press) -> None:
        """Open a form, or say why there is none."""
        try:
            async with asyncio.timeout(FORM_SECONDS):
                response = await self._response(press)
        except TimeoutError:
            response = Response(text=say(TOO_SLOW))
        if response.form is not None:
            answer = {"type": MODAL, "data": to_modal(response.form)}
        else:
            said = {**_said(response.text, press, response), "flags": EPHEMERAL}
            answer = {"type": MESSAGE, "data": said}
        await self._request(
            "POST", "/interactions/{webhook_id}/{webhook_token}/callback", interaction.id, interaction, answer
        )

    async def _tell(self, interaction: discord.Interaction, press: Press, response: Response) -> None:
        """Put an answer in the place of the deferral."""
        if not response.text:
            await insist(interaction.delete_original_response)
            return
        first, *more = split_text(response.text, TEXT_LIMIT)
        path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
        await self._request("PATCH", path, interaction.application_id, interaction, _said(first, press, response))
        for piece in more:
            await insist(partial(interaction.followup.send, piece, ephemeral=True))  # better seen twice than never

    async def _request(
        self, method: Literal["POST", "PATCH"], path: str, of: int, interaction: discord.Interaction, body: Any
    ) -> None:
        """Make a call by the interaction's token; discord.py's own would remember every button in this process."""
        route = Route(method, path, webhook_id=of, webhook_token=interaction.token)
        await insist(lambda: self._client.http.request(route, json=body))


def _said(text: str, press: Press, response: Response) -> dict[str, Any]:
    under = rows(press.job, response.actions)
    return {"content": text[:TEXT_LIMIT], "components": under, "allowed_mentions": {"parse": []}}
