"""The connection to Discord: one client, signed in once, told what to listen for while it serves."""

import logging
import random
import sys
from collections.abc import Collection, Mapping
from itertools import chain, repeat
from typing import Any, Protocol, cast

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route
from typing_extensions import override

from adapters.discord.account import DiscordAccount
from adapters.discord.advice import Advice, ask_advice
from adapters.discord.identify import Turnstile
from adapters.discord.outcomes import read
from bot.domain.errors import PlatformProblem, PostNotDone
from bot.domain.shards import all_of
from bot.ports import Clock, Intake

log = structlog.get_logger()

logging.getLogger("discord").setLevel(logging.INFO)  # below that it writes down what people say
logging.getLogger("discord.http").setLevel(logging.ERROR)  # its warnings show addresses, and so interactions' tokens
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # voice channels are not our trade

PORTAL = "https://discord.com/developers/applications"

TOKEN_ADVICE = f"Discord does not accept the bot's token: reset it on the page Bot of {PORTAL}, and set the new one."

INTENT_ADVICE = (
    f"Discord does not let the bot read messages: switch on Message Content Intent on the page Bot of {PORTAL}, or set "
    "message_content to false; then only direct messages, mentions and commands are heard."
)

GUILDS_SECONDS = 0.1
"""How long discord.py waits for servers to be introduced before it calls itself ready; nothing here waits for that."""

WAIT_SECONDS = 30.0
"""A rate limit that lasts longer is told instead of waited for; the least that discord.py takes."""

RECONNECT_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Before the second, third, … try to reach Discord's gateway; the last one repeats."""

IDENTIFY_SECONDS = (1.0, 5.0)

BAD_TOKEN = 4004


