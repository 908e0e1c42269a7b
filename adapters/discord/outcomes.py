"""What became of a call to Discord: done, certainly not done, perhaps done, or never to be done.

    an answer                                            done
    429 for longer than is waited, no connection, 401    PostNotDone      try again
    5xx, connection lost or silent                       PostInDoubt      look before trying again
    any other error by number                            DiscordRefusal   will never be done

discord.py waits out short rate limits and repeats a call that was answered 500, 502 or 504; posts carry a nonce, so a
repeated one is the same post. It does not repeat a call whose connection broke.
See https://docs.discord.com/developers/topics/opcodes-and-status-codes and
https://docs.discord.com/developers/topics/rate-limits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import aiohttp
import discord
import structlog

from bot.domain.errors import PlatformProblem, PostInDoubt, PostNotDone, PostRefused
from bot.words import phrase

T = TypeVar("T")
log = structlog.get_logger()

SECONDS = 20.0
"""The longest that one call may take, waiting for rate limits included: no turn hangs for ever."""

INSIST_PAUSES = (0.1, 0.3, 0.8)
"""Seconds between the tries to answer an interaction, whose first answer must come within three seconds."""

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
MISSING_ACCESS = 50001
MISSING_PERMISSIONS = 50013
TOKEN_EXPIRED = 50027
NO_VOICE_MESSAGES = 50173
NO_REPLY_WITHOUT_HISTORY = 160002
THREAD_EXISTS = 160004
ACKNOWLEDGED = 40060

GONE = frozenset({UNKNOWN_CHANNEL, UNKNOWN_MESSAGE})

ADVICE: Mapping[int, str] = {
    UNKNOWN_CHANNEL: phrase("The channel or thread is gone."),
    UNKNOWN_MESSAGE: phrase("The message is gone."),
    40005: phrase("The file is larger than Discord takes here."),
    MISSING_ACCESS: phrase("I cannot see this channel: give my role the permission View Channel here."),
    50007: phrase("Discord does not let me write to this person: they take no direct messages from me."),
    MISSING_PERMISSIONS: phrase(
        "My role lacks a permission here. I need Send Messages, Send Messages in Threads, Create Public Threads, "
        "Read Message History, Attach Files and Send Voice Messages."
    ),
    50083: phrase("The thread is archived."),
    NO_VOICE_MESSAGES: phrase("My role lacks the permission Send Voice Messages here."),
    NO_REPLY_WITHOUT_HISTORY: phrase("My role lacks the permission Read Message History here."),
    160005: phrase("The thread is locked."),
    200000: phrase("The automatic moderation of this server blocked it."),
}
"""What an error that Discord numbers means, in the words of somebody who uses it."""


class DiscordRefusal(PostRefused):
    """Discord answered no, and says why."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(
            ADVICE.get(code) or phrase("Discord says: {message} ({code}).", message=message or "no", code=code)
        )
        self.code = code
        """Discord's number of it; 0 when it gives none."""


async def write(call: Awaitable[T], *, seconds: float = SECONDS) -> T:
    """Wait for a call that changes something at Discord.

    Args:
        call: a call of discord.py, not yet awaited.
        seconds: the longest that it may take.

    Raises:
        PostNotDone: it certainly had no effect.
        PostInDoubt: it may have had its effect.
        DiscordRefusal: it will never have.
    """
    try:
        async with asyncio.timeout(seconds):
            return await call
    except discord.RateLimited as error:
        raise PostNotDone(phrase("Discord is busy"), retry_after=error.retry_after) from error
    except discord.HTTPException as error:
        raise _answered_no(error) from error
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        raise unreachable(error) from error


async def read(call: Awaitable[T], *, seconds: float = SECONDS) -> T:
    """Wait for a call that may be repeated without harm.

    Raises:
        PostNotDone: no answer; it may be asked again.
        DiscordRefusal: Discord will never answer that.
    """
    try:
        return await write(call, seconds=seconds)
    except PostInDoubt as error:
        raise PostNotDone(error.reason) from error


async def insist(call: Callable[[], Awaitable[object]]) -> None:
    """Answer an interaction, again while that may have failed: nobody else will, and the same answer twice is one.

    Args:
        call: makes a call of discord.py, not yet awaited.

    Raises:
        PostNotDone: Discord did not take it.
        DiscordRefusal: Discord will never take it.
    """
    for pause in INSIST_PAUSES:
        try:
            return await _acknowledge(call)
        except PostNotDone as error:
            log.info("interaction not answered yet", reason=error.reason)
            await asyncio.sleep(max(pause, error.retry_after or 0.0))
    return await _acknowledge(call)


async def _acknowledge(call: Callable[[], Awaitable[object]]) -> None:
    """Answer an interaction; one that has the answer of an earlier try is answered."""
    try:
        await read(call())
    except DiscordRefusal as error:
        if error.code != ACKNOWLEDGED:
            raise


def unreachable(error: Exception) -> PlatformProblem:
    """Say whether a request that got no answer can have had its effect."""
    reason = phrase("Discord did not answer ({problem})", problem=type(error).__name__)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return PostNotDone(reason)
    return PostInDoubt(reason)


def _answered_no(error: discord.HTTPException) -> PlatformProblem:
    if error.status == 429:
        return PostNotDone(phrase("Discord is busy"), retry_after=_retry_after(error.response.headers))
    if error.status >= 500:
        return PostInDoubt(phrase("Discord answered {status}", status=error.status))
    if error.status == 401 and error.code != TOKEN_EXPIRED:
        return PostNotDone(phrase("Discord does not accept the bot's token"))
    return DiscordRefusal(error.code, error.text.partition("\n")[0])


def _retry_after(headers: Mapping[str, str]) -> float | None:
    with suppress(KeyError, ValueError):
        return float(headers["Retry-After"])
    return None
