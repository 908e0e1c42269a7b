"""Files at Slack: voice notes come down, voice clips and transcripts go up.

Down, everything that comes with a message is untrusted, and Slack answers a download that it refuses with status 200 and
a login page: https://docs.slack.dev/reference/objects/file-object#authentication. Up, the steps are: get an address,
send the bytes there, complete; the message that shows the files appears some time later, or never:
https://docs.slack.dev/messaging/working-with-files#uploading_files.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urljoin

import aiohttp
import structlog

from adapters.slack.account import SlackAccount
from adapters.slack.clients import WorkspaceClient
from adapters.slack.outcomes import Answer, SlackRefusal, read, retry_after, unreachable, write
from adapters.slack.translate import Event, address_of, to_post_id, upload_name
from bot.domain.errors import MediaForbidden, MediaGone, PlatformProblem, PostInDoubt, PostNotDone, PostRefused
from bot.domain.messages import Attachment, NamedFile, PostId, VoiceClip
from bot.ports import Clock
from bot.words import phrase, say

log = structlog.get_logger()

CHUNK_BYTES = 64 * 1024
SNIFFED_BYTES = 64
MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30)

REFRESH_SECONDS = 2.0
"""How long to wait before a file is asked for again: Slack may not have finished looking at it."""

SHARE_DELAYS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0)
"""Seconds between two looks for the message that shows a new file."""

CLIP_TITLE = phrase("Spoken reply")

NO_SCOPE = phrase(
    "The Slack app lacks the scope files:read, or was not installed again after it was added. "
    "An admin has to add it at https://api.slack.com/apps and install the app again."
)
ELSEWHERE = phrase("It is kept outside of Slack: please upload the file itself.")
GONE = frozenset({"file_not_found", "file_deleted"})


class _Stale(Exception):
    """The address does not give the file (any more); a fresh one may."""

    def __init__(self, *, gone: bool) -> None:
        super().__init__("gone" if gone else phrase("a login page"))
        self.gone = gone
        """True after 404 or 410; False when Slack would have us log in."""

    def problem(self) -> MediaGone | MediaForbidden:
        """What it is when a fresh address does not give it either."""
        return MediaGone("404") if self.gone else MediaForbidden(NO_SCOPE)


class Files:
    """Fetches and uploads in one workspace, over the shared session."""

    def __init__(
        self, account: SlackAccount, client: WorkspaceClient, session: aiohttp.ClientSession, clock: Clock
    ) -> None:
        self._account = account
        self._client = client
        self._session = session
        self._clock = clock

    # --- down ----------------------------------------------------------------

    async def download(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """Stream a file; its address is renewed once when it gives nothing.

        Raises:
            MediaGone: it was deleted.
            MediaForbidden: the app may not read it; says why.
            PostNotDone: Slack is busy or unreachable.
        """
        url = attachment.handle.get("url") or await self._fresh_address(attachment)
        try:
            async for chunk in self._stream(url):
                yield chunk
        except _Stale as stale:
            log.info("file address is stale", file=attachment.id, reason=str(stale))
            wait = 0.0 if stale.gone else REFRESH_SECONDS
        else:
            return
        await self._clock.sleep(wait)
        fresh = await self._fresh_address(attachment)
        try:
            async for chunk in self._stream(fresh):
                yield chunk
        except _Stale as stale:
            raise stale.problem() from stale

    async def _fresh_address(self, attachment: Attachment) -> str:
        """Ask Slack where a file is now, https://docs.slack.dev/reference/methods/files.info."""
        try:
            answer = await read(self._client.files_info(file=attachment.id))
        except SlackRefusal as error:
            if error.error in GONE:
                raise MediaGone(error.error) from error
            raise MediaForbidden(NO_SCOPE if error.error == "missing_scope" else error.reason) from error
        url = address_of(answer["file"])
        if not url:
            raise MediaForbidden(ELSEWHERE)
        return url

    async def _stream(self, url: str) -> AsyncIterator[bytes]:
        """Follow redirects by hand, so that the token goes to Slack's hosts only, and stays while they are Slack's."""
        try:
            for _ in range(MAX_REDIRECTS):
                if not self._account.is_file_host(url):
                    raise MediaForbidden(phrase("It is not kept at Slack, and I fetch files from nowhere else."))
                async with self._get(url) as response:
                    if response.status in REDIRECTS and "Location" in response.headers:
                        url = urljoin(url, response.headers["Location"])
                        continue
                    async for chunk in _body(response):
                        yield chunk
                    return
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PostNotDone(phrase("the download broke off ({problem})", problem=type(error).__name__)) from error
        raise MediaForbidden(phrase("Its address leads in circles."))

    @asynccontextmanager
    async def _get(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        token = await self._client.fresh_token()
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        async with self._session.get(url, headers=headers, allow_redirects=False, timeout=TIMEOUT) as response:
            yield response

    # --- up ------------------------------------------------------------------

    async def upload_clip(self, clip: VoiceClip, *, channel: str, thread: str | None, key: str) -> PostId:
        """Upload a clip; raises as `upload` does."""
        content = await asyncio.to_thread(Path(clip.path).read_bytes)
        file = NamedFile(name=clip.filename, content=content)
        return await self.upload({say(CLIP_TITLE): file}, channel=channel, thread=thread, key=key)

    async def upload(self, files: Mapping[str, NamedFile], *, channel: str, thread: str | None, key: str) -> PostId:
        """Upload files into a thread, as one message, and wait until it stands there.

        Files that do not show up are deleted, so that they cannot show up later beside their successors.

        Args:
            files: what to upload, by the title that people see.
            channel: where to.
            thread: under which message.
            key: names the post.

        Raises:
            PostNotDone: they are certainly not there.
            PostInDoubt: they may be there, or come.
            PostRefused: they will never be there.
        """
        sent: list[dict[str, str | None]] = [
            {"id": await self._send(upload_name(key, file.name), file.content), "title": title}
            for title, file in files.items()
        ]
        named = [str(file["id"]) for file in sent]
        try:
            await write(self._client.files_completeUploadExternal(files=sent, channel_id=channel, thread_ts=thread))
        except PostInDoubt as error:
            log.warning("upload in doubt", files=named, reason=error.reason)
        ts = await self._shared(named[0], channel)
        if ts is None:
            await self._withdraw(named)
            raise PostNotDone(phrase("Slack took the upload but did not show it"))
        return to_post_id(channel, ts, *named)

    async def _send(self, name: str, content: bytes) -> str:
        """Send the bytes; nothing of it can be seen yet. The upload address takes no token."""
        try:
            ticket = await write(self._client.files_getUploadURLExternal(filename=name, length=len(content)))
            async with self._session.post(ticket["upload_url"], data=content, timeout=TIMEOUT) as response:
                if response.status != 200:
                    raise _upload_refused(response)
        except PostInDoubt as error:
            raise PostNotDone(error.reason) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PostNotDone(unreachable(error).reason) from error
        return str(ticket["file_id"])

    async def _shared(self, file: str, channel: str) -> str | None:
        """Wait for the message that shows a file; returns its `ts`, None when it does not come."""
        for delay in SHARE_DELAYS:
            try:
                ts = share_of((await read(self._client.files_info(file=file)))["file"], channel)
            except PlatformProblem as error:
                log.info("upload not seen", file=file, reason=error.reason)
                ts = None
            if ts is not None:
                return ts
            await self._clock.sleep(delay)
        return None

    async def _withdraw(self, files: Sequence[str]) -> None:
        try:
            for file in files:
                await self.delete(file)
        except PlatformProblem as error:
            raise PostInDoubt(
                phrase("Slack took the upload and has not shown it yet ({reason})", reason=error.reason)
            ) from error

    async def delete(self, file: str) -> None:
        """Delete a file of ours; one that is gone already is fine.

        Raises:
            PostNotDone: not deleted; may be tried again.
            PostRefused: can never be deleted.
        """
        try:
            await read(self._client.files_delete(file=file))
        except SlackRefusal as error:
            if error.error not in GONE:
                raise


async def _body(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield the bytes of a file.

    Raises:
        _Stale: it is a login page, or gone.
        PostNotDone: Slack is busy.
    """
    _check_status(response)
    first = b""
    chunks = response.content.iter_chunked(CHUNK_BYTES)
    async for chunk in chunks:
        first += chunk
        if len(first) >= SNIFFED_BYTES:
            break
    if response.content_type == "text/html" or is_page(first):
        raise _Stale(gone=False)
    if first:
        yield first
    async for chunk in chunks:
        yield chunk


def _check_status(response: aiohttp.ClientResponse) -> None:
    if response.status in {404, 410}:
        raise _Stale(gone=True)
    if response.status in {401, 403}:
        raise _Stale(gone=False)
    if response.status != 200:
        raise PostNotDone(
            phrase("the download was answered {status}", status=response.status),
            retry_after=retry_after(response.headers),
        )


def is_page(first: bytes) -> bool:
    """Return whether bytes begin a web page, which no recording does."""
    return first.lstrip().lower().startswith((b"<!doctype html", b"<html"))


def share_of(file: Event, channel: str) -> str | None:
    """Return the `ts` of the message that shows a file in a channel."""
    shares = file.get("shares") or {}
    found: Sequence[Answer] = next((kind[channel] for kind in shares.values() if channel in kind), ())
    return str(found[0]["ts"]) if found else None


def _upload_refused(response: aiohttp.ClientResponse) -> PlatformProblem:
    if response.status in {413, 415}:
        return PostRefused(phrase("Slack does not take this file ({status})", status=response.status))
    return PostNotDone(
        phrase("the upload was answered {status}", status=response.status), retry_after=retry_after(response.headers)
    )