class Listening(Protocol):
    """Takes what the gateway tells."""

    def on_session(self, shard: int) -> None:
        """A session of a shard begins; what was said there before it is only in the history."""
        ...

    async def on_left(self, guild: int) -> None:
        """A server sent us away, or is gone for good."""
        ...

    async def on_message(self, message: discord.Message) -> None:
        """Somebody said something."""
        ...

    async def on_edit(self, message: discord.Message) -> None:
        """Something about a message changed; it comes as it is now."""
        ...

    async def on_deleted(self, channel: int, guild: int | None, messages: Collection[int]) -> None:
        """Messages of a channel were deleted."""
        ...

    async def on_channel_deleted(self, guild: int, channel: int, thread: int | None = None) -> None:
        """A channel of a server was deleted with its threads, or only a thread of it."""
        ...

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Somebody used a command."""
        ...


class Client(discord.AutoShardedClient):
    """discord.py's client without caches, handing what happens to a listener. Its shards are known once it connects."""

    def __init__(self, account: DiscordAccount, clock: Clock) -> None:
        intents = discord.Intents(guilds=True, messages=True, message_content=account.message_content)
        super().__init__(
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=GUILDS_SECONDS,
            max_ratelimit_timeout=WAIT_SECONDS,
        )
        self.listening: Listening | None = None
        self.turnstile: Turnstile | None = None
        self.clock = clock
        self._began: set[int] = set()
        _be_patient(self.http, clock)

    @property
    def me(self) -> int:
        """Our user's id; only once signed in."""
        if self.user is None:
            raise RuntimeError("not signed in")
        return self.user.id

    async def commands(self, application: int) -> list[dict[str, Any]]:
        """Return the commands that are registered, with their translations, which discord.py does not ask for.

        See https://docs.discord.com/developers/interactions/application-commands#get-global-application-commands.
        """
        route = Route("GET", "/applications/{application_id}/commands", application_id=application)
        found: list[dict[str, Any]] = await self.http.request(route, params={"with_localizations": "true"})
        return found

    def message_of(self, data: Mapping[str, Any], interaction: discord.Interaction) -> discord.Message:
        """Return a message that came along with an interaction."""
        room = self.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
        return discord.Message(state=self._connection, channel=room, data=cast("Any", data))

    @override
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait a moment before a new session, https://docs.discord.com/developers/events/gateway#resuming."""
        shard = shard_id or 0
        if shard in self._began:
            await self.clock.sleep(random.uniform(*IDENTIFY_SECONDS))  # noqa: S311  (not for secrets)
        self._began.add(shard)
        if self.turnstile is not None:
            await self.turnstile.enter(shard)

    async def on_shard_connect(self, shard_id: int) -> None:
        """Take the beginning of a session (READY): the first, or one after a session that was lost for good."""
        if self.listening is not None:
            self.listening.on_session(shard_id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Take it that a server is left for good; one that is only unavailable is another event of discord.py."""
        if self.listening is not None:
            await self.listening.on_left(guild.id)

    async def on_message(self, message: discord.Message) -> None:
        """Take a message."""
        if self.listening is not None:
            await self.listening.on_message(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Take an edit; the raw event comes for messages that nobody has in memory, too."""
        if self.listening is not None:
            await self.listening.on_edit(payload.message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Take a deletion."""
        if self.listening is not None:
            await self.listening.on_deleted(payload.channel_id, payload.guild_id, [payload.message_id])

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Take the deletion of many messages at once."""
        if self.listening is not None:
            await self.listening.on_deleted(payload.channel_id, payload.guild_id, payload.message_ids)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Take the deletion of a channel."""
        if self.listening is not None:
            await self.listening.on_channel_deleted(channel.guild.id, channel.id)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Take the deletion of a thread; the raw event comes for threads that sleep, too."""
        if self.listening is not None:
            await self.listening.on_channel_deleted(payload.guild_id, payload.parent_id, payload.thread_id)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take the use of a command."""
        if self.listening is not None:
            await self.listening.on_interaction(interaction)

    @override
    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        log.error("event not handled", handler=event_method, exc_info=sys.exception())


def _be_patient(http: HTTPClient, clock: Clock) -> None:
    """Let connections to the gateway be tried until they stand, or whoever wants one gives up.

    discord.py's shards forget their sessions as soon as one try to resume them fails.
    """
    connect = http.ws_connect

    async def ws_connect(url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        pauses = chain(RECONNECT_SECONDS, repeat(RECONNECT_SECONDS[-1]))
        while True:
            try:
                return await connect(url, compress=compress)
            except (aiohttp.ClientError, OSError) as error:
                log.warning("gateway not reached", reason=type(error).__name__)
            await clock.sleep(next(pauses))

    http.ws_connect = ws_connect  # type: ignore[method-assign]


def point_at(account: DiscordAccount) -> None:
    """Let discord.py talk to the account's addresses: it takes them from these two globals of the process."""
    Route.BASE = account.api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(account.gateway_url)


async def sign_in(account: DiscordAccount, clock: Clock) -> Client:
    """Return a client that knows who it is and can make calls; it is not connected to the gateway yet.

    Raises:
        PlatformProblem: the token is not accepted; says what to do.
        PostNotDone: Discord is not there now.
    """
    point_at(account)
    client = Client(account, clock)
    try:
        await read(client.login(account.token))
    except discord.LoginFailure as error:
        await client.close()
        raise PlatformProblem(TOKEN_ADVICE) from error
    except BaseException:
        await client.close()
        raise
    return client


async def stay_connected(client: Client, account: DiscordAccount, intake: Intake) -> None:
    """Hold this process's shards until cancelled; discord.py resumes sessions that were cut.

    Raises:
        PlatformProblem: Discord will never let us in like this; says what to do.
    """
    await _agree_on_shards(client, account, intake)
    try:
        await client.connect()
    except discord.PrivilegedIntentsRequired as error:
        raise PlatformProblem(INTENT_ADVICE) from error
    except discord.ConnectionClosed as error:
        raise PlatformProblem(_advice_on(error.code)) from error


async def _agree_on_shards(client: Client, account: DiscordAccount, intake: Intake) -> None:
    """Take up our part of the shards."""
    advice = await _advice(client)
    shards = account.shards or all_of(advice.shards)
    if advice.remaining < len(shards.ids):
        log.warning("sessions are running out", remaining=advice.remaining, shards=len(shards.ids))

    async def lock(bucket: int, seconds: float) -> bool:
        return await intake.lock(f"Discord identify ({account.mark}, {bucket})", seconds=seconds)

    client.shard_count, client.shard_ids = shards.count, list(shards.ids)
    client.turnstile = Turnstile(
        client.clock,
        at_once=advice.at_once,
        seconds=account.identify_seconds,
        lock=lock if shards.is_part else None,
    )
    log.info("shards", held=str(shards), advised=advice.shards, at_once=advice.at_once)


async def _advice(client: Client) -> Advice:
    """Ask Discord for its advice, until it answers."""
    while True:
        try:
            return await ask_advice(client)
        except PostNotDone as error:
            log.warning("discord not reached", reason=error.reason)
            await client.clock.sleep(error.retry_after or RECONNECT_SECONDS[-1])


def _advice_on(code: int) -> str:
    """Explain a close code, https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway."""
    return TOKEN_ADVICE if code == BAD_TOKEN else f"Discord closed the connection for good (close code {code})."
