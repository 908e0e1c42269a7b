"""Attachments come down: streamed from Discord's content network, whose addresses expire after about a day.

The addresses are signed and need no token, so none is sent. An expired one is answered 403 or 404; the message that the
file came with knows a fresh one. https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import discord
import structlog

from adapters.discord.account import DiscordAccount
from adapters.discord.client import Client
from adapters.discord.outcomes import GONE, DiscordRefusal, read
from bot.domain.errors import MediaForbidden, MediaGone, PostNotDone
from bot.domain.messages import Attachment
from bot.words import phrase

log = structlog.get_logger()

CHUNK_BYTES = 64 * 1024
EXPIRED = frozenset({401, 403, 404, 410})
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30)


class _Expired(Exception):
    """The address does not give the file any more; a fresh one may."""


class Files:
    """Fetches attachments over a session of its own, which holds no token."""

    def __init__(self, account: DiscordAccount, session: aiohttp.ClientSession) -> None:
        self._account = account
        self._session = session

    async def download(self, client: Client, attachment: Attachment) -> AsyncIterator[bytes]:
        """Stream a file; its address is renewed once when it has expired.

        Args:
            client: signed in.
            attachment: its handle says where it is, and which message it came with.

        Raises:
            MediaGone: it was deleted.
            MediaForbidden: we may not see its message any more, or it is kept elsewhere.
            PostNotDone: Discord is busy or unreachable.
        """
        try:
            async for chunk in self._stream(attachment.handle["url"]):
                yield chunk
        except _Expired:
            log.info("file address has expired", file=attachment.id)
        else:
            return
        fresh = await _fresh_address(client, attachment)
        try:
            async for chunk in self._stream(fresh):
                yield chunk
        except _Expired as error:
            raise MediaGone(phrase("its fresh address gives nothing either")) from error

    async def _stream(self, url: str) -> AsyncIterator[bytes]:
        if not self._account.is_file_host(url):
            raise MediaForbidden(phrase("It is not kept at Discord, and I fetch files from nowhere else."))
        try:
            async with self._session.get(url, allow_redirects=False, timeout=TIMEOUT) as response:
                if response.status in EXPIRED:
                    raise _Expired
                if response.status != 200:
                    raise PostNotDone(phrase("the download was answered {status}", status=response.status))
                async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                    yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise PostNotDone(phrase("the download broke off ({problem})", problem=type(error).__name__)) from error


async def _fresh_address(client: Client, attachment: Attachment) -> str:
    """Ask the message that a file came with where it is now."""
    channel, message = attachment.handle.get("channel"), attachment.handle.get("message")
    if not channel or not message:  # a file given to a command belongs to no message
        raise MediaGone(phrase("its address has expired"))
    try:
        found = await read(client.get_partial_messageable(int(channel)).fetch_message(int(message)))
    except DiscordRefusal as error:
        if error.code in GONE:
            raise MediaGone(error.reason) from error
        raise MediaForbidden(error.reason) from error
    url = next((file.url for file in _files_of(found) if str(file.id) == attachment.id), None)
    if url is None:
        raise MediaGone(phrase("its message has it no longer"))
    return url


def _files_of(message: discord.Message) -> Iterator[discord.Attachment]:
    yield from message.attachments
    for snapshot in message.message_snapshots:
        yield from snapshot.attachments
