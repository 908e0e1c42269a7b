"""Looking for a post that may stand there already: after an answer was lost, or after a crash.

What this process has sent it remembers. What an earlier one may have sent is looked for in the history before it is sent
again, once Discord may have forgotten its nonce; before that, the nonce makes both the same post. Two things are not
recognised: a reply that two messages of one thread get in the same words, where we may not read what we reply to, and a
growing text whose process was killed, when Discord has forgotten it and the answer has become another one since.
"""

from collections import OrderedDict

from adapters.discord.answers import Answers
from adapters.discord.client import Client
from adapters.discord.homes import Homes
from adapters.discord.outcomes import GONE, MISSING_ACCESS, DiscordRefusal, read
from adapters.discord.translate import Posted, Trace, from_snowflake, to_post_id
from bot.domain.errors import PostNotDone
from bot.domain.messages import Message, PostId
from bot.ports import Clock

NONCE_MS = 120_000
"""How long Discord surely knows a nonce; it says "the past few minutes"."""

REMEMBERED = 10_000

PAGE = 100
PAGES = 10
"""A post is looked for among so many messages, times a hundred, after the one that it answers."""


class Search:
    """Remembers and finds posts."""

    def __init__(self, client: Client, answers: Answers, homes: Homes, clock: Clock) -> None:
        self._client = client
        self._answers = answers
        self._homes = homes
        self._clock = clock
        self._sent: OrderedDict[str, Trace | PostId] = OrderedDict()

    def sending(self, trace: Trace) -> None:
        """Remember what is about to be sent."""
        self._sent[trace.key] = trace
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)

    def sent(self, key: str, posted: Posted) -> PostId:
        """Remember what was sent, and return its name."""
        post = to_post_id(posted)
        self._sent[key] = post
        return post

    async def find(self, *, answering: Message, key: str) -> PostId | None:
        """Look for a post in the first answer to a command, and in every channel where it can be.

        Raises:
            PostNotDone: it could not be looked for now.
        """
        known = self._sent.get(key, Trace(key=key))
        if not isinstance(known, Trace):
            return known
        first = await self._answers.first(answering)
        if first is not None and first.fits(known):
            return to_post_id(first.posted)
        for channel in self._homes.possible(answering):
            posted = await self._look(channel, answering, known)
            if posted is not None:
                return to_post_id(posted)
        return None

    async def earlier(self, trace: Trace, channel: int, answering: Message) -> Posted | None:
        """Look for what an earlier process may have posted so long ago that the nonce is forgotten.

        Raises:
            PostNotDone: it could not be looked for now.
        """
        age = self._clock.now() - from_snowflake(_since(answering))
        if trace.key in self._sent or age < NONCE_MS:
            return None
        return await self._look(channel, answering, trace)

    async def _look(self, channel: int, answering: Message, trace: Trace) -> Posted | None:
        """Look through a channel after a message; one that is gone, or that we may not read, has nothing."""
        try:
            return await self._look_after(channel, _since(answering), trace)
        except DiscordRefusal as error:
            if error.code in GONE or error.code == MISSING_ACCESS:
                return None
            raise PostNotDone(error.reason) from error

    async def _look_after(self, channel: int, after: int, trace: Trace) -> Posted | None:
        """Read the history, https://docs.discord.com/developers/resources/message#get-channel-messages."""
        for _ in range(PAGES):
            page = await read(self._client.http.logs_from(channel, PAGE, after=after))
            for item in page:
                if trace.fits(item, self._client.me):
                    return Posted(channel=channel, message=int(item["id"]))
            if len(page) < PAGE:
                break
            after = max(int(item["id"]) for item in page)
        return None


def _since(answering: Message) -> int:
    """Return what a post can only stand after: what it answers, or the button that it was wanted by."""
    return int(answering.handle.get("since") or answering.key)
