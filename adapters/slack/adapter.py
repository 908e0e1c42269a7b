"""Slack as a platform: the connection and the calls. What things mean is in translate.py and commands.py."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from types import TracebackType
from typing import Self

import structlog
from slack_bolt.app.async_app import AsyncApp
from typing_extensions import override

from adapters.slack.account import SlackAccount
from adapters.slack.agents import Agents
from adapters.slack.catch_ups import CatchUps
from adapters.slack.checks import findings
from adapters.slack.clients import Clients, WorkspaceClient, open_session, plain_client
from adapters.slack.directory import SlackDirectory
from adapters.slack.files import Files
from adapters.slack.http import serve_http
from adapters.slack.installed import InstalledTokens
from adapters.slack.linked import linked
from adapters.slack.listeners import Listeners, listening_app
from adapters.slack.missing import Missing
from adapters.slack.oauth import Flow, oauth_flow
from adapters.slack.outcomes import SlackRefusal, read, write
from adapters.slack.pages import PAGE, pages
from adapters.slack.progress import Progress
from adapters.slack.quotes import Quotes
from adapters.slack.replies import Replies
from adapters.slack.sockets import Sockets
from adapters.slack.tokens import Tokens
from adapters.slack.translate import (
    PLATFORM,
    carried_post,
    from_post_id,
    to_post,
)
from bot.domain.audio import MediaFormat
from bot.domain.errors import PlatformProblem, PostNotDone
from bot.domain.health import Finding
from bot.domain.messages import Attachment, ClipPart, FilesPart, Message, Part, PostId, Quoted, TextPart
from bot.ports import (
    Abilities,
    Checked,
    ClipFormat,
    Clock,
    Connected,
    Connection,
    Directory,
    Installations,
    Intake,
    Linked,
    Live,
    Paced,
    Platform,
)

log = structlog.get_logger()

SIGN_IN_PAUSE_SECONDS = 2.0
GONE = frozenset({"message_not_found", "channel_not_found", "thread_not_found"})

FIND_DELAYS = (0.5, 1.5)
"""Seconds between two looks for a post in doubt: a clip shows up some time after Slack said yes."""


class SlackPlatform(Platform, Checked, Connected, Directory, Linked, Paced):
    """One Slack app, in one workspace or many. Use it as an async context manager: it holds the shared HTTP session."""

    name = PLATFORM
    abilities = Abilities(
        text_limit=8_000,
        edit_seconds=1.2,  # chat.update may be called some 50 times a minute
        clip=ClipFormat(format=MediaFormat.MP3, rate=24_000, bitrate=64_000, filename="reply.mp3"),
        max_upload_bytes=1_000_000_000,
        commands_in_threads=False,
        in_threads=True,
        shows_plan=True,
        purges=True,  # https://docs.slack.dev/developer-policy
    )

    def __init__(self, account: SlackAccount, clock: Clock, installations: Installations | None = None) -> None:
        """Prepare; nothing is opened yet.

        Args:
            account: tokens and addresses.
            clock: to wait, and to know what is too old to be answered.
            installations: of an app that workspaces let in by OAuth; None for one workspace by its token.
        """
        self._installations = installations
        self._account = account
        self._clock = clock
        self._sockets: Sockets | None = None

    async def __aenter__(self) -> Self:
        self._session = open_session(self._account)
        self._group = await asyncio.TaskGroup().__aenter__()
        self._clients = Clients(self._account, self._session, self._clock, self._installed())
        missing = Missing()
        self._agents = Agents(self._clients, missing)
        self._replies = Replies(self._clients, missing)
        self._directory = SlackDirectory(self._clients, self._clock)
        self._progress = Progress(self._agents, self._replies, self._clock)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._group.__aexit__(None, None, None)  # whatever happened, tokens that are being renewed are stored
        await self._session.close()

    def _installed(self) -> Tokens | None:
        """Return the tokens of all workspaces that let us in; None for one workspace by its token."""
        if self._installations is None or self._account.oauth is None:
            return None
        client = plain_client(self._account, self._session)
        return InstalledTokens(self._group, self._installations, client, self._account.oauth, self._clock)

    def _flow(self) -> Flow | None:
        """Return how workspaces let us in."""
        if self._installations is None or self._account.oauth is None:
            return None
        client = plain_client(self._account, self._session)
        return oauth_flow(self._account.oauth, self._installations, client, self._account.api_url)

    def _client(self, message: Message) -> WorkspaceClient:
        """Return the client of the workspace that a message was said in."""
        return self._clients.of(message.place.workspace)

    def _files(self, message: Message) -> Files:
        """Return the files of the workspace that a message was said in."""
        return Files(self._account, self._client(message), self._session, self._clock)

    # --- in ------------------------------------------------------------------

    @override
    async def serve(self, intake: Intake) -> None:
        await self._sign_in()
        longest = self._account.catch_up_seconds
        catch_ups = CatchUps(self._clients, intake, self._clock, longest_seconds=longest)
        listeners = Listeners(self._clients, intake, catch_ups, self._agents)
        app = listening_app(self._account, self._clients, listeners)
        await catch_ups.look()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(catch_ups.run())
                if self._account.listens:
                    group.create_task(serve_http(self._account, app, self._flow()))
                if self._account.uses_sockets:
                    group.create_task(self._listen(app, catch_ups))
        except* PlatformProblem as problems:
            problem = problems
        else:
            return
        raise _first(problem)

    async def _sign_in(self) -> None:
        """Find out where we are, until Slack answers.

        Raises:
            SlackRefusal: the token is not accepted; says what to do.
        """
        if not self._account.uses_sockets and not self._account.signing_secret:
            raise PlatformProblem("Slack needs an app token (Socket Mode) or a signing secret (HTTP): set one of them.")
        while True:
            try:
                await self._clients.tokens.workspaces()
            except PostNotDone as error:
                log.warning("slack not reached", reason=error.reason)
                await self._clock.sleep(error.retry_after or SIGN_IN_PAUSE_SECONDS)
            else:
                return

    async def _listen(self, app: AsyncApp, catch_ups: CatchUps) -> None:
        client = plain_client(self._account, self._session, self._account.app_token)
        sockets = Sockets(app, client, self._session, self._account, self._clock, on_recovered=catch_ups.again)
        self._sockets = sockets
        try:
            await sockets.run()
        finally:
            self._sockets = None

    @override
    def fetch(self, message: Message, attachment: Attachment) -> AsyncIterator[bytes]:
        return self._files(message).download(attachment)

    @override
    async def look_up(self, quoted: Quoted, *, message: Message) -> Quoted | None:
        me = await self._clients.identity(message.place.workspace)
        return await Quotes(self._client(message)).look_up(quoted, message, me)

    @override
    async def history(self, start: Quoted, *, message: Message, limit: int) -> Sequence[Quoted]:
        me = await self._clients.identity(message.place.workspace)
        return await Quotes(self._client(message)).thread(start, message, me, limit=limit)

    @override
    async def linked(self, link: str) -> Message | None:
        return await linked(self._clients, link)

    # --- out -----------------------------------------------------------------

    @override
    def progress(self, message: Message) -> AbstractAsyncContextManager[Live]:
        return self._progress.view(message)

    @override
    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        place = answering.place
        if isinstance(part, ClipPart):
            files = self._files(answering)
            return await files.upload_clip(part.clip, channel=place.channel, thread=place.thread, key=key)
        if isinstance(part, FilesPart):
            titled = {file.name: file for file in part.files}
            return await self._files(answering).upload(titled, channel=place.channel, thread=place.thread, key=key)
        return await self._replies.post(part, answering=answering, key=key)

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
        place = answering.place
        client, me = self._client(answering), await self._clients.identity(place.workspace)
        items = pages(
            lambda cursor: client.conversations_replies(
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
                post = post or self._replies.carried(item, me, answering=answering, key=key)
                if post is not None:
                    return post
        except SlackRefusal as error:
            if error.error not in GONE:
                raise PostNotDone(error.reason) from error
        return None

    @override
    async def edit(self, post: PostId, part: TextPart, *, answering: Message) -> None:
        await self._replies.edit(post, part, answering=answering)

    @override
    async def delete(self, post: PostId, *, answering: Message) -> None:
        channel, ts, files = from_post_id(post)
        try:
            await read(self._client(answering).chat_delete(channel=channel, ts=ts))
        except SlackRefusal as error:
            if error.error not in GONE:
                raise
        for file in files:
            await self._files(answering).delete(file)

    @override
    async def tell(self, person: str, text: str, *, workspace: str) -> None:
        """Write to one person, https://docs.slack.dev/reference/methods/conversations.open."""
        client = self._clients.of(workspace)
        opened = await read(client.conversations_open(users=[person]))
        channel = str(opened["channel"]["id"])
        await write(client.chat_postMessage(channel=channel, unfurl_links=False, unfurl_media=False, **to_post(text)))

    @override
    async def locale(self, person: str, *, workspace: str) -> str:
        return await self._directory.locale(person, workspace=workspace)

    @override
    async def groups(self, person: str, *, workspace: str, among: Collection[str]) -> Collection[str]:
        return await self._directory.groups(person, workspace=workspace, among=among)

    @override
    def has_room(self, answering: Message) -> bool:
        return self._replies.has_room(answering)

    @override
    def connections(self) -> Sequence[Connection]:
        """Return the one app token that connects: all sockets of a process are one connection here."""
        if self._sockets is None:
            return []
        mark = sha256(self._account.app_token.encode()).hexdigest()[:8]
        return [Connection(name=f"Slack app token ({mark})", strangers=self._sockets.strangers)]

    # --- the doctor ----------------------------------------------------------

    @override
    async def check(self) -> Sequence[Finding]:
        """Look at tokens and scopes; never raises for what it finds."""
        client = plain_client(self._account, self._session, self._account.bot_token)
        return await findings(self._account, client, self._clients, self._installations)


def _first(group: BaseExceptionGroup[PlatformProblem]) -> PlatformProblem:
    """Return the first problem of a group, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, PlatformProblem):
        raise TypeError(error)
    return error
