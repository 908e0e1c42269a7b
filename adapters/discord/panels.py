"""Panels of settings: shown, used, and shown again in their place as things are then.

A panel that is used must be answered within three seconds, by its own new state or by a form.
https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import discord
import structlog
from discord.http import Route

from adapters.discord.client import Client
from adapters.discord.commands import ROOM, Asked
from adapters.discord.outcomes import insist
from adapters.discord.panel import (
    COMPONENTS_V2,
    EPHEMERAL,
    Deed,
    Found,
    Use,
    settings_call,
    to_change,
    to_group,
    to_panel,
    to_search,
    to_use,
)
from bot.domain.commands import CommandCall
from bot.domain.errors import MynahError
from bot.domain.panel import MODEL_FIELDS, Choice, SettingsForm
from bot.ports import Intake
from bot.words import phrase, say

log = structlog.get_logger()

PANEL_SECONDS = 2.2
"""A panel must be answered within three seconds."""

NOT_KNOWN = phrase("I do not know that button any more.")
TOO_SLOW = phrase("That took too long. Please try again.")

MESSAGE, UPDATE, MODAL = 4, 7, 9


class Panels:
    """Shows the settings of channels, and hands to the intake what is chosen."""

    def __init__(self, client: Client, intake: Intake) -> None:
        self._client = client
        self._intake = intake

    async def open(self, interaction: discord.Interaction) -> bool:
        """Show the settings of a channel to who may manage it; False for others, whom nothing is shown."""
        call = settings_call(interaction)
        if call is None or not call.may_manage:
            return False
        await self._respond(interaction, await self._answered(self._opened(call)))
        return True

    async def take(self, interaction: discord.Interaction) -> None:
        """Take the use of a panel."""
        use = to_use(interaction)
        told = {"content": say(NOT_KNOWN), "flags": EPHEMERAL}
        answer = {"type": MESSAGE, "data": told} if use is None else await self._answered(self._used(use))
        await self._respond(interaction, answer)

    async def fitting(self, asked: Asked) -> Sequence[Choice]:
        """Return what fits what somebody types into an option of a command; raises as `Intake.suggest` does."""
        return await self._intake.suggest(
            asked.name, asked.typed, place=asked.spot.place(), author=asked.author, room=ROOM, filled={}
        )

    async def _answered(self, work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        """Wait for an answer; what goes wrong is told in its place."""
        try:
            async with asyncio.timeout(PANEL_SECONDS):
                return await work
        except TimeoutError:
            return {"type": MESSAGE, "data": {"content": say(TOO_SLOW), "flags": EPHEMERAL}}
        except MynahError as error:
            return {"type": MESSAGE, "data": {"content": error.sentence, "flags": EPHEMERAL}}

    async def _opened(self, call: CommandCall) -> dict[str, Any]:
        return await self._shown(MESSAGE, call, await self._intake.settings(call))

    async def _used(self, use: Use) -> dict[str, Any]:
        form = await self._intake.settings(use.call)
        if form.refusal:
            return await self._shown(UPDATE, use.call, form)
        if use.searches:
            return {"type": MODAL, "data": to_search(form, use.about)}
        if use.deed is Deed.ASK:
            return {"type": MODAL, "data": to_group(form, use.about)}
        if use.deed is Deed.FIND:
            return await self._shown(UPDATE, use.call, form, found=await self._found(use))
        return await self._changed(use, form)

    async def _changed(self, use: Use, form: SettingsForm) -> dict[str, Any]:
        outcome = await self._intake.change_settings(use.call, to_change(use, form), shown={})
        wrong = [f"⚠️ **{form.entry(name).label}**: {told}" for name, told in outcome.problems.items()]
        return await self._shown(
            UPDATE, use.call, outcome.form, told=wrong or [f"✅ {line}" for line in outcome.changed]
        )

    async def _shown(
        self,
        kind: int,
        call: CommandCall,
        form: SettingsForm,
        *,
        told: Sequence[str] = (),
        found: Found | None = None,
    ) -> dict[str, Any]:
        """Return the panel: new, or in its own place."""
        offered = {} if form.refusal else await self._offered(call)
        parts = to_panel(form, offered, told=told, found=found)
        flags = COMPONENTS_V2 | (EPHEMERAL if kind == MESSAGE else 0)
        return {"type": kind, "data": {"components": parts, "flags": flags, "allowed_mentions": {"parse": []}}}

    async def _offered(self, call: CommandCall) -> Mapping[str, Sequence[Choice]]:
        """Return models to choose, by field."""
        offered: dict[str, Sequence[Choice]] = {}

        async def ask(name: str) -> None:
            try:
                offered[name] = await self._suggested(call, name, "")
            except MynahError as error:
                log.warning("no choices", field=name, reason=str(error))

        async with asyncio.TaskGroup() as group:
            for name in MODEL_FIELDS:
                group.create_task(ask(name))
        return offered

    async def _found(self, use: Use) -> Found:
        typed = use.filled.get("typed", "")
        return Found(name=use.about, typed=typed, choices=await self._suggested(use.call, use.about, typed))

    async def _suggested(self, call: CommandCall, name: str, typed: str) -> Sequence[Choice]:
        return await self._intake.suggest(name, typed, place=call.place, author=call.author, room=ROOM, filled={})

    async def _respond(self, interaction: discord.Interaction, answer: Mapping[str, Any]) -> None:
        """Answer an interaction; discord.py's own way would remember every part of the panel in this process."""
        path = "/interactions/{webhook_id}/{webhook_token}/callback"
        route = Route("POST", path, webhook_id=interaction.id, webhook_token=interaction.token)
        await insist(lambda: self._client.http.request(route, json=dict(answer)))
