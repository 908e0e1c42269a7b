"""The messages that a message refers to, looked up: the head of its thread, and what it links to.

A link may lead to a channel that we are in and the person is not. So what stands in another channel is shown to its
members alone.
"""

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.outcomes import SlackRefusal, read
from adapters.slack.pages import MAX_PAGES
from adapters.slack.translate import Event, Identity, to_quoted
from bot.domain.messages import Message, Quoted

MEMBERS = 1_000
"""Of a channel that are read at once: https://docs.slack.dev/reference/methods/conversations.members."""


class Quotes:
    """Looks messages up."""

    def __init__(self, client: AsyncWebClient) -> None:
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
            item = await self._item(quoted)
        except SlackRefusal:
            return None
        return None if item is None else to_quoted(item, quoted, me)

    async def _item(self, quoted: Quoted) -> Event | None:
        """Return one message, https://docs.slack.dev/reference/methods/conversations.replies: a thread's head comes first."""
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
