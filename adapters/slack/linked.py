"""A link that an admin gives -> the message behind it, as it would have come in."""

from adapters.slack.clients import Clients
from adapters.slack.outcomes import SlackRefusal
from adapters.slack.quotes import Quotes
from adapters.slack.translate import to_link, to_message
from bot.domain.errors import PlatformProblem, PostRefused
from bot.domain.messages import Message, Quoted
from bot.words import phrase

ELSEWHERE = frozenset({"channel_not_found", "team_not_found", "not_in_channel"})
GONE = phrase("There is no such message, or no longer.")


async def linked(clients: Clients, link: str) -> Message | None:
    """Return the message that a link leads to; raises as `Linked.linked` does."""
    place = to_link(link)
    if place is None:
        return None
    problem: PlatformProblem = PostRefused(GONE)
    for workspace in await clients.tokens.workspaces():  # a link names its workspace by a name that may change
        try:
            return await _read(clients, workspace, place)
        except SlackRefusal as error:
            if error.error not in ELSEWHERE:
                raise
            problem = error
    raise problem


async def _read(clients: Clients, workspace: str, place: Quoted) -> Message:
    item = await Quotes(clients.of(workspace)).item(place)
    me = await clients.identity(workspace)
    message = to_message({**item, "channel": place.channel}, me) if item else None
    if message is None:
        raise PostRefused(GONE)
    return message
