"""Slack as a platform: the connection and the calls. What things mean is in translate.py and commands.py."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from adapters.slack.account import LOOPBACK_HOSTS, SlackAccount
from adapters.slack.catch_up import CatchUp
from adapters.slack.checks import findings
from adapters.slack.files import Files
from adapters.slack.listeners import QUIET, Listeners, listening_app
from adapters.slack.outcomes import SlackRefusal, read, write
from adapters.slack.pages import PAGE, pages
from adapters.slack.progress import Progress
from adapters.slack.quotes import Quotes
from adapters.slack.sockets import Sockets
from adapters.slack.translate import (
    PLATFORM,
    Identity,
    carried_post,
    from_post_id,
    to_metadata,
    to_post,
    to_post_id,
)
from bot.domain.audio import MediaFormat
from bot.domain.errors import PlatformProblem, PostNotDone
from bot.domain.health import Finding
from bot.domain.messages import Attachment, ClipPart, FilesPart, Message, Part, PostId, Quoted, TextPart
from bot.ports import Abilities, Checked, ClipFormat, Clock, Intake, Live, Platform

log = structlog.get_logger()

TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)
CONNECTIONS = 200
SIGN_IN_PAUSE_SECONDS = 2.0
GONE = frozenset({"message_not_found", "channel_not_found", "thread_not_found"})

FIND_DELAYS = (0.5, 1.5)
"""Seconds between two looks for a post in doubt: a clip shows up some time after Slack said yes."""


class SlackPlatform(Platform, Checked):
    """One Slack app in one workspace. Use it as an async context manager: it holds the shared HTTP session."""

    name = PLATFORM
    abilities = Abilities(
        text_limit=8_000,
        edit_seconds=1.2,  # chat.update may be called some 50 times a minute
        clip=ClipFormat(format=MediaFormat.MP3, rate=24_000, bitrate=64_000, filename="reply.mp3"),
        max_upload_bytes=1_000_000_000,
    )

    def __init__(self, account: SlackAccount, clock: Clock) -> None:
        """Prepare; nothing is opened yet.

        Args:
            account: tokens and addresses.
            clock: to wait, and to know what is too old to be answered.
        """
        self._account = account
        self._clock = clock
        self._me: Identity | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        proxy = proxy_for(self._account.api_url)
        self._session = aiohttp.ClientSession(timeout=TIMEOUT, connector=connector, proxy=proxy)
        self._client = self._new_client(self._account.bot_token)
        self._files = Files(self._account, self._client, self._session, self._clock)
        self._progress = Progress(self._client, self._clock)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def _new_client(self, token: str) -> AsyncWebClient:
        """Return a client that never repeats a call by itself."""
        client = AsyncWebClient(
            token=token, base_url=self._account.api_url, session=self._session, retry_handlers=[], logger=QUIET
        )
        client.proxy = None  # the session has it; the SDK takes it from the environment also for hosts that need none
        return client

    # --- in ------------------------------------------------------------------

    @override
    async def serve(self, intake: Intake) -> None:
        me = await self._sign_in()
        longest = self._account.catch_up_seconds
        catch_up = CatchUp(self._client, intake, me, self._clock, longest_seconds=longest)
        listeners = Listeners(self._client, intake, me, catch_up)
        app = listening_app(self._account, self._client, me, listeners)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(catch_up.run())
                group.create_task(self._listen(app, catch_up))
        except* PlatformProblem as problems:
            problem = problems
        else:
            return
        raise _first(problem)

    async def _sign_in(self) -> Identity:
        """Ask Slack who we are, until it answers.

        Raises:
            SlackRefusal: the token is not accepted; says what to do.
        """
        if not self._account.uses_sockets and not self._account.signing_secret:
            raise PlatformProblem("Slack needs an app token (Socket Mode) or a signing secret (HTTP): set one of them.")
        while True:
            try:
                return await self._identity()
            except PostNotDone as error:
                log.warning("slack not reached", reason=error.reason)
                await self._clock.sleep(error.retry_after or SIGN_IN_PAUSE_SECONDS)

    async def _identity(self) -> Identity:
        """Return who we are, https://docs.slack.dev/reference/methods/auth.test."""
        if self._me is None:
            answer = await read(self._client.auth_test())
            self._me = Identity(
                team=str(answer["team_id"]), user=str(answer["user_id"]), bot=str(answer.get("bot_id") or "")
            )
        return self._me

    async def _listen(self, app: AsyncApp, catch_up: CatchUp) -> None:
        if self._account.uses_sockets:
            client = self._new_client(self._account.app_token)
            sockets = Sockets(app, client, self._session, self._clock, on_recovered=catch_up.again)
            await sockets.run(self._account.sockets)
        else:
            await self._listen_by_http(app)

    async def _listen_by_http(self, app: AsyncApp) -> None:
        """Take signed requests until cancelled, https://docs.slack.dev/apis/events-api/using-http-request-urls."""
        account = self._account
        server = app.server(port=account.http_port, path=account.http_path, host=account.http_host)
        runner = web.AppRunner(server.web_app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, account.http_host, account.http_port).start()
            await asyncio.Event().wait()
        except OSError as error:
            where = f"{account.http_host}:{account.http_port}"
            raise PlatformProblem(f"Slack's events cannot be taken at {where}: {error.strerror}.") from error
        finally:
            await runner.cleanup()

    @override
    def fetch(self, message: Message, attachment: Attachment) -> AsyncIterator[bytes]:
        return self._files.download(attachment)

    @override
    async def look_up(self, quoted: Quoted, *, message: Message) -> Quoted | None:
        return await Quotes(self._client).look_up(quoted, message, await self._identity())

    # --- out -----------------------------------------------------------------

    @override
    def progress(self, message: Message) -> AbstractAsyncContextManager[Live]:
        return self._progress.view(message)

    @override
    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        place = answering.place
        if isinstance(part, ClipPart):
            return await self._files.upload_clip(part.clip, channel=place.channel, thread=place.thread, key=key)
        if isinstance(part, FilesPart):
            titled = {file.name: file for file in part.files}
            return await self._files.upload(titled, channel=place.channel, thread=place.thread, key=key)
        answer = await write(
            self._client.chat_postMessage(
                channel=place.channel,
                thread_ts=place.thread,
                metadata=to_metadata(key),
                unfurl_links=False,
                unfurl_media=False,
                **to_post(part.text),
            )
        )
        return to_post_id(str(answer["channel"]), str(answer["ts"]))

    @override
    async def find(self, *, answering: Message, key: str) -> PostId | None:
        found = await self._look(answering, key)
        for delay in FIND_DELAYS:
            if found is not None:
                break
            await self._clock.sleep(delay)
            found = await self._look(answering, key)
        return found

    async def _look(self, answering: Message, key: str) -> PostId | None:
        """Look through the thread once; the token of a post stands in its metadata or in its file's name."""
        me, place = await self._identity(), answering.place
        items = pages(
            lambda cursor: self._client.conversations_replies(
                channel=place.channel,
                ts=place.thread or answering.key,
                include_all_metadata=True,
                limit=PAGE,
                cursor=cursor,
            )
        )
        try:
            async for item in items:
                post = carried_post(item, place.channel, key, me)
                if post is not None:
                    return post
        except SlackRefusal as error:
            if error.error not in GONE:
                raise PostNotDone(error.reason) from error
        return None

    @override
    async def edit(self, post: PostId, part: TextPart, *, answering: Message) -> None:
        channel, ts, _ = from_post_id(post)
        await read(self._client.chat_update(channel=channel, ts=ts, **to_post(part.text)))

    @override
    async def delete(self, post: PostId, *, answering: Message) -> None:
        channel, ts, files = from_post_id(post)
        try:
            await read(self._client.chat_delete(channel=channel, ts=ts))
        except SlackRefusal as error:
            if error.error not in GONE:
                raise
        for file in files:
            await self._files.delete(file)

    @override
    async def tell(self, person: str, text: str, *, workspace: str) -> None:
        """Write to one person, https://docs.slack.dev/reference/methods/conversations.open."""
        opened = await read(self._client.conversations_open(users=[person]))
        channel = str(opened["channel"]["id"])
        await write(
            self._client.chat_postMessage(channel=channel, unfurl_links=False, unfurl_media=False, **to_post(text))
        )

    # --- the doctor ----------------------------------------------------------

    @override
    async def check(self) -> Sequence[Finding]:
        """Look at tokens and scopes; never raises for what it finds."""
        return await findings(self._account, self._client)


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for an address (`HTTPS_PROXY`, `NO_PROXY`); None for this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return None if host in LOOPBACK_HOSTS or proxy_bypass(host) else getproxies().get(parts.scheme)


def _first(group: BaseExceptionGroup[PlatformProblem]) -> PlatformProblem:
    """Return the first problem of a group, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, PlatformProblem):
        raise TypeError(error)
    return error
