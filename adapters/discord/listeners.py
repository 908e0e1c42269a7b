"""What happens at Discord, handed to the intake: messages in order, commands answered in time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp
import discord
import structlog
from typing_extensions import override

from adapters.discord.catch_up import CatchUp
from adapters.discord.client import Client, Listening
from adapters.discord.commands import (
    Used,
    author_of,
    spot_in,
    suggestions,
    to_asked,
    to_call,
    to_choices,
    to_turn,
    to_used,
)
from adapters.discord.inbox import Inbox
from adapters.discord.outcomes import SECONDS, DiscordRefusal, insist, read
from adapters.discord.panel import is_panel, to_preview
from adapters.discord.panels import Panels
from adapters.discord.presses import Presses
from adapters.discord.shortcuts import is_menu, to_turn_with
from adapters.discord.translate import (
    PLATFORM,
    TEXT_LIMIT,
    Spot,
    from_snowflake,
    is_private,
    spot_of,
    to_attachments,
    to_message,
)
from bot.domain.commands import Answer
from bot.domain.errors import MynahError, PlatformProblem, PostNotDone, StorageProblem
from bot.domain.messages import Attachment, Message
from bot.domain.panel import Choice
from bot.domain.text import split_text
from bot.ports import Intake
from bot.words import phrase, say, speaking

log = structlog.get_logger()

COMMAND_SECONDS = 2.2
"""A command must have its first answer within three seconds, https://docs.discord.com/developers/interactions/receiving-and-responding."""

LANGUAGE_SECONDS = 0.3
"""How long it may take to find out what language somebody wishes."""

LOOK_UP_PAUSE_SECONDS = 1.0
"""Before Discord is asked again about a thread."""

LEFT_PAUSE_SECONDS = 1.0
"""Before the intake is told again that a server was left."""

SETTLE_SECONDS = 2.0
"""How long what is being stored may take when the connection is closed."""

RECENT = 50
"""How many messages are searched for the last recording."""

VENDOR_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError)

PRESSES = frozenset({discord.InteractionType.component, discord.InteractionType.modal_submit})

NOT_HERE = phrase("I cannot work here.")
NOT_HERE_BECAUSE = phrase("I cannot work here. {reason}")
TOO_SLOW = phrase("That took too long. Please try again.")
NO_RECORDING = phrase("I see no recording among the last {count} messages here. Add one to the command.", count=RECENT)


