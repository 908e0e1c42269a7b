"""What happens at Discord, handed to the intake: messages in order, commands answered in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
import structlog
from typing_extensions import override

from adapters.discord.catch_up import CatchUp
from adapters.discord.client import Client, Listening
from adapters.discord.commands import Used, suggestions, to_call, to_turn, to_used
from adapters.discord.inbox import Inbox
from adapters.discord.outcomes import SECONDS, read
from adapters.discord.translate import TEXT_LIMIT, Spot, spot_of, to_attachments, to_message
from bot.domain.commands import Answer
from bot.domain.errors import MynahError, PlatformProblem
from bot.domain.messages import Attachment
from bot.domain.text import split_text
from bot.ports import Intake

log = structlog.get_logger()

COMMAND_SECONDS = 2.2
"""A command must have its first answer within three seconds, https://docs.discord.com/developers/interactions/receiving-and-responding."""

SETTLE_SECONDS = 2.0
"""How long what is being stored may take when the connection is closed."""

RECENT = 50
"""How many messages are searched for the last recording."""

VENDOR_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError)

NOT_HERE = "I cannot work here."
TOO_SLOW = "That took too long. Please try again."
NO_RECORDING = f"I see no recording among the last {RECENT} messages here. Add one to the command."


class Listeners(Listening):
    """Hands what happens to the intake."""

    def __init__(self, client: Client, intake: Intake, inbox: Inbox, catch_up: CatchUp) -> None:
        self._client = client
        self._intake = intake
        self._inbox = inbox
        self._catch_up = catch_up
        self._under_way: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def _noted(self) -> AsyncIterator[None]:
        """Note that something is being handled, so that `settle` can wait for it."""
        task = asyncio.current_task()
        if task is not None:
            self._under_way.add(task)
        try:
            yield
        finally:
            self._under_way.discard(task) if task is not None else None

    async def settle(self) -> None:
        """Let what is being handled come to its end; what does not is caught up on at the next start."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=SETTLE_SECONDS)
            for task in late:
                task.cancel()

    # --- messages ------------------------------------------------------------

    @override
    def on_session(self) -> None:
        """Hold new messages back until what was missed is stored."""
        self._catch_up.begin()

    @override
    async def on_message(self, message: discord.Message) -> None:
        """Store a message, after those that came before it in its channel."""
        me = self._client.me
        if message.author.id == me:  # half of what is said where we speak
            return
        async with self._noted():
            spot = await self._spot(message)
            translated = None if spot is None else to_message(message, spot, me)
            if spot is None or translated is None:
                return
            async with self._inbox.in_turn(spot.channel):
                await self._catch_up.passed(translated.place.workspace)
                await self._inbox.store(translated)

    async def _spot(self, message: discord.Message) -> Spot | None:
        """Return where a message was said; Discord is asked about a thread that slept until now."""
        guild = message.guild.id if message.guild else getattr(message.channel, "guild_id", None)
        spot = spot_of(message.channel, guild)
        if spot is not None:
            return spot
        try:
            return spot_of(await read(self._client.fetch_channel(message.channel.id)), guild)
        except PlatformProblem as error:
            log.warning("channel not known", channel=message.channel.id, reason=error.reason)
            return None

    # --- commands ------------------------------------------------------------

    @override
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer a command, or suggest what could be typed next."""
        async with self._noted():
            try:
                async with asyncio.timeout(SECONDS):
                    if interaction.type is discord.InteractionType.autocomplete:
                        await _suggest(interaction)
                    elif interaction.type is discord.InteractionType.application_command:
                        await self._on_command(interaction)
            except VENDOR_ERRORS as error:
                log.warning("command not answered", error=type(error).__name__, code=getattr(error, "code", None))

    async def _on_command(self, interaction: discord.Interaction) -> None:
        used = to_used(interaction)
        if used is None:
            await _tell(interaction, NOT_HERE)
        elif used.command.answer is Answer.TURN:
            await self._begin_turn(interaction, used)
        else:
            await self._answer(interaction, used)

    async def _begin_turn(self, interaction: discord.Interaction, used: Used) -> None:
        """Store a turn, and only then say that somebody is at work; the answer takes the place of that later."""
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                refusal = await self._store_turn(used)
        except TimeoutError:
            refusal = TOO_SLOW
        except PlatformProblem as error:
            refusal = f"{NOT_HERE} {error.reason}"
        except MynahError as error:
            refusal = error.sentence
        if refusal:
            await _tell(interaction, refusal)
        else:
            await interaction.response.defer(thinking=True)

    async def _store_turn(self, used: Used) -> str:
        """Store a turn; returns what its author is told when there is none, else an empty text."""
        recording: tuple[Attachment, ...] = ()
        if used.wants_recording:
            recording = await self._last_recording(used.spot)
            if not recording:
                return NO_RECORDING
        await self._intake.accept(to_turn(used, recording))
        return ""

    async def _last_recording(self, spot: Spot) -> tuple[Attachment, ...]:
        """Return the recordings of the last message of somebody else that has any."""
        for message in await read(self._recent(spot)):
            files = tuple(filter(_is_recording, to_attachments(message, spot.posts_to)))
            if files and message.author.id != self._client.me:
                return files
        return ()

    async def _recent(self, spot: Spot) -> list[discord.Message]:
        channel = self._client.get_partial_messageable(spot.posts_to, guild_id=spot.guild)
        return [message async for message in channel.history(limit=RECENT)]

    async def _answer(self, interaction: discord.Interaction, used: Used) -> None:
        """Carry out a command and tell its author alone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            answer = await self._intake.command(to_call(used))
        except MynahError as error:
            answer = error.sentence
        first, *more = split_text(answer, TEXT_LIMIT)
        await interaction.edit_original_response(content=first)
        for piece in more:
            await interaction.followup.send(piece, ephemeral=True)


async def _suggest(interaction: discord.Interaction) -> None:
    choices = [discord.app_commands.Choice(name=name, value=name) for name in suggestions(interaction)]
    await interaction.response.autocomplete(choices)


async def _tell(interaction: discord.Interaction, text: str) -> None:
    """Say something to the author of a command alone."""
    await interaction.response.send_message(text, ephemeral=True)


def _is_recording(attachment: Attachment) -> bool:
    return attachment.voice_note or attachment.declared_type.startswith(("audio/", "video/"))
