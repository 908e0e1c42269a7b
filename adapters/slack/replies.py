"""Replies that grow: streamed where Slack streams and has room for it, else posted once and edited.

    growing post      startStream                                   or postMessage
    growing edit      appendStream, while the text only grows       or update, both only when there is room
    last edit         stopStream, with the key and the buttons      or update

A stream that cannot go on (it expired, its text was taken back or became too long, a call in it is in doubt) is stopped,
and its message edited from then on. Every edit shows the whole reply, so that it may be repeated; what is appended may
not, and so whatever is in doubt is not appended to any more. https://docs.slack.dev/ai/developing-ai-apps#streaming
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.clients import Clients, WorkspaceClient
from adapters.slack.controls import card
from adapters.slack.missing import Missing
from adapters.slack.outcomes import SlackRefusal, read, write
from adapters.slack.pace import patience
from adapters.slack.plan import Block, Work, to_blocks
from adapters.slack.streams import Growth, Shown, growth, is_ours_to_finish, reader
from adapters.slack.translate import Identity, from_post_id, to_metadata, to_post, to_post_id
from bot.domain.errors import PostInDoubt, PostNotDone
from bot.domain.messages import GROWING, Message, PostId, TextPart

log = structlog.get_logger()

STREAMS = "streams"
"""The feature that a workspace or a kind of channel may lack."""

CONFLICT = "streaming_state_conflict"
STOPPED = "stopped_by_user"
ENDED = frozenset({"message_not_in_streaming_state", STOPPED})
TOO_LONG = frozenset({"msg_too_long", "msg_blocks_too_long", "msg_blocks_too_many"})

STREAMED = ("chat.startStream", "chat.stopStream")

EDITS = 5
"""Calls that must be left for a reply that is begun by a post: some while it grows, and the last one of those before it."""

MOST_KNOWN = 2_000
"""Replies that are remembered while they grow; of an older one its message is edited, which shows the same."""


@dataclass(kw_only=True)
class Reply:
    """The first post of a reply, and what its turn is busy with."""

    work: Work = field(default_factory=Work)
    """What the turn is busy with."""
    post: PostId | None = None
    """Where it stands; None while it was not posted."""
    key: str = ""
    """What names the post; empty for one of an earlier process."""
    streams: bool = False
    """Whether it is a stream that we have not stopped."""
    shown: Shown | None = None
    """What the stream shows; None when that is not known."""
    text: TextPart | None = None
    """What it shows, or is to show next; None for nothing yet."""
    plan: list[Block] = field(default_factory=list)
    """The plan that an edit showed last."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who changes it."""


