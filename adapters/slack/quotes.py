"""The messages that a message refers to, looked up: the head of its thread, what it links to, or a whole thread.

A link may lead to a channel that we are in and the person is not. So what stands in another channel is shown to its
members alone.
"""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from adapters.slack.clients import WorkspaceClient
from adapters.slack.outcomes import SlackRefusal, read
from adapters.slack.pages import MAX_PAGES, PAGE, pages
from adapters.slack.translate import Event, Identity, to_quoted
from bot.domain.errors import PlatformProblem
from bot.domain.messages import Message, Quoted

MOST_NAMED = 40
"""People of one thread whose names are asked for."""

MEMBERS = 1_000
"""Of a channel that are read at once: https://docs.slack.dev/reference/methods/conversations.members."""


class Quotes:
    """Looks messages up."""

    def __init__(self, client: WorkspaceClient) -> None:
        self._client = client

    async def look_up(self, quoted: Quoted, message: Message, me: Identity) -> Quoted | None:
        """Return a message with its words and files; None when it is gone, or when who refers to it may not read it.

        Raises:
            PostNotDone: Slack is busy or unreachable.
        """
        try:
            elsewhere = quoted.channel != message.place.channel
            if elsewhere and not await self._is_member(quoted.channel, message.author.id):
                return None
            item = await self.item(quoted)
        except SlackRefusal:
            return None
        return None if item is None else to_quoted(item, quoted, me)

    async def thread(self, start: Quoted, message: Message, me: Identity, *, limit: int) -> Sequence[Quoted]:
        """Return the newest messages of the thread that a message is in, with names, oldest first; raises as `look_up`."""
        try:
            if start.channel != message.place.channel and not await self._is_member(start.channel, message.author.id):
                return ()
            items = deque([item async for item in self._replies(start)], maxlen=limit)
            return await self._named([each for item in items if (each := _said(item, start.channel, me))])
        except SlackRefusal:
            return ()

    def _replies(self, start: Quoted) -> AsyncIterator[Event]:
        root = start.handle.get("thread") or start.key
        return pages(
            lambda cursor: self._client.conversations_replies(channel=start.channel, ts=root, limit=PAGE, cursor=cursor)
        )

    async def _named(self, messages: Sequence[Quoted]) -> Sequence[Quoted]:
        """Give the authors the names that people see, which messages do not tell."""
        nameless = dict.fromkeys(each.author.id for each in messages if each.author and not each.author.name)
        names = {person: await self._name(person) for person in list(nameless)[:MOST_NAMED]}
        return [
            replace(each, author=replace(each.author, name=each.author.name or names.get(each.author.id, "")))
            for each in messages
            if each.author
        ]

    async def _name(self, person: str) -> str:
        """Return what somebody is called, https://docs.slack.dev/reference/methods/users.info; their id where that fails."""
        try:
            user = (await read(self._client.users_info(user=person)))["user"]
        except PlatformProblem:
            return person
        profile = user.get("profile") or {}
        return str(profile.get("display_name") or profile.get("real_name") or user.get("name") or person)

    async def item(self, quoted: Quoted) -> Event | None:
        """Return one message, https://docs.slack.dev/reference/methods/conversations.replies: a thread's head comes first.

        Raises:
            SlackRefusal: we may not see it.
            PostNotDone: Slack is busy or unreachable.
        """
        page = await read(
            self._client.conversations_replies(
                channel=quoted.channel,
                ts=quoted.handle.get("thread") or quoted.key,
                oldest=quoted.key,
                latest=quoted.key,
                inclusive=True,
                limit=2,
            )
        )
        return next((item for item in page["messages"] if item.get("ts") == quoted.key), None)

    async def _is_member(self, channel: str, person: str) -> bool:
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await read(self._client.conversations_members(channel=channel, limit=MEMBERS, cursor=cursor))
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "") or None
            if person in page["members"] or cursor is None:
                return person in page["members"]
        return False


def _said(item: Event, channel: str, me: Identity) -> Quoted | None:
    """Return a message of a thread; a bot's with the bot's name."""
    found = to_quoted(item, Quoted(channel=channel, key=str(item["ts"])), me)
    bot = str((item.get("bot_profile") or {}).get("name") or "")
    if found is None or found.author is None or found.author.name or not bot:
        return found
    return replace(found, author=replace(found.author, name=bot))
