"""The connection to Discord: one client, signed in once, told what to listen for while it serves."""

import logging
import random
import sys
from typing import Protocol

import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from typing_extensions import override

from adapters.discord.account import DiscordAccount
from adapters.discord.outcomes import read
from bot.domain.errors import PlatformProblem
from bot.ports import Clock

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

RECONNECT_SECONDS = 2.0
IDENTIFY_SECONDS = (1.0, 5.0)

BAD_TOKEN = 4004


class Listening(Protocol):
    """Takes what the gateway tells."""

    def on_session(self) -> None:
        """A session begins; what was said before it is only in the history."""
        ...

    async def on_message(self, message: discord.Message) -> None:
        """Somebody said something."""
        ...

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Somebody used a command."""
        ...


class Client(discord.Client):
    """discord.py's client without caches, handing what happens to a listener."""

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
        self._clock = clock

    @property
    def me(self) -> int:
        """Our user's id; only once signed in."""
        if self.user is None:
            raise RuntimeError("not signed in")
        return self.user.id

    @override
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait a moment before a new session, https://docs.discord.com/developers/events/gateway#resuming."""
        if not initial:
            await self._clock.sleep(random.uniform(*IDENTIFY_SECONDS))  # noqa: S311  (not for secrets)

    async def on_connect(self) -> None:
        """Take the beginning of a session (READY): the first, or one after a session that was lost for good."""
        if self.listening is not None:
            self.listening.on_session()

    async def on_message(self, message: discord.Message) -> None:
        """Take a message."""
        if self.listening is not None:
            await self.listening.on_message(message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take the use of a command."""
        if self.listening is not None:
            await self.listening.on_interaction(interaction)

    @override
    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        log.error("event not handled", handler=event_method, exc_info=sys.exception())


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


async def stay_connected(client: Client, clock: Clock) -> None:
    """Hold the connection to the gateway until cancelled; discord.py resumes a session that was cut.

    Raises:
        PlatformProblem: Discord will never let us in like this; says what to do.
    """
    while True:
        try:
            await client.connect()
        except discord.PrivilegedIntentsRequired as error:
            raise PlatformProblem(INTENT_ADVICE) from error
        except discord.ConnectionClosed as error:
            raise PlatformProblem(_advice_on(error.code)) from error
        except AttributeError as error:
            socket: object = client.ws
            if socket is not None:
                raise
            # discord.py 2.7 asks its connection for the session to resume also when there never was a connection.
            log.warning("gateway not reached", reason=type(error.__context__).__name__)
            await clock.sleep(RECONNECT_SECONDS)


def _advice_on(code: int) -> str:
    """Explain a close code, https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway."""
    return TOKEN_ADVICE if code == BAD_TOKEN else f"Discord closed the connection for good (close code {code})."