class Replies:
    """The replies that grow, in all workspaces."""

    def __init__(self, clients: Clients, missing: Missing) -> None:
        """Prepare.

        Args:
            clients: by workspace.
            missing: remembers who has no streams.
        """
        self._clients = clients
        self._missing = missing
        self._replies: OrderedDict[str, Reply] = OrderedDict()

    def to(self, message: Message) -> Reply:
        """Return the reply to a message; one that was edited or stopped has the reply that it had before."""
        name = str(message.job_id if message.pressed else message.subject)
        reply = self._replies.setdefault(name, Reply())
        self._replies.move_to_end(name)
        if len(self._replies) > MOST_KNOWN:
            self._replies.popitem(last=False)
        return reply

    # --- the first post ------------------------------------------------------

    async def post(self, part: TextPart, *, answering: Message, key: str) -> PostId:
        """Post a text, which may still grow; raises as `Platform.post` does."""
        if part.growing:
            return await self._begin(self.to(answering), part, answering, key)
        return await self._post(Reply(key=key), part, answering)

    def has_room(self, answering: Message) -> bool:
        """Return whether a reply may be streamed to its end, or edited several times, without waiting for others."""
        workspace = answering.place.workspace
        if self._may_stream(answering) and all(self._clients.has_room(workspace, method) for method in STREAMED):
            return True
        return self._clients.has_room(workspace, "chat.update", EDITS)

    def _may_stream(self, answering: Message) -> bool:
        return not (answering.author.is_bot or self._missing.is_known(STREAMS, answering.place))

    async def _begin(self, reply: Reply, part: TextPart, answering: Message, key: str) -> PostId:
        """Post a text that will grow, or the plan of the turn alone."""
        async with reply.lock:
            reply.post, reply.key, reply.text = None, key, part
            if self._may_stream(answering):
                try:
                    with patience(0):
                        return await self._start(reply, part, answering)
                except PostNotDone as error:
                    log.info("no room for a stream", reason=error.reason)
                except SlackRefusal as error:
                    self._missing.note(STREAMS, answering.place, error)
            return await self._post(reply, part, answering)

    async def _start(self, reply: Reply, part: TextPart, answering: Message) -> PostId:
        begun = growth(Shown(), part, reply.work)
        if begun is None:
            raise PostNotDone("too long for a stream")
        reply.shown = begun.shown  # before the call, for what is in doubt is looked for and gone on with
        place = answering.place
        answer = await write(
            self._client(answering).chat_startStream(
                channel=place.channel,
                thread_ts=place.thread or answering.key,
                task_display_mode="plan",
                chunks=list(begun.chunks),
                **reader(answering),
            )
        )
        reply.streams = True
        reply.post = to_post_id(str(answer["channel"]), str(answer["ts"]))
        return reply.post

    async def _post(self, reply: Reply, part: TextPart, answering: Message) -> PostId:
        place, plan = answering.place, to_blocks(reply.work)
        answer = await write(
            self._client(answering).chat_postMessage(
                channel=place.channel,
                thread_ts=place.thread,
                metadata=to_metadata(reply.key),
                unfurl_links=False,
                unfurl_media=False,
                **_with_plan(part, plan, answering),
            )
        )
        reply.streams, reply.plan = False, plan
        reply.post = to_post_id(str(answer["channel"]), str(answer["ts"]))
        return reply.post

    def carried(self, item: Mapping[str, Any], me: Identity, *, answering: Message, key: str) -> PostId | None:
        """Return the post that a message from the history is, if it is the stream that was begun with this key."""
        if not is_ours_to_finish(item, me, answering):
            return None
        post, reply = to_post_id(answering.place.channel, str(item["ts"])), self.to(answering)
        if reply.key not in {"", key} or reply.post not in {None, post}:
            return None
        if not reply.key:  # it was begun before this process
            reply.shown = None
        reply.post, reply.key, reply.streams = post, key, True
        return post

    # --- while it grows ------------------------------------------------------

    async def edit(self, post: PostId, part: TextPart, *, answering: Message) -> None:
        """Show more of a text, if there is room for it now, or its end with the buttons; raises as `Platform.edit` does."""
        reply = self._known(post, answering)
        async with reply.lock:
            reply.text = part
            if part.growing:
                with patience(0):  # what comes next has more
                    await self._show(reply, answering)
            else:
                reply.work.rest(time.monotonic())
                await self._finish(reply, answering)

    async def refresh(self, message: Message) -> None:
        """Show what the turn is busy with, if its reply stands there and there is room; raises as `Platform.edit` does."""
        reply = self.to(message)
        async with reply.lock:
            if reply.post is None or not self._is_behind(reply):
                return
            with patience(0):
                await self._show(reply, message)

    async def close(self, message: Message) -> None:
        """Show how the work ended in a reply that stands there; one that was never finished ends with its plan.

        Raises as `Platform.edit` does.
        """
        reply = self.to(message)
        async with reply.lock:
            grows = reply.text is not None and reply.text.growing
            if reply.post is not None and (grows or self._is_behind(reply)):
                reply.text = replace(reply.text, growing=False) if reply.text else None
                await self._finish(reply, message)

    def _known(self, post: PostId, answering: Message) -> Reply:
        """Return what is known of a post; of one that is not the first of its reply, or of an earlier process, nothing."""
        reply = self.to(answering)
        if reply.post is None:
            reply.post = post
        return reply if reply.post == post else Reply(post=post)

    def _is_behind(self, reply: Reply) -> bool:
        """Whether the plan has changed since it was shown."""
        if not reply.streams:
            return to_blocks(reply.work) != reply.plan
        more = growth(reply.shown, None, reply.work)
        return more is not None and bool(more.chunks)

    async def _show(self, reply: Reply, answering: Message) -> None:
        more = growth(reply.shown, reply.text, reply.work) if reply.streams else None
        if more is None:
            await self._rewrite(reply, answering)
        elif more.chunks:
            await self._append(reply, more, answering)

    async def _append(self, reply: Reply, more: Growth, answering: Message) -> None:
        before, reply.shown = reply.shown, None
        try:
            channel, ts = _place(reply)
            await write(self._client(answering).chat_appendStream(channel=channel, ts=ts, chunks=list(more.chunks)))
        except PostNotDone:
            reply.shown = before
            raise
        except PostInDoubt as error:
            raise PostNotDone(error.reason) from error
        except SlackRefusal as error:
            await self._after_refusal(reply, error, answering)
        else:
            reply.shown = more.shown

    async def _finish(self, reply: Reply, answering: Message) -> None:
        more = growth(reply.shown, reply.text, reply.work) if reply.streams else None
        if more is None:
            await self._rewrite(reply, answering)
            return
        try:
            await read(self._stop(reply, answering, chunks=more.chunks, blocks=_under(reply.text, answering)))
        except PostNotDone:
            reply.shown = None  # perhaps it was stopped with the rest of the text, perhaps not
            raise
        except SlackRefusal as error:
            await self._after_refusal(reply, error, answering)
        else:
            reply.streams, reply.shown, reply.plan = False, more.shown, to_blocks(reply.work)

    # --- when a stream cannot go on ------------------------------------------

    async def _after_refusal(self, reply: Reply, error: SlackRefusal, answering: Message) -> None:
        """Edit a message whose stream takes nothing more, because it has ended or is full."""
        if error.error not in ENDED | TOO_LONG:
            raise error
        reply.shown = None
        if error.error in ENDED:
            reply.streams = False
            if error.error == STOPPED and reply.text and reply.text.growing:
                log.info("stream stopped by its reader")
                return
        await self._rewrite(reply, answering, keyless=error.error in ENDED)

    async def _rewrite(self, reply: Reply, answering: Message, *, keyless: bool = False) -> None:
        """Show everything by an edit; a stream is stopped first.

        Args:
            reply: what is shown.
            answering: what is replied to.
            keyless: whether it is a stream that ended without its key, which the edit then brings.
        """
        if reply.streams:
            keyless = await self._end_stream(reply, answering)
        try:
            await self._update(reply, answering, keyless=keyless)
        except SlackRefusal as error:
            if error.error != CONFLICT:
                raise
            keyless = await self._end_stream(reply, answering)  # it was begun before this process
            await self._update(reply, answering, keyless=keyless)

    async def _update(self, reply: Reply, answering: Message, *, keyless: bool) -> None:
        channel, ts = _place(reply)
        plan = to_blocks(reply.work)
        metadata = self._metadata(reply, answering) if keyless else None
        content = _with_plan(reply.text or TextPart(text="", growing=True), plan, answering)
        await read(self._client(answering).chat_update(channel=channel, ts=ts, metadata=metadata, **content))
        reply.plan = plan

    async def _end_stream(self, reply: Reply, answering: Message) -> bool:
        """Stop a stream as it stands; returns whether it had ended already, without its key.

        Until the edit that follows, it looks as if all was said: so a text that still grows says otherwise.
        """
        grows = reply.text is None or reply.text.growing
        try:
            await read(
                self._stop(reply, answering, chunks=[{"type": "markdown_text", "text": GROWING}] if grows else ())
            )
        except SlackRefusal as error:
            if error.error not in ENDED:
                raise
            ended = True
        else:
            ended = False
        reply.streams, reply.shown = False, None
        return ended

    async def _stop(
        self, reply: Reply, answering: Message, *, chunks: Sequence[Block] = (), blocks: Sequence[Block] = ()
    ) -> AsyncSlackResponse:
        channel, ts = _place(reply)
        return await self._client(answering).chat_stopStream(
            channel=channel,
            ts=ts,
            metadata=self._metadata(reply, answering),
            chunks=chunks or None,
            blocks=blocks or None,
        )

    def _metadata(self, reply: Reply, answering: Message) -> dict[str, Any]:
        return to_metadata(reply.key or str(answering.job_id))

    def _client(self, answering: Message) -> WorkspaceClient:
        return self._clients.of(answering.place.workspace)


def _place(reply: Reply) -> tuple[str, str]:
    """Return the channel and the time of a reply that stands there."""
    channel, ts, _ = from_post_id(reply.post or PostId(":"))
    return channel, ts


def _with_plan(part: TextPart, plan: list[Block], answering: Message) -> dict[str, Any]:
    """Return the arguments of a message that shows a plan above a text, and its buttons below."""
    post = to_post(part.marked)
    return {**post, "blocks": [*plan, *(post["blocks"] if part.text else []), *_under(part, answering)]}


def _under(part: TextPart | None, answering: Message) -> list[Block]:
    """Return what stands under a finished text: its buttons."""
    return [] if part is None else card(answering.job_id, part.actions)
