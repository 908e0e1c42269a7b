"""Discord as a platform: the connection and the calls. What things mean is in translate.py and commands.py."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import aiohttp
import structlog
from typing_extensions import override

from adapters.discord.account import DiscordAccount, invite_url
from adapters.discord.catch_up import CatchUp
from adapters.discord.checks import findings
from adapters.discord.client import Client, sign_in, stay_connected
from adapters.discord.directory import DiscordDirectory
from adapters.discord.files import Files
from adapters.discord.inbox import Inbox
from adapters.discord.linked import linked
from adapters.discord.listeners import Listeners
from adapters.discord.outcomes import DiscordRefusal, read
from adapters.discord.posts import MAX_UPLOAD_BYTES, Posts
from adapters.discord.progress import Typing, typing
from adapters.discord.quotes import Quotes
from adapters.discord.registration import fingerprint, to_registration
from adapters.discord.translate import PLATFORM, TEXT_LIMIT
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
    Intake,
    Linked,
    Live,
    Platform,
)

__all__ = ["DiscordAccount", "DiscordPlatform", "invite_url"]

log = structlog.get_logger()

SIGN_IN_PAUSE_SECONDS = 2.0

REGISTER_PAUSE_SECONDS = 5.0


class DiscordPlatform(Platform, Checked, Connected, Directory, Linked):
    """One Discord application. Use it as an async context manager: it holds the HTTP sessions.

    Its addresses become those of the whole process when it signs in, for discord.py keeps them in globals; so a process
    holds one account.
    """

    name = PLATFORM
    abilities = Abilities(
        text_limit=TEXT_LIMIT,
        edit_seconds=1.2,  # five edits in five seconds are allowed
        clip=ClipFormat(format=MediaFormat.OGG, rate=48_000, bitrate=32_000, filename="voice-message.ogg"),
        max_upload_bytes=MAX_UPLOAD_BYTES,
        field_limit=4_000,
    )

    def __init__(self, account: DiscordAccount, clock: Clock) -> None:
        """Prepare; nothing is opened yet.

        Args:
            account: the token and the addresses.
            clock: to wait, and to know what is too old to be answered.
        """
        self._account = account
        self._clock = clock
        self._signing_in = asyncio.Lock()
        self._client: Client | None = None
        self._directory = DiscordDirectory(clock)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(trust_env=True)
        self._files = Files(self._account, self._session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sign_out()
        await self._session.close()

    # --- who we are ----------------------------------------------------------

    async def _signed_in(self) -> tuple[Client, Posts]:
        """Return the client and what posts by it; they are made when first needed.

        Raises:
            PlatformProblem: the token is not accepted; says what to do.
            PostNotDone: Discord is not there now.
        """
        async with self._signing_in:
            if self._client is None:
                self._client = await sign_in(self._account, self._clock)
                self._posts = Posts(self._client, self._clock)
            return self._client, self._posts

    async def _for_turn(self) -> tuple[Client, Posts]:
        """Return the same for a turn, which waits for a token that is accepted."""
        try:
            return await self._signed_in()
        except PostNotDone:
            raise
        except PlatformProblem as error:
            raise PostNotDone(error.reason) from error

    async def _sign_out(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    # --- in ------------------------------------------------------------------

    @override
    async def serve(self, intake: Intake) -> None:
        client = await self._sign_in_patiently()
        inbox = Inbox(intake, self._clock)
        catch_up = CatchUp(client, intake, inbox, self._clock, longest_seconds=self._account.catch_up_seconds)
        client.listening = listeners = Listeners(client, intake, inbox, catch_up)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(catch_up.run())
                group.create_task(self._register(client))
                group.create_task(stay_connected(client, self._account, intake))
        except* PlatformProblem as problems:
            problem = problems
        else:
            return
        finally:
            client.listening = None
            await listeners.settle()
            await self._sign_out()
        raise _first(problem)

    async def _sign_in_patiently(self) -> Client:
        """Sign in, until Discord is there."""
        while True:
            try:
                client, _ = await self._signed_in()
            except PostNotDone as error:
                log.warning("discord not reached", reason=error.reason)
                await self._clock.sleep(error.retry_after or SIGN_IN_PAUSE_SECONDS)
            else:
                return client

    async def _register(self, client: Client) -> None:
        """Register the commands if Discord has others, until it answers; it allows only so many changes a day."""
        application, wanted = client.application_id or client.me, to_registration()
        while True:
            try:
                known = await read(client.commands(application))
                if fingerprint(known) != fingerprint(wanted):
                    await read(client.http.bulk_upsert_global_commands(application, wanted))
                    log.info("commands registered", commands=len(wanted))
            except PostNotDone as error:
                log.warning("commands not registered yet", reason=error.reason)
                await self._clock.sleep(max(error.retry_after or 0.0, REGISTER_PAUSE_SECONDS))
            except DiscordRefusal as error:
                log.warning("commands not registered", reason=error.reason)
                return
            else:
                return

    @override
    async def fetch(self, message: Message, attachment: Attachment) -> AsyncIterator[bytes]:
        client, _ = await self._for_turn()
        async for chunk in self._files.download(client, attachment):
            yield chunk

    @override
    async def look_up(self, quoted: Quoted, *, message: Message) -> Quoted | None:
        client, _ = await self._for_turn()
        return await Quotes(client).look_up(quoted, message)

    @override
    async def history(self, start: Quoted, *, message: Message, limit: int) -> Sequence[Quoted]:
        client, _ = await self._for_turn()
        return await Quotes(client).history(start, message, limit=limit)

    @override
    async def linked(self, link: str) -> Message | None:
        client, _ = await self._signed_in()
        return await linked(client, link)

    # --- out -----------------------------------------------------------------

    @override
    @asynccontextmanager
    async def progress(self, message: Message) -> AsyncIterator[Live]:
        try:
            client, posts = await self._for_turn()
        except PostNotDone as error:
            log.info("typing not shown", reason=error.reason)
            yield Typing()
            return
        async with typing(client, posts.homes, message) as live:
            yield live

    @override
    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        _, posts = await self._for_turn()
        if isinstance(part, ClipPart):
            return await posts.clip(part.clip, answering=answering, key=key)
        if isinstance(part, FilesPart):
            return await posts.files(part.files, answering=answering, key=key)
        return await posts.text(part, answering=answering, key=key)

    @override
    async def find(self, *, answering: Message, key: str) -> PostId | None:
        _, posts = await self._for_turn()
        return await posts.find(answering=answering, key=key)

    @override
    async def edit(self, post: PostId, part: TextPart, *, answering: Message) -> None:
        _, posts = await self._for_turn()
        await posts.edit(post, part, answering=answering)

    @override
    async def delete(self, post: PostId, *, answering: Message) -> None:
        _, posts = await self._for_turn()
        await posts.delete(post, answering=answering)

    @override
    async def tell(self, person: str, text: str, *, workspace: str) -> None:
        _, posts = await self._signed_in()
        await posts.tell(person, text)

    @override
    async def locale(self, person: str, *, workspace: str) -> str:
        return ""  # Discord tells bots nobody's, but who uses a command tells their own with it

    @override
    async def groups(self, person: str, *, workspace: str, among: Collection[str]) -> Collection[str]:
        client, _ = await self._for_turn()
        return await self._directory.roles(client, person, workspace=workspace, among=among)

    @override
    def connections(self) -> Sequence[Connection]:
        """Return the shards that this process holds."""
        client, mark = self._client, self._account.mark
        if client is None or client.listening is None or client.shard_ids is None:
            return []
        count = client.shard_count
        return [Connection(name=f"Discord bot token ({mark}), shard {shard} of {count}") for shard in client.shard_ids]

    # --- the doctor ----------------------------------------------------------

    @override
    async def check(self) -> Sequence[Finding]:
        """Look at the token and the application, without connecting to the gateway; never raises for what it finds."""
        return await findings(self._account, self._clock)


def _first(group: BaseExceptionGroup[PlatformProblem]) -> PlatformProblem:
    """Return the first problem of a group, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, PlatformProblem):
        raise TypeError(error)
    return error
