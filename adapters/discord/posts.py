"""Posts: each stands there once, however often it is sent.

A post carries a nonce made from its key, and for some minutes Discord answers a repeated nonce with the post that it
already has. It never shows a nonce again, so later a post is recognised in the history by what it says and to whom, and
files by their names. https://docs.discord.com/developers/resources/message#create-message
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from uuid import uuid4

import discord
import structlog
from discord.http import MultipartParameters

from adapters.discord.answers import OVER, Answers, FirstAnswer
from adapters.discord.client import Client
from adapters.discord.controls import Component, rows
from adapters.discord.homes import Home, Homes
from adapters.discord.outcomes import (
    GONE,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NO_REPLY_WITHOUT_HISTORY,
    NO_VOICE_MESSAGES,
    DiscordRefusal,
    read,
    write,
)
from adapters.discord.search import Search
from adapters.discord.translate import Posted, Trace, from_post_id, is_private, to_nonce, upload_name
from adapters.discord.uploads import sound_file, text_message, titled_files, voice_message
from bot.domain.errors import PlatformProblem, PostRefused
from bot.domain.messages import Message, NamedFile, PostId, TextPart, VoiceClip
from bot.ports import Clock
from bot.words import phrase

log = structlog.get_logger()

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
"""Of one file, in a server that nobody boosts."""

UPLOAD_SECONDS = 60.0

Reference = discord.MessageReference | None
Send = Callable[[Reference], Awaitable[int]]


class Posts:
    """Posts, finds, edits and deletes what we say."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._answers = Answers(client, clock)
        self.homes = Homes(client)
        self._search = Search(client, self._answers, self.homes, clock)

    # --- texts ---------------------------------------------------------------

    async def text(self, part: TextPart, *, answering: Message, key: str) -> PostId:
        """Post a text; raises as `Platform.post` does."""
        text, under = part.marked, _under(part, answering)
        first = await self._answers.first(answering)
        trace = Trace(key=key, content=text)
        if first is not None and (first.loading or first.fits(trace)):
            self._search.sending(trace)
            return self._search.sent(key, (await self._answers.fill(answering, text, under)).posted)
        if first is not None and is_private(answering):
            return self._search.sent(key, await self._answers.follow_up(answering, text))
        home = await self._home(answering, first)
        trace = Trace(key=key, content=text, reply_to=home.reply_to)
        earlier = await self._search.earlier(trace, home.channel, answering)
        if earlier is not None:
            await self._rewrite(earlier, text, under)
            return self._search.sent(key, earlier)
        self._search.sending(trace)
        message = await _replying(home, lambda reference: self._send_text(home, text, under, key, reference))
        return self._search.sent(key, Posted(channel=home.channel, message=message))

    async def _send_text(
        self, home: Home, text: str, under: Sequence[Component], key: str, reference: Reference
    ) -> int:
        """Send a text; https://docs.discord.com/developers/resources/message#create-message."""
        parameters = text_message(text, under, nonce=to_nonce(key), reference=reference)
        with parameters:
            found = await write(self._client.http.send_message(home.channel, params=parameters))
        message = int(found["id"])
        if found["content"].strip() != text.strip() or len(found.get("components") or ()) != len(under):
            # The nonce was known: this is what was posted before a crash, when the text had not grown so far.
            await self._rewrite(Posted(channel=home.channel, message=message), text, under)
        return message

    async def _rewrite(self, posted: Posted, text: str, under: Sequence[Component]) -> None:
        """Replace text and components; https://docs.discord.com/developers/resources/message#edit-message."""
        with text_message(text, under) as parameters:
            await read(self._client.http.edit_message(posted.channel, posted.message, params=parameters))

    async def tell(self, person: str, text: str) -> None:
        """Write to one person; raises as `Platform.tell` does.

        discord.py repeats a call that was answered 500, 502 or 504: the nonce makes that the same message.
        See https://docs.discord.com/developers/resources/user#create-dm.
        """
        if not (person.isascii() and person.isdecimal()):
            raise PostRefused(
                phrase("{person} is no id of a person at Discord, which is a number.", person=repr(person))
            )
        room = await read(self._client.http.start_private_message(int(person)))
        channel = self._client.get_partial_messageable(int(room["id"]))
        await write(channel.send(text, nonce=to_nonce(uuid4().hex), suppress_embeds=True))

    # --- files ---------------------------------------------------------------

    async def clip(self, clip: VoiceClip, *, answering: Message, key: str) -> PostId:
        """Post a clip as a voice message, or as a file where that is not allowed; raises as `Platform.post` does."""
        content = await asyncio.to_thread(Path(clip.path).read_bytes)
        _refuse_too_large(content)
        name, nonce = upload_name(key, clip.filename), to_nonce(key)

        async def send(home: Home) -> int:
            def as_voice(reference: Reference) -> Awaitable[int]:
                return self._send_files(home, voice_message(clip, content, name, nonce=nonce, reference=reference))

            def as_file(reference: Reference) -> Awaitable[int]:
                return self._send_files(home, sound_file(content, name, nonce=nonce, reference=reference))

            try:
                return await _replying(home, as_voice)
            except DiscordRefusal as error:
                if error.code != NO_VOICE_MESSAGES:
                    raise
            log.info("no voice messages here", channel=home.channel)
            return await _replying(home, as_file)

        return await self._upload(send, partial(sound_file, content, name), answering=answering, key=key)

    async def files(self, files: Sequence[NamedFile], *, answering: Message, key: str) -> PostId:
        """Post files as one message; raises as `Platform.post` does."""
        for file in files:
            _refuse_too_large(file.content)
        named, nonce = {upload_name(key, file.name): file for file in files}, to_nonce(key)

        async def send(home: Home) -> int:
            def as_files(reference: Reference) -> Awaitable[int]:
                return self._send_files(home, titled_files(named, nonce=nonce, reference=reference))

            return await _replying(home, as_files)

        return await self._upload(send, partial(titled_files, named), answering=answering, key=key)

    async def _upload(
        self,
        send: Callable[[Home], Awaitable[int]],
        filling: Callable[..., MultipartParameters],
        *,
        answering: Message,
        key: str,
    ) -> PostId:
        """Post what has files, or put it into the first answer to a command where we may not post anything else.

        Args:
            send: posts it in a home, and returns the message.
            filling: makes the request that puts it into the first answer, which takes no voice messages, beside the
                files that are `kept`.
            answering: what is replied to.
            key: names the post.
        """
        first = await self._answers.first(answering)
        if first is not None and first.fits(Trace(key=key)):
            return self._search.sent(key, first.posted)
        if first is not None and is_private(answering):
            return self._search.sent(key, await self._fill_with_files(filling, answering, first))
        try:
            posted = await self._post_files(send, answering, first, key)
        except DiscordRefusal as error:
            if first is None or error.code not in {MISSING_ACCESS, MISSING_PERMISSIONS}:
                raise
            posted = await self._fill_with_files(filling, answering, first)
        else:
            if first is not None and first.loading:
                await self._take_back(answering)
        return self._search.sent(key, posted)

    async def _fill_with_files(
        self, filling: Callable[..., MultipartParameters], answering: Message, first: FirstAnswer
    ) -> Posted:
        with filling(kept=first.files) as parameters:
            return (await self._answers.fill_with_files(answering, parameters)).posted

    async def _post_files(
        self, send: Callable[[Home], Awaitable[int]], answering: Message, first: FirstAnswer | None, key: str
    ) -> Posted:
        home = await self._home(answering, first)
        trace = Trace(key=key, reply_to=home.reply_to)
        earlier = await self._search.earlier(trace, home.channel, answering)
        if earlier is not None:
            return earlier
        self._search.sending(trace)
        return Posted(channel=home.channel, message=await send(home))

    async def _send_files(self, home: Home, parameters: MultipartParameters) -> int:
        with parameters:
            call = self._client.http.send_message(home.channel, params=parameters)
            return int((await write(call, seconds=UPLOAD_SECONDS))["id"])

    async def _take_back(self, answering: Message) -> None:
        """Remove a first answer that would say for ever that somebody is at work; the clip stands below it."""
        try:
            await self._answers.take_back(answering)
        except PlatformProblem as error:
            log.info("first answer not removed", reason=error.reason)

    async def _home(self, answering: Message, first: FirstAnswer | None) -> Home:
        """Return where to post; what follows the first answer to a command replies to that."""
        home = await self.homes.of(answering)
        if first is None or first.loading:
            return home
        return Home(channel=home.channel, reply_to=first.posted.message)

    # --- afterwards ----------------------------------------------------------

    async def find(self, *, answering: Message, key: str) -> PostId | None:
        """Look for a post; raises as `Platform.find` does."""
        return await self._search.find(answering=answering, key=key)

    async def edit(self, post: PostId, part: TextPart, *, answering: Message) -> None:
        """Replace the text of a post, and the buttons under it; raises as `Platform.edit` does."""
        posted, text, under = from_post_id(post), part.marked, _under(part, answering)
        if not await self._by_token(lambda: self._answers.change(answering, posted, text, under), answering, posted):
            await self._rewrite(posted, text, under)

    async def delete(self, post: PostId, *, answering: Message) -> None:
        """Remove a post; raises as `Platform.delete` does."""
        posted = from_post_id(post)
        if await self._by_token(lambda: self._answers.take_back(answering, posted), answering, posted):
            return
        try:
            await read(self._message(posted).delete())
        except DiscordRefusal as error:
            if error.code not in GONE:
                raise

    async def _by_token(self, change: Callable[[], Awaitable[object]], answering: Message, posted: Posted) -> bool:
        """Change an answer by its command's token; False for other posts, and when that reaches it no more."""
        if not answering.handle.get("token") or not (posted.interaction or posted.follow_up):
            return False
        try:
            await read(change())
        except DiscordRefusal as error:
            if error.code not in OVER:
                raise
            return False
        return True

    def _message(self, posted: Posted) -> discord.PartialMessage:
        return self._client.get_partial_messageable(posted.channel).get_partial_message(posted.message)


def _under(part: TextPart, answering: Message) -> Sequence[Component]:
    """Return the buttons under a text; what one person alone sees, where we are not, has none: nothing could follow."""
    return [] if is_private(answering) else rows(answering.job_id, part.actions)


def _refuse_too_large(content: bytes) -> None:
    if len(content) > MAX_UPLOAD_BYTES:
        raise PostRefused(
            phrase("The file is larger than the {size} MiB that Discord takes.", size=MAX_UPLOAD_BYTES // 2**20)
        )


async def _replying(home: Home, send: Send) -> int:
    """Send as a reply, or, where we may not read what we reply to, without being one."""
    if home.reply_to is None:
        return await send(None)
    reference = discord.MessageReference(message_id=home.reply_to, channel_id=home.channel, fail_if_not_exists=False)
    try:
        return await send(reference)
    except DiscordRefusal as error:
        if error.code != NO_REPLY_WITHOUT_HISTORY:
            raise
    return await send(None)