class Listeners(Listening):
    """Hands what happens to the intake."""

    def __init__(self, client: Client, intake: Intake, inbox: Inbox, catch_up: CatchUp) -> None:
        self._client = client
        self._intake = intake
        self._inbox = inbox
        self._catch_up = catch_up
        self._presses = Presses(client, intake)
        self._panels = Panels(client, intake)
        self._under_way: set[asyncio.Task[None]] = set()
        self._unknown: Counter[int | None] = Counter()
        """Of each server, what has no turn yet, for Discord is asked where it happened: what comes later overtakes it."""

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
    def on_session(self, shard: int) -> None:
        """Hold a shard's new messages back until what was missed there is stored."""
        self._catch_up.begin(shard)

    @override
    async def on_left(self, guild: int) -> None:
        """Tell the intake that a server sent us away, until it knows: Discord says so once."""
        async with self._noted():
            while True:
                try:
                    await self._intake.left(PLATFORM, str(guild))
                except StorageProblem as error:
                    log.warning("server not left", server=guild, reason=str(error))
                    await self._client.clock.sleep(LEFT_PAUSE_SECONDS)
                else:
                    log.info("server left", server=guild)
                    return

    @override
    async def on_message(self, message: discord.Message) -> None:
        """Store a message, after those that came before it in its channel."""
        if message.author.id != self._client.me:  # half of what is said where we speak
            await self._hand_over(message, self._inbox.store)

    @override
    async def on_edit(self, message: discord.Message) -> None:
        """Hand over a message that somebody edited; most changes are of other kinds, and of our own posts."""
        if message.author.id != self._client.me and message.edited_at is not None:
            said_at = from_snowflake(message.id)
            await self._hand_over(message, lambda edited: self._inbox.edit(edited, said_at=said_at))

    async def _hand_over(self, message: discord.Message, hand: Callable[[Message], Awaitable[object]]) -> None:
        """Translate a message and hand it over, after those that came before it in its channel."""
        async with self._noted():
            guild = message.guild.id if message.guild else getattr(message.channel, "guild_id", None)
            async with self._in_turn(message.channel, guild) as spot:
                translated = None if spot is None else to_message(message, spot, self._client.me)
                if translated is not None:
                    passed = await self._catch_up.passed(translated.place.workspace)
                    await hand(replace(translated, ahead=not passed or self._unknown[guild] > 0))

    @override
    async def on_deleted(self, channel: int, guild: int | None, messages: Collection[int]) -> None:
        """Tell of deleted messages, after those that came before are stored."""
        async with self._noted():
            room = self._client.get_channel(channel) or self._client.get_partial_messageable(channel, guild_id=guild)
            async with self._in_turn(room, guild) as spot:
                if spot is None:
                    return
                await self._catch_up.passed(spot.place().workspace)
                for message in sorted(messages):
                    await self._inbox.delete(spot.place(), str(message))

    @override
    async def on_channel_deleted(self, guild: int, channel: int, thread: int | None = None) -> None:
        """Tell of a channel or thread that is gone, after what came before in the channel is stored."""
        async with self._noted(), self._inbox.in_turn(channel):
            place = Spot(guild=guild, channel=channel, thread=thread).place()
            await self._catch_up.passed(place.workspace)
            await self._inbox.close(place)

    @asynccontextmanager
    async def _in_turn(self, room: discord.abc.Snowflake, guild: int | None) -> AsyncIterator[Spot | None]:
        """Wait for what came before in a channel, its threads included; yields where that is."""
        spot = spot_of(room, guild)
        behind = spot is None or (spot.thread is not None and self._unknown[guild] > 0)
        async with AsyncExitStack() as stack:
            self._unknown[guild] += behind
            try:
                if behind:
                    async with self._inbox.in_turn(room.id):
                        room = self._client.get_channel(room.id) or room
                        spot = spot_of(room, guild) or await self._look_up(room.id, guild)
                if spot is not None:
                    await stack.enter_async_context(self._inbox.in_turn(spot.channel))
            finally:
                self._unknown[guild] -= behind
            yield spot

    async def _look_up(self, room: int, guild: int | None) -> Spot | None:
        """Ask Discord about a thread that slept until now, until it answers; None where we are not let in."""
        while True:
            try:
                return spot_of(await read(self._client.fetch_channel(room)), guild)
            except PostNotDone as error:
                log.info("channel not known yet", channel=room, reason=error.reason)
                await self._client.clock.sleep(max(error.retry_after or 0.0, LOOK_UP_PAUSE_SECONDS))
            except DiscordRefusal as error:
                log.warning("channel not known", channel=room, reason=error.reason)
                return None

    # --- commands ------------------------------------------------------------

    @override
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer a command or a press, or suggest what could be typed next."""
        async with self._noted():
            try:
                async with asyncio.timeout(SECONDS), self._in_their_language(interaction):
                    if interaction.type is discord.InteractionType.autocomplete:
                        await self._suggest(interaction)
                    elif interaction.type is discord.InteractionType.application_command:
                        await self._on_command(interaction)
                    elif is_panel(interaction):
                        await self._on_panel(interaction)
                    elif interaction.type in PRESSES:
                        await self._presses.take(interaction)
            except (*VENDOR_ERRORS, PlatformProblem) as error:
                log.warning("command not answered", error=type(error).__name__, code=getattr(error, "code", None))

    @asynccontextmanager
    async def _in_their_language(self, interaction: discord.Interaction) -> AsyncIterator[None]:
        """Speak the language of who used something, as far as it is known in time: the one that Discord tells, else."""
        spot, author = spot_in(interaction), author_of(interaction)
        language = author.locale
        if spot is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LANGUAGE_SECONDS):
                    language = await self._intake.language(spot.place(), author)
        with speaking(language):
            yield

    async def _suggest(self, interaction: discord.Interaction) -> None:
        """Tell what could be typed next; nothing, when it takes too long to find out."""
        asked = to_asked(interaction)
        found = [Choice(value=name, label=name) for name in suggestions(interaction)]
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                found = found if asked is None else to_choices(asked, await self._panels.fitting(asked))
        except (TimeoutError, MynahError) as error:
            log.warning("no choices", reason=str(error))
        choices = [discord.app_commands.Choice(name=each.label, value=each.value) for each in found]
        await interaction.response.autocomplete(choices)

    async def _on_panel(self, interaction: discord.Interaction) -> None:
        """Let the voice speak that is set, to one person alone; everything else the panel answers itself."""
        message = to_preview(interaction)
        if message is not None:
            await self._begin_turn(interaction, self._store(message), private=True)
        else:
            await self._panels.take(interaction)

    async def _on_command(self, interaction: discord.Interaction) -> None:
        if is_menu(interaction):
            await self._on_menu(interaction)
            return
        used = to_used(interaction)
        if used is None:
            await _tell(interaction, say(NOT_HERE))
        elif used.command.answer is Answer.TURN:
            await self._begin_turn(interaction, self._store_turn(used), private=used.private)
        else:
            await self._answer(interaction, used)

    async def _on_menu(self, interaction: discord.Interaction) -> None:
        """Begin a turn with a message that somebody chose something for."""
        message = to_turn_with(interaction, self._client.message_of, self._client.me)
        if message is None:
            await _tell(interaction, say(NOT_HERE))
        else:
            await self._begin_turn(interaction, self._store(message), private=is_private(message))

    async def _begin_turn(
        self, interaction: discord.Interaction, storing: Coroutine[Any, Any, str], *, private: bool
    ) -> None:
        """Store a turn, and only then say that somebody is at work; the answer takes the place of that later."""
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                refusal = await storing
        except TimeoutError:
            refusal = say(TOO_SLOW)
        except PlatformProblem as error:
            refusal = say(NOT_HERE_BECAUSE.template, reason=error.reason)
        except MynahError as error:
            refusal = error.sentence
        if refusal:
            await _tell(interaction, refusal)
        else:
            await insist(lambda: interaction.response.defer(thinking=True, ephemeral=private))

    async def _store_turn(self, used: Used) -> str:
        """Store a turn; returns what its author is told when there is none, else an empty text."""
        recording: tuple[Attachment, ...] = ()
        if used.given.lacks:
            return say(used.given.lacks)
        if used.wants_recording:
            recording = () if used.private else await self._last_recording(used.spot)
            if not recording:
                return say(NO_RECORDING)
        return await self._store(to_turn(used, recording))

    async def _store(self, message: Message) -> str:
        await self._intake.accept(message)
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
        """Carry out a command and tell its author alone; settings open as a panel for who may change them."""
        if used.command.name == "settings" and not used.options and await self._panels.open(interaction):
            return
        await insist(lambda: interaction.response.defer(ephemeral=True, thinking=True))
        try:
            answer = await self._intake.command(to_call(used))
        except MynahError as error:
            answer = error.sentence
        first, *more = split_text(answer, TEXT_LIMIT)
        await insist(lambda: interaction.edit_original_response(content=first))
        for piece in more:
            await insist(partial(interaction.followup.send, piece, ephemeral=True))  # better seen twice than never


async def _tell(interaction: discord.Interaction, text: str) -> None:
    """Say something to the author of a command alone."""
    await insist(lambda: interaction.response.send_message(text, ephemeral=True))


def _is_recording(attachment: Attachment) -> bool:
    return attachment.voice_note or attachment.declared_type.startswith(("audio/", "video/"))
